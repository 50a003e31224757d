import math
from statistics import geometric_mean
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from explorer.gradients import ProbeSettings
from explorer.gradients.activations import (
    RELU,
    ActivationProfile,
    measure_activations,
    probe_activations,
)
from explorer.gradients.preparation import drawing, prepare
from explorer.network import build
from explorer.plan import plan, units
from explorer.spec import VALUES, SpecError, parse
from tests.unit.strategies import classics, specs

TINY = "resnet18,width=4,image_size=32,classes=5"
SHORTCUTS = tuple(shortcut for shortcut in VALUES["shortcut"] if shortcut != "none")
VARIANTS = (
    *(f"{TINY},ordering={ordering}" for ordering in VALUES["ordering"]),
    *(f"{TINY},shortcut={shortcut}" for shortcut in SHORTCUTS),
    f"{TINY},norm=none,ordering=v2",
    f"{TINY},zero_init=true",
    f"{TINY},survival=0.3",
    f"{TINY},dims=1",
    "resnet50,width=4,image_size=32,classes=5,se_ratio=4",
    "plain20-cifar,width=4",
    "lenet5",
    "alexnet-2012,image_size=67,classes=5",
    "googlenet-2014,image_size=48,classes=5",
)


def probed(text: Any, **chosen: Any) -> ActivationProfile:
    return probe_activations(text, ProbeSettings(**chosen))


def untouched(text: Any, chosen: ProbeSettings) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Every module's output, and what every addition is given, with nothing done in place."""
    _, model, images, _ = prepare(text, chosen)
    outputs: dict[str, Tensor] = {}
    added: dict[str, tuple[Tensor, Tensor]] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False

        def keep(module: Any, inputs: Any, output: Tensor, name: str = name) -> None:
            outputs[name] = output
            if name.endswith(".add"):
                added[name.removesuffix(".add")] = inputs

        module.register_forward_hook(keep)
    with drawing(chosen.seed):
        model(images)
    return outputs, added


def assert_agrees(profile: ActivationProfile, text: Any, chosen: ProbeSettings) -> None:
    outputs, added = untouched(text, chosen)
    for found in profile.activations:
        numbers = outputs[found.name].detach().double()
        # A variance is known to the square of the numbers' own precision.
        least = 1e-12 * float(numbers.square().mean())
        assert found.mean == pytest.approx(float(numbers.mean()), rel=1e-9, abs=1e-12), found.name
        wanted = float(numbers.var(correction=0))
        assert found.variance == pytest.approx(wanted, rel=2e-6, abs=least), found.name
        assert found.rms == pytest.approx(float(numbers.square().mean().sqrt()), rel=1e-6)
        assert found.zeros == float((numbers == 0).double().mean())
        channels = numbers.unbind(1)
        assert found.dead == sum(not bool(channel.any()) for channel in channels) / len(channels)
    for name, _, _, branch_norm, shortcut_norm in profile.branches:
        branch, shortcut = (tensor.detach().double().norm() for tensor in added[name])
        assert branch_norm == pytest.approx(float(branch), rel=1e-6)
        assert shortcut_norm == pytest.approx(float(shortcut), rel=1e-6)
    assert len(profile.branches) == len(added)


