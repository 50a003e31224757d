"""The landscape page as a person uses it, without a browser."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.analysis import analyze
from explorer.landscape import EVALUATIONS, points_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "explorer" / "ui" / "pages" / "landscape.py"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.chdir(ROOT)
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)


def open_with(app: AppTest, *variants: str) -> AppTest:
    app.query_params["v"] = list(variants)
    app.run()
    app.switch_page(str(PAGE)).run()
    assert not app.exception
    return app


def chart(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def balls(app: AppTest) -> list[tuple[str, float]]:
    """Names and accuracies of the balls drawn."""
    return [
        (about[0], y)
        for trace in chart(app)["data"]
        if trace["mode"] == "markers+text"
        for about, y in zip(trace["customdata"], trace["y"], strict=True)
    ]


def notes(app: AppTest) -> list[str]:
    return [note["text"] for note in chart(app)["layout"]["annotations"]]


@pytest.mark.parametrize("key", EVALUATIONS)
def test_each_evaluation_is_shown_by_itself_and_named_on_the_axis(app, key):
    open_with(app, "resnet50")
    app.selectbox(key="evaluation").set_value(key).run()
    assert not app.exception
    wanted = [(point.name, point.top1_percent) for point in points_of(key)]
    assert sorted(balls(app)) == sorted(wanted)
    layout = chart(app)["layout"]
    assert EVALUATIONS[key].measured in layout["yaxis"]["title"]["text"]
    assert layout["xaxis"]["title"]["text"] == f"MACs of {EVALUATIONS[key].cost}"
    assert len(app.dataframe[0].value) == len(wanted)


def test_every_ball_tells_its_evaluation_and_its_source(app):
    open_with(app, "resnet50")
    traces = [trace for trace in chart(app)["data"] if trace["mode"] == "markers+text"]
    told = [about for trace in traces for about in trace["customdata"]]
    assert all("weights IMAGENET1K_V1" in about[3] for about in told)
    assert all("torchvision 0.28.0" in about[4] for about in told)
    for trace in traces:
        assert trace["marker"]["sizemode"] == "area"
        assert list(trace["marker"]["size"]) == [about[2] for about in trace["customdata"]]
        for place in (3, 4):
            assert f"%{{customdata[{place}]}}" in trace["hovertemplate"]


def test_families_are_filtered(app):
    open_with(app, "resnet50")
    app.selectbox(key="evaluation").set_value("one_crop").run()
    app.pills(key="families").set_value(["plain", "v2"]).run()
    names = {name for name, _ in balls(app)}
    assert names == {
        "ResNet-50 without shortcuts",
        "ResNeXt-50 32x4d without shortcuts",
        "ResNet-200 v2",
    }
    app.selectbox(key="evaluation").set_value("torchvision_v1").run()
    assert not app.get("plotly_chart")
    assert "No published network" in app.info[0].value


def test_variants_stand_on_the_cost_axis_in_their_colours(app):
    open_with(app, "resnet50", "resnet50,classes=10", "resnet200v2", "resnet20-cifar,norm=none")
    lines = [trace for trace in chart(app)["data"] if trace["mode"] == "lines"]
    texts = ["resnet50", "resnet50,classes=10", "resnet200v2", "resnet20-cifar,norm=none"]
    assert [line["x"] for line in lines] == [[analyze(text).macs] * 2 for text in texts]
    colours = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]
    assert [line["line"]["color"] for line in lines] == colours
    first, second, third, fourth = notes(app)
    assert "A: ResNet-50" in first and "published: 76.13%" in first
    assert "B: ResNet-50" in second and "no measured accuracy" in second
    assert "not measured this way" in third
    assert "no measured accuracy" in fourth


def test_the_cost_axis_is_logarithmic_or_linear(app):
    open_with(app, "resnet50")
    assert chart(app)["layout"]["xaxis"]["type"] == "log"
    app.toggle(key="log").set_value(False).run()
    assert "type" not in chart(app)["layout"]["xaxis"]
    low, high = chart(app)["layout"]["xaxis"]["range"]
    assert -0.05 * high < low < 0


def test_the_idea_is_credited(app):
    open_with(app, "resnet50")
    told = " ".join(caption.value for caption in app.caption)
    assert "arXiv:1605.07678" in told and "arXiv:1810.00736" in told
