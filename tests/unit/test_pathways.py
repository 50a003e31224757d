import math
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from explorer.gradients import ProbeSettings
from explorer.gradients.pathways import UnitPathways, measure_pathways, probe_pathways
from explorer.gradients.preparation import Prepared, drawing, prepare
from explorer.network import ResidualUnit, build
from explorer.spec import VALUES, SpecError, parse
from tests.unit.strategies import specs

TINY = "resnet18,width=4,image_size=32,classes=5"
DEEP = "resnet50,width=4,image_size=32,classes=5"
SHORTCUTS = tuple(shortcut for shortcut in VALUES["shortcut"] if shortcut != "none")
VARIANTS = (
    *(f"{TINY},ordering={ordering}" for ordering in VALUES["ordering"]),
    *(f"{TINY},shortcut={s},ordering={o}" for s in SHORTCUTS for o in ("v1", "v2")),
    f"{TINY},norm=none",
    f"{TINY},norm=none,ordering=v2",
    f"{TINY},norm=none,ordering=relu_only_preactivation",
    f"{TINY},norm=group,ordering=bn_after_addition",
    f"{TINY},zero_init=true",
    f"{TINY},skip_init=true,ordering=v2",
    f"{TINY},survival=0.3",
    f"{TINY},downsample_in=last,ordering=v2,stem_activation=false",
    f"{TINY},dims=1",
    f"{DEEP},se_ratio=4",
    f"{DEEP},ordering=v2,stride_at=1x1",
)


class Expected(NamedTuple):
    """Gradients at one unit, each by an autograd computation of its own."""

    output: Tensor
    passed: Tensor
    addition: Tensor
    shortcut: Tensor
    branch: Tensor
    gate: Tensor
    total: Tensor
    masked: float | None


