"""The view Lesion board: each number against a copy of the network that lacks the unit."""

import copy
import json
import time
from collections.abc import Iterator
from statistics import median
from threading import Event
from typing import Any

import pytest
import torch
from safetensors.torch import save
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from explorer import weights
from explorer.data import bundled_picture
from explorer.datasets import bundled_cifar10
from explorer.explanation import lesions
from explorer.network import build
from explorer.preprocessing import preprocess
from explorer.spec import parse
from explorer.ui.lesioning import boards, work
from explorer.ui.tasks import Kept
from tests.app.driving import LONG_S, settled
from tests.app.predicting import charts, opened, press, told

OURS, PLAIN = "resnet20-cifar", "plain20-cifar"
WITHOUT = "resnet32-cifar"
LARGE = "resnet50,stride_at=1x1"
EACH, RANDOM, SWAPS = (
    "Remove each unit in turn",
    "Remove several at random",
    "Swap units at random",
)


def on_board(app: AppTest, *texts: str, **settings: Any) -> AppTest:
    """Open the view with 50 test pictures."""
    return opened(app, *texts, **{"view": "Lesion board", "lesion_pictures": "50", **settings})


def board_of(app: AppTest, place: int = 0) -> dict[str, Any]:
    data = [json.loads(each.proto.json) for each in app.get("bidi_component")]
    return [each for each in data if "stages" in each][place]


def without(model: nn.Module, *names: str) -> nn.Module:
    """A copy in which nothing stands in place of units that keep the shape."""
    private = copy.deepcopy(model)
    for name in names:
        stage, child = name.split(".")
        setattr(private.get_submodule(stage), child, nn.Identity())
    return private


@torch.no_grad()
def chances(model: nn.Module, name: str = OURS) -> list[float]:
    image = bundled_picture("cat").read().image
    batch = preprocess(image, weights.find(name).preprocessing)[0][None]
    return model(batch).softmax(1)[0].tolist()


def labelled(count: int = 50) -> tuple[Tensor, Tensor]:
    part, steps = bundled_cifar10().test, weights.find(OURS).preprocessing
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (steps.mean, steps.std))
    return (part.images[:count] / 255 - mean) / std, part.labels[:count]


@torch.no_grad()
def right(model: nn.Module, count: int = 50) -> int:
    images, labels = labelled(count)
    return int((model(images).argmax(1) == labels).sum())


def bars(trace: dict[str, Any]) -> dict[str, float]:
    return dict(zip(trace["y"], trace["x"], strict=True))


def test_units_that_are_off_change_the_answer_and_the_accuracy(app):
    on_board(app, OURS, PLAIN)
    assert "intact: **cat**" in told(app) and len(charts(app)) == 2
    assert all(len(chart["data"]) == 1 for chart in charts(app))
    for letter in "AB":
        app.multiselect(key=f"off-{letter}").set_value(["stage1 unit 2", "stage2 unit 3"])
    settled(app.run())
    lost = []
    for name, letter, chart in zip((OURS, PLAIN), "AB", charts(app), strict=True):
        model = weights.load(name)
        lesioned = without(model, "layer1.1", "layer2.2")
        categories = weights.find(name).categories
        for trace, expected in zip(chart["data"], map(chances, (model, lesioned)), strict=True):
            assert bars(trace) == pytest.approx(
                {label: expected[categories.index(label)] for label in bars(trace)}, abs=1e-4
            )
        ranked = torch.tensor(chances(lesioned)).topk(5).indices.tolist()
        assert {categories[index] for index in ranked} <= set(chart["data"][1]["y"])
        after, before = right(lesioned), right(model)
        said = f"**{after} of 50** right ({after / 50:.1%}); intact, **{before} of 50** right"
        assert said in told(app), letter
        lost.append((letter, f"{(before - after) * 2:.1f}"))
    costs = ", ".join(f"{letter} **{points}**" for letter, points in lost)
    assert f"costs, in points of accuracy: {costs}." in told(app)


