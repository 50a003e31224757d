"""The picture and the block microscope, without a browser."""

import json

import pytest

from explorer.spec import options, parse
from tests.app.driving import PAGES, settled


def open_with(app, text, unit=None):
    app.query_params["v"] = text
    if unit is not None:
        app.query_params["unit"] = unit
    app.run()
    return settled(app.switch_page(str(PAGES / "picture.py")).run())


def retype(app, text):
    return settled(app.text_input(key="choice-text").set_value(text).run())


def chosen(app):
    return app.text_input(key="choice-text").value


def shown(app):
    kinds = ("markdown", "text", "caption")
    return "\n".join(element.value for kind in kinds for element in app.get(kind))


def network(app):
    """What the drawing with buttons is told."""
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def test_the_picture_follows_the_variant_and_the_microscope_its_choices(app):
    open_with(app, "resnet18")
    assert "conv5_x: 2 units, output 512 × 7 × 7" in shown(app)
    assert "`y = ReLU(x + BN(conv(ReLU(BN(conv(x))))))`" in shown(app)
    assert network(app)["chosen"] == "layer1.0"

    settled(app.selectbox(key="microscope-unit").set_value("layer3.0").run())
    projected = "`y = ReLU(h(x) + BN(conv(ReLU(BN(conv(x)))))), with h(x) = BN(conv(x))`"
    assert projected in shown(app)
    assert network(app)["chosen"] == "layer3.0"

    retype(app, "resnet1202-cifar")
    choice = app.selectbox(key="microscope-unit")
    assert choice.options == [
        "stem, all layers",
        "stage1, units 1 to 200, identity skip (200 alike)",
        "stage2, unit 1, zero padding skip",
        "stage2, units 2 to 200, identity skip (199 alike)",
        "stage3, unit 1, zero padding skip",
        "stage3, units 2 to 200, identity skip (199 alike)",
        "head, all layers",
    ]
    assert choice.value == "layer3.0"
    settled(choice.set_value("layer3.1").run())
    assert "`y = ReLU(x + BN(conv(ReLU(BN(conv(x))))))`" in shown(app)
    assert "original of 2015" in shown(app)
    assert "layer3.1 to layer3.199" in shown(app)


def test_the_stem_and_the_head_are_opened_too(app):
    open_with(app, "resnet50", "stem")
    assert "`y = max(ReLU(BN(conv(x))))`" in shown(app)
    assert "original of 2015" not in shown(app)


@pytest.mark.parametrize("unit", ["layer9.9", "", "<b>x</b>" * 100, "é"])
def test_a_unit_that_is_not_there_becomes_the_first(app, unit):
    open_with(app, "resnet50", unit)
    assert app.selectbox(key="microscope-unit").value == "layer1.0"


def test_every_unit_of_the_picture_is_a_button(app):
    open_with(app, "resnet50")
    told = network(app)
    labels = [area["label"] for area in told["areas"]]
    assert labels[:3] == [
        "stem, all layers",
        "conv2_x, unit 1, projection skip",
        "conv2_x, units 2 to 3, identity skip",
    ]
    assert len(labels) == 10
    assert told["svg"].startswith("<svg ")


def test_the_ordering_is_switched_in_the_microscope(app):
    open_with(app, "resnet50", "layer2.1")
    settled(app.selectbox(key="unit-ordering").set_value("full_preactivation").run())
    assert chosen(app) == "resnet50v2"
    assert app.selectbox(key="choice-ordering").value == "full_preactivation"
    assert app.selectbox(key="microscope-unit").value == "layer2.1"
    formula = "`y = x + conv(ReLU(BN(conv(ReLU(BN(conv(ReLU(BN(x)))))))))`"
    assert formula in shown(app)
    assert "BN and ReLU stand before each convolution" in shown(app)

    settled(app.selectbox(key="choice-ordering").set_value("relu_before_addition").run())
    assert app.selectbox(key="unit-ordering").value == "relu_before_addition"
    assert "`y = x + ReLU(BN(" in shown(app)
    assert "before the addition" in shown(app)


def test_block_and_shortcut_are_switched_in_the_microscope(app):
    open_with(app, "resnet50", "layer2.0")
    assert f"{256 * 512 + 2 * 512:,} parameters" in shown(app)
    settled(app.selectbox(key="unit-shortcut").set_value("A").run())
    assert chosen(app) == "resnet50,shortcut=A"
    assert app.selectbox(key="choice-shortcut").value == "A"
    assert "h(x) = pad(x)" in shown(app)
    settled(app.segmented_control(key="unit-block").set_value("basic").run())
    assert chosen(app) == "resnet34,shortcut=A"
    assert "BN(conv(ReLU(BN(conv(x)))))" in shown(app)
    settled(app.selectbox(key="unit-shortcut").set_value("none").run())
    assert chosen(app) == "plain34"
    assert "plain unit" in shown(app)


@pytest.mark.parametrize("text", ["plain34", "resnet50", "resnet20-cifar,norm=none"])
def test_only_what_makes_a_network_is_offered(app, text):
    open_with(app, text)
    for field, kind in (("ordering", "selectbox"), ("block", "button_group")):
        widget = next(w for w in app.get(kind) if w.key == f"unit-{field}")
        valid = [option for option in options(parse(text), field) if option.spec is not None]
        assert len(widget.options) == len(valid)
