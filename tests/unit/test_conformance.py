"""Published or not, and what differs: hand-computed, and for any network."""

import pytest
from hypothesis import given

from explorer.analysis import analyze
from explorer.catalog import entries, published
from explorer.conformance import (
    Comparison,
    Effect,
    compare,
    in_own_paper,
    nearest,
    nearest_in_paper,
    where,
)
from explorer.spec import ArchitectureSpec, as_fields, parse
from tests.unit.strategies import specs


def to(text: str, base: str) -> Comparison:
    entry = published(parse(base))
    assert entry is not None
    return compare(parse(text), entry)


def told(comparison: Comparison) -> list[str]:
    return [str(difference) for difference in comparison.differences]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.text)
def test_a_published_network_is_itself(entry) -> None:
    found = nearest(parse(entry.text))
    assert found.exact and found.entry is entry
    assert found.total == Effect(0, 0)
    assert where(entry) and entry.title.startswith(entry.name)


def test_torchvisions_resnet50_is_not_the_papers() -> None:
    found = nearest(parse("resnet50"))
    assert found.exact and not in_own_paper(found.entry)
    assert found.entry.name == "ResNet-50 v1.5"
    assert where(found.entry).startswith("github.com/pytorch/vision")
    paper = nearest_in_paper(parse("resnet50"))
    assert paper is not None and paper.entry.text == "resnet50,stride_at=1x1"
    assert told(paper) == [
        "stride in the 3x3 instead of stride in the 1x1: +231,211,008 MACs, same parameters"
    ]
    assert where(paper.entry) == (
        "He et al. 2015, Table 1; Tables 2 and 3; Table 4, arXiv:1512.03385"
    )


def test_shortcut_c_is_published() -> None:
    found = nearest(parse("resnet34,shortcut=C"))
    assert found.exact and in_own_paper(found.entry)
    assert where(found.entry).startswith("He et al. 2015, Tables 2 and 3")


def test_other_classes_change_the_linear_layer_alone() -> None:
    found = nearest(parse("resnet50,classes=10"))
    assert found.entry.text == "resnet50"
    # 990 outputs fewer, each with 2,048 weights and a bias
    assert found.total == Effect(-990 * 2049, -990 * 2048)
    assert told(found) == [
        "10 classes instead of 1,000 classes: −2,027,520 MACs, −2,028,510 parameters"
    ]


def test_a_change_that_makes_no_network_alone_counts_in_the_total_only() -> None:
    found = to("resnet34", "resnet50,stride_at=1x1")
    assert told(found) == [
        "basic units instead of bottleneck units: no network by itself, see the total",
        "stride in the 3x3 instead of stride in the 1x1: +231,211,008 MACs, same parameters",
    ]
    assert found.total == Effect(21_797_672 - 25_557_032, 3_663_761_408 - 3_857_973_248)


def test_several_changes_are_told_one_by_one() -> None:
    found = nearest(parse("resnet20-cifar,norm=none,zero_init=false,in_channels=1"))
    assert found.entry.text == "resnet20-cifar"
    # one channel of three: 2 × 9 × 16 weights fewer, each used 32 × 32 times
    assert found.differences[1].effect == Effect(-288, -288 * 1024)
    assert told(found)[0].startswith(
        "no normalisation instead of batch normalisation: same MACs, −"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("resnet50", "resnet50,stride_at=1x1"), ("resnet34", "plain34"), ("resnet101", "resnet50")],
)
def test_what_one_way_adds_the_other_way_takes(one: str, other: str) -> None:
    there, back = to(one, other), to(other, one)
    assert len(there.differences) == len(back.differences) == 1
    assert there.total == Effect(-back.total.parameters, -back.total.macs)
    assert there.differences[0].effect == there.total


@pytest.mark.parametrize("family", ["lenet5", "alexnet", "vgg16", "googlenet", "resnet50"])
def test_networks_of_two_families_are_never_compared(family: str) -> None:
    for text in (family, f"{family},classes=7,in_channels=2"):
        found, paper = nearest(parse(text)), nearest_in_paper(parse(text))
        assert parse(found.entry.text).family == parse(family).family
        assert paper is None or parse(paper.entry.text).family == parse(family).family


def test_a_library_may_have_the_only_network_of_its_family() -> None:
    for text in ("alexnet", "googlenet"):
        assert not in_own_paper(nearest(parse(text)).entry)
        assert nearest_in_paper(parse(text)) is None


def test_vggs_differ_in_convolutions_and_normalisation() -> None:
    found = to("vgg13_bn", "vgg16")
    # conv3 to conv5 lose one each, of 256 x 256 and twice 512 x 512 channels
    lost = 9 * (256 * 256 + 2 * 512 * 512) + 256 + 512 + 512
    assert found.differences[0].words == (
        "2-2-2-2-2 instead of 2-2-3-3-3 convolutions in the stages"
    )
    assert found.differences[0].effect is not None
    assert found.differences[0].effect.parameters == -lost
    assert told(found)[1] == (
        "batch normalisation instead of no normalisation: same MACs, +8,448 parameters"
    )
    paper = nearest_in_paper(parse("vgg16_bn"))
    assert paper is not None and paper.entry.text == "vgg16"
    assert where(paper.entry).startswith("Simonyan & Zisserman 2014, Table 1, arXiv:1409.1556")


@given(specs())
def test_any_network_has_a_nearest_and_every_difference_in_words(spec: ArchitectureSpec) -> None:
    found = nearest(spec)
    base = parse(found.entry.text)
    changed = [f for f, value in as_fields(spec).items() if value != getattr(base, f)]
    assert len(found.differences) == len(changed)
    assert found.exact == (published(spec) is not None)
    assert found.total.macs == analyze(spec).macs - analyze(base).macs
    assert len(changed) == min(
        sum(value != getattr(parse(entry.text), f) for f, value in as_fields(spec).items())
        for entry in entries()
        if parse(entry.text).family == "residual"
    )
    for difference in found.differences:
        assert " instead of " in difference.words
        assert "=" not in difference.words and ":" not in difference.words
    if len(changed) == 1 and found.differences[0].effect is not None:
        assert found.differences[0].effect == found.total
