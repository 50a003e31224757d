"""The Predict page: whose weights, which pictures, and what is made of the answers."""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from safetensors.torch import save
from streamlit.testing.v1 import AppTest

from explorer import torchvision_weights, weights
from explorer.cards import WeightsEntry
from explorer.data import bundled_picture
from explorer.datasets import bundled_cifar10
from explorer.network import build
from explorer.prediction import predict, predict_own
from explorer.preprocessing import preprocess
from explorer.scores import Outcome, score
from explorer.spec import parse
from explorer.ui import jobs
from explorer.ui.predicting import work
from explorer.ui.tasks import Kept
from tests.app.driving import LONG_S, PAGES, ROOT, settled
from tests.app.predicting import charts, opened, press, told
from tests.unit.loopback import FileServer, serve

OURS = "resnet20-cifar"
FOREIGN = "resnet32-cifar"
"""A network that has no bundled weights; here the tests' own server has some."""


def show_samples(app: AppTest, count: int) -> AppTest:
    """Show CIFAR-10's test pictures, and no photographs."""
    app.pills(key="pictures").set_value([])
    return settled(app.number_input(key="samples").set_value(count).run())


def seeded(text: str, seed: int) -> torch.nn.Module:
    return build(parse(text), seed).eval()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FileServer]:
    """A server that stands for torchvision's, with weights for one network."""
    content = io.BytesIO()
    torch.save(seeded(FOREIGN, 5).state_dict(), content)
    with serve(content.getvalue()) as server:
        digest = hashlib.sha256(server.content).hexdigest()
        entry = replace(
            weights.find(OURS),
            name=tmp_path.name,  # another in each test: what was answered before is known
            title="ResNet-32 from elsewhere",
            architecture=FOREIGN,
            url=server.url("resnet32.pth"),
            sha256=digest[:8],
            size_bytes=len(server.content),
            training=None,
        )
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr(torchvision_weights, "NETWORKS", (FOREIGN,))
        monkeypatch.setattr(torchvision_weights, "entries", lru_cache(lambda: (entry,)))
        weights.offered()
        yield server
        idle = jobs.submit("idle", "fetch", lambda context: None, object(), jobs.Lane.NETWORK)
        assert idle.wait(LONG_S)


def test_weights_are_fetched_when_asked_for_and_then_answer(app, elsewhere):
    opened(app, FOREIGN)
    assert "**ResNet-32 (CIFAR) has no trained weights here**" in told(app)
    assert "ResNet-32 from elsewhere, trained on CIFAR-10" in told(app)
    assert not elsewhere.asked and not charts(app)
    settled(press(app, f"Fetch {len(elsewhere.content) / 1e6:.1f} MB"))
    assert elsewhere.asked == [None]
    assert "with trained weights: ResNet-32 from elsewhere" in told(app)
    [entry] = torchvision_weights.entries()
    image = bundled_picture("cat").read().image
    expected = predict(image, entry, module=seeded(FOREIGN, 5)).top
    [chart] = charts(app)
    assert chart["data"][0]["x"] == pytest.approx([label.probability for label in expected])
    assert chart["data"][0]["y"] == [f"{n}. {one.label}" for n, one in enumerate(expected, 1)]


def test_a_transfer_that_fails_says_what_else_there_is_and_may_be_tried_again(app, elsewhere):
    opened(app, FOREIGN)
    elsewhere.status = 503
    settled(press(app, "Fetch "))
    [error] = [error.value for error in app.error]
    assert "has trouble of its own (status 503)" in error
    assert "resnet50-keras is bundled and needs no network." in error
    elsewhere.status = None
    elsewhere.cut_off = 1000
    settled(press(app, "Try again"))
    assert "broke off" in app.error[0].value
    elsewhere.cut_off = None
    settled(press(app, "Try again"))
    assert not app.error and charts(app)
    assert elsewhere.asked == [None, None, "bytes=1000-"]


def test_without_weights_one_click_leads_to_bundled_ones(app, elsewhere):
    opened(app, FOREIGN)
    elsewhere.status = 404
    settled(press(app, "Fetch "))
    assert "does not have the file any more" in app.error[0].value
    settled(press(app, "Switch to ResNet-20 (CIFAR)"))
    assert app.session_state["tray"] == [OURS] and charts(app)


def test_a_transfer_is_cancelled_and_goes_on_where_it_stopped(app, elsewhere):
    elsewhere.pause = Event()
    opened(app, OURS, FOREIGN)
    press(app, "Fetch ")
    app.run()
    [bar] = app.get("progress")
    assert bar.proto.text.startswith("Fetching ResNet-32")
    assert charts(app), "nobody's computation waits for a transfer"
    press(app, "Cancel")
    assert "Stopped." in told(app)
    elsewhere.pause.set()
    settled(press(app, "Start again"))
    assert "Not asked" not in told(app)
    assert len(charts(app)[0]["data"]) == 2


