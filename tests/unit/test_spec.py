"""Text forms: round trips, the shortest form, errors that help, and what a form offers."""

import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.names import NAMES
from explorer.spec import (
    FIELDS,
    VALUES,
    ArchitectureSpec,
    SpecError,
    as_fields,
    depths,
    named,
    options,
    parse,
    stages_for,
)
from tests.unit.strategies import NAMED_SPECS, classics, specs

ANY_SPEC = NAMED_SPECS | specs() | classics()


@given(ANY_SPEC)
def test_a_text_form_parses_back(spec: ArchitectureSpec) -> None:
    assert parse(str(spec)) == spec


@given(ANY_SPEC, st.randoms(use_true_random=False))
def test_the_order_of_fields_spaces_and_capitals_do_not_matter(spec: Any, random: Any) -> None:
    name, *settings = str(spec).split(",")
    random.shuffle(settings)
    assert parse(" , ".join((name.upper(), *settings)).replace("=", " = ")) == spec


@given(ANY_SPEC)
def test_a_residual_network_never_bears_a_plain_name(spec: ArchitectureSpec) -> None:
    assert not str(spec).startswith("plain") or spec.shortcut == "none"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_its_own_text_and_states_its_depth(name: str) -> None:
    assert str(named(name)) == name
    if name.startswith(("alexnet", "googlenet")):  # named for people
        assert named(name).depth == {"a": 8, "g": 22}[name[0]]
        return
    counted = 2 if name.startswith("wrn") else 0  # WRN counts two layers that depth does not
    assert str(named(name).depth + counted) in name


@pytest.mark.parametrize("name", ["wrn-10-1-cifar", "wrn-22-10-cifar", "wrn-40-32-cifar"])
def test_any_valid_wide_network_has_a_name(name: str) -> None:
    _, depth, factor, _ = name.split("-")
    spec = parse(name)
    assert 6 * spec.stages[0] + 4 == int(depth) and spec.widen == int(factor)
    assert parse(str(spec)) == spec


