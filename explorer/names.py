"""The names people use for networks, and the choices each of them stands for.

Plain data: `spec.py` turns a name and its choices into an `ArchitectureSpec`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Choice: TypeAlias = str | int | bool | tuple[int, ...] | None
Choices: TypeAlias = Mapping[str, Choice]

IMAGENET_PATTERNS: tuple[tuple[int, ...], ...] = (
    (2, 2, 2, 2),
    (3, 4, 6, 3),
    (3, 4, 23, 3),
    (3, 8, 36, 3),
    (3, 24, 36, 3),
)
"""Units per stage of every published four-stage network (He et al. 2015, Table 1; 2016)."""

LAYERS_PER_UNIT = {"basic": 2, "bottleneck": 3}

_CIFAR: dict[str, Choice] = {
    "stem": "cifar",
    "width": 16,
    "shortcut": "A",
    "image_size": 32,
    "classes": 10,
}


def _imagenet(block: str, stages: tuple[int, ...], **more: Choice) -> Choices:
    return MappingProxyType({"block": block, "stages": stages, **more})


def _cifar(block: str, depth: int, **more: Choice) -> Choices:
    units = (depth - 2) // (3 * LAYERS_PER_UNIT[block])
    return MappingProxyType({**_CIFAR, "block": block, "stages": (units,) * 3, **more})


def _all_names() -> dict[str, Choices]:
    two, three, four = IMAGENET_PATTERNS[0], IMAGENET_PATTERNS[1], IMAGENET_PATTERNS[2:]
    small = {18: two, 34: three}
    large = dict(zip((50, 101, 152, 200), (three, *four), strict=True))
    depths = {**small, **large}
    blocks = {**dict.fromkeys(small, "basic"), **dict.fromkeys(large, "bottleneck")}
    v2 = {"ordering": "full_preactivation"}
    paper_bottleneck = {"shortcut": "B", "stride_at": "1x1"}
    return {
        **{f"resnet{d}": _imagenet(blocks[d], s) for d, s in depths.items()},
        **{f"resnet{d}v2": _imagenet(blocks[d], s, **v2) for d, s in depths.items()},
        **{f"plain{d}": _imagenet("basic", s, shortcut="none") for d, s in small.items()},
        **{f"resnet{d}-cifar": _cifar("basic", d) for d in (20, 32, 44, 56, 110, 1202)},
        **{f"resnet{d}-cifar": _cifar("bottleneck", d, **paper_bottleneck) for d in (164, 1001)},
        "resnet110v2-cifar": _cifar("basic", 110, **v2),
        **{
            f"resnet{d}v2-cifar": _cifar("bottleneck", d, **paper_bottleneck, **v2)
            for d in (164, 1001)
        },
        **{f"plain{d}-cifar": _cifar("basic", d, shortcut="none") for d in (20, 32, 44, 56, 110)},
    }


NAMES: Mapping[str, Choices] = MappingProxyType(_all_names())
"""Every catalogue name, in the order a list shows them, with the fields it sets."""
