"""Gradients along single paths, against autograd with one side of each addition detached."""

import math
import re
from collections import Counter
from collections.abc import Collection
from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explorer.gradients.paths import PathNorms, PathProfile, branch_steps, draw, measure
from explorer.gradients.preparation import Prepared, prepare
from explorer.gradients.routes import Routes, Scaled, trace
from explorer.network import Addition, ResidualUnit
from explorer.path_lengths import narrowest_range
from explorer.probing import ProbeSettings
from explorer.spec import VALUES, SpecError

BASE = "resnet18,width=4,image_size=16,classes=5,stem=cifar"
FOUR = f"{BASE},stages=1-2-1"
VARIANTS = (
    *(f"{FOUR},ordering={ordering}" for ordering in VALUES["ordering"]),
    *(f"{FOUR},shortcut={shortcut}" for shortcut in VALUES["shortcut"] if shortcut != "none"),
    f"{FOUR},shortcut=A,ordering=v2",
    f"{FOUR},norm=none",
    f"{FOUR},norm=none,ordering=v2",
    f"{FOUR},norm=group,se_ratio=2",
    f"{FOUR},zero_init=true",
    f"{FOUR},survival=0.3",
    f"{FOUR},block=bottleneck,ordering=v2,stem_activation=false",
    f"{FOUR},downsample_in=last,ordering=v2",
    "resnet18-1d,width=4,image_size=64,classes=5,stages=1-1-1",
)