class Untouched:
    """A network that ran with hooks that only look, and with nothing done in place."""

    def __init__(self, prepared: Prepared, seed: int) -> None:
        _, model, images, loss = prepared
        self._seen: dict[nn.Module, tuple[Any, Tensor]] = {}
        self._units = [unit for unit in model.modules() if isinstance(unit, ResidualUnit)]
        for module in model.modules():
            module.register_forward_hook(self._look)
            if isinstance(module, nn.ReLU):
                module.inplace = False
        with drawing(seed):
            self._loss = loss(model(images))

    def _look(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self._seen[module] = (inputs, output)

    def _back(self, output: Tensor, to: Tensor, arriving: Tensor | None = None) -> Tensor:
        """The gradient that goes from one tensor back to another."""
        if output is to:
            return arriving if arriving is not None else torch.ones_like(output)
        return torch.autograd.grad(output, to, arriving, retain_graph=True)[0]

    def units(self) -> list[Expected]:
        return [self._parts(unit) for unit in self._units]

    def _parts(self, unit: ResidualUnit) -> Expected:
        signal = self._seen[unit.get_submodule(unit.branch[0])][0][0]
        (branch, shortcut), added = self._seen[unit.add]
        output = self._seen[unit][1]
        addition = self._back(self._loss, added)
        to_branch = to_shortcut = addition
        gate = torch.zeros_like(signal)
        if unit.gate is not None:
            # y = f + (1 - g) h or g f + (1 - g) h, and each factor's gradient by the product rule.
            g, shortcut = self._seen[unit.gate][1], self._seen[unit.gated_shortcut][0][0]
            to_gate, to_shortcut = -addition * shortcut, addition * (1 - g)
            if unit.gated_branch is not None:
                branch = self._seen[unit.gated_branch][0][0]
                to_gate, to_branch = to_gate + addition * branch, addition * g
            gate = self._back(g, signal, to_gate)
        masked, passed = None, self._back(self._loss, output)
        if "relu" in unit.after:
            rectified = self._seen[unit.relu][0][0]
            masked = float((rectified <= 0).double().mean())
            passed = self._back(self._loss, rectified)
        return Expected(
            self._back(self._loss, output),
            passed,
            addition,
            self._back(shortcut, signal, to_shortcut),
            self._back(branch, signal, to_branch),
            gate,
            self._back(self._loss, signal),
            masked,
        )


def norm64(tensor: Tensor) -> float:
    return float(tensor.detach().double().norm())


def in_double(prepared: Prepared) -> Prepared:
    return prepared._replace(model=prepared.model.double(), images=prepared.images.double())


def probed(text: Any, **chosen: Any) -> tuple[UnitPathways, ...]:
    return probe_pathways(text, ProbeSettings(**chosen)).units


def assert_agrees(found: UnitPathways, expected: Expected, within: float) -> None:
    size = norm64(expected.addition)

    def same(value: float) -> Any:
        return pytest.approx(value, rel=within, abs=within * size)

    assert found.output_norm == same(norm64(expected.output))
    assert found.passed_norm == same(norm64(expected.passed))
    assert found.addition_norm == same(size)
    assert found.shortcut_norm == same(norm64(expected.shortcut))
    assert found.branch_norm == same(norm64(expected.branch))
    assert found.gate_norm == same(norm64(expected.gate))
    assert found.split_norm == same(norm64(expected.total))
    assert found.masked_share == expected.masked
    lengths = found.shortcut_norm * found.branch_norm
    product = float((expected.shortcut.double() * expected.branch.double()).sum().detach())
    assert (found.cosine * lengths if lengths else 0.0) == pytest.approx(
        product, rel=within, abs=within * (lengths + size**2)
    )
    parts = expected.shortcut + expected.branch + expected.gate
    assert norm64(parts - expected.total) <= within * max(norm64(parts), size)


@pytest.mark.parametrize("text", VARIANTS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_parts_are_autograds_own_and_add_up_to_an_untouched_networks_gradient(
    text: str, mode: str
) -> None:
    settings = ProbeSettings(batch=4, seed=3, mode=mode)
    prepared = in_double(prepare(text, settings))
    with drawing(3):
        _, units = measure_pathways(prepared.model, *prepared[:1], *prepared[2:])
    expected = Untouched(in_double(prepare(text, settings)), 3).units()
    assert len(units) == sum(parse(text).stages)
    for found, wanted in zip(units, expected, strict=True):
        assert_agrees(found, wanted, 1e-9)


@settings(max_examples=25)
@given(specs(small=True).filter(lambda spec: spec.classes > 1))
def test_any_networks_parts_add_up(spec: Any) -> None:
    chosen = ProbeSettings(batch=3, seed=1)
    prepared = in_double(prepare(spec, chosen))
    with drawing(1):
        _, units = measure_pathways(prepared.model, *prepared[:1], *prepared[2:])
    expected = Untouched(in_double(prepare(spec, chosen)), 1).units()
    assert len(units) == (0 if spec.shortcut == "none" else sum(spec.stages))
    for found, wanted in zip(units, expected, strict=True):
        assert_agrees(found, wanted, 1e-7)


@pytest.mark.parametrize("text", VARIANTS[:5])
def test_single_precision_agrees_to_a_millionth(text: str) -> None:
    expected = Untouched(prepare(text, ProbeSettings(batch=4, seed=3)), 3).units()
    for found, wanted in zip(probed(text, batch=4, seed=3), expected, strict=True):
        assert_agrees(found, wanted, 1e-6)


def test_two_units_computed_by_hand() -> None:
    """Three images of one pixel and one channel, so every convolution is w x + b.

    x = 1, 1.5, 2; the stem passes it on. Unit 1: y = s + 0.5 relu(s) = 1.5 s = 1.5, 2.25, 3.
    Unit 2: inside 2 s - 5 = -2, -0.5, 1, so y = s - 0.5 relu(2 s - 5) - 2 = -0.5, 0.25, 0.5.
    L = the sum over images of 3 relu(y).

    Back: (3, 3, 3) arrives at unit 2's output. Its ReLU stops the first image: (0, 3, 3).
    The shortcut brings (0, 3, 3), norm 3 sqrt 2. Inside the branch relu(2 s - 5) is 0 but for the
    third image, where the slope is -0.5 * 2 = -1: (0, 0, -3), norm 3. Their product is -9, so
    the cosine is -1 / sqrt 2, the angle 135 degrees. The sum (0, 3, 0) arrives at unit 1, whose
    ReLU stops nothing. Shortcut (0, 3, 0), branch 0.5 times that, sum (0, 4.5, 0).
    """
    text = "resnet18,stages=2,width=1,stem=cifar,image_size=1,in_channels=1,classes=2"
    spec = parse(f"{text},norm=none,bias=all")
    model = build(spec)
    by_hand = {
        "conv1": (1.0, 0.0),
        "layer1.0.conv1": (1.0, 0.0),
        "layer1.0.conv2": (0.5, 0.0),
        "layer1.1.conv1": (2.0, -5.0),
        "layer1.1.conv2": (-0.5, -2.0),
        "fc": (3.0, 0.0),
    }
    for name, (weight, bias) in by_hand.items():
        layer = model.get_submodule(name)
        nn.init.constant_(layer.weight, weight)
        nn.init.constant_(layer.bias, bias)
    images = torch.tensor([1.0, 1.5, 2.0]).view(3, 1, 1, 1)
    loss, (first, second) = measure_pathways(model, spec, images, lambda out: out[:, 0].sum())
    assert loss == pytest.approx(3 * (0.25 + 0.5))
    root = math.sqrt(2)
    assert second[:3] == ("layer1.1", "stage1", 2)
    norms = (3 * math.sqrt(3), 1 / 3, *(3 * root,) * 3, 3.0, 0.0, 3.0, -1 / root)
    assert second[3:] == pytest.approx(norms)
    assert second.angle == pytest.approx(135, abs=0.1)
    assert second.shortcut_share == pytest.approx(root) and second.branch_share == pytest.approx(1)
    assert first[3:] == pytest.approx((3.0, 0.0, 3.0, 3.0, 3.0, 1.5, 0.0, 4.5, 1.0))
    assert first.shortcut_share == pytest.approx(2 / 3)
    assert first.branch_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("ordering", ["v1", "v2"])
@pytest.mark.parametrize("path", ["shortcut", "branch", "split"])
def test_each_part_is_a_slope_of_the_loss(ordering: str, path: str) -> None:
    """Central differences in double precision: only what one path reads is moved."""
    text = f"resnet18,width=1,stages=1-1,image_size=9,classes=3,ordering={ordering}"
    chosen = ProbeSettings(batch=4, seed=1)
    prepared = in_double(prepare(text, chosen))
    _, (_, measured) = measure_pathways(prepared.model, *prepared[:1], *prepared[2:])
    _, model, images, loss = in_double(prepare(text, chosen))
    unit = model.get_submodule("layer2.0")
    moved = torch.zeros(4, 1, 3, 3, dtype=torch.float64)
    readers = {"shortcut": [unit.downsample], "branch": [unit.get_submodule(unit.branch[0])]}
    readers["split"] = readers["shortcut"] + readers["branch"]
    for reader in readers[path]:
        reader.register_forward_pre_hook(lambda module, inputs: inputs[0] + moved)

    @torch.no_grad()
    def slope(place: int, step: float = 1e-6) -> float:
        values = []
        for sign in (1, -1):
            moved.view(-1)[place] = sign * step
            values.append(float(loss(model(images))))
        moved.zero_()
        return (values[0] - values[1]) / (2 * step)

    norm = math.hypot(*(slope(place) for place in range(moved.numel())))
    assert getattr(measured, f"{path}_norm") == pytest.approx(norm, rel=1e-5)


@pytest.mark.parametrize(
    "text", ["plain20-cifar,width=2", "lenet5", "googlenet-2014,image_size=48"]
)
def test_a_network_without_shortcuts_has_no_pathways(text: str) -> None:
    profile = probe_pathways(text, ProbeSettings(batch=2))
    assert profile.units == ()
    assert math.isfinite(profile.loss)


@pytest.mark.parametrize("ordering", VALUES["ordering"])
def test_a_mask_is_told_only_where_a_relu_follows_the_addition(ordering: str) -> None:
    for unit in probed(f"{TINY},ordering={ordering}", batch=2):
        if ordering in ("original", "bn_after_addition"):
            assert unit.masked_share is not None and 0 < unit.masked_share < 1
            assert unit.passed_norm < unit.output_norm
        else:
            assert unit.masked_share is None
            assert unit.passed_norm == unit.output_norm == unit.addition_norm


def test_a_branch_that_starts_at_zero_brings_nothing_back() -> None:
    for unit in probed(f"{TINY},zero_init=true", batch=2):
        assert (unit.branch_norm, unit.branch_share) == (0, 0)
        assert unit.shortcut_share == pytest.approx(1)
        assert math.isnan(unit.cosine) and math.isnan(unit.angle)


def test_a_gates_part_is_told_apart() -> None:
    for kind in ("exclusive_gating", "shortcut_only_gating"):
        units = probed(f"{TINY},shortcut={kind}", batch=2)
        assert all(unit.gate_norm > 0 and 0 < unit.gate_share < 1 for unit in units)
    assert all(unit.gate_norm == 0 for unit in probed(TINY, batch=2))


def test_overflow_is_told_not_hidden() -> None:
    large = torch.full((2, 3, 32, 32), 3e38)
    profile = probe_pathways("resnet20-cifar,norm=none,width=2", images=large)
    assert len(profile.units) == 9
    assert not math.isfinite(profile.loss)
    assert any(math.isnan(unit.branch_norm) for unit in profile.units)
    assert math.isnan(profile.units[0].angle)


def test_what_is_measured_is_left_as_it_was() -> None:
    spec, model, images, loss = prepare(f"{TINY},survival=0.5", ProbeSettings(batch=2))
    weights = {name: weight.clone() for name, weight in model.named_parameters()}
    kept = images.clone()
    measure_pathways(model, spec, images, loss)
    assert torch.equal(images, kept) and images.grad is None
    for name, weight in model.named_parameters():
        assert torch.equal(weight, weights[name]) and weight.grad is None
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, second, other = (probed(f"{TINY},survival=0.5", batch=2, seed=s) for s in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), before)
    assert first == second != other


def test_own_images_are_used() -> None:
    images = torch.rand(3, 3, 32, 32)
    profile = probe_pathways(TINY, ProbeSettings(source="pictures"), images)
    assert profile.settings == ProbeSettings(batch=3, source="pictures")
    spec, model, _, loss = prepare(TINY, ProbeSettings(), images)
    assert measure_pathways(model, spec, images, loss) == (profile.loss, profile.units)


@pytest.mark.parametrize(
    ("text", "batch", "sentence"),
    [
        (TINY, 1, "a single value per channel"),
        (f"{TINY},classes=1", 4, "cross-entropy of a single class"),
        ("resnet18,ordering=v3", 4, "v3"),
    ],
)
def test_what_cannot_be_measured_is_refused(text: str, batch: int, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        probed(text.replace("classes=5,classes=1", "classes=1"), batch=batch)


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_check_can_stop_forward_and_backward() -> None:
    calls = 0

    def stop_at(last: float) -> None:
        nonlocal calls
        calls += 1
        if calls >= last:
            raise Stop

    probe_pathways(TINY, ProbeSettings(batch=2), check=lambda: stop_at(math.inf))
    every = calls
    assert every == 2 * 8
    for last in (1, every // 2, every):
        calls = 0
        with pytest.raises(Stop):
            probe_pathways(TINY, ProbeSettings(batch=2), check=lambda at=last: stop_at(at))
        assert calls == last
