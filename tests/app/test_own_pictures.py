"""Fine-tuning on one's own pictures and asking the result, as a person does, without a browser."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from safetensors.torch import load
from streamlit.testing.v1 import AppTest

from explorer.archive import read_zip
from explorer.data import bundled_picture
from explorer.explanation.board import board, removal
from explorer.explanation.cam import focus, grad_cams
from explorer.explanation.lesions import answer
from explorer.prediction import predict_own
from explorer.preprocessing import preprocess
from explorer.training import features
from explorer.training.features import extract
from explorer.training.fine_tuning import FineTuned, fine_tune
from explorer.training.head_settings import HeadSettings
from explorer.training.tuned_file import write_file
from explorer.ui import jobs, tasks
from explorer.ui.train_views import own_work
from tests.app.driving import PAGES, ROOT, settled
from tests.unit.test_fine_tuning import SMALL, files
from tests.unit.test_zips import zipped


@pytest.fixture(autouse=True)
def small_base(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Features by a network of milliseconds; examples of another base are not known."""
    monkeypatch.setattr(features, "BASE", SMALL)
    monkeypatch.setattr(own_work, "_examples", tasks.Kept(6))
    yield


def opened(app: AppTest, page: str = "train", **query: object) -> AppTest:
    for key, value in {"v": SMALL, **query}.items():
        app.query_params[key.replace("_", "-")] = value
    app.run()
    app.switch_page(str(PAGES / f"{page}.py")).run()
    if page == "train":
        app.segmented_control(key="train-view").set_value("own").run()
    return settled(app)


def give(app: AppTest, content: bytes, name: str = "pets.zip") -> AppTest:
    app.file_uploader(key="own-zip").upload(name, content)
    return settled(app.run())


def go_to(app: AppTest, page: str) -> AppTest:
    app.switch_page(str(PAGES / f"{page}.py")).run()
    return settled(app)


