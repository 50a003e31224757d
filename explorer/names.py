"""The names people use for networks, and the choices each of them stands for.

Plain data: `spec.py` turns a name and its choices into an `ArchitectureSpec`.

Source:
    ResNet arXiv:1512.03385 and 1603.05027, Wide ResNet 1605.07146, ResNeXt 1611.05431,
    SE-ResNet 1709.01507; `wide_resnet` and the stride in the 3x3 are torchvision's, `keras-`
    networks keras.applications'.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from explorer.classic_names import CLASSIC_NAMES, Choice, Choices

IMAGENET_PATTERNS: tuple[tuple[int, ...], ...] = (
    (2, 2, 2, 2),
    (3, 4, 6, 3),
    (3, 4, 23, 3),
    (3, 8, 36, 3),
    (3, 24, 36, 3),
)
"""Units per stage of every published four-stage network (He et al. 2015, Table 1; 2016)."""

LAYERS_PER_UNIT = {"basic": 2, "bottleneck": 3}

_TWO, _THREE, *_MORE = IMAGENET_PATTERNS
_SMALL = {18: _TWO, 34: _THREE}
_LARGE = dict(zip((50, 101, 152, 200), (_THREE, *_MORE), strict=True))
_WIDE = ((16, 8), (22, 8), (28, 10), (28, 12), (40, 2), (40, 4), (40, 8))


def _imagenet(depth: int, **more: Choice) -> Choices:
    block = "basic" if depth in _SMALL else "bottleneck"
    choices: dict[str, Choice] = {"block": block, "stages": (_SMALL | _LARGE)[depth]}
    return MappingProxyType(choices | more)


def _cifar(block: str, depth: int, **more: Choice) -> Choices:
    units = (depth - 2) // (3 * LAYERS_PER_UNIT[block])
    choices: dict[str, Choice] = {
        "block": block,
        "stages": (units,) * 3,
        "stem": "cifar",
        "width": 16,
        "shortcut": "A",
        "image_size": 32,
        "classes": 10,
    }
    return MappingProxyType(choices | more)


def _wide(depth: int, factor: int) -> Choices:
    """Return WRN-n-k; n = 6N + 4 counts the three projections, but not the linear layer."""
    return _cifar("basic", depth - 2, shortcut="B", ordering="full_preactivation", widen=factor)


def _residual() -> dict[str, Choices]:
    v2: dict[str, Choice] = {"ordering": "full_preactivation"}
    paper: dict[str, Choice] = {"shortcut": "B", "stride_at": "1x1"}
    return {
        **{f"resnet{d}": _imagenet(d) for d in _SMALL | _LARGE},
        **{f"resnet{d}v2": _imagenet(d, **v2) for d in _SMALL | _LARGE},
        **{f"plain{d}": _imagenet(d, shortcut="none") for d in _SMALL | _LARGE},
        **{f"resnet{d}-cifar": _cifar("basic", d) for d in (20, 32, 44, 56, 110, 1202)},
        **{f"resnet{d}-cifar": _cifar("bottleneck", d, **paper) for d in (164, 1001)},
        "resnet110v2-cifar": _cifar("basic", 110, **v2),
        **{f"resnet{d}v2-cifar": _cifar("bottleneck", d, **paper, **v2) for d in (164, 1001)},
        **{
            f"plain{d}-cifar": _cifar("basic", d, shortcut="none")
            for d in (20, 32, 44, 56, 110, 1202)
        },
        **{
            f"plain{d}-cifar": _cifar("bottleneck", d, **(paper | {"shortcut": "none"}))
            for d in (164, 1001)
        },
    }


def _descendants() -> dict[str, Choices]:
    resnext = {
        f"resnext{d}_{c}x{w}d": _imagenet(d, groups=c, width_per_group=w)
        for d, c, w in ((50, 32, 4), (101, 32, 8), (101, 64, 4))
    }
    small: dict[str, Choice] = {"width": 64, "shortcut": "B", "width_per_group": 64}
    return {
        **resnext,
        **{
            f"resnext29_{c}x64d-cifar": _cifar("bottleneck", 29, groups=c, **small) for c in (8, 16)
        },
        **{f"wide_resnet{d}_2": _imagenet(d, width_per_group=128) for d in (50, 101)},
        **{wide_name(n, k): _wide(n, k) for n, k in _WIDE},
        **{f"seresnet{d}": _imagenet(d, se_ratio=16) for d in (18, 34, 50, 101, 152)},
        **{
            f"seresnext{d}_32x4d": _imagenet(d, groups=32, width_per_group=4, se_ratio=16)
            for d in (50, 101)
        },
    }


def _keras() -> dict[str, Choices]:
    """Return Keras's ResNets.

    There, normalisations have an epsilon of 1.001e-5 (here 1e-5), and zeros surround the map that
    is max-pooled, which in v2 may be negative (here nothing does).
    """
    v1: dict[str, Choice] = {"bias": "all", "stride_at": "1x1"}
    v2: dict[str, Choice] = {
        "bias": "unnormalised",
        "ordering": "full_preactivation",
        "stem_activation": False,
        "downsample_in": "last",
    }
    return {
        **{f"keras-resnet{d}": _imagenet(d, **v1) for d in (50, 101, 152)},
        **{f"keras-resnet{d}v2": _imagenet(d, **v2) for d in (50, 101, 152)},
    }


def _series() -> dict[str, Choices]:
    """Return residual networks for time series."""
    return {"resnet18-1d": _imagenet(18, dims=1, in_channels=1, image_size=1024, classes=10)}


def wide_name(depth: int, factor: int) -> str:
    """Return the name of WRN-n-k."""
    return f"wrn-{depth}-{factor}-cifar"


NAMES: Mapping[str, Choices] = MappingProxyType(
    {**_residual(), **_descendants(), **_keras(), **_series(), **CLASSIC_NAMES}
)
"""Every listed name, in the order a list shows them, with the fields it sets."""


def choices_of(name: str) -> Choices | None:
    """Return the choices of a listed name, or of any valid `wrn-N-K-cifar`; else None."""
    if name in NAMES:
        return NAMES[name]
    match = re.fullmatch(r"wrn-([1-9]\d{1,3})-([1-9]\d?)-cifar", name)
    if match is None:
        return None
    depth, factor = map(int, match.groups())
    return _wide(depth, factor) if depth >= 10 and depth % 6 == 4 else None
