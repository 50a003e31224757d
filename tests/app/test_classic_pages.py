"""Every page with every network from before residual learning."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.analysis import analyze
from explorer.classic_names import CLASSIC_NAMES
from explorer.ui import tasks
from explorer.words import name_title
from tests.app.driving import PAGES, settled

NAMES = tuple(CLASSIC_NAMES)
SMALL = {
    "lenet5": "lenet5",
    "alexnet": "alexnet,image_size=63,classes=10",
    "vgg": "vgg11_bn,image_size=64,classes=10",
    "googlenet": "googlenet,image_size=64",
    "googlenet-2014": "googlenet-2014,image_size=64",
}


def open_with(app: AppTest, text: str, page: str = "explore") -> AppTest:
    app.query_params["v"] = text
    app.run()
    if page != "explore":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    return settled(app)


def words(app: AppTest) -> str:
    kinds = ("title", "markdown", "caption", "success", "error", "warning", "info", "text")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


@pytest.mark.parametrize("name", NAMES)
def test_explore_tells_all_but_what_residual_networks_have(app, monkeypatch, name):
    monkeypatch.setattr(tasks, "MAX_LIVE_PARAMETERS", 100_000)  # the large ones take seconds
    open_with(app, name)
    told = words(app)
    assert app.title[0].value == name_title(name)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Parameters"] == f"{analyze(name).parameters:,}"
    assert metrics["MACs (one picture)"] == f"{analyze(name).macs:,}"
    for residual in ("ordering", "shortcut", "residual unit", "projection"):
        assert residual not in told.replace("has no residual units", "")
    keys = {widget.key for kind in ("selectbox", "number_input") for widget in app.get(kind)}
    assert "choice-image_size" in keys and "choice-ordering" not in keys
    assert ("choice-depth" in keys) == name.startswith("vgg")


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_shows_every_stage(app, name):
    open_with(app, name, "picture")
    told = words(app)
    assert not app.get("error")
    for stage in analyze(name).by("stage"):
        assert f"{stage}: " in told
    assert "skip" not in told
    assert ("parallel branches" in told) == name.startswith("googlenet")


@pytest.mark.parametrize("name", NAMES)
def test_the_landscape_and_the_predictions_know_them(app, name):
    open_with(app, name, "landscape")
    assert name_title(name) in str(app.get("plotly_chart")[0].proto.spec)
    app.switch_page(str(PAGES / "predict.py"))
    settled(app.run())
    assert f"**{name_title(name)} has no trained weights here**" in words(app)


@pytest.mark.parametrize("text", SMALL.values())
def test_gradients_are_measured_without_twins(app, text):
    open_with(app, text, "gradients")
    assert not app.toggle and not app.error
    unit = "Inception module" if "google" in text else "convolution"
    assert "from the last convolution (" in words(app)
    settled(app.selectbox(key="quantity").set_value("unit").run())
    assert f"from the last {unit} (" in words(app)
    settled(app.selectbox(key="quantity").set_value("weight").run())
    assert "), the weights' gradient" in words(app)


@pytest.mark.parametrize("text", [SMALL["lenet5"], SMALL["googlenet"]])
def test_modules_are_built_and_answer(app, text):
    open_with(app, text)
    assert f"{analyze(text).parameters:,} parameters, equal to the analysis" in words(app)
    app.switch_page(str(PAGES / "predict.py")).run()
    settled(app)
    settled(app.toggle(key="untrained").set_value(True).run())
    assert "Untrained" in app.warning[-1].value and app.get("plotly_chart")


def test_lenet5_is_not_called_published(app):
    open_with(app, "lenet5")
    told = words(app)
    assert "As built today: LeNet-5 with a dense C3" in told and "60,000 parameters" in told
    assert "As published" not in told


def test_vggs_have_depth_convolutions_and_normalisation_to_choose(app):
    open_with(app, "vgg16,image_size=64,classes=10")
    settled(app.selectbox(key="choice-depth").set_value(11).run())
    settled(app.segmented_control(key="choice-norm").set_value("batch").run())
    assert app.text_input(key="choice-text").value == "vgg11_bn,image_size=64,classes=10"
    settled(app.text_input(key="choice-stages").set_value("1-1-1-1-2").run())
    assert analyze("vgg11,stages=1-1-1-1-2").depth == 9
    assert app.title[0].value.startswith("VGG-11 BN, stages 1-1-1-1-2")
    settled(app.text_input(key="choice-stages").set_value("1-1").run())
    assert "VGG has 5 stages" in app.error[0].value


def test_a_network_is_chosen_across_families(app):
    open_with(app, "resnet50")
    settled(app.selectbox(key="choice-name").set_value("lenet5").run())
    assert app.title[0].value == "LeNet-5" and not app.error
    settled(app.selectbox(key="choice-name").set_value("resnet18").run())
    assert app.title[0].value == "ResNet-18" and not app.error


@pytest.mark.parametrize(("name", "levels"), [("vgg16", "2345"), ("googlenet", "345")])
def test_backbones_are_offered_where_stages_halve_the_map(app, monkeypatch, name, levels):
    monkeypatch.setattr(tasks, "MAX_LIVE_PARAMETERS", 100_000)
    open_with(app, name)
    maps = next(frame.value for frame in app.dataframe if "module" in frame.value.columns)
    assert list(maps["name"]) == [f"C{level}" for level in levels]
    settled(app.selectbox(key="choice-name").set_value("alexnet").run())
    assert "it has no C2 to C5" in words(app)