@pytest.mark.parametrize("text", VARIANTS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_statistics_are_those_of_an_untouched_networks_tensors(text: str, mode: str) -> None:
    chosen = ProbeSettings(batch=3, seed=2, mode=mode)
    assert_agrees(probe_activations(text, chosen), text, chosen)


@settings(max_examples=10)
@given(specs(small=True) | classics())
def test_any_networks_layers_activations_and_units_are_all_measured(spec: Any) -> None:
    profile = probed(spec, batch=2)
    kinds = (nn.Conv1d | nn.Conv2d | nn.Linear, nn.ReLU, nn.Tanh, nn.Sigmoid)
    names = [
        name
        for name, part in build(spec).named_modules()
        if any(isinstance(part, k) for k in kinds)
    ]
    ends = [name for name, _, _ in units(plan(spec).root)]
    assert sorted(each.name for each in profile.activations) == sorted(names + ends)
    assert [each.name for each in profile.units] == ends
    joined = spec.family == "residual" and spec.shortcut != "none"
    assert [each.name for each in profile.branches] == (ends if joined else [])


def test_a_unit_computed_by_hand() -> None:
    """Two images of one pixel, two channels, one unit of 3x3 convolutions, so of w x.

    x = (1, -2) and (3, -4) behind a stem that only rectifies: (1, 0) and (3, 0).
    Branch: W1 = -1 on the diagonal, so relu gives 0 everywhere and F = 0.
    """
    text = "resnet18,stages=1,width=2,stem=cifar,image_size=1,in_channels=2,classes=2,norm=none"
    spec = parse(text)
    model = build(spec)
    for name, weight in (("conv1", 1.0), ("layer1.0.conv1", -1.0), ("layer1.0.conv2", 2.0)):
        nn.init.zeros_(model.get_submodule(name).weight)
        for channel in range(2):
            with torch.no_grad():
                model.get_submodule(name).weight[channel, channel, 1, 1] = weight
    images = torch.tensor([[1.0, -2.0], [3.0, -4.0]]).view(2, 2, 1, 1)
    passed, (unit,) = measure_activations(model, spec, images)
    found = {each.name: each for each in passed}
    stem = found["conv1"]  # 1, -2, 3, -4: the ReLU behind it must not have changed it yet
    assert (stem.kind, stem.mean) == ("convolution", -0.5)
    assert stem.variance == pytest.approx(7.25)
    assert (stem.zeros, stem.dead) == (0, 0)
    relu = found["relu"]  # 1, 0, 3, 0: half of the channels is dead
    assert (relu.kind, relu.mean) == (RELU, 1.0)
    assert relu.variance == pytest.approx(1.5)
    assert (relu.zeros, relu.dead) == (0.5, 0.5)
    inner = found["layer1.0.relu1"]
    assert (inner.mean, inner.variance, inner.zeros, inner.dead) == (0, 0, 1, 1)
    assert unit[:3] == ("layer1.0", "stage1", 1)
    assert (unit.branch_norm, unit.ratio) == (0, 0)
    assert unit.shortcut_norm == pytest.approx(math.sqrt(10))
    assert found["layer1.0"].rms == pytest.approx(math.sqrt(10 / 4))


# figures.md 8.3: rms of the first and the last unit's output, geometric means of three seeds.
@pytest.mark.parametrize(
    ("text", "first", "last", "factor"),
    [
        ("plain20-cifar", 0.706, 0.706, 1.02),
        ("resnet20-cifar", 1.08, 1.97, 1.1),
        ("resnet20-cifar,ordering=v2", 1.22, 2.25, 1.1),
        ("resnet20-cifar,norm=none", 1.4, 15.0, 1.6),
    ],
)
def test_the_signal_grows_as_in_the_reference(
    text: str, first: float, last: float, factor: float
) -> None:
    profiles = [probed(text, batch=64, seed=seed) for seed in range(3)]
    for place, wanted in ((0, first), (-1, last)):
        rms = geometric_mean(profile.units[place].rms for profile in profiles)
        assert wanted / factor < rms < wanted * factor


def test_half_of_what_leaves_a_relu_behind_a_normalisation_is_zero() -> None:
    for relu in probed("plain20-cifar", batch=16).relus:
        assert relu.zeros == pytest.approx(0.5, abs=0.06)
        assert relu.dead == 0


def test_gates_and_zeroed_branches_are_measured_as_they_are_added() -> None:
    """With its bias at -6 a gate is nearly closed, and the branch is weighted by it."""
    gated = probed(f"{TINY},shortcut=exclusive_gating,gate_bias=-6", batch=2).branches
    bare = probed(f"{TINY},shortcut=A", batch=2).branches
    assert 0 < max(unit.ratio for unit in gated) < 0.5 * min(unit.ratio for unit in bare)
    assert all(unit.ratio == 0 for unit in probed(f"{TINY},zero_init=true", batch=2).branches)
    scaled = f"{TINY},shortcut=constant_scaling,shortcut_scale=0"
    assert all(math.isnan(unit.ratio) for unit in probed(scaled, batch=2).branches)


def test_nothing_else_is_touched() -> None:
    spec, model, images, _ = prepare(f"{TINY},survival=0.5", ProbeSettings(batch=2))
    weights = {name: weight.clone() for name, weight in model.named_parameters()}
    measure_activations(model, spec, images)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, weights[name]) and weight.grad is None
        assert weight.requires_grad
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, second, other = (probed(f"{TINY},survival=0.5", batch=2, seed=s) for s in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), before) and torch.is_grad_enabled()
    assert first == second != other


def test_the_loss_plays_no_part() -> None:
    chosen = ProbeSettings(batch=2, loss="squared_error")
    profile = probe_activations(TINY, chosen)
    assert profile.settings == chosen
    assert profile.activations == probed(TINY, batch=2).activations
    assert probed(TINY.replace("classes=5", "classes=1"), batch=2).activations


def test_what_is_not_finite_is_told() -> None:
    images = torch.full((2, 3, 32, 32), 3e38)
    profile = probe_activations("resnet20-cifar,norm=none,width=2", images=images)
    assert not math.isfinite(profile.units[-1].variance)
    assert not math.isfinite(profile.branches[-1].ratio)
    large = probe_activations("resnet20-cifar,norm=none", images=images / 1e14)
    assert 1e40 < large.units[0].variance < math.inf  # squares leave float32


def test_bad_choices_are_refused() -> None:
    with pytest.raises(SpecError, match="a single value per channel"):
        probed(TINY, batch=1)
    with pytest.raises(SpecError, match="resnt18"):
        probed("resnt18")


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_check_is_called_at_every_weighted_layer_and_can_stop() -> None:
    calls = 0

    def stop_at(last: float) -> None:
        nonlocal calls
        calls += 1
        if calls >= last:
            raise Stop

    probe_activations(TINY, ProbeSettings(batch=2), check=lambda: stop_at(math.inf))
    every = calls
    assert every == len([p for p in build(TINY).modules() if isinstance(p, nn.Conv2d | nn.Linear)])
    for last in (1, every // 2, every):
        calls = 0
        with pytest.raises(Stop):
            probe_activations(TINY, ProbeSettings(batch=2), check=lambda at=last: stop_at(at))
        assert calls == last