def own_weights(app: AppTest, content: bytes, letter: str = "A") -> AppTest:
    uploader = app.file_uploader(key=f"own-weights-{letter}")
    uploader.upload("mine.safetensors", content)
    return settled(app.run())


def test_own_weights_answer_in_the_place_of_others(app):
    opened(app, OURS)
    module = seeded(OURS, 3)
    own_weights(app, save(module.state_dict()))
    assert "with your own weights: mine.safetensors" in told(app)
    settled(app.selectbox(key="own-like-A").set_value(OURS).run())
    entry = weights.find(OURS)
    image = bundled_picture("cat").read().image
    expected = predict_own(image, module, entry.preprocessing, entry.categories, "mine").top
    [chart] = charts(app)
    assert chart["data"][0]["x"] == pytest.approx([label.probability for label in expected])


def test_a_file_of_another_network_is_told_which_and_becomes_it_in_one_click(app):
    opened(app, "resnet20-cifar,classes=7")
    own_weights(app, save(seeded("resnet32-cifar,classes=7", 0).state_dict()))
    [error] = [error.value for error in app.error]
    assert "mine.safetensors: the file does not fit" in error
    assert "not in this network" in error and "resnet32-cifar,classes=7" in error
    settled(press(app, "Make A ResNet-32 (CIFAR), 7 classes"))
    assert app.session_state["tray"] == ["resnet32-cifar,classes=7"]
    assert not app.error and "class " in str(charts(app)[0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "no safetensors file"), (b"PK\x03\x04" + bytes(99), "explorer convert FILE.pt")],
)
def test_what_is_no_file_of_weights_is_told(app, content, sentence):
    opened(app, OURS)
    own_weights(app, content)
    assert sentence in app.error[0].value
    assert not charts(app)


def test_networks_that_know_the_same_classes_share_a_chart(app):
    opened(app, OURS, f"{OURS},ordering=v2")
    own_weights(app, save(seeded(f"{OURS},ordering=v2", 1).state_dict()), "B")
    settled(app.selectbox(key="own-like-B").set_value(OURS).run())
    entry = weights.find(OURS)
    image = bundled_picture("cat").read().image
    probabilities = []
    for module in (weights.load(OURS), seeded(f"{OURS},ordering=v2", 1)):
        with torch.inference_mode():
            probabilities.append(
                module(preprocess(image, entry.preprocessing)[0][None]).softmax(1)[0]
            )
    wanted = {int(n) for each in probabilities for n in each.topk(5).indices}
    [chart] = charts(app)
    first, second = chart["data"]
    assert set(first["y"]) == {entry.categories[n] for n in wanted} and first["y"] == second["y"]
    for trace, each in zip((first, second), probabilities, strict=True):
        expected = [float(each[entry.categories.index(label)]) for label in trace["y"]]
        assert trace["x"] == pytest.approx(expected, abs=1e-5)
    assert [trace["marker"]["color"] for trace in chart["data"]] == ["#0072B2", "#E69F00"]
    firsts = [entry.categories[int(each.argmax())] for each in probabilities]
    assert firsts[0] != firsts[1]
    assert f"Disagreement: A says **{firsts[0]}**, B says **{firsts[1]}**." in told(app)


def test_networks_of_different_classes_have_a_chart_each(app):
    opened(app, "resnet50,stride_at=1x1", OURS)
    assert len(charts(app)) == 2
    assert "A says **Egyptian cat**. B says **cat**." in told(app)
    assert "A 1,000; B 10" in told(app)


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_how_a_picture_is_brought_to_size_changes_the_answer_and_its_steps(app, fit):
    opened(app, OURS)
    settled(app.segmented_control(key="fit").set_value(fit).run())
    entry = weights.find(OURS)
    steps = replace(entry.preprocessing, fit=fit)
    expected = predict(bundled_picture("cat").read().image, entry, steps=steps).top
    assert charts(app)[0]["data"][0]["x"] == pytest.approx(
        [label.probability for label in expected]
    )
    sentence = {"stretch": "Both sides become 32 pixels", "pad": "with black margins"}[fit]
    assert sentence in told(app)
    assert "numbers that the network is given" in told(app)


def test_labelled_pictures_are_counted(app):
    show_samples(opened(app, OURS), 50)
    entry, part = weights.find(OURS), bundled_cifar10().test
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in steps_of(entry))
    with torch.inference_mode():
        outputs = weights.load(OURS)((part.images[:50] / 255 - mean) / std)
    ranked = outputs.argsort(1, descending=True)[:, :5].tolist()
    truths = part.labels[:50].tolist()
    outcomes = [Outcome(t, tuple(r)) for t, r in zip(truths, ranked, strict=True)]
    scores = score(outcomes)
    assert f"**{scores.right} of 50** pictures" in told(app)
    low, high = scores.accuracy_interval_percent
    assert f"between {low:.1f}% and {high:.1f}%" in told(app)
    table = next(frame.value for frame in app.dataframe if "A_answer" in frame.value.columns)
    assert list(table["truth"]) == [entry.categories[label] for label in truths]
    assert list(table["A_answer"]) == [entry.categories[first] for first, *_ in ranked]
    assert (table["A_ms"] > 0).all()
    assert charts(app)[1]["data"][0]["text"] == [
        [str(n) if n else "" for n in row] for row in scores.confusion
    ]