class OneSided(Addition):
    """Adds, but lets gradients into one side alone."""

    def __init__(self, by_branch: bool) -> None:
        super().__init__()
        self.by_branch = by_branch

    def forward(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        return branch + shortcut.detach() if self.by_branch else branch.detach() + shortcut


def prepared(text: str, double: bool = False, **settings: Any) -> Prepared:
    found = prepare(text, ProbeSettings(batch=3, **settings))
    if not double:
        return found
    return found._replace(model=found.model.double(), images=found.images.double())


def units_of(model: nn.Module) -> list[ResidualUnit]:
    return [module for module in model.modules() if isinstance(module, ResidualUnit)]


def reference(text: str, branches: Collection[int] | None, **settings: Any) -> Tensor:
    """The gradient at the first unit's input: of one path, or without `branches` of all."""
    _, model, images, loss = prepared(text, **settings)
    units = units_of(model)
    if branches is not None:
        for number, unit in enumerate(units):
            unit.add = OneSided(number in branches)
    starts: list[Tensor] = []

    def start(module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        starts.append(inputs[0].detach().requires_grad_())
        return starts[0]

    units[0].register_forward_pre_hook(start)
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(0)
        value = loss(model(images))
    return torch.autograd.grad(value, starts)[0]


def as_numbers(gradient: Scaled) -> Tensor:
    return gradient.numbers.double() * 2.0**gradient.exponent


def assert_close(found: Tensor, wanted: Tensor, scale: float) -> None:
    assert float((found - wanted).norm()) <= 2e-6 * scale


@pytest.mark.parametrize("text", VARIANTS)
def test_every_path_is_what_autograd_finds_with_the_other_paths_cut(text: str) -> None:
    routes = trace(prepared(text))
    units = len(routes.units)
    total = torch.zeros_like(routes.whole, dtype=torch.float64)
    by_length = [total.clone() for _ in range(units + 1)]
    largest = 0.0
    for length in range(units + 1):
        for branches in combinations(range(units), length):
            wanted = reference(text, branches).double()
            found = as_numbers(routes.along(branches))
            assert_close(found, wanted, float(wanted.norm()))
            by_length[length] += wanted
            total += wanted
            largest = max(largest, float(wanted.norm()))
    assert largest > 0
    assert_close(routes.whole.double(), reference(text, None).double(), largest)
    assert_close(total, routes.whole.double(), largest)
    for summed, wanted in zip(routes.summed(units), by_length, strict=True):
        assert_close(as_numbers(summed), wanted, largest)


def test_sums_of_the_shorter_paths_do_not_depend_on_the_longest_length() -> None:
    routes = trace(prepared(FOUR))
    every = routes.summed(9)
    assert len(every) == 5
    for longest in range(4):
        for found, wanted in zip(routes.summed(longest), every[: longest + 1], strict=True):
            assert torch.equal(as_numbers(found), as_numbers(wanted))


@pytest.mark.parametrize("scale", ["1e-15", "1e-25"])
def test_paths_too_weak_for_float32_keep_their_norms(scale: str) -> None:
    text = f"{FOUR},norm=none,shortcut=constant_scaling,shortcut_scale=1,branch_scale={scale}"
    routes = trace(prepared(text))
    summed = routes.summed(4)
    for length in range(5):
        branches = range(length)
        wanted = float(reference(text, branches, double=True).norm())
        assert routes.along(branches).norm == pytest.approx(wanted, rel=1e-4)
        together = sum(
            reference(text, chosen, double=True) for chosen in combinations(range(4), length)
        )
        assert summed[length].norm == pytest.approx(float(together.norm()), rel=1e-4)
    assert 0 < summed[4].norm < 1e-50


def test_scaled_gradients_add_up_across_all_exponents() -> None:
    one, tiny = Scaled(torch.tensor([3.0]), 5), Scaled(torch.tensor([1.0]), -400)
    nothing = Scaled(torch.zeros(1)).within_range()
    assert one.plus(tiny).norm == tiny.plus(one).norm == 96
    assert nothing.plus(tiny).norm == tiny.plus(nothing).norm == 2.0**-400
    assert nothing.norm == 0 and Scaled(torch.ones(1), 5000).norm == math.inf
    for value in (1e-38, 1e-44, 1e38, -1e38):
        number = torch.tensor([value])
        scaled = Scaled(number).within_range()
        assert scaled.norm == pytest.approx(abs(float(number)), rel=1e-7)
        assert 2.0**-50 < abs(float(scaled.numbers)) < 2.0**50
    assert math.isnan(Scaled(torch.tensor([math.nan])).within_range().norm)


def test_two_units_by_hand() -> None:
    """1 channel, 1 pixel, no normalisation: each unit is relu(x + b relu(a x))."""
    text = "resnet18,stem=cifar,stages=2,width=1,norm=none,image_size=1,classes=5"
    found = prepared(text, loss="projection")
    model = found.model
    weights = {"layer1.0": (0.5, 3.0), "layer1.1": (2.0, -0.25)}
    with torch.no_grad():
        for unit, (first, second) in weights.items():
            for name, value in ((f"{unit}.conv1", first), (f"{unit}.conv2", second)):
                kernel = model.get_parameter(f"{name}.weight")
                kernel.zero_()
                kernel[..., 1, 1] = value
        model.get_parameter("conv1.weight").fill_(1.0)
        model.get_parameter("fc.weight").fill_(1.0)
    found.images.fill_(1.0)  # x = 3 * 1, then 3 + 1.5 * 3 = 7.5, then 7.5 - 0.5 * 7.5
    routes = trace(found._replace(loss=lambda outputs: outputs[:, 0].sum()))
    paths = {(): 1.0, (0,): 1.5, (1,): -0.5, (0, 1): -0.75}
    for branches, slope in paths.items():
        assert as_numbers(routes.along(branches)).flatten().tolist() == [slope] * 3
    sums = [as_numbers(each).flatten().tolist() for each in routes.summed(2)]
    assert sums == [[1.0] * 3, [1.0] * 3, [-0.75] * 3]
    assert routes.whole.flatten().tolist() == [1.25] * 3


def finished(text: str, **choices: Any) -> PathProfile:
    *_, last = measure(prepared(text), **choices)
    return last


def test_a_profile_grows_length_by_length() -> None:
    profiles = list(measure(prepared(FOUR), samples=3))
    assert [len(profile.sampled) for profile in profiles] == [0, 1, 2, 3, 4, 5]
    assert [profile.finished for profile in profiles] == [False] * 5 + [True]
    last = profiles[-1]
    assert [found.length for found in last.sampled] == [0, 1, 2, 3, 4]
    assert [len(found.norms) for found in last.sampled] == [1, 3, 3, 3, 1]
    assert last.units == 4 and last.batch == 3
    assert last.rest_norm < 1e-6 * last.whole_norm
    expected = float(reference(FOUR, (0, 1, 2, 3)).norm())
    assert last.sampled[4].norms[0] == pytest.approx(expected, rel=1e-5)
    assert last.sum_norms[4] == pytest.approx(expected, rel=1e-5)
    assert last.whole_norm == pytest.approx(float(reference(FOUR, None).norm()), rel=1e-5)
    products = last.products
    for length, found in enumerate(last.sampled):
        share = math.comb(4, length) / 16
        assert products[length] == pytest.approx(share * sum(found.norms) / len(found.norms))


def test_lengths_can_be_bounded_and_the_rest_is_told() -> None:
    every, some = finished(FOUR, samples=2), finished(FOUR, samples=2, longest=2)
    assert some.sampled == every.sampled[:3]
    assert some.sum_norms == every.sum_norms[:3] and some.lengths == 3 and some.finished
    longer = [branches for length in (3, 4) for branches in combinations(range(4), length)]
    rest = torch.stack([reference(FOUR, branches) for branches in longer]).sum(0)
    assert some.rest_norm == pytest.approx(float(rest.norm()), rel=1e-4)


def test_a_seed_decides_the_paths_and_nothing_global_is_touched() -> None:
    before = torch.get_rng_state()
    text = f"{BASE},survival=0.5,shortcut=A"
    same, again, other = (finished(text, samples=2, seed=seed) for seed in (1, 1, 2))
    assert same == again != other
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_are_left_as_they_were() -> None:
    found = prepared(FOUR)
    before = [parameter.detach().clone() for parameter in found.model.parameters()]
    list(measure(found))
    for parameter, old in zip(found.model.parameters(), before, strict=True):
        assert torch.equal(parameter, old) and parameter.grad is None


@pytest.mark.parametrize(("samples", "count"), [(1, 1), (5, 5), (19, 19), (20, 20), (21, 20)])
def test_paths_of_a_length_are_drawn_once_each(samples: int, count: int) -> None:
    found = draw(6, 3, samples, 0)
    assert len(found) == len(set(found)) == count
    assert all(len(set(chosen)) == 3 and set(chosen) <= set(range(6)) for chosen in found)


def test_each_path_is_a_random_one() -> None:
    """Every place of the result holds each of the 15 pairs of 6 units equally often."""
    seeds = 1500
    for place in range(3):
        counts = Counter(draw(6, 2, 3, seed)[place] for seed in range(seeds))
        assert len(counts) == 15
        deviation = math.sqrt(seeds * (1 / 15) * (14 / 15))
        assert all(abs(count - seeds / 15) < 4.5 * deviation for count in counts.values())


@pytest.mark.parametrize("length", [1, 6, 19, 29])
def test_paths_of_a_length_share_the_units_evenly(length: int) -> None:
    counts = Counter(unit for chosen in draw(30, length, 5, 7) for unit in chosen)
    assert {counts[unit] for unit in range(30)} <= {5 * length // 30, -(-5 * length // 30)}


def test_a_path_is_one_unit_longer_than_the_one_before() -> None:
    for length in range(2, 28):
        for one, other in zip(draw(30, length, 5, 7), draw(30, length + 1, 5, 7), strict=True):
            assert len(set(other) - set(one)) == 1 and set(one) < set(other)


@pytest.mark.parametrize(("text", "longest"), [(FOUR, 66), (BASE, 66), (BASE, 3), (BASE, 0)])
@pytest.mark.parametrize("samples", [1, 4])
def test_the_steps_are_counted_beforehand(text: str, longest: int, samples: int) -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    last = finished(text, samples=samples, longest=longest, check=count)
    assert calls == last.units + branch_steps(last.units, samples, longest)


class Stop(Exception):
    """Raised by a check that wants the work to end."""


@pytest.mark.parametrize("at", [1, 4, 5, 14, 15, 20])
def test_a_check_can_stop_the_work_anywhere(at: int) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Stop

    with pytest.raises(Stop):
        finished(FOUR, check=stop)


def test_branches_that_start_at_zero_carry_nothing() -> None:
    profile = finished(f"{FOUR},zero_init=true")
    assert profile.sum_norms[0] == pytest.approx(profile.whole_norm)
    assert profile.sum_norms[1:] == (0, 0, 0, 0)
    assert [found.geometric_mean for found in profile.sampled[1:]] == [0, 0, 0, 0]


def test_overflow_is_told_not_hidden() -> None:
    text = "resnet1202-cifar,norm=none,width=2,ordering=v2"
    profile = finished(text, samples=1, longest=1)
    assert not math.isfinite(profile.loss)
    assert not math.isfinite(profile.whole_norm) and not math.isfinite(profile.rest_norm)
    assert not math.isfinite(profile.sum_norms[0])


def test_means_of_norms() -> None:
    found = PathNorms(3, (1.0, 4.0, 16.0))
    assert found.mean == 7 and found.geometric_mean == pytest.approx(4)
    assert PathNorms(3, (1.0, 0.0)).geometric_mean == 0
    assert PathNorms(3, (1.0, math.inf)).geometric_mean == math.inf
    assert math.isnan(PathNorms(3, (0.0, math.nan)).geometric_mean)


@pytest.mark.parametrize("text", ["plain20-cifar", "lenet5"])
def test_a_network_without_units_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=re.escape(f"{text} has no residual units")):
        trace(prepared(text))


def test_short_paths_carry_the_gradient_of_resnet110() -> None:
    """Veit et al. find almost all of it, of a trained one, in paths of 5 to 17 of 54 units."""
    profile = next(measure(prepare("resnet110-cifar", ProbeSettings(batch=4)), longest=30))
    found = narrowest_range(profile.sum_norms, 0.9)
    assert found is not None
    assert 4 <= found[0] <= 6 and 16 <= found[1] <= 20
    assert profile.rest_norm < 1e-3 * profile.whole_norm  # all that longer paths bring


def test_routes_of_a_real_network_add_up() -> None:
    routes: Routes = trace(prepared("resnet20-cifar"))
    total = sum(as_numbers(each) for each in routes.summed(9))
    assert_close(total, routes.whole.double(), float(routes.whole.norm()))
