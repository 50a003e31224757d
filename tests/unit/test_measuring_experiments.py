"""The experiments that measure: each run once at a small size, and held against its parts."""

from itertools import pairwise
from math import nan

import pytest
import torch

from explorer import weights
from explorer.experiments import (
    find,
    lesions,
    loss_surface,
    path_gradients,
    receptive_field,
    shattered,
    similarity,
    subjects,
)
from explorer.experiments.experiment import Outcome, Settings
from explorer.explanation.similarity import linear_cka
from explorer.gradients import shattered as line_of
from explorer.probing import ProbeSettings
from explorer.spec import parse
from explorer.training.bundled_batch import labelled_batch
from tests.unit.test_experiments import Waiting

SMALL = {
    "lesions": {"pictures": "100"},
    "paths": {"network": "resnet20-cifar", "samples": "3", "pictures": "4"},
    "shattered": {"deep": "32", "points": "32"},
    "landscape": {"grid": "7", "pictures": "25"},
    "receptive": {"pictures": "2"},
    "similarity": {"pictures": "100"},
}


def run(key: str, *own: str, **more: str) -> Outcome:
    experiment, waiting = find(key), Waiting()
    found = experiment.run(experiment.settings(own, **{**SMALL[key], **more}), waiting)
    assert all(before <= after for before, after in pairwise(waiting.heard))
    assert waiting.heard[-1] == pytest.approx(1)
    return found


@pytest.mark.parametrize("key", SMALL)
def test_each_runs_and_answers(key: str) -> None:
    found = run(key)
    assert found.answer in range(len(find(key).guess.answers))
    assert found.findings and all(chart.records and chart.figure.data for chart in found.charts)
    assert len({chart.key for chart in found.charts}) == len(found.charts)


def test_who_loses_patience_stops_each() -> None:
    for key, choices in SMALL.items():
        experiment = find(key)
        with pytest.raises(KeyboardInterrupt):
            experiment.run(experiment.settings(**choices), Waiting(patience=2))


def test_a_network_without_weights_is_measured_untrained_or_refused_in_words() -> None:
    spec = parse("resnet32-cifar")
    assert "no weights of it" in lesions.EXPERIMENT.why_not(spec)
    assert "no weights of it" in loss_surface.EXPERIMENT.why_not(spec)
    for each in (path_gradients, shattered, receptive_field, similarity):
        assert each.EXPERIMENT.why_not(spec) == ""
    found = run("similarity", "resnet20-cifar,depth=8,width=4", "resnet20-cifar")
    assert found.answer is None
    assert "untrained** and **ResNet-20 (CIFAR)**" in found.findings[0]


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("paths", "plain20-cifar", "no residual units"),
        ("paths", "resnet50", "3 × 32 × 32"),
        ("paths", "resnet1202-cifar", "more than 60 units"),
        ("shattered", "resnet18-1d", "series"),
        ("shattered", "resnet152", "too much"),
        ("receptive", "resnet20-cifar,in_channels=1", "three channels"),
        ("receptive", "lenet5", "three channels"),
        ("similarity", "resnet18", "3 × 32 × 32"),
        ("lesions", "resnet20-cifar,width=8", "no weights"),
    ],
)
def test_what_cannot_take_part_hears_why(key: str, text: str, reason: str) -> None:
    assert reason in find(key).why_not(parse(text))


def test_one_variant_twice_is_measured_once() -> None:
    texts = ("resnet20-cifar", "resnet20-cifar", "plain20-cifar")
    assert len(subjects.subjects(Settings(choices=(), networks=texts))) == 2


def test_pairs_are_offered_where_both_have_weights() -> None:
    for text in subjects.PAIR.choices:
        residual, plain = subjects.pair({"network": text})
        assert weights.cifar10_name(parse(residual)) and weights.cifar10_name(parse(plain))


def test_an_untrained_network_has_the_statistics_of_its_pictures() -> None:
    spec = parse("resnet20-cifar,depth=8,width=4")
    images = 5 + torch.randn(20, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    model = subjects.module(subjects.Subject(spec, ""), 3, images)
    first = model.bn1(model.conv1(images))
    assert first.mean((0, 2, 3)).abs().max() < 1e-4
    assert first.std((0, 2, 3)).sub(1).abs().max() < 1e-2
    assert not model.training


@pytest.mark.parametrize(
    ("residual", "plain", "answer"),
    [(0.7, 0.1, 0), (0.1, 0.1, 1), (0.1, 0.7, 2), (0.7, 0.7, 3)],
)
def test_the_answer_on_lesions(residual: float, plain: float, answer: int) -> None:
    words = lesions.EXPERIMENT.guess.answers[answer]
    assert lesions._answer(residual, plain) == answer
    assert ("plain" in words or "both" in words) == (plain < 0.2)
    assert ("residual" in words or "both" in words) == (residual < 0.2)


def test_the_answer_on_shattering_and_on_surfaces() -> None:
    assert [shattered._answer(near) for near in (0.9, 0.5, 0.0, -0.1)] == [0, 1, 2, 2]
    assert shattered._answer(nan) is None
    assert [loss_surface._answer(0.4, plain) for plain in (0.2, 0.45, 0.6)] == [0, 1, 2]
    assert [receptive_field._answer(area) for area in (0.9, 0.5, 0.2)] == [0, 1, 2]


def test_a_line_is_the_probe_s_own() -> None:
    found = run("shattered", "resnet20-cifar,depth=8,width=4", seed="3")
    probe = ProbeSettings(batch=32, seed=3)
    expected = line_of.probe("resnet20-cifar,depth=8,width=4", probe).correlations
    assert [record["autocorrelation"] for record in found.charts[0].records] == list(expected)


def test_the_middle_of_a_map_is_the_loss_of_the_trained_network() -> None:
    found = run("landscape", "resnet20-cifar")
    spec = parse("resnet20-cifar")
    images, labels = labelled_batch(spec, 25, 0, "resnet20-cifar", "train")
    with torch.no_grad():
        outputs = weights.load("resnet20-cifar")(images)
    loss = float(torch.nn.functional.cross_entropy(outputs, labels))
    middle = [r["loss"] for r in found.charts[0].records if r["first"] == r["second"] == 0]
    assert middle == [pytest.approx(loss, rel=1e-4)]


def test_similarities_are_those_of_the_outputs_that_the_networks_give() -> None:
    found = run("similarity")
    spec = parse("resnet20-cifar")
    images, _ = labelled_batch(spec, 100, 0, "resnet20-cifar")
    firsts = []
    for name in ("resnet20-cifar", "plain20-cifar"):
        model = weights.load(name)
        with torch.no_grad():
            stem = torch.relu(model.bn1(model.conv1(images)))
            firsts.append(model.layer1[0](stem))
    record = found.charts[2].records[0]
    assert (record["row"], record["column"]) == ("ResNet-20 (CIFAR)", "Plain-20 (CIFAR)")
    assert record["cka"] == pytest.approx(linear_cka(*firsts), abs=1e-4)


def test_mosaics_are_the_pictures_side_by_side() -> None:
    settings = find("receptive").settings(pictures="2")
    subject = subjects.subjects(Settings(choices=(), networks=("resnet20-cifar",)))[0]
    mosaics = receptive_field._mosaics(subject, settings)
    images, _ = labelled_batch(subject.spec, 18, 0, "resnet20-cifar")
    assert mosaics.shape == (2, 3, 96, 96)
    for number, image in enumerate(images):
        mosaic, place = divmod(number, 9)
        row, column = (32 * each for each in divmod(place, 3))
        assert torch.equal(mosaics[mosaic, :, row : row + 32, column : column + 32], image)
