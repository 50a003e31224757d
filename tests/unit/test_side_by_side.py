"""Networks side by side: numbers by hand, published figures as printed, and what to beware of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.analysis import analyze
from explorer.side_by_side import (
    QUANTITIES,
    Row,
    as_dict,
    cautions,
    difference_words,
    numbers,
    published_rows,
    stages,
    table,
    value_words,
    words,
)
from explorer.spec import ArchitectureSpec, SpecError, parse
from tests.unit.strategies import classics, specs


def side(*texts: str) -> list[ArchitectureSpec]:
    return list(map(parse, texts))


def row(name: str, *texts: str) -> Row:
    (found,) = [each for each in numbers(side(*texts)) if each.quantity.name == name]
    return found


def test_numbers_with_their_differences_from_the_first() -> None:
    found = row("parameters", "resnet18", "resnet34")
    # He et al. 2015's networks as torchvision counts them
    assert [figure.value for figure in found.figures] == [11_689_512, 21_797_672]
    assert found.figures[1].difference == 10_108_160
    assert [figure.best for figure in found.figures] == [True, False]
    told = [difference_words(found.quantity, figure) for figure in found.figures]
    assert told == ["same", "+10,108,160 (+86.5%)"]
    assert value_words(found.quantity, found.figures[0].value) == "11,689,512"


def test_units_and_small_differences_are_written_out() -> None:
    found = row("weights_bytes", "resnet50", "resnet50v2")
    assert value_words(found.quantity, found.figures[0].value) == "102.23 MB"
    assert difference_words(found.quantity, found.figures[1]) == "−0.03 MB (−0.03%)"


@pytest.mark.parametrize("name", ["depth", "receptive_field", "layers", "arithmetic_intensity"])
def test_what_is_no_cost_is_never_best(name: str) -> None:
    assert not any(figure.best for figure in row(name, "resnet18", "resnet34").figures)


def test_equal_costs_are_not_marked_and_equally_small_ones_all_are() -> None:
    assert not any(f.best for f in row("macs", "resnet50", "resnet50,ordering=v2").figures)
    found = row("macs", "resnet34", "resnet18", "resnet18,zero_init=true")
    assert [figure.best for figure in found.figures] == [False, True, True]


@settings(deadline=None, max_examples=30)
@given(st.lists(specs() | classics(), min_size=2, max_size=4))
def test_stages_of_any_networks_add_up(found: list[ArchitectureSpec]) -> None:
    rows = stages(found)
    for place, spec in enumerate(found):
        mine = [each.figures[place] for each in rows if each.figures[place]]
        analysis = analyze(spec)
        assert [figures.stage for figures in mine] == list(analysis.by("stage"))
        assert sum(figures.parameters for figures in mine) == analysis.parameters
        assert sum(figures.macs for figures in mine) == analysis.macs
        assert sum(figures.output_bytes for figures in mine) == analysis.activation_bytes
        known = [f.receptive_field for f in mine if f.receptive_field is not None]
        assert known == sorted(known)
        if spec.family == "residual":
            assert known[-1] == analysis.receptive_field
    assert all(rows[-1].figures)
    assert len(table(found)) == 1 + len(QUANTITIES)
    assert len(as_dict(found)["differences"]) == len(found) - 1
    assert len(list(words(found))) >= 2 * len(found)


def test_the_receptive_field_grows_from_stage_to_stage() -> None:
    found = [each.figures[0] for each in stages(side("resnet50", "resnet18"))]
    # torchvision's: 11, 35, 91, 267 and 427 pixels
    assert [each and each.receptive_field for each in found] == [11, 35, 91, 267, 427, None]


def test_published_results_stand_beside_each_other_where_measured_alike() -> None:
    rows = {
        (r.quantity, r.conditions): r.values for r in published_rows(side("resnet34", "plain34"))
    }
    values = rows["top-1 error", "ImageNet validation, 10-crop"]
    source = "He et al. 2015, Tables 2 and 3, arXiv:1512.03385"
    assert ("24.52 %", source) in values[0]  # He et al. 2015, Table 3: ResNet-34 B
    assert values[1] == (("28.54 %", source),)
    assert all(len(values) == 2 for values in rows.values())
    assert next(iter(rows)) == ("top-1 error", "ImageNet validation, 10-crop")


def test_cautions_where_evaluations_differ() -> None:
    (only,) = cautions(side("resnet34", "plain34"))
    assert only.startswith("Compare along a row only")
    assert cautions(side("resnet50,width=48", "resnet34,width=48")) == ()
    (alone,) = cautions(side("resnet50", "resnet50,width=48"))
    assert alone == "No published accuracy of B is known here."
    told = cautions(side("resnet50", "resnet20-cifar", "resnet20-cifar,norm=none"))
    assert told[0] == "No published accuracy of C is known here."
    assert told[1].startswith("The evaluations of A and B differ")
    trained_by_others = cautions(side("resnet50,stride_at=1x1", "resnet50"))
    assert any("so may the training" in sentence for sentence in trained_by_others)


def test_one_network_is_no_comparison() -> None:
    with pytest.raises(SpecError, match="2 to 4 variants, not 1"):
        as_dict(side("resnet50"))
    with pytest.raises(SpecError, match="not 5"):
        as_dict(side(*["resnet50"] * 5))
