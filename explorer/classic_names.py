"""The names of networks from before residual learning, and what each stands for.

Plain data, as in `names.py`.

Source:
    LeNet-5: LeCun et al. 1998; AlexNet: Krizhevsky et al. 2012 and arXiv:1404.5997; VGG:
    arXiv:1409.1556; GoogLeNet: arXiv:1409.4842.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

Choice: TypeAlias = str | int | float | bool | tuple[int, ...] | None
Choices: TypeAlias = Mapping[str, Choice]

VGG_STAGES: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
)
"""Convolutions in each stage of a VGG (arXiv:1409.1556, Table 1: A, B, D and E)."""

VGG_WIDTHS = (64, 128, 256, 512, 512)
"""Channels in each of those stages."""

INPUT_FIELDS = ("image_size", "in_channels", "classes")


class Classic(NamedTuple):
    """A family of networks that are no arrangement of residual units.

    `choices` are its fields' values, of which those in `free` may be changed. Its depth is
    `other_layers` and `layers_per_unit` for each unit of a stage.
    """

    title: str
    choices: Mapping[str, Any]
    other_layers: int
    smallest_image: int
    layers_per_unit: int = 1
    free: tuple[str, ...] = INPUT_FIELDS


def _choices(family: str, stages: tuple[int, ...], norm: str = "none", **more: Choice) -> Choices:
    fixed: dict[str, Choice] = {"family": family, "stages": stages, "shortcut": "none"}
    return MappingProxyType({**fixed, "norm": norm, **more})


_LENET = _choices("lenet5", (1, 1, 1), image_size=32, in_channels=1, classes=10)
_ALEXNET = _choices("alexnet", (1, 1, 1, 1, 1))
_ALEXNET_2012 = _choices("alexnet-2012", (1, 1, 1, 1, 1), image_size=227)
_GOOGLENET = _choices("googlenet", (2, 5, 2), "batch")
_GOOGLENET_2014 = _choices("googlenet-2014", (2, 5, 2))
CLASSICS: Mapping[str, Classic] = MappingProxyType(
    {
        "lenet5": Classic("LeNet-5", _LENET, 2, 32),
        "alexnet": Classic("AlexNet", _ALEXNET, 3, 63),
        "alexnet-2012": Classic("AlexNet (2012)", _ALEXNET_2012, 3, 67),
        "vgg": Classic(
            "VGG", _choices("vgg", VGG_STAGES[16]), 3, 32, free=("stages", "norm", *INPUT_FIELDS)
        ),
        "googlenet": Classic("GoogLeNet", _GOOGLENET, 4, 15, layers_per_unit=2),
        "googlenet-2014": Classic("GoogLeNet (2014)", _GOOGLENET_2014, 4, 31, layers_per_unit=2),
    }
)
"""Networks from before residual learning, by family."""

CLASSIC_NAMES: Mapping[str, Choices] = MappingProxyType(
    {
        **{family: CLASSICS[family].choices for family in ("lenet5", "alexnet-2012", "alexnet")},
        **{f"vgg{depth}": _choices("vgg", stages) for depth, stages in VGG_STAGES.items()},
        **{
            f"vgg{depth}_bn": _choices("vgg", stages, "batch")
            for depth, stages in VGG_STAGES.items()
        },
        **{family: CLASSICS[family].choices for family in ("googlenet-2014", "googlenet")},
    }
)
"""Every listed name of such a network, with the fields it sets."""
