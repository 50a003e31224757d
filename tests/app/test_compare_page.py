"""The comparison as a person uses it, without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from explorer import timing
from explorer.analysis import analyze
from tests.app.driving import PAGES, settled


def opened(app: AppTest, *variants: str) -> AppTest:
    app.query_params["v"] = list(variants)
    app.run()
    return settled(app.switch_page(str(PAGES / "compare.py")).run())


def text(app: AppTest) -> str:
    return "\n".join(element.value for kind in ("markdown", "caption") for element in app.get(kind))


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_a_variant_alone_gets_an_offer_and_takes_it(app):
    opened(app, "resnet50,width=48")
    assert "is alone" in text(app)
    labels = [button.label for button in app.button]
    assert "Compare with the nearest published network, ResNet-50 v1.5" in labels
    settled(app.button(key="compare-with-1").click().run())
    assert "no shortcuts, the plain network instead of" in text(app)


@pytest.mark.parametrize("text_form", ["plain34", "plain20-cifar", "vgg16"])
def test_every_variant_alone_has_something_to_be_compared_with(app, text_form):
    opened(app, text_form)
    settled(app.button(key="compare-with-0").click().run())
    assert "What turns A" in text(app)


def test_two_variants_in_words_numbers_layers_and_published_results(app):
    opened(app, "resnet34", "plain34")
    told = text(app)
    assert "no shortcuts, the plain network instead of projection shortcuts" in told
    assert "unit 1, shortcut: projection → no shortcut, −8,448 parameters, −6,422,528 MACs" in told
    assert "Unchanged: stem, head." in told
    numbers, published = (table.value for table in app.table)
    cells = numbers.to_numpy().ravel().tolist()
    assert "21,623,848 :green-badge[least]  \n:gray[−173,824 (−0.8%)]" in cells
    assert any("28.54 % [1]" in str(cell) for cell in published.to_numpy().ravel())
    assert "Compare along a row only" in app.warning[0].value


def test_stages_are_drawn_in_the_variants_colours(app):
    opened(app, "resnet50", "resnet20-cifar")
    bars, lines = charts(app)
    assert [trace["marker"]["color"] for trace in bars["data"]] == ["#0072B2", "#E69F00"]
    assert sum(bars["data"][0]["y"]) == analyze("resnet50").parameters
    assert bars["data"][1]["y"][4] is None  # no fourth stage
    assert bars["layout"]["xaxis"]["ticktext"][1] == "conv2_x<br>stage1"
    assert lines["data"][0]["y"] == [11, 35, 91, 267, 427]
    settled(app.segmented_control(key="breakdown").set_value("macs").run())
    assert sum(charts(app)[0]["data"][0]["y"]) == analyze("resnet50").macs


def test_which_of_several_is_held_against_the_first_is_chosen(app):
    opened(app, "resnet20-cifar", "resnet56-cifar", "resnet110-cifar", "resnet1202-cifar")
    assert "+6 units (3 → 9)" in text(app)
    settled(app.segmented_control(key="against").set_value("D").run())
    assert "+197 units (3 → 200)" in text(app)


def test_equal_variants_have_nothing_to_tell(app):
    opened(app, "resnet50", "resnet50")
    assert "is the same network as A" in text(app)
    assert "Nothing: both have the same layers" in app.info[0].value


def test_speed_is_measured_when_asked(app, monkeypatch):
    monkeypatch.setattr(timing, "MOST_ROUNDS", 2)
    small = "resnet20-cifar,stages=1-1,width=4,image_size=8"
    opened(app, small, f"{small},shortcut=none")
    assert not any("Medians of" in caption.value for caption in app.caption)
    settled(app.button(key="waiting-timings-start").click().run())
    assert "Medians of 2 rounds" in text(app)
    cells = app.table[-1].value.to_numpy().ravel().tolist()
    assert sum("times A" in str(cell) for cell in cells) == 2


def test_what_needs_too_much_memory_is_refused(app):
    opened(app, "resnet152", "resnet200")
    settled(app.number_input(key="timing-batch").set_value(128).run())
    assert "more than the 3 GB" in app.error[0].value
