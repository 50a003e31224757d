"""Networks that differ in depth alone, and what theory says of their gradients by depth."""

from collections.abc import Mapping
from math import isfinite, nan, pi, sqrt
from typing import NamedTuple

from explorer.names import LAYERS_PER_UNIT
from explorer.spec import ArchitectureSpec, SpecError, parse

DEPTHS = (8, 14, 20, 32, 44, 56, 80, 110, 164, 218, 326, 434, 650, 866, 1202)
"""Depths 6n + 2 of CIFAR networks of two-layer units (He et al. 2015, Section 4.2, and between)."""

DEEPEST = 110
"""The deepest that is measured unless more is asked for."""


class Series(NamedTuple):
    """Networks that share all choices but their depth; `base` is any of them."""

    name: str
    base: ArchitectureSpec

    def at(self, depth: int) -> ArchitectureSpec:
        """Return the network of a depth.

        Raises:
            SpecError: if there is none.
        """
        return self.base.vary(depth=depth)


class Law(NamedTuple):
    """Theory's growth of the gradient per convolution, backwards: its value, words, and source."""

    rate: float
    words: str
    source: str

    def growth(self, convolutions: int) -> float:
        """Return the growth over a number of convolutions, which may leave what a float holds."""
        try:
            return self.rate**convolutions
        except OverflowError:
            return float("inf")


YANG = Law(
    sqrt(pi / (pi - 1)),
    "1.211 per convolution",
    "Yang et al. 2019",
)
"""Of plain networks with ReLU and batch normalisation, wide and of large batch.

Source:
    Yang et al. 2019, arXiv:1902.08129, Theorem 8, which states the square.
"""

DOUBLING = Law(
    2**0.25,
    "2^(1/4) = 1.189 per convolution",
    "doubling",
)
"""Of residual networks without normalisation, units of two convolutions.

By He's initialisation the branch brings back, in the mean square, as much as the shortcut.
"""

SERIES: Mapping[str, Series] = {
    "plain": Series("Plain", parse("plain20-cifar")),
    "v1": Series("ResNet v1", parse("resnet20-cifar")),
    "v2": Series("ResNet v2", parse("resnet20-cifar,ordering=v2")),
    "plain-bare": Series("Plain without BN", parse("plain20-cifar,norm=none")),
    "v1-bare": Series("ResNet v1 without BN", parse("resnet20-cifar,norm=none")),
    "v2-bare": Series("ResNet v2 without BN", parse("resnet20-cifar,ordering=v2,norm=none")),
}
"""The CIFAR networks of He et al. 2015 and 2016, zero-padded shortcuts, with and without BN."""
_UNITS = SERIES["plain"].base.stages


def series_of(spec: ArchitectureSpec) -> str:
    """Return the key of the series that a network is of, or an empty text."""
    alike = spec.vary(stages=_UNITS) if spec.family == "residual" else spec
    return next((key for key, series in SERIES.items() if series.base == alike), "")


def why_not(spec: ArchitectureSpec) -> str:
    """Return why a network has no series by depth here; an empty text if it has one."""
    if spec.family != "residual" or len(spec.stages) != 3 or spec.block != "basic":
        return "only networks of three stages of basic units have one of every depth 6n + 2"
    try:
        for depth in (DEPTHS[0], DEPTHS[-1]):
            spec.vary(depth=depth)
    except SpecError as error:
        return str(error)
    return ""


def law(spec: ArchitectureSpec, initialisation: str) -> Law | None:
    """Return what theory says of a network in training mode, or None where it says nothing here.

    Args:
        spec: the network.
        initialisation: how its weights are drawn, a key of `probing.INITIALISATIONS`. Batch
            normalisation takes away its scale; without, the law is that of He's.
    """
    if spec.family != "residual" or spec.se_ratio is not None:
        return None
    if not spec.residual:
        return YANG if spec.norm == "batch" else None
    doubles = (
        (spec.norm, spec.init, spec.skip_init, spec.survival) == ("none", "he", False, 1)
        and (spec.block, spec.shortcut) in (("basic", "A"), ("basic", "B"))
        and spec.ordering in ("original", "relu_only_preactivation", "full_preactivation")
        and initialisation in ("kaiming_fan_in", "kaiming_fan_out", "torchvision")
    )
    return DOUBLING if doubles else None


def convolutions_between(spec: ArchitectureSpec) -> int:
    """Return the convolutions on the main path from the first unit's output to the last's."""
    return LAYERS_PER_UNIT[spec.block] * (sum(spec.stages) - 1)


def per_convolution(growth: float, convolutions: int) -> float:
    """Return the factor that, once for each convolution, makes up a growth; NaN if none does."""
    if not (isfinite(growth) and growth > 0) or convolutions < 1:
        return nan
    return float(growth ** (1 / convolutions))
