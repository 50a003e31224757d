"""What the Predict page makes of answers: agreement in words, classes that are aligned, figures."""

import tomllib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import labelled_pictures
from explorer.datasets import bundled_cifar10
from explorer.figures.prediction import Answers, aligned_classes, confusion
from explorer.prediction import Label
from explorer.ui.predicting.own_weights import MAX_MB
from explorer.ui.predicting.voices import agreement, union
from explorer.ui.predicting.work import Said
from explorer.ui.tasks import Kept

ROOT = Path(__file__).parents[2]


def said(probabilities: Sequence[float]) -> Said:
    order = sorted(range(len(probabilities)), key=lambda index: -probabilities[index])
    top = tuple(Label(f"class {index}", index, probabilities[index]) for index in order)
    return Said(top, torch.tensor(probabilities), 1.0, 1.0)


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ("A:cat B:cat", "Agreement: A and B say **cat**."),
        ("A:cat B:cat C:cat D:cat", "Agreement: A, B, C and D say **cat**."),
        ("A:cat B:dog", "Disagreement: A says **cat**, B says **dog**."),
        ("A:cat B:dog C:cat", "Disagreement: A and C say **cat**, B says **dog**."),
    ],
)
def test_agreement_is_told(first: str, sentence: str) -> None:
    pairs = [(each[0], each[2:]) for each in first.split()]
    assert agreement(pairs) == sentence


def test_the_classes_of_all_networks_are_joined_the_most_probable_first() -> None:
    one, other = said([0.5, 0.3, 0.15, 0.05]), said([0.05, 0.2, 0.1, 0.65])
    assert union([one, other], 1) == [3, 0]
    assert union([one, other], 2) == [3, 0, 1]
    assert union([one], 2) == [0, 1]


def test_bars_of_a_class_stand_beside_each_other_and_places_are_marked() -> None:
    chart = aligned_classes(
        ["cat", "dog"],
        [
            Answers("A: one", "#0072B2", [0.7, 0.3], [1, 2]),
            Answers("B: two", "#E69F00", [0.9996, 0.0004], [1, None]),
        ],
        "any",
    )
    assert chart.layout.barmode == "group"
    assert [list(trace.text) for trace in chart.data] == [
        ["<b>1.</b> 70.0%", "<b>2.</b> 30.0%"],
        ["<b>1.</b> 100.0%", "< 0.1%"],
    ]
    # On a phone there is no room beside a long bar.
    assert [list(trace.textposition) for trace in chart.data] == [["inside", "outside"]] * 2


def test_a_confusion_matrix_has_the_first_class_on_top_and_leaves_zeros_empty() -> None:
    chart = confusion(["cat", "dog"], ["cat", "dog", "frog"], [[3, 0, 1], [0, 2, 0]], "any")
    assert chart.layout.yaxis.autorange == "reversed"
    assert [list(row) for row in chart.data[0].text] == [["3", "", "1"], ["", "2", ""]]


def test_labelled_pictures_are_the_data_sets_own() -> None:
    dataset = bundled_cifar10()
    found = labelled_pictures(60)  # more than a row of the sheet
    assert len(found) == 60 and len(labelled_pictures(0)) == 0
    for number, (name, content) in enumerate(found):
        assert name.split("/")[0] == dataset.categories[int(dataset.test.labels[number])]
        pixels = np.asarray(Image.open(BytesIO(content)))
        assert np.array_equal(pixels, dataset.test.images[number].permute(1, 2, 0).numpy())


def test_what_is_kept_stays_within_its_size() -> None:
    kept: Kept[str] = Kept(10, len)
    calls: list[str] = []

    def get(text: str) -> str:
        return kept.get(text, lambda: calls.append(text) or text)  # type: ignore[func-returns-value]

    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        assert get(text) == text
    assert calls == ["aaaa", "bbbb", "cccc", "bbbb"]
    get("more than ten")
    assert get("aaaa") == "aaaa" and calls[-1] == "aaaa"


def test_the_server_takes_what_the_page_promises() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["maxUploadSize"] == MAX_MB
