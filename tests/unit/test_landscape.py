"""The accuracy landscape: every point is a printed figure beside a computed cost."""

import re
from decimal import Decimal

import pytest
from hypothesis import given

from explorer.analysis import analyze
from explorer.catalog import entries
from explorer.landscape import (
    EVALUATIONS,
    FAMILIES,
    accuracy,
    evaluation_of,
    family,
    measured,
    points,
    points_of,
)
from explorer.printed import Result
from explorer.spec import ArchitectureSpec, parse
from tests.unit.strategies import specs

PRINTED = [
    (entry, result)
    for entry in entries()
    for result in entry.results
    if result.quantity.startswith("top-1") and result.conditions.startswith("ImageNet val")
]


def test_every_printed_top1_figure_is_one_point() -> None:
    assert len(points()) == len(PRINTED) > 50
    for point, (entry, result) in zip(points(), PRINTED, strict=True):
        assert (point.variant, point.source) == (entry.text, result.source)
        assert point.conditions == result.conditions
        number = Decimal(result.value.removesuffix(" %"))
        shown = Decimal(str(point.top1_percent))
        assert shown == (100 - number if result.quantity == "top-1 error" else number)
        assert point.printed == f"{result.value} {result.quantity.split()[1]}"


def test_costs_are_those_of_the_picture_that_was_evaluated() -> None:
    for point in points():
        size = next((n for n in (227, 299, 320) if str(n) in point.conditions), 224)
        wanted = analyze(f"{point.variant},image_size={size}")
        assert (point.macs, point.parameters) == (wanted.macs, wanted.parameters)


@pytest.mark.parametrize(
    ("variant", "evaluation", "accuracies"),
    [
        ("resnet50", "torchvision_v1", [76.13]),
        ("resnet50", "torchvision_v2", [80.858]),
        ("resnet50", "one_crop", [76.1]),
        ("resnet50,stride_at=1x1", "one_crop", [75.3]),
        ("keras-resnet50", "one_crop", [74.928]),
        ("keras-resnet50v2", "one_crop_299", [75.96]),
        ("resnet34", "ten_crops", [75.48, 75.24]),
        ("vgg16", "ten_crops", [71.93]),
        ("vgg16", "torchvision_v1", [71.592]),
        ("alexnet-2012", "one_crop", [57.1]),
        ("googlenet-2014", "one_crop", [68.7]),
        ("resnet152,stride_at=1x1", "scales", [80.62]),
        ("resnet200v2", "one_crop_320", [79.3, 79.9]),
        ("resnet20-cifar", "one_crop", []),
        ("resnet50,classes=10", "torchvision_v1", []),
    ],
)
def test_accuracies_are_those_the_papers_print(variant, evaluation, accuracies) -> None:
    found = measured(parse(variant), evaluation)
    assert [point.top1_percent for point in found] == accuracies


def test_evaluations_are_told_apart() -> None:
    assert sum(len(points_of(key)) for key in EVALUATIONS) == len(points())
    for key, evaluation in EVALUATIONS.items():
        found = points_of(key)
        assert found
        for point in found:
            words = point.conditions.removeprefix("ImageNet validation, ")
            matching = [k for k, e in EVALUATIONS.items() if re.fullmatch(e.conditions, words)]
            assert matching == [key]
        assert str(evaluation.image_size) in evaluation.cost
    with pytest.raises(ValueError, match="no evaluation"):
        evaluation_of("ImageNet validation, 144 crops")


@pytest.mark.parametrize("value", [">60 %", "6.61±0.16 %", "25.5 M", "fail"])
def test_what_is_no_percentage_is_not_read_as_one(value: str) -> None:
    with pytest.raises(ValueError, match="no percentage"):
        accuracy(Result("top-1 error", value, "", ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain34", "plain"),
        ("vgg16", "before ResNet"),
        ("lenet5", "before ResNet"),
        ("resnet50,shortcut=none,groups=32,width_per_group=4", "plain"),
        ("resnet50", "v1"),
        ("resnet200v2", "v2"),
        ("resnet50,ordering=bn_after_addition", "other orderings"),
        ("resnet50,width_per_group=128", "wide"),
        ("resnet50,groups=32,width_per_group=4", "ResNeXt"),
    ],
)
def test_families(text: str, expected: str) -> None:
    assert family(parse(text)) == expected


@given(specs(small=True))
def test_every_network_has_a_family(spec: ArchitectureSpec) -> None:
    assert family(spec) in FAMILIES
