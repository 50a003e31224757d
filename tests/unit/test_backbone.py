"""Feature maps for detectors, and the code that fetches them: run, and compared with hooks."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from torch import Tensor

from explorer.analysis import analyze
from explorer.backbone import backbone_code, feature_maps
from explorer.spec import VALUES, ArchitectureSpec, parse
from tests.unit.strategies import NAMED_SPECS, specs

SMALL = "stages=1-2,width=4,image_size=16"
VARIANTS = (
    "resnet18",
    "resnet50v2",
    "plain18,image_size=64",
    "resnet50,stride_at=1x1,image_size=64,norm=group",
    "resnet20-cifar",
    "vgg11,image_size=64",
    "googlenet,image_size=64",
    "resnet18,stages=1-1-1-1-1-1,width=4,image_size=160",
    *(f"resnet164-cifar,{SMALL},ordering={ordering}" for ordering in VALUES["ordering"]),
    *(f"resnet20-cifar,{SMALL},ordering={o},shortcut=B" for o in VALUES["ordering"]),
    f"resnet20-cifar,{SMALL},ordering=relu_only_preactivation,norm=none",
    f"resnet20-cifar,{SMALL},ordering=full_preactivation,norm=none,shortcut=C",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resnet50", [(4, 256, 56, 35), (8, 512, 28, 91), (16, 1024, 14, 267), (32, 2048, 7, 427)]),
        ("resnet18", [(4, 64, 56, 43), (8, 128, 28, 99), (16, 256, 14, 211), (32, 512, 7, 435)]),
        ("resnet20-cifar", [(1, 16, 32, 15), (2, 32, 16, 37), (4, 64, 8, 81)]),
    ],
)
def test_the_maps_of_published_networks(text: str, expected: list[tuple[int, ...]]) -> None:
    maps = feature_maps(parse(text))
    told = [(m.stride, m.channels, m.size[0], m.receptive_field) for m in maps]
    assert told == expected
    assert [m.name for m in maps] == [f"C{n}" for n in range(2, 2 + len(maps))]
    assert [m.module for m in maps] == [f"layer{n}" for n in range(1, 1 + len(maps))]
    assert maps[-1].receptive_field == analyze(text).receptive_field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "vgg16",
            [
                ("C2", "features.9", 4, 128, 56),
                ("C3", "features.16", 8, 256, 28),
                ("C4", "features.23", 16, 512, 14),
                ("C5", "features.30", 32, 512, 7),
            ],
        ),
        (
            "googlenet",
            [
                ("C3", "inception3b", 8, 480, 28),
                ("C4", "inception4e", 16, 832, 14),
                ("C5", "inception5b", 32, 1024, 7),
            ],
        ),
        ("alexnet", []),
        ("lenet5", []),
    ],
)
def test_the_maps_of_classic_networks(text: str, expected: list[tuple[str, int]]) -> None:
    """As the tables of their papers give the sizes; a VGG's stage ends with its max-pool."""
    maps = feature_maps(parse(text))
    assert [(m.name, m.module, m.stride, m.channels, m.size[0]) for m in maps] == expected


@given(NAMED_SPECS.filter(lambda spec: spec.family == "residual") | specs())
def test_any_residual_network_has_a_map_for_each_stage(spec: ArchitectureSpec) -> None:
    maps = feature_maps(spec)
    assert len(maps) == len(spec.stages)
    assert maps[-1].stride == spec.smallest_image
    halved = list(pairwise(map.stride for map in maps))
    if spec.downsample_in == "last":  # a stage halves its own map, the last one does not
        assert all(fine * 2 == coarse for fine, coarse in halved[:-1])
        assert all(fine == coarse for fine, coarse in halved[-1:])
    else:
        assert all(fine * 2 == coarse for fine, coarse in halved)


@pytest.mark.parametrize("text", VARIANTS)
def test_the_printed_code_fetches_what_each_stage_gives(text: str) -> None:
    spec = parse(text)
    ran: dict[str, object] = {}
    exec(compile(backbone_code(spec), "backbone", "exec"), ran)
    maps, backbone, model = ran["maps"], ran["backbone"], ran["model"]
    assert isinstance(maps, dict)
    assert isinstance(backbone, torch.nn.Module) and isinstance(model, torch.nn.Module)
    assert {name: tuple(m.shape) for name, m in maps.items()} == {
        m.name: (1, m.channels, *m.size) for m in feature_maps(spec)
    }

    seen: dict[str, Tensor] = {}
    for m in feature_maps(spec):
        model.get_submodule(m.module).register_forward_hook(
            lambda module, inputs, output, name=m.name: seen.update({name: output.clone()})
        )
    picture = torch.randn(1, spec.in_channels, spec.image_size, spec.image_size)
    with torch.no_grad():
        model.eval()(picture)
        fetched = backbone.eval()(picture)
    assert all(torch.equal(fetched[name], seen[name]) for name in seen)