@pytest.mark.parametrize(
    "name", ["wrn-27-10-cifar", "wrn-4-2-cifar", "wrn-28-33-cifar", "wrn-28-0-cifar"]
)
def test_no_invalid_wide_network_has_a_name(name: str) -> None:
    with pytest.raises(SpecError):
        parse(name)


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("resnet50,depth=101", "resnet101"),
        ("resnet50,stages=3-4-23-3", "resnet101"),
        ("resnet50,stages=3-4-6-3,width=64", "resnet50"),
        ("resnet50,ordering=v2", "resnet50v2"),
        ("resnet110-cifar,ordering=v2", "resnet110v2-cifar"),
        ("resnet164v2-cifar,ordering=v1", "resnet164-cifar"),
        ("resnet34,shortcut=none", "plain34"),
        ("plain34,shortcut=b", "resnet34"),
        ("plain56-cifar,shortcut=B", "resnet56-cifar,shortcut=B"),
        ("resnet110v2-cifar,shortcut=none", "plain110-cifar"),
        ("resnet20-cifar,depth=26", "resnet20-cifar,depth=26"),
        ("resnet50,stages=1-1-1-1", "resnet50,stages=1-1-1-1"),
        ("resnet50,width_per_group=none", "resnet50"),
        ("resnet50,zero_init=FALSE", "resnet50"),
    ],
)
def test_a_text_prints_in_its_shortest_form(text: str, shortest: str) -> None:
    assert str(parse(text)) == shortest


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "resnet18"),
        ("   ", "resnet18"),
        ("resnet51", "resnet50"),
        ("resnet56", "the nearest: resnet56-cifar"),
        ("=,=", "resnet18"),
        ("zzz", "valid: resnet18"),
        ("resnet50,", "field=value"),
        ("resnet50,width", "field=value"),
        ("resnet50,width=", "field=value"),
        ("resnet50,widht=3", "the nearest: width"),
        ("resnet50,zzz=3", "valid: depth"),
        ("resnet50,block=basik", "the nearest: basic"),
        ("resnet50,ordering=full_preactivatoin", "full_preactivation"),
        ("resnet50,shortcut=D", "the nearest: dropout"),
        ("resnet50,norm=layer", "batch, group, none"),
        ("resnet50,stride_at=7x7", "1x1, 3x3"),
        ("resnet50,stem=vgg", "imagenet, cifar"),
        ("resnet50,width=1,width=1", "width is given twice"),
        ("resnet50,width=6.4", "a whole number"),
        ("resnet50,width=-1", "a whole number"),
        ("resnet50,width=６４", "a whole number"),
        ("resnet50,width=٦٤", "a whole number"),
        ("resnet50,width=²", "a whole number"),
        ("resnet50,width=0", "from 1 to 1,024"),
        ("resnet50,width=99999999999999999999", "a whole number"),
        ("resnet50,classes=100001", "from 1 to 100,000"),
        ("resnet50,image_size=4096", "from 1 to 2,048"),
        ("resnet50,image_size=31", "the smallest input is 32 pixels"),
        ("resnet20-cifar,image_size=3", "the smallest input is 4 pixels"),
        ("resnet50,zero_init=1", "true or false"),
        ("resnet50,stages=a-b", "3-4-6-3"),
        ("resnet50,stages=3-4-6-3-", "3-4-6-3"),
        ("resnet50,stages=0-1", "at least one unit"),
        ("resnet50,stages=1-1-1-1-1-1-1", "1 to 6 stages"),
        ("resnet50,stages=500-501", "1000 units"),
        ("resnet50,depth=51", "26, 50, 101, 152, 200"),
        ("resnet50,depth=18", "block=basic"),
        ("resnet18,depth=50", "block=bottleneck"),
        ("resnet20-cifar,depth=21", "the nearest are 20, 26"),
        ("resnet164-cifar,depth=2", "the nearest are 11"),
        ("resnet20-cifar,depth=999999998", "1000 units"),
        ("resnet50,depth=50,stages=1-1-1-1", "not both"),
        ("plain18,ordering=v2", "no addition to order around"),
        ("plain18,zero_init=true", "choose zero_init=false"),
        ("resnet18,stride_at=1x1", "block=bottleneck"),
        ("resnet18,expansion=2", "block=bottleneck"),
        ("resnet18,groups=2", "block=bottleneck"),
        ("resnet18,width_per_group=2", "block=bottleneck"),
        ("resnet50,groups=3", "3 does not divide the 64 channels"),
        ("resnet50,norm=none,ordering=bn_after_addition", "ordering=original"),
        ("resnet50v2,zero_init=true", "end of the branch"),
        ("resnet50,norm=none,zero_init=true", "norm=batch"),
    ],
)
def test_an_error_is_one_line_that_names_what_is_valid(text: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    message = str(caught.value)
    assert hint in message
    assert "\n" not in message and len(message) < 300
    assert isinstance(caught.value, ValueError)
    assert 0 < len(caught.value.reason) <= len(message)


@given(st.text() | st.text("resnt50,=-cifarwdh1xA \n", max_size=40))
def test_any_text_parses_or_is_refused_in_one_line(text: str) -> None:
    _parse_or_refuse(text)


@pytest.mark.parametrize(
    "text",
    [
        "r" * 1_000_000,
        "resnet50," + "w" * 1_000_000,
        "resnet50,width=" + "6" * 1_000_000,
        "resnet50,stages=" + "1-" * 500_000 + "1",
        "resnet50" + ",width=64" * 100_000,
        "," * 1_000_000,
    ],
    ids=lambda text: text[:20],
)
def test_a_very_long_text_is_refused_briefly(text: str) -> None:
    assert not _parse_or_refuse(text)


@pytest.mark.parametrize("other", [None, 50, b"resnet50", ["resnet50"]])
def test_what_is_no_text_is_refused(other: Any) -> None:
    with pytest.raises(SpecError, match="a variant is a text"):
        parse(other)


def _parse_or_refuse(text: str) -> bool:
    try:
        parse(text)
    except SpecError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 400
        return False
    return True


@given(
    ANY_SPEC,
    st.sampled_from(FIELDS),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.integers(0, 9)).map(tuple)
    | st.lists(st.text(), max_size=2),
)
def test_any_value_of_a_field_makes_a_spec_or_is_refused(spec: Any, field: str, value: Any) -> None:
    try:
        changed = spec.vary(**{field: value})
    except SpecError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert parse(str(changed)) == changed


