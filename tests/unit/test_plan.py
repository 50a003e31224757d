"""The arrangement of a network's parts: names, orderings, shortcuts, strides."""

import pytest
from hypothesis import given

from explorer.nodes import (
    Chain,
    Convolution,
    Node,
    Normalisation,
    ReLU,
    Residual,
    ZeroPadding,
)
from explorer.plan import Plan, plan
from explorer.spec import ArchitectureSpec, parse
from tests.unit.strategies import NAMED_SPECS, specs


def plan_of(text: str) -> Plan:
    return plan(parse(text))


def names(chain: Chain) -> list[str]:
    return [child.name for child in chain.children]


def unit(text: str, stage: int, number: int) -> Residual:
    stages = {child.name: child.node for child in plan_of(text).root.children}
    chain = stages[f"layer{stage}"]
    assert isinstance(chain, Chain)
    node = chain.children[number].node
    assert isinstance(node, Residual)
    return node


def part(chain: Chain, name: str) -> Node:
    return next(child.node for child in chain.children if child.name == name)


def arrangement(found: Residual) -> tuple[list[str], list[str], list[str], list[str]]:
    chains = (found.before, found.branch, found.shortcut, found.after)
    before, branch, shortcut, after = (names(chain) for chain in chains)
    return before, branch, shortcut, after


IDENTITY = {
    "original": (["conv1", "bn1", "relu1", "conv2", "bn2"], ["relu"]),
    "bn_after_addition": (["conv1", "bn1", "relu1", "conv2"], ["bn2", "relu"]),
    "relu_before_addition": (["conv1", "bn1", "relu1", "conv2", "bn2", "relu"], []),
    "relu_only_preactivation": (["relu1", "conv1", "bn1", "relu2", "conv2", "bn2"], []),
    "full_preactivation": (["bn1", "relu1", "conv1", "bn2", "relu2", "conv2"], []),
}


@pytest.mark.parametrize(("ordering", "expected"), IDENTITY.items())
def test_an_identity_shortcut_carries_the_raw_signal(ordering: str, expected: object) -> None:
    before, branch, shortcut, after = arrangement(unit(f"resnet18,ordering={ordering}", 2, 1))
    assert (branch, after) == expected
    assert before == shortcut == []


@pytest.mark.parametrize(
    ("ordering", "before", "shortcut"),
    [
        ("original", [], ["0", "1"]),
        ("bn_after_addition", [], ["0", "1"]),
        ("relu_before_addition", [], ["0", "1"]),
        ("relu_only_preactivation", ["relu1"], ["0", "1"]),
        ("full_preactivation", ["bn1", "relu1"], ["0"]),
    ],
)
def test_a_projection_starts_behind_the_activation(
    ordering: str, before: list[str], shortcut: list[str]
) -> None:
    found = arrangement(unit(f"resnet50,ordering={ordering}", 2, 0))
    assert (found[0], found[2]) == (before, shortcut)


@pytest.mark.parametrize("text", ["resnet18v2", "resnet50v2", "resnet110v2-cifar"])
def test_the_first_unit_is_activated_by_the_stem(text: str) -> None:
    first = unit(text, 1, 0)
    assert names(first.before) == []
    assert names(first.branch)[0] == "conv1" and "bn1" not in names(first.branch)
    stem = names(plan_of(text).root)
    assert stem[:3] == ["conv1", "bn1", "relu"]


def test_only_pre_activation_closes_with_an_activation_before_the_head() -> None:
    def closing(ordering: str) -> list[str]:
        root = plan_of(f"resnet18,ordering={ordering}").root
        return [c.name for c in root.children if c.stage == "head"]

    head = ["avgpool", "flatten", "fc"]
    assert closing("v2") == ["post_bn", "post_relu", *head]
    assert closing("relu_only_preactivation") == ["post_relu", *head]
    assert closing("original") == closing("bn_after_addition") == head


def test_without_normalisation_only_normalisations_are_missing() -> None:
    def kept(node: Node, prefix: str = "") -> list[str]:
        if isinstance(node, Chain):
            return [n for c in node.children for n in kept(c.node, f"{prefix}.{c.name}")]
        if isinstance(node, Residual):
            parts = (node.before, node.branch, node.shortcut, node.after)
            return [n for chain in parts for n in kept(chain, prefix)]
        return [] if isinstance(node, Normalisation) else [prefix]

    for text in ("resnet50", "resnet50v2", "resnet18,ordering=relu_before_addition"):
        assert kept(plan_of(f"{text},norm=none").root) == kept(plan_of(text).root)


