import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explorer.gradients import ProbeSettings, shattered
from explorer.gradients.autocorrelation import autocorrelation, noise
from explorer.gradients.shattered import SCALARS, GradientLine, line, probe
from explorer.network import build
from explorer.spec import SpecError

TINY = "resnet20-cifar,width=4,stages=1-1-1,image_size=8,classes=5"
VARIANTS = (
    TINY,
    f"{TINY},ordering=v2",
    f"{TINY},shortcut=none",
    f"{TINY},norm=none",
    f"{TINY},norm=group",
    "resnet18-1d,width=4,image_size=64",
    "lenet5",
)
ENDS = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def probed(text: str, ends: Tensor | None = None, scalar: str = "direction", **settings: Any):
    return probe(text, ProbeSettings(**{"batch": 7, **settings}), ends, scalar=scalar)


def used(text: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> tuple[Any, Tensor]:
    """What is found, and the inputs on the line."""
    kept: list[Tensor] = []

    def keep(ends: Tensor, points: int) -> Tensor:
        kept.append(line(ends, points))
        return kept[0].clone()

    monkeypatch.setattr(shattered, "line", keep)
    return probed(text, **settings), kept[0]


def unit_of(inputs: Tensor) -> Tensor:
    way = (inputs[-1] - inputs[0]).double().flatten()
    return way / way.norm()


def assert_agrees(found: GradientLine, gradients: Tensor, inputs: Tensor) -> None:
    assert found.correlations == pytest.approx(autocorrelation(gradients), abs=1e-4)
    along = gradients.double().flatten(1) @ unit_of(inputs)
    assert found.along == pytest.approx(along.tolist(), rel=1e-4, abs=1e-4 * float(along.std()))


@pytest.mark.parametrize("text", VARIANTS)
@pytest.mark.parametrize("scalar", SCALARS)
def test_in_eval_mode_each_gradient_is_that_of_its_input_alone(
    text: str, scalar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, inputs = used(text, monkeypatch, scalar=scalar, mode="eval", seed=3)
    model = build(text, 3).eval()
    for layer in model.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    take = SCALARS[scalar](found.spec.classes, 3)
    alone = [x[None].clone().requires_grad_() for x in inputs]
    gradients = [torch.autograd.grad(take(model(x)).sum(), x)[0] for x in alone]
    assert_agrees(found, torch.cat(gradients), inputs)


@pytest.mark.parametrize("ordering", ["v1", "v2"])
def test_in_train_mode_the_whole_line_is_one_batch(
    ordering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{TINY},ordering={ordering}"
    found, inputs = used(text, monkeypatch, seed=1)
    model, take = build(text, 1), SCALARS["direction"](5, 1)
    for layer in model.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    together = inputs.clone().requires_grad_()
    gradients = torch.autograd.grad(take(model(together)).sum(), together)[0]
    assert_agrees(found, gradients, inputs)
    assert found.along != probed(text, seed=1, mode="eval").along


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_component_along_the_line_is_a_slope(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Central differences in double precision, without autograd."""
    found, inputs = used(TINY, monkeypatch, mode=mode, seed=2)
    model, inputs = build(TINY, 2).double().train(mode == "train"), inputs.double()
    direction = SCALARS["direction"](5, 2)(torch.eye(5)).double()
    step = 1e-7 * unit_of(inputs).view_as(inputs[0])

    @torch.no_grad()
    def sum_with(place: int, moved: Tensor) -> float:
        there = inputs.clone()
        there[place] += moved
        return float((model(there) @ direction).sum())

    slopes = [(sum_with(n, step) - sum_with(n, -step)) / 2e-7 for n in range(len(inputs))]
    assert found.along == pytest.approx(slopes, rel=1e-3, abs=1e-4)


def test_the_line_goes_straight_from_end_to_end_in_equal_steps() -> None:
    inputs = line(ENDS, 5)
    assert torch.equal(inputs[0], ENDS[0]) and torch.equal(inputs[-1], ENDS[1])
    assert torch.allclose(inputs.diff(dim=0), (ENDS[1] - ENDS[0]).expand(4, -1, -1, -1) / 4)
    found = probed(TINY, ENDS)
    assert found.length == pytest.approx(math.dist(ENDS[0].flatten(), ENDS[1].flatten()))
    assert len(found.correlations) == len(found.along) == found.settings.batch == 7


def test_a_linear_network_has_one_gradient_for_all_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive weights and positive pictures: every ReLU is on."""

    def positive(*args: Any) -> nn.Module:
        model = build(*args)
        for parameter in model.parameters():
            parameter.detach().abs_()
        return model

    text = f"{TINY},norm=none"
    assert probed(text, ENDS.abs()).correlations[1] < 0.99
    monkeypatch.setattr("explorer.gradients.preparation.build", positive)
    assert probed(text, ENDS.abs()).correlations == (1.0,) * 7


def test_same_seed_gives_the_same_line_and_nothing_is_left_behind() -> None:
    torch.manual_seed(7)
    before, kept = torch.get_rng_state(), ENDS.clone()
    text = f"{TINY},survival=0.5"
    assert probed(text, ENDS, seed=1) == probed(text, ENDS, seed=1) != probed(text, ENDS, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(ENDS, kept) and ENDS.grad is None and not ENDS.requires_grad


def test_variants_share_their_line_and_what_is_asked_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, one = used(TINY, monkeypatch, seed=4)
    _, other = used(f"{TINY},shortcut=none", monkeypatch, seed=4)
    assert torch.equal(one, other)
    direction = SCALARS["direction"](5, 4)(torch.eye(5))
    assert torch.equal(direction, SCALARS["direction"](5, 4)(torch.eye(5)))
    assert not torch.equal(direction, SCALARS["direction"](5, 5)(torch.eye(5)))
    assert SCALARS["class"](5, 0)(torch.eye(5)).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "settings", "ends", "sentence"),
    [
        (TINY, {"batch": 2}, None, "a line has 3 inputs or more"),
        (TINY, {"scalar": "sum"}, None, "no scalar 'sum'; there are direction, class"),
        (TINY, {}, ENDS[:1].expand(2, -1, -1, -1), "both ends of the line are the same picture"),
        ("resnet99", {}, None, "no network"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    text: str, settings: Any, ends: Tensor | None, sentence: str
) -> None:
    with pytest.raises(SpecError, match=re.escape(sentence)):
        probed(text, ends, **settings)


def test_overflow_is_told_not_hidden() -> None:
    text = f"{TINY.replace('1-1-1', '60')},norm=none,shortcut=constant_scaling,shortcut_scale=10"
    assert all(map(math.isnan, probed(text, batch=3).correlations))


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_check_can_stop_forward_and_backward() -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    probe(TINY, ProbeSettings(batch=3), None, count)
    assert calls == 2 * 3  # each of three units in both passes
    for at in range(1, 7):
        seen = 0

        def stop(at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise Stop

        with pytest.raises(Stop):
            probe(TINY, ProbeSettings(batch=3), None, stop)
        assert seen == at


@pytest.mark.parametrize("ordering", ["v1", "v2"])
def test_a_plain_networks_gradients_are_white_a_residual_ones_are_not(ordering: str) -> None:
    """Balduzzi et al. 2017: between white and brown noise are those with skip connections."""
    points, text = 64, "resnet20-cifar,depth=50,image_size=16"
    brown = autocorrelation(noise("brown", points, 768, 0))[1]
    for seed in range(2):
        plain = probed(f"{text},shortcut=none", batch=points, seed=seed).correlations[1]
        residual = probed(f"{text},ordering={ordering}", batch=points, seed=seed).correlations[1]
        assert abs(plain) < 0.05 and 0.2 < residual < brown
