import math
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.depth_series import (
    DEEPEST,
    DEPTHS,
    DOUBLING,
    SERIES,
    YANG,
    Law,
    convolutions_between,
    law,
    per_convolution,
    series_of,
    why_not,
)
from explorer.gradients import ProbeSettings, probe
from explorer.gradients.by_depth import growth
from explorer.probing import INITIALISATIONS
from explorer.spec import SpecError, parse

TINY = "resnet20-cifar,width=4,image_size=8,classes=5"
VARIANTS = (
    TINY,
    f"{TINY},shortcut=none",
    f"{TINY},shortcut=B,ordering=v2",
    f"{TINY},ordering=v2,norm=none",
    f"{TINY},ordering=relu_before_addition,norm=none",
    f"{TINY},shortcut=none,norm=none",
    f"{TINY},shortcut=dropout",
    f"{TINY},survival=0.5",
    f"{TINY},stages=1",
    "resnet50,width=4,image_size=32,classes=5,se_ratio=4",
    "resnet18-1d,width=4,image_size=64",
    "lenet5",
    "googlenet,image_size=64,classes=5",
)


@pytest.mark.parametrize("text", VARIANTS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_growth_is_that_of_the_whole_profile(text: str, mode: str) -> None:
    settings = ProbeSettings(batch=3, seed=5, mode=mode, loss="squared_error")
    assert growth(text, settings) == pytest.approx(probe(text, settings).growth, rel=1e-6)


@pytest.mark.parametrize(("scale", "units"), [(1.0, 4), (0.5, 4), (2.0, 7), (0.5, 1)])
def test_the_shortcuts_factors_multiply(scale: float, units: int) -> None:
    """With branches at 0, only the product of the shortcuts' constants is left.

    He et al. 2016, arXiv:1603.05027, eq. 8, without its second term.
    """
    text = f"{TINY},stages={units},ordering=v2,shortcut=constant_scaling"
    text = f"{text},shortcut_scale={scale},branch_scale=0"
    assert growth(text, ProbeSettings(batch=3)) == pytest.approx(scale ** (units - 1), rel=1e-6)


def test_own_images_are_used_and_left_as_they_were() -> None:
    images = torch.rand(3, 3, 8, 8)
    kept = images.clone()
    found = growth(TINY, ProbeSettings(seed=2), images)
    assert found == pytest.approx(probe(TINY, ProbeSettings(seed=2), images).growth, rel=1e-6)
    assert torch.equal(images, kept) and images.grad is None


def test_same_seed_same_growth_and_nothing_global_is_touched() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, again, other = (growth(TINY, ProbeSettings(batch=2, seed=seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert torch.equal(torch.get_rng_state(), before)


def test_overflow_is_told_not_hidden() -> None:
    text = f"{TINY},stages=60,norm=none,shortcut=constant_scaling,shortcut_scale=10"
    assert not math.isfinite(growth(text, ProbeSettings(batch=1)))


def test_a_network_that_passes_nothing_back_grows_by_nothing() -> None:
    text = f"{TINY},shortcut=none,norm=none"
    assert growth(text, images=torch.zeros(2, 3, 8, 8)) == 0  # no ReLU is on


@pytest.mark.parametrize(
    ("text", "settings", "sentence"),
    [
        ("resnet20-cifar,image_size=4", {"batch": 1}, "a single value per channel"),
        ("resnet20-cifar,classes=1", {}, "choose 2"),
        ("resnet20-cifer", {}, "no network"),
    ],
)
def test_what_cannot_be_measured_is_refused(text: str, settings: Any, sentence: str) -> None:
    with pytest.raises(SpecError, match=re.escape(sentence)):
        growth(text, ProbeSettings(**settings))


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_check_can_stop_forward_and_backward() -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    growth(TINY, ProbeSettings(batch=2), None, count)
    assert calls == 2 * 9  # each of nine units in both passes
    for at in (1, 9, 10, 18):
        seen = 0

        def stop(at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise Stop

        with pytest.raises(Stop):
            growth(TINY, ProbeSettings(batch=2), None, stop)
        assert seen == at


@pytest.mark.parametrize("key", SERIES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_every_series_has_every_depth(key: str, depth: int) -> None:
    spec = SERIES[key].at(depth)
    assert spec.depth == depth
    assert series_of(spec) == key and not why_not(spec)
    assert convolutions_between(spec) == depth - 4  # one in the stem, two in unit 1, one linear
    assert DEEPEST in DEPTHS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("resnet50", "three stages of basic units"),
        ("resnet18", "three stages"),
        ("resnet164-cifar", "basic units"),
        ("vgg16", "three stages"),
        ("lenet5", "three stages"),
        ("wrn-28-10-cifar", ""),
        ("resnet20-cifar,stages=1-2-3", ""),
    ],
)
def test_a_network_without_a_series_is_told_why(text: str, reason: str) -> None:
    spec = parse(text)
    told = why_not(spec)
    assert reason in told and bool(reason) == bool(told)
    assert not series_of(spec) or text.endswith("1-2-3")


def test_laws_are_those_printed() -> None:
    assert YANG.rate**2 == pytest.approx(1.4669, abs=5e-5)  # Yang et al. 2019, Theorem 8
    assert DOUBLING.rate**4 == pytest.approx(2)
    for found in (YANG, DOUBLING):
        assert f"{found.rate:.3f}" in found.words
        assert found.growth(0) == 1
        assert found.growth(3) == pytest.approx(found.rate * found.rate * found.rate)
    assert Law(2.0, "", "").growth(2000) == math.inf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain56-cifar", YANG),
        ("plain56-cifar,width=64", YANG),
        ("plain56-cifar,norm=none", None),
        ("plain56-cifar,norm=group", None),
        ("resnet56-cifar", None),
        ("resnet56-cifar,norm=none", DOUBLING),
        ("resnet56-cifar,norm=none,ordering=v2,shortcut=B", DOUBLING),
        ("resnet56-cifar,norm=none,skip_init=true", None),
        ("resnet56-cifar,norm=none,init=fixup", None),
        ("resnet56-cifar,norm=none,shortcut=constant_scaling", None),
        ("resnet164-cifar,norm=none", None),
        ("vgg11_bn", None),
    ],
)
def test_a_law_is_claimed_only_where_it_holds(text: str, expected: Law | None) -> None:
    spec = parse(text)
    assert law(spec, "kaiming_fan_in") is expected
    for initialisation in INITIALISATIONS:
        claimed = law(spec, initialisation)
        assert claimed in (expected, None)
        if expected is YANG:
            assert claimed is YANG  # normalisation takes the weights' scale away
    assert law(spec, "xavier") is not DOUBLING


# Ratios and rates as printed beside each other in a table of 3 seeds at batch 64.
@pytest.mark.parametrize(
    ("ratio", "depth", "rate"),
    [
        (17.3, 20, 1.195),
        (8.9e3, 56, 1.191),
        (3.1e7, 110, 1.177),
        (4.7, 20, 1.101),
        (45, 110, 1.037),
        (0.36, 56, 0.980),
        (4.6e8, 110, 1.207),
    ],
)
def test_the_rate_per_convolution(ratio: float, depth: int, rate: float) -> None:
    between = convolutions_between(SERIES["plain"].at(depth))
    assert per_convolution(ratio, between) == pytest.approx(rate, abs=1.1e-3)


@given(st.floats(0.5, 2), st.integers(1, 400))
def test_a_constant_rate_is_found_again(rate: float, convolutions: int) -> None:
    total = Law(rate, "", "").growth(convolutions)
    assert per_convolution(total, convolutions) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(
    ("ratio", "convolutions"), [(math.nan, 4), (math.inf, 4), (0, 4), (-1, 4), (2, 0)]
)
def test_no_rate_makes_up_what_is_no_growth(ratio: float, convolutions: int) -> None:
    assert math.isnan(per_convolution(ratio, convolutions))