def test_where_networks_disagree_is_marked_in_the_table(app):
    show_samples(opened(app, OURS, "plain20-cifar"), 40)
    table = next(frame.value for frame in app.dataframe if "A_answer" in frame.value.columns)
    same = table["A_answer"] == table["B_answer"]
    assert list(table["agree"]) == list(same)
    assert 0 < same.sum() < 40


def test_networks_of_one_data_set_are_shown_pictures_alike(app):
    opened(app, OURS, "resnet56-cifar")
    assert told(app).count("numbers that the network is given") == 1


def steps_of(entry: WeightsEntry) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return entry.preprocessing.mean, entry.preprocessing.std


def test_a_name_may_say_the_class_and_bundled_photographs_are_not_counted(app):
    opened(app, "resnet50,stride_at=1x1")
    app.pills(key="pictures").set_value(["dog"])
    folder = ROOT / "assets" / "pictures"
    uploader = app.file_uploader(key="uploads")
    for name, file in (("espresso/1.jpg", "coffee.jpg"), ("who knows.jpg", "cat.jpg")):
        uploader.upload(name, (folder / file).read_bytes())
    settled(app.run())
    assert "**1 of 1** pictures of known class" in told(app)
    assert "2 of all 3 name no class that it knows." in told(app)


def test_own_pictures_are_there_when_their_page_is_opened_again(app):
    opened(app, OURS)
    folder = ROOT / "assets" / "pictures"
    for file in ("coffee.jpg", "dog.jpg"):
        app.file_uploader(key="uploads").upload(file, (folder / file).read_bytes())
    settled(app.run())
    app.switch_page(str(PAGES / "explore.py")).run()
    settled(app.switch_page(str(PAGES / "predict.py")).run())
    assert not app.file_uploader(key="uploads").value
    assert "Still here from before: coffee.jpg, dog.jpg." in told(app)
    assert told_names(app)[:2] == ["coffee.jpg", "dog.jpg"]

    app.file_uploader(key="uploads").upload("cat.jpg", (folder / "cat.jpg").read_bytes())
    settled(app.run())
    assert told_names(app)[:3] == ["coffee.jpg", "dog.jpg", "cat.jpg"]
    app.file_uploader(key="uploads").set_value([])
    settled(app.run())
    assert told_names(app)[:2] == ["coffee.jpg", "dog.jpg"] and "cat.jpg" not in told_names(app)
    settled(press(app, "Forget them"))
    assert "Still here" not in told(app) and "coffee.jpg" not in told(app)


def test_the_picture_that_was_chosen_is_looked_at(app):
    opened(app, OURS)
    settled(app.number_input(key="samples").set_value(3).run())
    headings = lambda: [heading.value for heading in app.subheader]  # noqa: E731
    assert headings()[0] == "Chelsea the cat"
    second = next(name for name in told_names(app) if name.endswith("0001.png"))
    app.session_state["picture-looked-at"] = f"cifar10 {second}"
    settled(app.run())
    assert headings()[0] == second


def told_names(app: AppTest) -> list[str]:
    table = next(frame.value for frame in app.dataframe if "A_answer" in frame.value.columns)
    return list(table["picture"])


def test_all_weights_are_in_one_table(app):
    app.session_state["weights-table"] = True
    opened(app, OURS)
    table = next(frame.value for frame in app.dataframe if "licence" in frame.value.columns)
    assert len(table) == len(weights.offered()) > 20
    row = table[table["variant"] == "resnet50"].iloc[-1]
    assert (row["top1_percent"], row["classes"]) == (80.858, 1000)
    assert "resized to 232" in row["evaluation"] and "BSD 3-Clause" in row["licence"]


def test_a_picture_is_asked_about_once(app, monkeypatch):
    asked: list[str] = []
    original: Callable[..., Any] = predict

    def counted(image: Any, entry: WeightsEntry, *others: Any) -> Any:
        asked.append(entry.name)
        return original(image, entry, *others)

    monkeypatch.setattr("explorer.prediction.predict", counted)
    monkeypatch.setattr(work, "_said", Kept(2**20))
    opened(app, OURS)
    asked.clear()
    show_samples(app, 7)
    assert len(asked) == 7
    show_samples(app, 9)
    assert len(asked) == 9