def test_shortcut_types() -> None:
    assert unit("resnet34,shortcut=A", 2, 0).shortcut.children[0].node == ZeroPadding(64, 128, 2)
    assert unit("resnet34", 2, 0).shortcut.children[0].node == Convolution(64, 128, 1, 2)
    assert not unit("resnet34", 1, 0).shortcut.children
    assert names(unit("resnet34,shortcut=C", 1, 0).shortcut) == ["0", "1"]
    assert names(unit("resnet34,shortcut=C", 2, 1).shortcut) == ["0", "1"]
    # The first bottleneck widens 64 to 256 without halving the map.
    assert unit("resnet50", 1, 0).shortcut.children[0].node == Convolution(64, 256, 1, 1)


def test_a_plain_network_has_no_residual_units() -> None:
    for child in plan_of("plain18").root.children[4:8]:
        assert isinstance(child.node, Chain)
        assert all(isinstance(unit.node, Chain) for unit in child.node.children)


@pytest.mark.parametrize(("where", "strides"), [("1x1", (2, 1, 1)), ("3x3", (1, 2, 1))])
def test_the_stride_of_a_bottleneck(where: str, strides: tuple[int, ...]) -> None:
    branch = unit(f"resnet50,stride_at={where}", 2, 0).branch
    convolutions = [part(branch, f"conv{n}") for n in (1, 2, 3)]
    assert tuple(c.stride for c in convolutions if isinstance(c, Convolution)) == strides
    assert [c.kernel for c in convolutions if isinstance(c, Convolution)] == [1, 3, 1]


def test_a_basic_unit_strides_in_its_first_convolution() -> None:
    branch = unit("resnet18", 3, 0).branch
    assert part(branch, "conv1") == Convolution(128, 256, 3, 2)
    assert part(branch, "conv2") == Convolution(256, 256, 3, 1)


def test_names_of_stages_and_units() -> None:
    stages = [child.stage for child in plan_of("resnet50").root.children]
    assert stages == [*["stem"] * 4, "conv2_x", "conv3_x", "conv4_x", "conv5_x", *["head"] * 3]
    cifar = plan_of("resnet20-cifar").root.children
    assert [c.stage for c in cifar] == [*["stem"] * 3, "stage1", "stage2", "stage3", *["head"] * 3]
    first = cifar[3].node
    assert isinstance(first, Chain)
    assert [(c.name, c.unit) for c in first.children] == [("0", 1), ("1", 2), ("2", 3)]


def test_the_stems() -> None:
    assert [c.name for c in plan_of("resnet50").root.children if c.stage == "stem"] == [
        "conv1",
        "bn1",
        "relu",
        "maxpool",
    ]
    assert part(plan_of("resnet50").root, "conv1") == Convolution(3, 64, 7, 2)
    assert part(plan_of("resnet20-cifar").root, "conv1") == Convolution(3, 16, 3, 1)


@given(NAMED_SPECS | specs())
def test_in_place_activations_never_touch_a_shared_signal(spec: ArchitectureSpec) -> None:
    """What a unit splits or hands on raw is not overwritten by the first part that reads it."""
    for child in plan(spec).root.children:
        for found in child.node.children if isinstance(child.node, Chain) else ():
            if isinstance(found.node, Residual):
                for chain in (found.node.before, found.node.branch):
                    first = chain.children[0].node if chain.children else None
                    assert not (isinstance(first, ReLU) and first.in_place)


def test_zero_init_marks_the_last_normalisation_of_each_branch() -> None:
    def marked(text: str, stage: int, number: int) -> list[str]:
        branch = unit(text, stage, number).branch
        return [
            c.name
            for c in branch.children
            if isinstance(c.node, Normalisation) and c.node.zero_gamma
        ]

    assert marked("resnet50,zero_init=true", 1, 0) == ["bn3"]
    assert marked("resnet18,zero_init=true,ordering=relu_only_preactivation", 1, 1) == ["bn2"]
    assert marked("resnet18", 1, 0) == []


def test_equal_units_are_one_object() -> None:
    stage = plan_of("resnet1202-cifar").root.children[3].node
    assert isinstance(stage, Chain)
    assert stage.children[1].node is stage.children[199].node


@given(specs().filter(lambda spec: spec.norm == "group"))
def test_groups_of_a_normalisation_divide_its_channels(spec: ArchitectureSpec) -> None:
    def check(node: Node) -> None:
        if isinstance(node, Chain):
            for child in node.children:
                check(child.node)
        elif isinstance(node, Residual):
            for chain in (node.before, node.branch, node.shortcut, node.after):
                check(chain)
        elif isinstance(node, Normalisation) and node.groups is not None:
            assert node.groups <= 32 and node.channels % node.groups == 0
            assert node.channels > node.groups  # one channel alone has no deviation

    check(plan(spec).root)
