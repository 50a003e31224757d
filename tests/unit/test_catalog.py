"""Published figures: each has a source, and those that can be computed are."""

import math
import re

import pytest

from explorer.analysis import analyze
from explorer.catalog import Published, Result, entries, published
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision

import_torchvision()
from torchvision import models  # noqa: E402

TORCHVISION = {
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "resnext50_32x4d": "resnext50_32x4d",
    "resnext101_32x8d": "resnext101_32x8d",
    "resnext101_64x4d": "resnext101_64x4d",
    "wide_resnet50_2": "wide_resnet50_2",
    "wide_resnet101_2": "wide_resnet101_2",
    "alexnet": "alexnet",
    "googlenet": "googlenet",
    **{f"vgg{depth}{bn}": f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")},
}
IDS = [entry.text for entry in entries()]
WITHOUT_BN = "resnet1001v2-cifar"
PAPER = r"(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4}/[\w.-]+)"


def figure(text: str, quantity: str, conditions: str = "", source: str = "") -> str:
    entry = published(parse(text))
    assert entry is not None
    found = [
        result.value
        for result in entry.results
        if result.quantity == quantity
        and conditions in result.conditions
        and source in result.source
    ]
    assert len(found) == 1, found
    return found[0]


def test_networks_are_found_by_what_they_are() -> None:
    assert published(parse("resnet50,depth=101")) is published(parse("resnet101"))
    assert published(parse("resnet50,stages=1-1-1-1")) is None
    assert len({parse(text) for text in IDS}) == len(IDS)


@pytest.mark.parametrize("entry", entries(), ids=IDS)
def test_every_entry_is_canonical_and_every_figure_has_its_source(entry: Published) -> None:
    assert str(parse(entry.text)) == entry.text
    assert published(parse(entry.text)) is entry
    assert entry.title.endswith(f"{entry.year})") and re.search(f"{PAPER}$", entry.paper)
    assert entry.results or entry.note
    assert len(set(entry.results)) == len(entry.results)
    for result in entry.results:
        assert result.conditions
        assert re.search(rf"{PAPER}$|^github\.com/[\w-]+/[\w.-]+,", result.source)
        assert re.fullmatch(r"[>\d][\d.,±]*( %| M|e9)?", result.value), result.value


def computable() -> list[tuple[str, Result]]:
    return [
        (entry.text, result)
        for entry in entries()
        for result in entry.results
        if result.quantity in ("parameters", "MACs")
    ]


@pytest.mark.parametrize(
    ("text", "result"), computable(), ids=lambda part: part if isinstance(part, str) else part[1]
)
def test_printed_counts_agree_with_the_analysis(text: str, result: Result) -> None:
    analysis = analyze(text)
    count = analysis.parameters if result.quantity == "parameters" else analysis.macs
    if (text, result.quantity) == (WITHOUT_BN, "parameters"):
        count -= analysis.by("kind")["normalisation"].parameters
    digits, unit = re.fullmatch(r"([\d.,]+)( M|e9)?", result.value).groups()  # type: ignore[union-attr]
    scale = {None: 1, " M": 1e6, "e9": 1e9}[unit]
    last_place = 10 ** -len(digits.partition(".")[2])
    # Table 1 of He et al. 2015 cuts 3.86e9 to 3.8e9 where others round.
    difference = abs(float(digits.replace(",", "")) - count / scale)
    assert difference == 0 if unit is None else difference < last_place


def test_resnet_1001_is_printed_without_its_bn() -> None:
    assert figure(WITHOUT_BN, "parameters") == "10.2 M"
    assert analyze(WITHOUT_BN).parameters > 10.3e6
    entry = published(parse(WITHOUT_BN))
    assert entry is not None and "BN" in entry.note


@pytest.mark.parametrize(("text", "name"), TORCHVISION.items())
def test_torchvision_figures_are_torchvisions(text: str, name: str) -> None:
    source = "github.com/pytorch/vision"
    for weights in models.get_model_weights(name):
        meta = weights.meta
        accuracy = meta["_metrics"]["ImageNet-1K"]
        if math.isnan(accuracy["acc@1"]):  # weights of features alone
            continue
        assert figure(text, "parameters", source=source) == f"{meta['num_params']:,}"
        assert figure(text, "MACs", source=source) == f"{meta['_ops']:.3f}e9"
        assert figure(text, "top-1 accuracy", weights.name) == f"{accuracy['acc@1']:.3f} %"
        assert figure(text, "top-5 accuracy", weights.name) == f"{accuracy['acc@5']:.3f} %"
        assert weights.transforms().crop_size == [224]


@pytest.mark.parametrize(
    ("text", "quantity", "conditions", "source", "value"),
    [
        ("alexnet-2012", "top-1 error", "ILSVRC-2010", "10.1145/3065386", "37.5 %"),
        ("alexnet-2012", "top-5 accuracy", "227", "bvlc_alexnet", "80.2 %"),
        ("googlenet-2014", "MACs", "budget", "1409.4842", "1.5e9"),
        ("googlenet-2014", "top-5 error", "10-crop", "1512.03385", "9.15 %"),
        ("vgg16", "top-1 error", "10-crop", "1512.03385", "28.07 %"),
        ("vgg16", "top-1 error", "one crop", "deep-residual-networks", "28.5 %"),
        ("vgg19", "MACs", "multiply-adds", "1512.03385", "19.6e9"),
        ("resnet50,stride_at=1x1", "top-1 error", "10-crop", "1512.03385", "22.85 %"),
        ("resnet152,stride_at=1x1", "top-5 error", "10-crop", "1512.03385", "5.71 %"),
        ("resnet152,stride_at=1x1", "top-5 error", "several scales", "1512.03385", "4.49 %"),
        ("resnet34,shortcut=C", "top-1 error", "10-crop", "1512.03385", "24.19 %"),
        ("resnet18,shortcut=A", "top-1 error", "10-crop", "1512.03385", "27.88 %"),
        ("plain34", "top-1 error", "10-crop", "1512.03385", "28.54 %"),
        ("plain18", "top-1 error", "10-crop", "1512.03385", "27.94 %"),
        ("resnet152,stride_at=1x1", "MACs", "multiply-adds", "1512.03385", "11.3e9"),
        ("resnet20-cifar", "test error", "single view", "1512.03385", "8.75 %"),
        ("resnet110-cifar", "test error", "best of 5", "1512.03385", "6.43 %"),
        ("resnet110-cifar", "test error", "median of 5", "1603.05027", "6.61 %"),
        ("resnet1202-cifar", "test error", "single view", "1512.03385", "7.93 %"),
        ("plain110-cifar", "error", "not displayed", "Fig. 6", ">60 %"),
        (
            "resnet110-cifar,ordering=bn_after_addition",
            "test error",
            "median",
            "1603.05027",
            "8.17 %",
        ),
        ("resnet164v2-cifar", "test error", "median", "1603.05027", "5.46 %"),
        ("resnet1001-cifar", "test error", "median", "1603.05027", "7.61 %"),
        ("resnet1001v2-cifar", "test error", "batches of 64", "1603.05027", "4.62 %"),
        ("resnet1001v2-cifar,classes=100", "test error", "CIFAR-100", "1603.05027", "22.71 %"),
        ("resnet200", "top-1 error", "crop of 320", "1603.05027", "21.8 %"),
        ("resnet200v2", "top-1 error", "320, scale aug", "1603.05027", "20.7 %"),
        ("resnet200v2", "top-5 error", "aspect", "1603.05027", "4.8 %"),
        ("keras-resnet50", "top-1 accuracy", "Keras", "keras-applications", "74.928 %"),
    ],
)
def test_figures_the_papers_are_known_for(
    text: str, quantity: str, conditions: str, source: str, value: str
) -> None:
    assert figure(text, quantity, conditions, source) == value


def test_vgg16s_printed_macs_leave_out_its_linear_layers() -> None:
    printed = figure("vgg16", "MACs of convolutions")
    assert printed == f"{analyze('vgg16').by('kind')['convolution'].macs / 1e9:.1f}e9" == "15.3e9"


@pytest.mark.parametrize("text", ["alexnet-2012", "vgg11", "vgg13", "vgg16", "vgg19"])
def test_papers_and_specs_count_the_same_layers(text: str) -> None:
    assert figure(text, "weighted layers") == str(parse(text).depth)


def test_lenet5_is_told_apart_from_the_papers() -> None:
    entry = published(parse("lenet5"))
    assert entry is not None and entry.deviates and "60,000" in entry.note
    assert [e.text for e in entries() if e.deviates] == ["lenet5"]


@pytest.mark.parametrize("depth", [20, 32, 44, 56])
def test_no_error_is_claimed_for_plain_cifar_networks(depth: int) -> None:
    entry = published(parse(f"plain{depth}-cifar"))
    assert entry is not None and not entry.results and "prints no error" in entry.note
