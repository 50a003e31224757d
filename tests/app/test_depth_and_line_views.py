"""Two views of the gradient laboratory: the signal by depth, and gradients along a line."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from explorer.depth_series import SERIES, convolutions_between, per_convolution
from explorer.gradients import ProbeSettings, shattered
from explorer.gradients.autocorrelation import first_below
from explorer.gradients.by_depth import growth
from explorer.spec import parse
from explorer.ui import tasks
from explorer.ui.laboratory.shattered import _SCALARS
from tests.app.driving import PAGES, settled

SMALL = "resnet20-cifar,width=4,stages=1-1-1,image_size=8,classes=5"
PLAIN = f"{SMALL},shortcut=none"


def opened(app: AppTest, probe: str, *texts: str, **chosen: object) -> AppTest:
    app.query_params["v"] = list(texts)
    app.session_state["probe"] = probe
    for key, value in chosen.items():
        app.session_state[key.replace("_", "-")] = value
    app.run()
    app.switch_page(str(PAGES / "gradients.py")).run()
    return settled(app)


def by_depth(app: AppTest, *texts: str, **chosen: object) -> AppTest:
    chosen = {"depth_series": ["plain", "v1-bare"], "deepest": "32", "batch_small": 2, **chosen}
    return opened(app, "depth", *texts, **chosen)


def told(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def traces(app: AppTest, chart: int = 0) -> dict[str, dict]:
    data = json.loads(app.get("plotly_chart")[chart].proto.spec)["data"]
    return {trace["name"]: trace for trace in data if "name" in trace}


def test_each_series_is_told_in_numbers_beside_its_law(app):
    by_depth(app, SMALL, depth_own=False)
    for key, theory in (("plain", "1.211"), ("v1-bare", "1.189")):
        spec = SERIES[key].at(32)
        found = growth(spec, ProbeSettings(batch=2))
        rate = per_convolution(found, convolutions_between(spec))
        sentence = rf"\*\*{SERIES[key].name}\*\*: at depth 32 the gradient \*\*grows ([\d.,]+)-fold"
        match = re.search(
            sentence + rf"\*\*, by {rate:.3f} per convolution .*{theory}\.", told(app)
        )
        assert match is not None
        assert float(match[1].replace(",", "")) == pytest.approx(found, rel=0.01)
    drawn = traces(app)
    laws = [name for name in drawn if "per convolution" in name]
    assert len(laws) == 2 and "Yang et al. 2019" in laws[0]
    assert list(drawn["Plain"]["x"]) == [8, 14, 20, 32]
    # At depth 4 no convolution lies between; at 32 there are 28.
    assert drawn[laws[0]]["x"][0] == 4 and drawn[laws[0]]["y"][0] == 1
    assert drawn[laws[1]]["y"][-1] == pytest.approx(2**7)


def test_several_seeds_have_a_range_and_can_start_otherwise(app):
    by_depth(app, SMALL, depth_series=["v1"], depth_own=False, seeds=3)
    found = sorted(growth(SERIES["v1"].at(32), ProbeSettings(batch=2, seed=n)) for n in range(3))
    assert f"(seeds: {found[0]:.3g} to {found[2]:.3g})" in told(app)
    assert traces(app)["ResNet v1"]["y"][-1] == pytest.approx(found[1])
    assert "seed 0 to 2" in told(app) and "theory:" not in told(app)
    app.selectbox(key="initialisation").set_value("xavier")
    settled(app.run())
    assert "Xavier's normal" in told(app)


def test_the_trays_variants_are_measured_at_other_depths_where_they_can(app):
    by_depth(app, SMALL, "resnet50,width=4,image_size=32", "resnet20-cifar", depth_series=["v1"])
    assert "Not measured at other depths: B: " in told(app)
    assert "three stages of basic units" in told(app)
    drawn = traces(app)
    assert [name for name in drawn if name.startswith(("A: ", "B: ", "C: "))] == [
        next(name for name in drawn if name.startswith("A: "))
    ]
    settled(app.toggle(key="depth-own").set_value(False).run())
    assert not any(name.startswith("A: ") for name in traces(app))


def test_no_series_is_asked_for_and_a_deep_one_does_not_fit(app, monkeypatch):
    by_depth(app, SMALL, depth_series=[], depth_own=False)
    assert "Choose at least one kind of network." in told(app)
    assert not app.get("plotly_chart")
    need = tasks.probe_bytes(SERIES["v1"].at(20), 2)
    monkeypatch.setattr(tasks, "MAX_PROBE_BYTES", need)
    by_depth(app, SMALL, depth_series=["v1"], depth_own=False)
    assert "ResNet v1 stops at depth 20" in told(app)
    assert list(traces(app)["ResNet v1"]["x"]) == [8, 14, 20]
    monkeypatch.setattr(tasks, "MAX_PROBE_BYTES", 1)
    settled(app.number_input(key="seed").set_value(1).run())
    assert "ResNet v1 cannot be measured" in told(app) and not app.get("plotly_chart")


def test_gradients_along_a_line_are_told_in_numbers_beside_both_noises(app):
    opened(app, "shattered", SMALL, PLAIN, points="16")
    for letter, text in (("A", SMALL), ("B", PLAIN)):
        found = shattered.probe(text, ProbeSettings(batch=16))
        near, half, fifth = (
            found.correlations[1],
            *(first_below(found.correlations, level) for level in (0.5, 0.2)),
        )
        assert f"neighbours correlate by **{near:z.2f}**" in told(app)
        both = ", and below 0.2," if half == fifth else ""
        assert f"below 1/2{both} at a shift of **{half}** ({100 * half / 15:.2g}% of" in told(app)
        assert bool(both) or f"below 0.2 at a shift of **{fifth}**" in told(app)
        [name] = [name for name in traces(app) if name.startswith(f"{letter}: ")]
        assert traces(app)[name]["y"] == pytest.approx(found.correlations)
        assert len(traces(app, 1)[name]["y"]) == 16
    assert "White noise: neighbours" in told(app) and "Brown noise: neighbours" in told(app)
    for chart in (0, 1):
        assert {"white noise", "brown noise"} <= traces(app, chart).keys()
    conditions = "16 inputs on the line between two pictures (random noise), which are "
    assert f"{conditions}{found.length:.3g} apart" in told(app)


def test_inputs_of_two_sizes_stand_on_two_lines(app):
    opened(app, "shattered", SMALL, SMALL.replace("image_size=8", "image_size=16"), points="8")
    assert re.search(r"which are [\d.]+ or [\d.]+ apart", told(app))


def test_a_single_variant_stands_beside_its_plain_twin_and_seeds_give_a_range(app):
    opened(app, "shattered", SMALL, points="8", seeds=3, other=False)
    assert len([name for name in traces(app) if "noise" not in name]) == 2
    assert "shaded from the least to the greatest seed" in told(app)
    low, *_, high = sorted(
        shattered.probe(SMALL, ProbeSettings(batch=8, seed=n)).correlations[1] for n in range(3)
    )
    assert f"({low:.2f} to {high:.2f})" in told(app)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("scalar", "class", "Gradient of the first class's output"),
        ("bn-mode", "eval", "running statistics (prediction)"),
        ("initialisation", "xavier", "Xavier's normal"),
        ("probe-norm", "none", "Changed for all: norm=none"),
        ("points", "32", "32 inputs on the line"),
    ],
)
def test_every_choice_of_the_line_is_stated(app, key, value, words):
    opened(app, "shattered", SMALL, PLAIN, points="8")
    settled(app.selectbox(key=key).set_value(value).run())
    assert words in told(app)


def test_the_line_can_lead_from_photograph_to_photograph(app):
    opened(app, "shattered", SMALL, PLAIN, points="8", input="pictures")
    assert "two pictures (bundled photographs)" in told(app)


@pytest.mark.parametrize("text", ["lenet5", "resnet18-1d,width=4,image_size=64"])
def test_any_network_has_gradients_along_a_line(app, text):
    opened(app, "shattered", text)
    assert "neighbours correlate by" in told(app)
    assert "128 inputs on the line" in told(app)


def test_the_number_of_inputs_follows_the_size_of_the_network(app, monkeypatch):
    need = tasks.probe_bytes(parse(SMALL), 32)
    monkeypatch.setattr(tasks, "MAX_PROBE_BYTES", need)
    opened(app, "shattered", SMALL)
    assert "32 inputs on the line" in told(app)
    settled(app.selectbox(key="points").set_value("256").run())
    assert "Choose a smaller batch" in told(app)
    assert not app.get("plotly_chart")


@pytest.mark.parametrize(
    ("factor", "words"), [(10, "the gradient is not finite"), (0, "the gradient is 0 all along")]
)
def test_a_gradient_without_a_correlation_is_told(app, factor, words):
    scaled = f"shortcut=constant_scaling,shortcut_scale={factor},branch_scale=0"
    text = f"{SMALL.replace('1-1-1', '60')},norm=none,ordering=v2,{scaled}"
    opened(app, "shattered", text, points="8", plain=False, other=False)
    assert words in told(app) and "Brown noise: neighbours correlate" in told(app)


def test_every_scalar_has_words():
    assert _SCALARS.keys() == shattered.SCALARS.keys()
