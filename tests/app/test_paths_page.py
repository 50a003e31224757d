"""The probe of paths as a person uses it, without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from explorer import weights
from explorer.path_lengths import shares
from tests.app.driving import PAGES, settled

SMALL = "resnet20-cifar,depth=8,width=4"


def open_with(app: AppTest, *variants: str, **choices: object) -> AppTest:
    app.query_params["v"] = list(variants)
    for key, value in {"probe": "paths", **choices}.items():
        app.session_state[key] = value
    app.run()
    app.switch_page(str(PAGES / "gradients.py")).run()
    return settled(app)


def words(app: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def traces(app: AppTest, chart: int) -> list[dict]:
    drawn = json.loads(app.get("plotly_chart")[chart].proto.spec)["data"]
    return [trace for trace in drawn if "fill" not in trace]  # but the shaded ranges


def test_a_variant_and_its_other_ordering_are_followed(app):
    open_with(app, SMALL)
    told = words(app)
    assert "no unit adds a shortcut" not in told  # the plain twin was nobody's choice
    assert told.count("90% of number × mean norm come from paths of **") == 2
    assert "the vector sums add up to autograd's gradient" in told
    assert "Batch of 8 pictures (random noise); networks untrained" in told
    counts, norms, products = (traces(app, chart) for chart in range(3))
    assert [trace["y"] for trace in counts] == [list(shares(3))] * 2
    assert [len(trace["y"]) for trace in norms] == [4, 4]
    assert [trace["mode"] for trace in products] == ["lines+markers", "markers"] * 2
    assert all(sum(trace["y"]) == pytest.approx(1) for trace in products)
    settled(app.number_input(key="path-samples").set_value(1).run())
    settled(app.selectbox(key="input").set_value("cifar10").run())
    assert "Batch of 8 pictures (CIFAR-10 test pictures)" in words(app)


def test_branches_that_carry_nothing_are_told(app):
    open_with(app, f"{SMALL},zero_init=true", f"{SMALL},norm=none,init=fixup")
    told = words(app)
    assert "one of 3 carries **0**" in told
    assert "paths of **0 units** (0 layers), 12.5% of all" in told
    assert "no gradient arrives at all" in told
    odd = [trace for trace in traces(app, 1) if "not on this scale" in trace["name"]]
    assert odd[0]["text"] == ["0", "0", "0"] and odd[1]["text"] == ["0"] * 4


def test_plain_networks_have_one_path_and_are_offered_shortcuts(app):
    open_with(app, "plain20-cifar,depth=8,width=4", "lenet5")
    assert not app.get("plotly_chart")
    assert "no unit adds a shortcut, so there is a single path only" in app.info[0].value
    offers = [b for b in app.button if b.key and b.key.startswith("shortcuts-")]
    assert [offer.label for offer in offers] == [
        "Make it ResNet-8 (CIFAR), width=4",
        "Put ResNet-18 beside it",
    ]
    settled(offers[0].click().run())
    assert "**ResNet-8 (CIFAR), width=4**: a path of no branch carries" in words(app)
    assert "B: LeNet-5: no unit adds a shortcut" in words(app)


def test_what_is_too_large_is_named(app):
    open_with(app, "resnet152", **{"batch-costly": 256})
    assert "Choose a smaller batch" in app.error[0].value
    assert not app.get("plotly_chart")


def test_trained_weights_are_a_choice_where_there_are_any(app, monkeypatch):
    there = tuple(each for each in weights.available() if each.spec.ordering == "original")
    monkeypatch.setattr(weights, "available", lambda: there)
    open_with(app, SMALL, **{"path-samples": 1})
    assert "path-weights" not in {control.key for control in app.segmented_control}
    settled(app.text_input(key="choice-text").set_value("resnet20-cifar").run())
    settled(app.segmented_control(key="path-weights").set_value("trained").run())
    told = words(app)
    assert "Without bundled weights, and left out: ResNet-20 (CIFAR), v2." in told
    assert "trained networks, batch normalisation by running statistics" in told
    assert "Batch of 8 pictures (CIFAR-10 test pictures), drawn with seed 0" in told
    assert told.count("a path of no branch carries") == 1