def test_the_board_shows_what_is_off_fixed_and_reshaping(app):
    on_board(app, OURS, PLAIN, off_A=["stage2 unit 1", "stage3 unit 3"])
    first, second = board_of(app), board_of(app, 1)
    units = [unit for stage in first["stages"] for unit in stage["units"]]
    assert [unit["name"] for unit in units if not unit["on"]] == ["stage2 unit 1", "stage3 unit 3"]
    assert [unit["mark"] for unit in units] == ["1", "2", "3", "1↓", "2", "3", "1↓", "2", "3"]
    assert not any(unit["fixed"] for unit in units) and not first["plain"] and second["plain"]
    fixed = [
        unit["words"] for stage in second["stages"] for unit in stage["units"] if unit["fixed"]
    ]
    assert fixed == [
        "stage2 unit 1: 16 × 32 × 32 to 32 × 16 × 16, changes the shape, cannot be removed",
        "stage3 unit 1: 32 × 16 × 16 to 64 × 8 × 8, changes the shape, cannot be removed",
    ]
    assert "its shortcut alone goes on (zero-padded shortcuts (A))" in told(app)
    assert "No shortcuts, so nothing goes past a unit" in told(app)
    assert "2 of 9 cannot be removed" in told(app)


def test_a_switch_on_the_board_turns_one_unit(app):
    on_board(app, OURS, off_A=["stage3 unit 2"])
    names = app.multiselect(key="off-A").options
    app.session_state["off-A"] = [*app.session_state["off-A"], "stage9 unit 1"]
    held: dict[str, Any] = {"off-A": app.session_state["off-A"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.ui.state.held", held.get)
        patch.setattr("explorer.ui.state.fill", held.__setitem__)
        boards._toggle("off-A", names, "stage1 unit 1")
        assert held["off-A"] == ["stage1 unit 1", "stage3 unit 2"]
        boards._toggle("off-A", names, "stage3 unit 2")
        boards._toggle("off-A", names, "no unit")
    assert held["off-A"] == ["stage1 unit 1"]


def curve(chart: dict[str, Any], name: str) -> dict[float, float]:
    [trace] = [each for each in chart["data"] if each["name"] == name]
    return dict(zip(trace["x"], trace["y"], strict=True))


def test_each_unit_in_turn(app):
    on_board(app, OURS, PLAIN)
    settled(press(app, f"{EACH}: 18 networks"))
    chart = charts(app)[-1]
    plain, intact = weights.load(PLAIN), weights.load(OURS)
    expected = {
        place: right(without(plain, f"layer{stage}.{unit - 1}")) / 50
        for place, (stage, unit) in enumerate(
            [(s, u) for s in (1, 2, 3) for u in (1, 2, 3)], start=1
        )
        if place not in (4, 7)
    }
    found = curve(chart, "B: Plain-20 (CIFAR)")
    assert found == pytest.approx(expected)
    ours = curve(chart, "A: ResNet-20 (CIFAR)")
    assert list(ours) == list(range(1, 10))
    for place, name in {2: "layer1.1", 5: "layer2.1", 9: "layer3.2"}.items():
        assert ours[place] == pytest.approx(right(without(intact, name)) / 50)
    assert set(curve(chart, "A: ResNet-20 (CIFAR), intact").values()) == {right(intact) / 50}
    [trace] = [each for each in chart["data"] if each["name"] == "A: ResNet-20 (CIFAR)"]
    marked = [
        x
        for x, symbol in zip(trace["x"], trace["marker"]["symbol"], strict=True)
        if symbol == "diamond"
    ]
    assert marked == [4, 7]
    costs = [
        100 * (right(model) / 50 - median(values.values()))
        for model, values in ((intact, ours), (plain, found))
    ]
    assert (
        f"at the median: A: ResNet-20 (CIFAR) **{costs[0]:.1f}**; "
        f"B: Plain-20 (CIFAR) **{costs[1]:.1f}**." in told(app)
    )
    assert "2 of its units cannot be removed." in told(app)
    assert "Veit et al. 2016 (arXiv:1605.06431, Section 4): Deleting any one module" in told(app)


def test_several_at_random(app):
    on_board(app, OURS, PLAIN, lesions=RANDOM, lesion_draws="2")
    settled(press(app, RANDOM))
    chart = charts(app)[-1]
    ours, plain = curve(chart, "A: ResNet-20 (CIFAR)"), curve(chart, "B: Plain-20 (CIFAR)")
    assert list(ours) == list(range(10)) and list(plain) == list(range(8))
    assert ours[0] == right(weights.load(OURS)) / 50
    places = [f"layer{stage}.{unit}" for stage in (1, 2, 3) for unit in (0, 1, 2)]
    all_but = [name for name in places if name not in ("layer2.0", "layer3.0")]
    assert plain[7] == right(without(weights.load(PLAIN), *all_but)) / 50
    assert "With 4 units off, accuracy is on average" in told(app)
    assert "mean of 2" in str(chart)
    before = list(plain.values())
    settled(app.number_input(key="lesion-seed").set_value(3).run())
    settled(press(app, RANDOM))
    assert list(curve(charts(app)[-1], "B: Plain-20 (CIFAR)").values()) != before


def test_two_units_change_places(app):
    on_board(app, OURS, swap_A="stage1 unit 1", swap_with_A="stage1 unit 3")
    private = copy.deepcopy(weights.load(OURS))
    stage = private.get_submodule("layer1")
    first, last = stage.get_submodule("0"), stage.get_submodule("2")
    setattr(stage, "0", last)
    setattr(stage, "2", first)
    expected, categories = chances(private), weights.find(OURS).categories
    found = bars(charts(app)[0]["data"][1])
    assert found == pytest.approx({c: expected[categories.index(c)] for c in found}, abs=1e-4)
    assert f"**{right(private)} of 50** right" in told(app)
    marks = [unit["mark"] for unit in board_of(app)["stages"][0]["units"]]
    assert marks == ["⇄3", "2", "⇄1"]
    assert "stage1 unit 1, stage1 unit 3 in other places" in told(app)


def test_many_swaps(app):
    on_board(app, OURS, PLAIN, lesions=SWAPS, lesion_draws="2")
    settled(press(app, SWAPS))
    chart = charts(app)[-1]
    found = curve(chart, "A: ResNet-20 (CIFAR)")
    assert found[1] == right(weights.load(OURS)) / 50
    # Of 36 pairs, at most 3 + 1 + 1 are within a stage and of equal shape.
    assert min(found) >= 1 - 2 * 5 / 36 and len(found) > 2
    assert chart["layout"]["xaxis"]["autorange"] == "reversed"
    assert "Over all orders that were tried" in told(app)


def test_links_that_ask_for_what_is_not_there(app):
    on_board(
        app,
        PLAIN,
        off_A=["stage9 unit 1", "stage2 unit 1", "<script>alert(1)</script>", "stage1 unit 2"],
        swap_A="stage1 unit 1",
        swap_with_A="stage3 unit 3",
        lesions="nothing",
        lesion_pictures="-5",
        lesion_draws="1e99",
        lesion_seed="no",
    )
    assert not app.error
    assert app.multiselect(key="off-A").value == ["stage1 unit 2"]
    assert app.selectbox(key="swap-with-A").value == "stage1 unit 2"
    assert app.number_input(key="lesion-pictures").value == 500
    assert app.button(key="waiting-lesions-each-start")
    assert "stage1 unit 2 off; " in told(app)


def test_another_network_has_no_such_units(app):
    on_board(app, f"{OURS}", off_A=["stage1 unit 1", "stage3 unit 3"], swap_A="stage3 unit 3")
    app.text_input(key="choice-text").set_value(LARGE)
    settled(app.run())
    assert (
        app.multiselect(key="off-A").value == [] and app.selectbox(key="swap-A").value == "nothing"
    )
    assert "intact: **Egyptian cat**" in told(app)


def test_an_imagenet_network_answers_without_units_and_is_not_judged(app):
    on_board(app, LARGE, off_A=["conv2_x unit 2", "conv4_x unit 3"])
    model = weights.load("resnet50-keras")
    expected = chances(without(model, "layer1.1", "layer3.2"), "resnet50-keras")
    [chart] = charts(app)
    categories = weights.find("resnet50-keras").categories
    found = bars(chart["data"][1])
    assert found == pytest.approx({c: expected[categories.index(c)] for c in found}, abs=1e-4)
    assert len(found) >= 5 and "Not for ResNet-50" in told(app)
    press(app, "Compare ResNet-")
    held = app.session_state["tray"]
    assert [parse(text).residual for text in held] == [True, False]
    assert parse(held[0]).plain() == parse(held[1])


def test_pre_activation_and_own_weights(app):
    text = f"{OURS},ordering=v2"
    model = build(parse(text), 3).eval()
    opened(app, text, view="Lesion board", lesion_pictures="50", off_A=["stage1 unit 2"])
    app.file_uploader(key="own-weights-A").upload("mine.safetensors", save(model.state_dict()))
    settled(app.run())
    settled(app.selectbox(key="own-like-A").set_value(OURS).run())
    lesioned = without(model, "layer1.1")
    expected, categories = chances(lesioned), weights.find(OURS).categories
    found = bars(charts(app)[0]["data"][1])
    assert found == pytest.approx({c: expected[categories.index(c)] for c in found}, abs=1e-4)
    assert f"**{right(lesioned)} of 50** right" in told(app)


def test_a_network_without_weights_may_answer_untrained(app):
    on_board(app, WITHOUT)
    assert "has no trained weights here" in told(app) and not app.get("bidi_component")
    settled(app.toggle(key="untrained").set_value(True).run())
    settled(app.multiselect(key="off-A").set_value(["stage2 unit 1"]).run())
    assert "Untrained: the weights are random" in told(app)
    assert "stage2 unit 1 off: **class " in told(app) and "Not for ResNet-32" in told(app)


def test_networks_that_nothing_can_be_taken_from(app):
    on_board(app, "lenet5")
    settled(app.toggle(key="untrained").set_value(True).run())
    assert "No two of its units take and give the same shape" in told(app)
    assert app.multiselect(key="off-A").options == []


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Sweeps of several lesions wait in their second part until this is set."""
    go_on, original, parts = Event(), lesions.sweep, []

    def sweep(spec: Any, model: Any, wanted: Any, *others: Any) -> Iterator[Any]:
        parts.append(len(wanted))
        for outcome in original(spec, model, wanted, *others):
            yield outcome
            if sum(count > 1 for count in parts) > 1:
                assert go_on.wait(60)

    monkeypatch.setattr(work, "_counts", Kept(64))
    monkeypatch.setattr(lesions, "sweep", sweep)
    yield go_on
    go_on.set()


def test_a_sweep_streams_is_cancelled_and_goes_on_with_what_it_knows(app, held):
    on_board(app, OURS, lesion_pictures="150")
    press(app, EACH)
    deadline = time.monotonic() + LONG_S
    while "with one unit off" not in told(app):
        assert time.monotonic() < deadline
        app.run()
    assert "Counted: 50 pictures" in told(app) and app.get("progress")
    press(app, "Cancel")
    assert "Stopped." in told(app)
    held.set()
    settled(press(app, "Start again"))
    assert "Counted: 150 pictures" in told(app)
    intact = right(weights.load(OURS), 150) / 150
    assert f"intact {intact:.1%}" in told(app)


def test_what_was_counted_is_not_counted_again(app, monkeypatch):
    swept: list[int] = []
    original = lesions.sweep

    def sweep(spec: Any, model: Any, wanted: Any, images: Tensor, labels: Any) -> Iterator[Any]:
        swept.append(len(images))
        return original(spec, model, wanted, images, labels)

    monkeypatch.setattr(work, "_counts", Kept(64))
    monkeypatch.setattr(lesions, "sweep", sweep)
    on_board(app, OURS)
    assert swept == [50]
    settled(app.multiselect(key="off-A").set_value(["stage1 unit 2"]).run())
    assert swept == [50, 50]
    settled(app.number_input(key="lesion-pictures").set_value(100).run())
    assert swept == [50, 50, 50, 50]