def told(app: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def charts(app: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def expected(content: bytes, settings: HeadSettings | None = None) -> FineTuned:
    return fine_tune(extract(read_zip(content, "pets.zip")), settings or HeadSettings())


def test_a_zip_is_learned_judged_and_asked(app: AppTest) -> None:
    content = zipped(files(12) | {"dog/notes.txt": b"x"})
    give(opened(app), content)
    wanted = expected(content)
    scores = wanted.scores
    assert f"**{scores.right} of {scores.pictures}** pictures held out" in told(app)
    assert "**pets.zip**: 24 pictures of 2 classes (cat 12, dog 12)." in told(app)
    assert "- dog/notes.txt is none of JPEG" in told(app)
    assert "drawn by seed 0" in told(app) and "learned from, it names" in told(app)
    (matrix,) = charts(app)
    assert matrix["data"][0]["type"] == "heatmap"
    pictures = app.get("image")
    assert len(pictures) == len(wanted.wrong) > 0
    one = wanted.wrong[0]
    caption = f"is {wanted.classes[one.truth]}, named {wanted.classes[one.answer]}"
    assert pictures[0].proto.imgs[0].caption.startswith(caption)

    app.button(key="own-predict").click().run()
    go_to(app, "predict")
    assert app.session_state["tray"] == [SMALL, f"{SMALL},classes=2"]
    assert "with a last layer of your own, fine-tuned on pets.zip: cat and dog" in told(app)
    image = bundled_picture("cat").read().image
    said = predict_own(image, wanted.network(), wanted.preprocessing, wanted.classes, "x").top
    mine = charts(app)[1]
    assert mine["data"][0]["y"] == [f"{n}. {label.label}" for n, label in enumerate(said, 1)]
    assert mine["data"][0]["x"] == pytest.approx([label.probability for label in said], rel=1e-3)


def test_what_was_fine_tuned_is_looked_into_and_lesioned(app: AppTest) -> None:
    give(opened(app), zipped(files(12)))
    wanted = expected(zipped(files(12)))
    app.button(key="own-predict").click().run()
    app.session_state["tray"], app.session_state["edited"] = [str(wanted.spec)], 0
    go_to(app, "predict")
    image = preprocess(bundled_picture("cat").read().image, wanted.preprocessing)[0]
    settled(app.segmented_control(key="view").set_value("explain").run())
    assert not app.error
    best = int(wanted.network()(image[None]).argmax())
    cam = grad_cams(wanted.spec, wanted.network(), image, best)[-1]
    assert cam.heat.any() and f"lies on **{focus(cam.heat):.0%}** of the picture" in told(app)

    settled(app.segmented_control(key="view").set_value("lesions").run())
    settled(app.multiselect(key="off-A").set_value(["stage1 unit 2"]).run())
    assert not app.error
    lesion = removal(board(wanted.spec), 1)
    first, *_ = answer(wanted.spec, wanted.network(), image, lesion)
    assert f"stage1 unit 2 off: **{wanted.classes[first.index]}**, {first.probability:.1%}" in told(
        app
    )


def test_a_setting_trains_another_head_from_the_same_features(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped(files(12))
    give(opened(app), content)
    monkeypatch.setattr(features, "extract", None)  # nobody may look at pictures again
    settled(app.number_input(key="own-seed").set_value(7).run())
    settled(app.select_slider(key="own-held").set_value("50").run())
    scores = expected(content, HeadSettings(50, 7)).scores
    assert f"**{scores.right} of 12** pictures held out" in told(app)
    assert "drawn by seed 7" in told(app)


def test_the_pictures_stay_on_another_page_and_can_be_forgotten(app: AppTest) -> None:
    give(opened(app), zipped(files(4)))
    go_to(go_to(app, "explore"), "train")
    assert "**pets.zip**: 8 pictures" in told(app)
    settled(app.button(key="own-forget").click().run())
    assert "pets.zip" not in told(app) and not charts(app)
    go_to(app, "predict")
    assert "fine-tuned" not in told(app)


def test_predict_offers_what_is_not_in_the_tray(app: AppTest) -> None:
    give(opened(app), zipped(files(4)))
    go_to(app, "predict")
    assert "A network fine-tuned on pets.zip is yours to ask: cat and dog." in told(app)
    settled(app.button(key="take-tuned").click().run())
    assert app.session_state["tray"] == [SMALL, f"{SMALL},classes=2"]
    assert "yours to ask" not in told(app)


def test_a_reload_says_what_is_missing(app: AppTest) -> None:
    """The address is all that a reload keeps."""
    opened(app, tuned="pets.zip", v=f"{SMALL},classes=2")
    assert "The pictures of this address, pets.zip, are not here any more" in told(app)
    go_to(app, "predict")
    assert "The network fine-tuned on pets.zip is not here any more" in told(app)
    give(opened(app), zipped(files(4)))
    assert "not here any more" not in told(app)


def test_nothing_of_one_visitor_is_seen_by_another(app: AppTest) -> None:
    give(opened(app), zipped(files(4)), "secret.zip")
    stranger = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    opened(stranger)
    assert "secret" not in told(stranger)
    assert "Choose pictures, or the example" in told(stranger)
    go_to(stranger, "predict")
    assert "fine-tuned" not in told(stranger)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "pets.zip is damaged, or no zip file: make it anew."),
        (zipped({"cat/1.png": b"", "cat/2.png": b""}), "holds one class, cat"),
        (zipped(files(2) | {"../evil.png": b"x"}), "points outside the zip"),
        (
            zipped({f"{name}/{n}.png": b"x" for name in "ab" for n in range(3)}),
            "none of the 6 files",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_told(app: AppTest, content: bytes, words: str) -> None:
    give(opened(app), content)
    assert [words in error.value for error in app.error] == [True]
    assert not charts(app)
    give(app, zipped(files(3)), "better.zip")
    assert not app.error and "**better.zip**: 6 pictures" in told(app)


def test_the_example_is_learned_when_asked_for_and_once_for_all(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(app)
    settled(app.segmented_control(key="own-from").set_value("example").run())
    assert not charts(app)
    [start] = [button for button in app.button if button.label == "Learn the example"]
    settled(start.click().run())
    assert re.search(r"\*\*\d+ of 24\*\* pictures held out", told(app))
    assert "32 × 32 pixels" in told(app)

    monkeypatch.setattr(features, "extract", None)
    for session in list(jobs.QUEUE._current):  # AppTest gives all visitors the same name
        jobs.forget(session)
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    opened(other)
    settled(other.segmented_control(key="own-from").set_value("example").run())
    [start] = [button for button in other.button if button.label == "Learn the example"]
    settled(start.click().run())
    assert re.search(r"\*\*\d+ of 24\*\* pictures held out", told(other))


def test_one_class_of_the_example_is_not_enough(app: AppTest) -> None:
    opened(app)
    app.segmented_control(key="own-from").set_value("example").run()
    settled(app.pills(key="own-classes").set_value(["cat"]).run())
    assert "Choose at least two classes." in told(app)


def test_the_downloaded_file_answers_again_with_its_classes(app: AppTest) -> None:
    content = zipped(files(8))
    tuned = expected(content)
    file = write_file(tuned)
    assert "fc.weight" in load(file)
    opened(app, "predict", v=str(tuned.spec))
    app.file_uploader(key="own-weights-A").upload("mine.safetensors", file)
    settled(app.run())
    assert "with their classes and preprocessing. The file says: Fine-tuned on pets.zip" in told(
        app
    )
    image = bundled_picture("cat").read().image
    said = predict_own(image, tuned.network(), tuned.preprocessing, tuned.classes, "x").top
    (mine,) = charts(app)
    assert mine["data"][0]["y"] == [f"{n}. {label.label}" for n, label in enumerate(said, 1)]
    assert mine["data"][0]["x"] == pytest.approx([label.probability for label in said], rel=1e-3)


def test_a_file_that_says_it_is_of_another_network_becomes_that_one(app: AppTest) -> None:
    file = write_file(expected(zipped(files(8))))
    opened(app, "predict", v="plain20-cifar,classes=2")  # whose tensors are the same
    app.file_uploader(key="own-weights-A").upload("mine.safetensors", file)
    settled(app.run())
    assert "it is of resnet20-cifar,classes=2, not of plain20-cifar,classes=2" in app.error[0].value
    [button] = [each for each in app.button if each.label.startswith("Make A")]
    settled(button.click().run())
    assert app.session_state["tray"] == ["resnet20-cifar,classes=2"]