@given(ANY_SPEC, st.sampled_from(tuple(VALUES)))
def test_an_option_leads_to_a_network_or_says_why_not(spec: ArchitectureSpec, field: str) -> None:
    offered = options(spec, field)
    assert tuple(option.value for option in offered) == VALUES[field]
    for option in offered:
        if option.spec is None:
            assert option.reason and "\n" not in option.reason
        else:
            assert getattr(option.spec, field) == option.value and not option.reason
        if option.value == getattr(spec, field):
            assert option.spec == spec


@given(ANY_SPEC)
def test_an_offered_depth_can_be_built(spec: ArchitectureSpec) -> None:
    offered = depths(spec)
    assert spec.depth in offered and list(offered) == sorted(set(offered))
    for depth in set(offered) - {spec.depth}:
        assert spec.vary(depth=depth).depth == depth


@given(st.sampled_from(("basic", "bottleneck")), st.integers(1, 6), st.integers(1, 30))
def test_stages_of_a_depth_have_that_depth(block: str, count: int, units: int) -> None:
    layers = {"basic": 2, "bottleneck": 3}[block]
    depth = 2 + layers * units * count
    if count != 4:
        assert stages_for(depth, block, count) == (units,) * count


def test_published_depths_have_their_published_units() -> None:
    assert stages_for(18, "basic", 4) == (2, 2, 2, 2)
    assert stages_for(34, "basic", 4) == stages_for(50, "bottleneck", 4) == (3, 4, 6, 3)
    assert stages_for(101, "bottleneck", 4) == (3, 4, 23, 3)
    assert stages_for(152, "bottleneck", 4) == (3, 8, 36, 3)
    assert stages_for(200, "bottleneck", 4) == (3, 24, 36, 3)
    assert stages_for(1202, "basic", 3) == (200, 200, 200)
    assert stages_for(1001, "bottleneck", 3) == (111, 111, 111)


@pytest.mark.parametrize(
    ("text", "change", "result"),
    [
        ("resnet50v2", {"shortcut": "none"}, "plain50"),
        ("resnet50,zero_init=true", {"shortcut": "none"}, "plain50"),
        ("resnet50,zero_init=true", {"ordering": "v2"}, "resnet50v2"),
        ("resnet50,zero_init=true", {"norm": "none"}, "resnet50,norm=none"),
        ("resnet50,groups=2,stride_at=1x1", {"block": "basic"}, "resnet34"),
        ("resnet50,width_per_group=128,expansion=2", {"block": "basic"}, "resnet34"),
    ],
)
def test_a_change_resets_what_it_makes_meaningless(text: str, change: Any, result: str) -> None:
    assert str(parse(text).vary(**change)) == result


def test_a_meaningless_field_that_is_asked_for_is_refused() -> None:
    with pytest.raises(SpecError, match="no addition"):
        parse("resnet50").vary(shortcut="none", ordering="v2")
    with pytest.raises(SpecError, match="no field 'colour'"):
        parse("resnet50").vary(colour="blue")


@given(ANY_SPEC)
def test_the_plain_twin_has_the_same_layers_and_no_shortcut(spec: ArchitectureSpec) -> None:
    plain = spec.plain()
    assert plain.shortcut == "none" and plain.plain() == plain
    assert (plain.stages, plain.block, plain.width) == (spec.stages, spec.block, spec.width)


@given(ANY_SPEC)
def test_specs_are_values(spec: ArchitectureSpec) -> None:
    twin = ArchitectureSpec(**as_fields(spec))
    assert twin == spec and hash(twin) == hash(spec) and len({twin, spec}) == 1
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.width = 1  # type: ignore[misc]
