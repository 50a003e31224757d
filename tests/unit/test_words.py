"""Names and sentences for people."""

import pytest

from explorer.names import NAMES
from explorer.spec import parse
from explorer.words import change, name_title, sentence, three_figures, title, unit_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resnet50", "ResNet-50"),
        ("resnet50v2", "ResNet-50 v2"),
        ("plain34", "Plain-34"),
        ("wrn-28-10-cifar", "WRN-28-10 (CIFAR)"),
        ("seresnext50_32x4d", "SE-ResNeXt-50 32x4d"),
        ("wide_resnet101_2", "Wide ResNet-101-2"),
        ("resnet110v2-cifar", "ResNet-110 v2 (CIFAR)"),
        ("resnet20-cifar,norm=none", "ResNet-20 (CIFAR), no normalisation"),
        ("resnet101,block=basic", "ResNet-68"),
        ("resnet20-cifar,depth=26,widen=2", "ResNet-26 (CIFAR), 2 times wider"),
        ("wrn-34-3-cifar,norm=none", "WRN-34-3 (CIFAR), no normalisation"),
        ("resnet20-cifar,ordering=v2", "ResNet-20 (CIFAR), v2"),
        ("resnet50,stride_at=1x1,classes=10", "ResNet-50, stride in the 1x1, 10 classes"),
        ("lenet5", "LeNet-5"),
        ("alexnet-2012", "AlexNet (2012)"),
        ("vgg16", "VGG-16"),
        ("vgg13_bn,classes=10", "VGG-13 BN, 10 classes"),
        ("googlenet-2014", "GoogLeNet (2014)"),
        ("resnet101,shortcut=none,width=32", "Plain-101, width=32"),
    ],
)
def test_titles(text: str, expected: str) -> None:
    assert title(parse(text)) == expected


def test_every_name_has_a_title_of_its_own() -> None:
    titles = {name_title(name) for name in NAMES}
    assert len(titles) == len(NAMES)
    assert not titles & set(NAMES)


def test_a_sentence_tells_what_a_variant_is() -> None:
    told = sentence(parse("resnet50v2"))
    for words in ("50 weighted layers", "3-4-6-3 bottleneck", "v2", "3x3", "224", "1,000 classes"):
        assert words in told
    assert "ordering" not in sentence(parse("plain34"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lenet5", "5 weighted layers: three convolutions of 5x5 and tanh"),
        ("alexnet-2012", "second, fourth and fifth are split into two towers"),
        ("vgg19_bn", "19 weighted layers: 16 convolutions of 3x3 with batch normalisation in five"),
        ("googlenet", "22 weighted layers on the longest path"),
    ],
)
def test_a_sentence_tells_what_a_classic_network_is(text: str, told: str) -> None:
    said = sentence(parse(text))
    assert told in said
    assert not any(word in said for word in ("unit", "shortcut", "ordering", "stride"))


@pytest.mark.parametrize(
    ("text", "name"),
    [("resnet50", "unit"), ("vgg16", "convolution"), ("googlenet", "Inception module")],
)
def test_units_are_called_what_they_are(text: str, name: str) -> None:
    assert unit_name(parse(text)) == name


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (8912.4, "grows 8,910-fold"),
        (19.66, "grows 19.7-fold"),
        (1.01, "grows 1.01-fold"),
        (1.0, "stays the same"),
        (0.998, "stays the same"),
        (0.25, "shrinks to 1/4"),
        (999_499, "grows 999,000-fold"),
        (999_500, "grows 1.00 × 10⁶-fold"),
        (3.1e7, "grows 3.10 × 10⁷-fold"),
        (2.0001e-6, "shrinks to 1/500,000"),
        (2e-21, "shrinks to 2.00 × 10⁻²¹ of itself"),
        (float("inf"), "has no finite ratio (infinite)"),
        (float("nan"), "has no finite ratio (not a number)"),
        (0.0, "falls to 0"),
    ],
)
def test_change_of_a_gradient(factor: float, expected: str) -> None:
    assert change(factor) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.05126, "-0.0513"),
        (123456, "123,000"),
        (0.00012, "0.00012"),
        (2.5e-7, "2.50 × 10⁻⁷"),
        (-4e12, "-4.00 × 10¹²"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_have_three_figures(value: float, expected: str) -> None:
    assert three_figures(value) == expected
