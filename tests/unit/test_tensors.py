"""Names and shapes from plans against built modules, and what is said where a file differs."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.mismatch import likeness, mismatch, printable
from explorer.names import NAMES
from explorer.network import build
from explorer.spec import ArchitectureSpec, named, parse
from explorer.tensors import COUNTER, Shape, tensor_shapes
from tests.unit.strategies import NAMED_SPECS, classics, specs


def built_shapes(spec: ArchitectureSpec) -> list[tuple[str, Shape]]:
    with torch.device("meta"):
        state = build(spec).state_dict()
    return [(name, tuple(tensor.shape)) for name, tensor in state.items()]


@given(specs(small=True) | classics())
@settings(max_examples=60)
def test_shapes_are_those_of_the_built_module_in_its_order(spec: ArchitectureSpec) -> None:
    assert list(tensor_shapes(spec).items()) == built_shapes(spec)


SHALLOW = [name for name in NAMES if len(tensor_shapes(named(name))) < 400]


@pytest.mark.parametrize("name", SHALLOW)
def test_shapes_of_a_listed_network_are_those_of_its_module(name: str) -> None:
    assert list(tensor_shapes(named(name)).items()) == built_shapes(named(name))


@given(NAMED_SPECS)
def test_a_network_fits_itself_with_or_without_counters(spec: ArchitectureSpec) -> None:
    shapes = tensor_shapes(spec)
    assert mismatch(shapes, spec) is None
    assert mismatch({k: v for k, v in shapes.items() if COUNTER not in k}, spec) is None


@pytest.mark.parametrize("name", NAMES)
def test_every_listed_network_is_recognised(name: str) -> None:
    spec = named(name).vary(classes=7)
    found = likeness(tensor_shapes(spec))
    assert found.share == 1
    assert all(tensor_shapes(parse(text)) == tensor_shapes(spec) for text in found.texts)
    assert len(found.texts) >= 1


def test_networks_that_no_shape_tells_apart_are_all_named() -> None:
    """Shortcut A learns nothing, so a plain network holds the same tensors."""
    found = likeness(tensor_shapes(parse("plain56-cifar")))
    assert set(found.texts) == {"resnet56-cifar", "plain56-cifar"}
    assert "resnet56-cifar or plain56-cifar" in str(found)


def test_a_difference_is_counted_and_named() -> None:
    found = mismatch(tensor_shapes(parse("resnet34")), parse("resnet50"))
    assert found is not None
    ours, theirs = (
        {k: v for k, v in tensor_shapes(parse(text)).items() if COUNTER not in k}
        for text in ("resnet50", "resnet34")
    )
    assert found.expected == len(ours)
    assert found.matching == sum(theirs.get(name) == shape for name, shape in ours.items())
    assert set(found.missing) == ours.keys() - theirs.keys()
    assert set(found.unexpected) == theirs.keys() - ours.keys()
    assert {name for name, *_ in found.reshaped} == {
        name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]
    }
    said = str(found)
    assert f"{found.matching} of the 267 tensors of resnet50 match" in said
    assert f"{len(found.missing)} missing: layer1.0.conv3.weight" in said
    assert "layer1.0.conv1.weight (64x64x3x3 instead of 64x64x1x1)" in said
    assert said.endswith("these are the names and shapes of resnet34")


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ("resnet50,classes=10", "resnet50", "names and shapes of resnet50,classes=10"),
        ("resnet18,in_channels=1", "resnet18", "names and shapes of resnet18,in_channels=1"),
        ("resnet50,se_ratio=3,classes=5", "resnet50,se_ratio=3", "of resnet50,classes=5,se_ratio"),
        ("vgg16_bn,classes=3", "vgg16", "of vgg16_bn,classes=3"),
        ("resnet34,stages=3-4-6-4", "resnet18", "look most like resnet34 ("),
    ],
)
def test_what_a_file_looks_like_is_named(found: str, wanted: str, words: str) -> None:
    said = str(mismatch(tensor_shapes(parse(found)), parse(wanted)))
    if "se_ratio" in words:
        assert "names and shapes of resnet50" in said
        assert "se_ratio=3" in said.rpartition("shapes of")[2]
        assert "classes=5" in said
    else:
        assert words in said


HOSTILE: list[dict[str, Any]] = [
    {},
    {"": ()},
    {"conv1.weight": (), "fc.bias": (0,), "fc.weight": (0, 512)},
    {"fc.weight": (10**30, 2048), "fc.bias": (10**30,)},
    {"a\nb" + "x" * 500: (1,) * 50},
    {f"layer{n}": (n,) for n in range(5000)},
]


@pytest.mark.parametrize("shapes", HOSTILE)
def test_any_names_and_shapes_give_one_short_line(shapes: dict[str, Shape]) -> None:
    said = str(mismatch(shapes, parse("resnet50")))
    assert "0 of the 267 tensors" in said
    assert said.endswith("these look like no listed network")
    assert "\n" not in said
    assert len(said) < 1000


@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers(0, 9), max_size=3).map(tuple)))
def test_no_names_and_shapes_raise_anything(shapes: dict[str, Shape]) -> None:
    assert "\n" not in str(mismatch(shapes, parse("lenet5")))


@given(st.text())
def test_a_name_is_printed_on_one_line(name: str) -> None:
    shown = printable(name)
    assert len(shown) <= 500
    assert shown.isprintable()
