"""The probe over training as a person uses it, without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.driving import PAGES, settled

SMALL = "resnet20-cifar,depth=8,width=4"
START = "waiting-over-training-start"


def open_with(app: AppTest, *variants: str, **choices: object) -> AppTest:
    app.query_params["v"] = list(variants)
    for key, value in {"probe": "training", **choices}.items():
        app.session_state[key] = value
    app.run()
    app.switch_page(str(PAGES / "gradients.py")).run()
    return settled(app)


def started(app: AppTest) -> AppTest:
    return settled(app.button(key=START).click().run())


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_nothing_is_trained_before_it_is_asked_for(app):
    open_with(app, SMALL)
    assert not charts(app)
    assert app.button(key=START).label == "Train 3 networks for 60 steps"


def test_a_network_and_its_twins_train_on_the_same_batches(app):
    open_with(app, SMALL, **{"training-steps": 4})
    started(app)
    told = words(app)
    for name in ("ResNet-8 (CIFAR), width=4", "Plain-8 (CIFAR), width=4", "ResNet-8 v2 (CIFAR)"):
        assert f"**{name}" in told
    assert told.count("at step 0") == told.count("at step 3") == 3
    assert "batches of 32, seed 0, the same for all" in told
    heat, loss = charts(app)
    assert [trace["type"] for trace in heat["data"]] == ["heatmap"] * 3
    assert all(trace["x"] == [0, 1, 2, 3] for trace in heat["data"])
    assert [len(trace["y"]) for trace in loss["data"]] == [4, 4, 4]
    colours = heat["layout"]["coloraxis"]
    assert all(trace["coloraxis"] == "coloraxis" for trace in heat["data"])
    assert colours["cmin"] < colours["cmax"]
    settled(app.segmented_control(key="training-quantity").set_value("relative").run())
    assert "|dL/dW| / |W|, step by step" in words(app)
    assert len(charts(app)) == 2  # the same training, looked at otherwise
    settled(app.number_input(key="seed").set_value(1).run())
    assert not charts(app)  # another training


def test_networks_for_other_pictures_are_changed_or_left_out(app):
    open_with(app, "resnet18,width=4", "alexnet", "lenet5", **{"training-steps": 2})
    told = words(app)
    assert "A: ResNet-18, width=4 is changed to take CIFAR-10: image_size=32, classes=10." in told
    assert "B: AlexNet is left out: " in app.warning[0].value
    assert "C: LeNet-5 is changed to take CIFAR-10: in_channels=3." in told
    started(app)
    assert "**LeNet-5**: from the last convolution" in words(app)


def test_a_training_that_fails_says_so_and_the_other_goes_on(app):
    choices = {"training-steps": 4, "training-rate": 10.0}
    open_with(app, "resnet20-cifar,width=2,norm=none", SMALL, **choices)
    started(app)
    told = words(app)
    assert told.count("**The training ended early**: resnet20-cifar,width=2,norm=none: the") == 1
    assert "a lower learning rate may help" in told and "has no finite ratio" in told
    heat, loss = charts(app)
    assert "not a number" in {trace.get("name") for trace in heat["data"]}
    assert [len(trace["y"]) for trace in loss["data"]] == [3, 4]


def test_what_is_too_large_is_refused_in_a_sentence(app):
    open_with(app, "resnet152,width=256")
    assert "Choose a smaller batch, or fewer or smaller networks." in app.error[0].value
    with pytest.raises(KeyError):
        app.button(key=START)
