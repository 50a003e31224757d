"""torchvision's ImageNet weights for every network it shares with the catalogue.

All figures are read from torchvision's own metadata. Importing torchvision takes a second or two,
and torch comes first, so that happens when the list is first asked for.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from explorer.cards import Accuracy, Preprocessing, WeightsEntry
from explorer.spec import ArchitectureSpec, named
from explorer.words import title

T = TypeVar("T")

NETWORKS = (
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2"),
    "alexnet",
    *(f"vgg{depth}{norm}" for norm in ("", "_bn") for depth in (11, 13, 16, 19)),
    "googlenet",
)
"""Networks that have one name here and in torchvision, and the same layers under it."""

_AUXILIARY = {"googlenet": ("aux1.", "aux2.")}
_LICENCE = (
    "BSD 3-Clause, as torchvision; which adds that pre-trained models may have terms derived from "
    "the data they were trained on, and that it is for the user to check them"
)
_GOOGLENET_NOTE = (
    "The file also holds two auxiliary classifiers, which only training needs: they are left out. "
    "torchvision normalises pictures by ImageNet's statistics and then, inside the network, to "
    "(value - 0.5) / 0.5; here that is one step."
)


@lru_cache(maxsize=1)
def entries() -> tuple[WeightsEntry, ...]:
    """Return torchvision's weights, network by network, V1 before V2.

    VGG-16's IMAGENET1K_FEATURES are not among them: they have no trained classifier.
    """
    from explorer.torchvision_ops import import_torchvision

    models = import_torchvision().models
    return tuple(
        _entry(name, weights)
        for name in NETWORKS
        for weights in models.get_model_weights(name)
        if weights.name.startswith("IMAGENET1K_V")
    )


def are_listed() -> bool:
    """Whether the list has been asked for, so that it is there at once."""
    return entries.cache_info().currsize > 0


def has_network(spec: ArchitectureSpec) -> bool:
    """Whether the list holds weights for exactly this architecture, told without reading it."""
    return str(spec) in NETWORKS


def without_auxiliary(tensors: Mapping[str, T], spec: ArchitectureSpec) -> dict[str, T]:
    """Return weights without those of classifiers that only training needs, by torchvision's names.

    Networks here have none: only GoogLeNet's files hold any.
    """
    prefixes = _AUXILIARY.get(spec.family, ())
    return {name: each for name, each in tensors.items() if not name.startswith(prefixes)}


def _entry(name: str, weights: Any) -> WeightsEntry:
    version = weights.name.rpartition("_")[2]
    about = weights.meta
    figures = about["_metrics"]["ImageNet-1K"]
    steps = _preprocessing(name, weights.transforms())
    return WeightsEntry(
        name=f"{name}-torchvision-{version.lower()}",
        title=f"{title(named(name))} (torchvision, ImageNet weights {version})",
        architecture=name,
        dataset="ImageNet (ILSVRC 2012), 1000 classes",
        preprocessing=steps,
        categories=tuple(about["categories"]),
        accuracy=Accuracy(
            figures["acc@1"],
            figures["acc@5"],
            f"ImageNet validation set, one centre crop of {steps.crop} x {steps.crop} pixels, "
            f"shorter side resized to {steps.resize}",
            f"torchvision's {weights}; recipe: {about['recipe']}",
        ),
        licence=_LICENCE,
        source=f"torchvision's {weights}",
        size_bytes=round(about["_file_size"] * 2**20),
        sha256=weights.url.rpartition("-")[2].partition(".")[0],
        url=weights.url,
        note=_GOOGLENET_NOTE if name == "googlenet" else "",
    )


def _preprocessing(name: str, transforms: Any) -> Preprocessing:
    mean, std = tuple(transforms.mean), tuple(transforms.std)
    if name == "googlenet":  # its transform_input undoes ImageNet's statistics
        mean = std = (0.5, 0.5, 0.5)
    (resize,), (crop,) = transforms.resize_size, transforms.crop_size
    return Preprocessing(resize, crop, "RGB", 255.0, mean, std)
