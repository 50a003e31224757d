"""Two views of the gradient laboratory: both pathways, and the signal on its way forward."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from explorer.gradients import ProbeSettings, probe_activations, probe_pathways
from explorer.ui import tasks
from tests.app.driving import PAGES, settled

SMALL = "resnet18,width=4,image_size=32,classes=5"
SMALL_V2 = f"{SMALL},ordering=v2"
PLAIN = f"{SMALL},shortcut=none"
GATED = f"{SMALL},shortcut=exclusive_gating"


def measured(app: AppTest, probe: str, *texts: str, **chosen: str) -> AppTest:
    app.query_params["v"] = list(texts)
    app.run()
    app.switch_page(str(PAGES / "gradients.py")).run()
    settled(app.segmented_control(key="probe").set_value(probe).run())
    for key, value in chosen.items():
        settled(app.selectbox(key=key).set_value(value).run())
    return app


def told(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def drawn(app: AppTest) -> str:
    return str(app.get("plotly_chart")[0].proto.spec)


def test_both_pathways_are_told_in_numbers_and_drawn_apart(app):
    measured(app, "pathways", SMALL, SMALL_V2)
    units = probe_pathways(SMALL, ProbeSettings(batch=32)).units
    share = sorted(unit.shortcut_share for unit in units)
    middle = f"{50 * (share[3] + share[4]):.0f}%"
    assert f"at the median of 8 units, the part through the shortcut has **{middle}**" in told(app)
    assert "no ReLU follows the addition" in told(app)
    assert "the ReLU behind the addition stops both at **" in told(app)
    for part in ("shortcut", "branch"):
        for letter in "AB":
            assert f"{part} of {letter}: " in drawn(app)
    assert "gate of" not in drawn(app)
    assert "seed 0" in told(app) and "Loss: A: " in told(app)


@pytest.mark.parametrize("quantity", ["norm", "angle", "masked", "passed"])
def test_every_quantity_of_the_pathways_can_be_chosen(app, quantity):
    measured(app, "pathways", SMALL, GATED, pathways=quantity)
    assert len(app.get("plotly_chart")) == 1
    assert ("gate of B: " in drawn(app)) == (quantity == "norm")
    for arrangement in ("multiples", "ratio"):
        settled(app.segmented_control(key="curves").set_value(arrangement).run())
        assert len(app.get("plotly_chart")) == 1


def test_no_mask_is_drawn_where_no_relu_follows(app):
    measured(app, "pathways", SMALL_V2, pathways="masked")
    app.toggle(key="other").set_value(False)
    settled(app.run())
    assert not app.get("plotly_chart")
    assert "nothing stops both paths" in told(app)


def test_a_plain_network_is_offered_its_shortcuts(app):
    measured(app, "pathways", PLAIN)
    assert "no unit adds a shortcut" in told(app)
    assert not app.get("plotly_chart")
    settled(next(b for b in app.button if b.label.startswith("Make it")).click().run())
    assert app.session_state["tray"] == [SMALL]
    assert "at the median of 8 units" in told(app)


def test_a_classic_network_is_offered_a_residual_one_beside_it(app, monkeypatch):
    measured(app, "pathways", "lenet5")
    assert "LeNet-5: no unit adds a shortcut" in told(app)
    monkeypatch.setattr(tasks, "MAX_PROBE_BYTES", 0)  # a ResNet-18 takes its time
    settled(next(b for b in app.button if "beside it" in b.label).click().run())
    assert app.session_state["tray"] == ["lenet5", "resnet18"]


def test_networks_without_shortcuts_stand_aside(app):
    measured(app, "pathways", PLAIN, SMALL)
    assert "A: " in app.info[0].value
    assert "at the median of 8 units" in told(app)


def test_a_unit_is_looked_at(app):
    measured(app, "pathways", SMALL)
    settled(app.selectbox(key="probe-layer").set_value("layer2.1").run())
    numbers = {metric.label: metric.value for metric in app.metric}
    unit = probe_pathways(SMALL, ProbeSettings(batch=32)).units[3]
    assert numbers["Through the shortcut"] == f"{unit.shortcut_norm:.4g}"
    assert numbers["Through the branch"] == f"{unit.branch_norm:.4g}"
    assert numbers["Masked share"] == f"{unit.masked_share:.4g}"


def looked_at(app: AppTest) -> tuple[str, str]:
    return app.selectbox(key="probe-network").value, app.selectbox(key="probe-layer").value


def test_a_clicked_unit_that_is_no_more_gives_way_to_the_first(app):
    measured(app, "pathways", SMALL, SMALL_V2)
    second = app.selectbox(key="probe-network").options[1]
    app.session_state["probe-network"] = second  # as a click on a curve does
    app.session_state["probe-layer"] = "layer4.1"
    assert looked_at(settled(app.run())) == (second, "layer4.1")
    app.text_input(key="choice-text").set_value("resnet20-cifar,depth=8,width=4").run()
    assert looked_at(settled(app)) == (second, "layer4.1")  # the other network is as it was
    settled(app.selectbox(key="probe-network").set_value("A: ResNet-8 (CIFAR), width=4").run())
    assert looked_at(app)[1] == "layer1.0"


def test_what_was_clicked_where_it_is_unknown_does_no_harm(app):
    app.session_state["probe-network"] = "D: what was there before"
    app.session_state["probe-layer"] = "layer9.9.conv7"
    measured(app, "pathways", SMALL)
    assert looked_at(app)[1] == "layer1.0"
    settled(app.segmented_control(key="probe").set_value("norms").run())
    assert looked_at(app)[1] == "layer1.0" and app.metric[0].label == "|dL/dx|"


def test_a_branch_that_is_zero_has_no_angle(app):
    measured(app, "pathways", f"{SMALL},zero_init=true")
    assert "through the branch **0%**, and there is no angle between them" in told(app)


def test_several_seeds_are_drawn_with_their_range(app):
    measured(app, "pathways", SMALL)
    settled(app.number_input(key="seeds").set_value(2).run())
    assert "seed 0 to 1 (line: median)" in told(app)
    assert "toself" in drawn(app)


def test_what_cannot_be_measured_says_so(app):
    measured(app, "pathways", f"{SMALL},classes=1".replace("classes=5,", ""))
    assert "single class" in app.error[0].value


def test_the_signals_variance_is_told_and_drawn(app):
    measured(app, "activations", SMALL, PLAIN)
    units = probe_activations(SMALL, ProbeSettings(batch=32)).units
    ends = f"from {units[0].variance:.3g} to {units[-1].variance:.3g}"
    assert "from the first unit (layer1.0) to the last (layer4.1), the variance" in told(app)
    assert ends in told(app)
    assert "cross-entropy" not in told(app)
    assert not any(widget.key == "loss" for widget in app.selectbox)


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("unit-mean", r"the mean is \*\*[\d.]+\*\* at the median of 8 units"),
        ("ratio", r"\|F\(x\)\| / \|x\| is \*\*[\d.]+\*\* at the median of 8 units"),
        ("layer-variance", r"first layer \(conv1\) to the last \(fc\), the variance"),
        ("layer-mean", r"the mean is \*\*-?[\d.e-]+\*\* at the median of 18 layers"),
        ("zeros", r"the share of zeros is \*\*\d\d%\*\* at the median of 17 ReLUs"),
        ("dead", r"the share of dead channels is \*\*\d+%\*\*"),
    ],
)
def test_every_quantity_of_the_signal_can_be_chosen(app, quantity, sentence):
    measured(app, "activations", SMALL, PLAIN, signal=quantity)
    assert re.search(sentence, told(app)), told(app)
    assert ("no unit adds a shortcut" in told(app)) == (quantity == "ratio")
    assert len(app.get("plotly_chart")) == 1


def test_a_single_variants_twins_stand_beside_it_forward_too(app):
    measured(app, "activations", SMALL)
    assert told(app).count("the variance **") == 3
    settled(app.selectbox(key="signal").set_value("ratio").run())
    assert told(app).count("|F(x)| / |x| is **") == 2
    assert not app.info  # the plain twin was nobody's choice


def test_a_network_without_relus_says_so(app):
    measured(app, "activations", "lenet5", signal="zeros")
    assert "LeNet-5: there is no ReLU to measure" in told(app)
    assert not app.get("plotly_chart")
    settled(app.selectbox(key="signal").set_value("unit-variance").run())
    assert "from the first convolution (tanh1) to the last (tanh5), the variance" in told(app)


def test_a_single_class_is_no_hindrance_forward(app):
    measured(app, "activations", f"{SMALL},classes=1".replace("classes=5,", ""))
    assert not app.error
    assert len(app.get("plotly_chart")) == 1


def test_a_batch_too_large_is_refused(app, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_PROBE_BYTES", 1000)
    for probe in ("pathways", "activations"):
        measured(app, probe, SMALL)
        assert "Choose a smaller batch" in app.error[0].value
