"""The picture: what it says, against the paper's arrangements and counts made by hand."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings

from explorer.analysis import analyze
from explorer.diagram import describe, diagram
from explorer.diagram_words import (
    difference,
    formula,
    outline,
    reading,
    skip_sentence,
    unit_facts,
    unit_label,
)
from explorer.figures.diagram import network_drawing
from explorer.figures.drawing import (
    DARK,
    LIGHT,
    OTHER_KIND,
    Box,
    Words,
    ink_on,
    kind_colour,
    text_width,
)
from explorer.figures.microscope import unit_drawing
from explorer.figures.style import KIND_COLOURS
from explorer.figures.svg import to_svg
from explorer.nodes import Chain, Child, Concat, Convolution, MaxPool, ReLU
from explorer.plan import Plan
from explorer.rows import layer_rows
from explorer.spec import VALUES, parse
from tests.unit.strategies import NAMED_SPECS, classics, specs

SVG = "{http://www.w3.org/2000/svg}"


def unit_of(text, name):
    return diagram(parse(text)).find(name)[1]


def stages(text):
    return {group.name: group for group in diagram(parse(text)).groups}


def test_stages_stand_between_stem_and_head_with_their_units():
    found = stages("resnet152")
    assert list(found) == ["stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x", "head"]
    assert [group.count for group in found.values()] == [0, 3, 8, 36, 3, 0]


def test_units_that_repeat_are_told_once():
    found = stages("resnet1202-cifar")
    assert [(u.caption, u.count) for u in found["stage1"].units] == [("units 1 to 200", 200)]
    assert [(u.caption, u.count, u.skip) for u in found["stage2"].units] == [
        ("unit 1", 1, "zero padding"),
        ("units 2 to 200", 199, "identity"),
    ]


def test_a_preactivated_first_unit_is_no_repetition():
    first, rest = stages("resnet50v2")["conv2_x"].units
    assert (len(first.main_path), len(rest.main_path)) == (8, 10)
    assert (first.skip, rest.skip, rest.count) == ("projection", "identity", 2)


@pytest.mark.parametrize(
    ("text", "skips"),
    [
        ("resnet18", ["projection", "identity"]),
        ("resnet18,shortcut=A", ["zero padding", "identity"]),
        ("resnet18,shortcut=C", ["projection", "projection"]),
        ("plain18", ["none", "none"]),
    ],
)
def test_each_shortcut_is_named(text, skips):
    assert [unit.skip for unit in stages(text)["conv3_x"].units] == skips


def test_shapes_and_parameters_are_those_of_table_1():
    unit = unit_of("resnet50", "layer2.0")
    assert [(p.label, p.output_shape, p.parameters) for p in unit.branch] == [
        ("1×1", (128, 56, 56), 256 * 128),
        ("BN", (128, 56, 56), 256),
        ("ReLU", (128, 56, 56), 0),
        ("3×3", (128, 28, 28), 128 * 128 * 9),
        ("BN", (128, 28, 28), 256),
        ("ReLU", (128, 28, 28), 0),
        ("1×1", (512, 28, 28), 128 * 512),
        ("BN", (512, 28, 28), 1024),
    ]
    assert [p.parameters for p in unit.shortcut] == [256 * 512, 1024]
    assert unit.output_shape == (512, 28, 28)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("layer3.0", "stage3, unit 1, zero padding skip"),
        ("layer3.116", "stage3, units 2 to 200, identity skip"),
        ("stem", "stem, all layers"),
        ("layer3.200", "stage1, units 1 to 200, identity skip"),
        ("layer4.0", "stage1, units 1 to 200, identity skip"),
        ("", "stage1, units 1 to 200, identity skip"),
    ],
)
def test_a_unit_is_found_by_its_name_and_else_it_is_the_first(name, label):
    assert unit_label(*diagram(parse("resnet1202-cifar")).find(name)) == label


def test_the_names_of_units_are_those_of_the_built_network():
    named = {name for unit in units("resnet50v2") if unit.first for name in unit.members}
    layers = {row.name.rpartition(".")[0] for row in analyze("resnet50v2").layers}
    assert named == {name for name in layers if name.startswith("layer") and name.count(".") == 1}


def units(text):
    return [unit for group in diagram(parse(text)).groups for unit in group.units]


@pytest.mark.parametrize(
    ("ordering", "identity", "projection"),
    [
        (
            "original",
            "ReLU(x + BN(conv(ReLU(BN(conv(x))))))",
            "ReLU(h(x) + BN(conv(ReLU(BN(conv(x)))))), with h(x) = BN(conv(x))",
        ),
        (
            "bn_after_addition",
            "ReLU(BN(x + conv(ReLU(BN(conv(x))))))",
            "ReLU(BN(h(x) + conv(ReLU(BN(conv(x)))))), with h(x) = BN(conv(x))",
        ),
        (
            "relu_before_addition",
            "x + ReLU(BN(conv(ReLU(BN(conv(x))))))",
            "h(x) + ReLU(BN(conv(ReLU(BN(conv(x)))))), with h(x) = BN(conv(x))",
        ),
        (
            "relu_only_preactivation",
            "x + BN(conv(ReLU(BN(conv(ReLU(x))))))",
            "h(s) + BN(conv(ReLU(BN(conv(s))))), with s = ReLU(x), h(s) = BN(conv(s))",
        ),
        (
            "full_preactivation",
            "x + conv(ReLU(BN(conv(ReLU(BN(x))))))",
            "h(s) + conv(ReLU(BN(conv(s)))), with s = ReLU(BN(x)), h(s) = conv(s)",
        ),
    ],
)
def test_formulas_are_those_of_figure_4(ordering, identity, projection):
    text = f"resnet18,ordering={ordering}"
    assert formula(unit_of(text, "layer2.1")) == identity
    assert formula(unit_of(text, "layer2.0")) == projection


def test_formulas_of_other_units():
    plain = unit_of("plain18", "layer2.0")
    assert formula(plain) == "ReLU(BN(conv(ReLU(BN(conv(x))))))"
    bare = unit_of("resnet18,norm=none", "layer2.1")
    assert formula(bare) == "ReLU(x + conv(ReLU(conv(x))))"
    grouped = unit_of("resnet50,norm=group", "layer2.1")
    assert formula(grouped) == "ReLU(x + GN(conv(ReLU(GN(conv(ReLU(GN(conv(x)))))))))"


def test_every_ordering_is_set_apart_by_its_own_sentence():
    told = [difference(parse(f"resnet18,ordering={value}")) for value in VALUES["ordering"]]
    assert all(told) and len(set(told)) == len(VALUES["ordering"])
    assert "plain" in difference(parse("plain18"))


def test_a_skip_connection_is_told_with_what_it_costs():
    assert "identity" in skip_sentence(unit_of("resnet50", "layer2.1"))
    told = skip_sentence(unit_of("resnet50", "layer2.0"))
    assert "convolution (1x1, 256 to 512, stride 2) and normalisation (batch)" in told
    assert f"{256 * 512 + 2 * 512:,} parameters" in told
    assert "zeros" in skip_sentence(unit_of("resnet50,shortcut=A", "layer2.0"))
    assert skip_sentence(unit_of("plain34", "layer2.0")) == ""


def test_a_unit_is_told_with_its_cost_and_its_name():
    each = 2 * 64 * 64 * 9 + 4 * 64
    assert unit_facts(unit_of("resnet18", "layer1.0")) == (
        f"{each:,} parameters each, output 64 × 56 × 56. layer1.0 to layer1.1 in the built module."
    )
    assert unit_facts(unit_of("resnet18", "head")) == "513,000 parameters, output 1000."


def test_a_gate_stands_beside_the_shortcut_that_it_weights():
    unit = unit_of("resnet20-cifar,shortcut=exclusive_gating", "layer2.1")
    assert [part.label for part in unit.gate] == ["1×1", "sigmoid"]
    assert [part.label for part in unit.shortcut] == ["1 − g"]
    assert unit.branch[-1].label == "g"
    assert formula(unit) == (
        "ReLU(h(x) + g(BN(conv(ReLU(BN(conv(x))))))), with h(x) = (1 − g)(x), g = sigmoid(conv(x))"
    )
    assert f"{32 * 32 + 32:,} parameters, those of the gate included" in skip_sentence(unit)
    drawn = [words.text for words in unit_drawing(unit, "any").elements if isinstance(words, Words)]
    assert drawn[-1] == "y" and {"x", "g", "g × branch", "(1 − g) × shortcut"} < set(drawn)


def test_units_that_differ_in_a_rate_alone_are_told_once_with_its_range():
    found = stages("resnet1202-cifar,survival=0.5")
    assert [unit.count for unit in found["stage3"].units] == [1, 199]
    dropped = found["stage3"].units[1].branch[-1]
    # Huang et al. 2016, eq. 4, with L = 600: unit l survives with probability 1 - l / 600 * 0.5.
    assert dropped.detail == f"the branch survives {1 - 402 / 1200:.3g} to 0.5 in training"


def forking():
    """A stem, and a stage of an Inception module of two branches and a pooling behind it."""
    branches = (
        Child("one", Chain((Child("conv", Convolution(8, 4, 1)), Child("relu", ReLU())))),
        Child("pool", MaxPool(3, 1, 1)),
    )
    network = Plan(
        (3, 16, 16),
        Chain(
            (
                Child("conv", Convolution(3, 8, 3), stage="stem"),
                Child("mixed", Concat(branches), stage="mixed", unit=1),
                Child("pool", MaxPool(2, 2), stage="mixed"),
            )
        ),
    )
    return describe(network, {row.name: row for row in layer_rows(network)})


def test_parallel_branches_are_told_and_drawn_side_by_side():
    described = forking()
    mixed = described.groups[1]
    assert [unit_label(mixed, unit) for unit in mixed.units] == [
        "mixed, module 1",
        "mixed, pooling",
    ]
    unit, _ = mixed.units
    (fork,) = unit.branch
    assert [[part.label for part in branch] for branch in fork.branches] == [
        ["1×1", "ReLU"],
        ["max"],
    ]
    assert unit.output_shape == (4 + 8, 16, 16)
    assert formula(unit) == "cat(ReLU(conv(x)), max(x))"
    told = outline(described)
    for line in ("branch 1 of 2:", "branch 2 of 2:", "mixed.concat: concatenation 4 + 8 channels"):
        assert line in told
    drawing = unit_drawing(unit, "any")
    boxes = {
        words.text: box
        for box, words in pairwise(drawing.elements)
        if isinstance(box, Box) and isinstance(words, Words)
    }
    left, below, right = (boxes[name] for name in ("one.conv", "one.relu", "pool"))
    assert left.x == below.x and left.x + left.width < right.x and left.y == right.y
    joint = boxes["concat: concatenation"]
    assert joint.y > below.y + below.height
    for any_drawing in (drawing, network_drawing(described, "any")):
        check_drawing(any_drawing)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("lenet5", ["", "", "", ""]),
        ("alexnet-2012", [""] * 6),
        ("vgg19", [*["2 convolutions"] * 2, *["4 convolutions"] * 3, ""]),
        ("googlenet", ["", "2 modules", "5 modules", "2 modules", ""]),
        ("resnet18", ["", *["2 units"] * 4, ""]),
    ],
)
def test_units_are_called_what_they_are(text, counted):
    """A stage of a single convolution is shown whole, as a stem and a head are."""
    groups = diagram(parse(text)).groups
    assert [group.counted for group in groups] == counted
    assert all(len(group.units) == 1 for group in groups if not group.count)


def test_a_vggs_equal_convolutions_are_folded_and_its_pooling_stands_behind():
    conv4 = stages("vgg19_bn")["conv4"]
    assert [(u.caption, [p.label for p in u.branch]) for u in conv4.units[:2]] == [
        ("convolution 1", ["3×3", "BN", "ReLU"]),
        ("convolutions 2 to 4", ["3×3", "BN", "ReLU"]),
    ]
    assert conv4.units[2].branch[0].label == "max" and not conv4.units[2].first
    assert stages("vgg19_bn")["conv5"].units[0].caption == "convolutions 1 to 4"


def test_an_inception_module_has_four_branches():
    unit = unit_of("googlenet-2014", "inception4c")
    (fork,) = unit.branch
    assert [[part.label for part in branch] for branch in fork.branches] == [
        ["1×1", "ReLU"],
        ["1×1", "ReLU", "3×3", "ReLU"],
        ["1×1", "ReLU", "5×5", "ReLU"],
        ["max", "1×1", "ReLU"],
    ]
    assert unit.output_shape == (512, 14, 14) and fork.joint.detail == (
        "128 + 256 + 64 + 64 channels"
    )


def test_how_to_read_a_picture_says_only_what_it_shows():
    told = {text: reading(diagram(parse(text))) for text in ("resnet18", "googlenet", "plain18")}
    assert [("skip" in words, "lanes" in words) for words in told.values()] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_units_without_a_skip_connection_share_a_row_as_far_as_there_is_room():
    first, second = network_drawing(forking(), "any").areas[1:]
    assert first.y == second.y and first.x + first.width < second.x
    areas = network_drawing(diagram(parse("plain18")), "any").areas
    assert len({area.y for area in areas}) == len(areas)


def test_the_outline_tells_every_stage_and_skip():
    told = outline(diagram(parse("resnet50")))
    for line in (
        "input: 3 × 224 × 224",
        "conv2_x: 3 units, output 256 × 56 × 56",
        "conv4_x: 6 units, output 1024 × 14 × 14",
        "  units 2 to 6 (5 alike): output 1024 × 14 × 14, skip: identity",
        "      layer4.0.downsample.0: convolution 1x1, 1024 to 2048, stride 2, 2048 × 7 × 7, "
        "2,097,152 parameters",
        "  fc: linear 2048 to 1000, with bias, 1000, 2,049,000 parameters",
    ):
        assert line in told.splitlines()


@given(specs() | classics())
@settings(max_examples=60, deadline=None)
def test_any_network_has_a_picture_that_counts_right(spec):
    described = diagram(spec)
    groups = described.groups
    if spec.family == "residual":
        assert tuple(group.count for group in groups[1:-1]) == spec.stages
    units = [unit for group in groups for unit in group.units]
    assert sum(unit.count * unit.parameters for unit in units) == analyze(spec).parameters
    layers = sum(u.count * len(u.parts) for u in units)
    assert layers == len(analyze(spec).layers)
    check_drawing(network_drawing(described, "any", DARK))
    for unit in (groups[0].units[0], groups[-2].units[-1], groups[-1].units[0]):
        check_drawing(unit_drawing(unit, "any"))


@given(NAMED_SPECS)
@settings(max_examples=10, deadline=None)
def test_named_networks_are_drawn(spec):
    check_drawing(network_drawing(diagram(spec), str(spec)))


def check_drawing(drawing):
    """Parse its SVG; nothing in it may reach beyond its view box, and it must be described."""
    root = ET.fromstring(to_svg(drawing))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text
    for box in root.findall(f"{SVG}rect")[1:]:
        x, y, across, down = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + across <= width and y + down <= height
    for words in root.findall(f"{SVG}text"):
        length = text_width(words.text, float(words.attrib["font-size"]))
        before = {"start": 0, "middle": 0.5, "end": 1}[words.attrib["text-anchor"]] * length
        x = float(words.attrib["x"]) - before
        assert x >= -1 and x + length <= width + 1, words.text
        assert 0 < float(words.attrib["y"]) < height


@given(specs())
@settings(max_examples=30, deadline=None)
def test_every_unit_is_an_area_of_its_own(spec):
    described = diagram(spec)
    drawing = network_drawing(described, "any")
    assert [area.name for area in drawing.areas] == [
        unit.name for group in described.groups for unit in group.units
    ]
    assert len({area.label for area in drawing.areas}) == len(drawing.areas)
    for area in drawing.areas:
        assert 0 < area.x < area.x + area.width < drawing.width
        assert 0 < area.y < area.y + area.height < drawing.height
    for one, other in combinations(drawing.areas, 2):
        above, below = sorted((one, other), key=lambda area: area.y)
        left, right = sorted((one, other), key=lambda area: area.x)
        assert above.y + above.height <= below.y or left.x + left.width <= right.x


def test_words_are_escaped():
    root = ET.fromstring(to_svg(network_drawing(diagram(parse("resnet18")), "<b>&\"'")))
    assert root.find(f"{SVG}title").text == "Picture of <b>&\"'"


def test_layers_can_be_read_and_told_apart_in_both_themes():
    assert kind_colour("not yet known") == OTHER_KIND
    for fill in (*KIND_COLOURS.values(), OTHER_KIND):
        assert contrast(fill, ink_on(fill)) >= 4.5
    for theme in (LIGHT, DARK):
        for ink in (theme.text, theme.quiet):
            assert contrast(ink, theme.panel) >= 4.5 and contrast(ink, theme.ground) >= 4.5
        assert contrast(theme.line, theme.panel) >= 3


def contrast(one, other):
    def light(colour):
        values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return brighter / darker


def test_a_deep_network_stays_a_small_picture():
    drawing = network_drawing(diagram(parse("resnet1202-cifar,classes=11")), "deep")
    assert len(to_svg(drawing)) < 100_000
