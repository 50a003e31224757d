"""Published ImageNet accuracy beside computed cost: the points of the accuracy landscape.

The only place that reads numbers out of the catalogue's printed accuracies and errors.

Source:
    The chart is the idea of Canziani et al. 2016, arXiv:1605.07678, and Bianco et al. 2018,
    arXiv:1810.00736, who plot top-1 accuracy against operations with balls for parameters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from explorer.analysis import analyze
from explorer.catalog import Published, entries
from explorer.printed import Result
from explorer.spec import ArchitectureSpec, parse


class Evaluation(NamedTuple):
    """One way to measure accuracy; figures of different evaluations are not comparable.

    Args:
        name: short, for a control.
        measured: how, and with whose weights.
        image_size: of the picture whose MACs are counted, where a result names no other.
        cost: what these MACs are of.
        conditions: pattern of the catalogue's words for it.
    """

    name: str
    measured: str
    image_size: int
    cost: str
    conditions: str


EVALUATIONS: Mapping[str, Evaluation] = {
    "torchvision_v1": Evaluation(
        "One crop of 224, torchvision weights V1",
        "one crop of 224, torchvision weights V1",
        224,
        "one picture of 224 × 224",
        r"one crop of 224, weights IMAGENET1K_V1",
    ),
    "torchvision_v2": Evaluation(
        "One crop of 224, torchvision weights V2",
        "one crop of 224, torchvision weights V2",
        224,
        "one picture of 224 × 224",
        r"one crop of 224, weights IMAGENET1K_V2",
    ),
    "one_crop": Evaluation(
        "One crop of 224, papers and their releases",
        "one crop of 224, papers and their releases",
        224,
        "one picture of 224 or 227 pixels",
        r"one crop of 22[47](, scale augmentation|, the (Keras|Caffe) weights)?",
    ),
    "one_crop_299": Evaluation(
        "One crop of 299, Keras v2",
        "one crop of 299, the Keras weights",
        299,
        "one picture of 299 × 299",
        r"one crop of 299, the Keras weights",
    ),
    "one_crop_320": Evaluation(
        "One crop of 320, He et al. 2016",
        "one crop of 320, He et al. 2016",
        320,
        "one picture of 320 × 320",
        r"one crop of 320, .*",
    ),
    "ten_crops": Evaluation(
        "10-crop, papers and their releases",
        "10 crops of 224 averaged",
        224,
        "one of the 10 crops, 224 × 224",
        r"10-crop",
    ),
    "scales": Evaluation(
        "Several scales, He et al. 2015",
        "several scales averaged",
        224,
        "one picture of 224 × 224, smaller than those tested",
        r"single model, fully convolutional at several scales",
    ),
}
"""Every evaluation of the catalogue's ImageNet figures, by key."""

FAMILIES = ("before ResNet", "plain", "v1", "v2", "other orderings", "wide", "ResNeXt")
_DATASET = "ImageNet validation, "


@dataclass(frozen=True, slots=True)
class Point:
    """One published top-1 figure of one network.

    Args:
        name: the network's, without its paper.
        variant: its text form.
        family: one of `FAMILIES`.
        evaluation: a key of `EVALUATIONS`.
        printed: the figure as it is printed, such as `24.7 % error`.
        top1_percent: the accuracy it stands for.
        macs: of one picture of the size that was evaluated.
        parameters: of the network.
        conditions: how it was measured, in the catalogue's words.
        source: who prints it.
    """

    name: str
    variant: str
    family: str
    evaluation: str
    printed: str
    top1_percent: float
    macs: int
    parameters: int
    conditions: str
    source: str


@lru_cache(maxsize=1)
def points() -> tuple[Point, ...]:
    """Return a point for every published top-1 figure, in the order of the catalogue."""
    return tuple(
        _point(entry, result)
        for entry in entries()
        for result in entry.results
        if result.quantity in ("top-1 accuracy", "top-1 error")
        and result.conditions.startswith(_DATASET)
    )


def points_of(evaluation: str) -> tuple[Point, ...]:
    """Return the points of one evaluation, a key of `EVALUATIONS`."""
    return tuple(point for point in points() if point.evaluation == evaluation)


def measured(spec: ArchitectureSpec, evaluation: str) -> tuple[Point, ...]:
    """Return the published points of exactly this network under one evaluation."""
    return tuple(point for point in points_of(evaluation) if point.variant == str(spec))


def accuracy(result: Result) -> Decimal:
    """Return the accuracy in percent that a printed top-1 or top-5 figure stands for.

    Raises:
        ValueError: if the figure is not a single percentage.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) %", result.value)
    if match is None:
        raise ValueError(f"{result.value!r} is no percentage")
    printed = Decimal(match[1])
    return 100 - printed if result.quantity.endswith("error") else printed


def family(spec: ArchitectureSpec) -> str:
    """Return which of `FAMILIES` a network belongs to."""
    if spec.family != "residual":
        return "before ResNet"
    if spec.shortcut == "none":
        return "plain"
    if spec.groups > 1:
        return "ResNeXt"
    if spec.widen > 1 or spec.width_per_group is not None:
        return "wide"
    return {"original": "v1", "full_preactivation": "v2"}.get(spec.ordering, "other orderings")


def evaluation_of(conditions: str) -> str:
    """Return the key of the evaluation that the catalogue's words describe.

    Raises:
        ValueError: if it is none of `EVALUATIONS`.
    """
    words = conditions.removeprefix(_DATASET)
    for key, evaluation in EVALUATIONS.items():
        if re.fullmatch(evaluation.conditions, words):
            return key
    raise ValueError(f"no evaluation is called {conditions!r}")


def _point(entry: Published, result: Result) -> Point:
    spec, key = parse(entry.text), evaluation_of(result.conditions)
    crop = re.search(r"one crop of (\d+)", result.conditions)
    size = int(crop[1]) if crop else EVALUATIONS[key].image_size
    seen = analyze(spec.vary(image_size=size))
    return Point(
        name=entry.name,
        variant=entry.text,
        family=family(spec),
        evaluation=key,
        printed=f"{result.value} {result.quantity.removeprefix('top-1 ')}",
        top1_percent=float(accuracy(result)),
        macs=seen.macs,
        parameters=seen.parameters,
        conditions=result.conditions,
        source=result.source,
    )
