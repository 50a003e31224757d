"""The semantic diff: pairs whose difference is known by construction, and laws for any pair."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.alignment import by_position, differences, folded, joined_names
from explorer.analysis import analyze
from explorer.conformance import Effect
from explorer.names import NAMES
from explorer.spec import ArchitectureSpec, SpecError, parse
from tests.unit.strategies import classics, specs


def told(before: str, after: str) -> dict[str, list[str]]:
    """The lines of each stage that has any."""
    found = differences(parse(before), parse(after))
    return {stage.name: list(map(str, stage.lines)) for stage in found if stage.lines}


def test_zero_padding_in_place_of_projections() -> None:
    # 64 · 128 weights and 2 · 128 of BN, each weight used on 28 × 28 places
    assert told("resnet34", "resnet34,shortcut=A") == {
        "conv3_x": [
            "unit 1, shortcut: projection → zero padding, −8,448 parameters, −6,422,528 MACs"
        ],
        "conv4_x": [
            "unit 1, shortcut: projection → zero padding, −33,280 parameters, −6,422,528 MACs"
        ],
        "conv5_x": [
            "unit 1, shortcut: projection → zero padding, −132,096 parameters, −6,422,528 MACs"
        ],
    }
    found = differences(parse("resnet34"), parse("resnet34,shortcut=A"))
    assert folded(found) == "stem, conv2_x, head"
    assert [stage.unchanged for stage in found if stage.lines] == [
        "units 2 to 4",
        "units 2 to 6",
        "units 2 and 3",
    ]


def test_a_projection_without_bn_costs_its_weights_alone() -> None:
    lines = told("resnet34v2", "resnet34v2,shortcut=A")
    assert lines["conv4_x"] == [
        "unit 1, shortcut: projection → zero padding, −32,768 parameters, −6,422,528 MACs",
        "unit 1: BN and ReLU moved from before the split to the branch, at the same cost",
    ]


def test_a_plain_twin_has_no_shortcuts_and_else_the_same_layers() -> None:
    lines = told("resnet20-cifar", "plain20-cifar")
    assert lines == {
        "stage1": ["units 1 to 3, shortcut: identity → no shortcut, at the same cost"],
        **{
            stage: [
                "unit 1, shortcut: zero padding → no shortcut, at the same cost",
                "units 2 and 3, shortcut: identity → no shortcut, at the same cost",
            ]
            for stage in ("stage2", "stage3")
        },
    }


def test_other_depths_add_units() -> None:
    lines = told("resnet50", "resnet101")
    # each of 256·1024 + 9·256·256 + 1024·256 weights, on 14 × 14, and BN of 256, 256 and 1024
    parameters, macs = 17 * (1_114_112 + 2 * 1536), 17 * 1_114_112 * 196
    assert lines == {"conv4_x": [f"+17 units (6 → 23), +{parameters:,} parameters, +{macs:,} MACs"]}
    assert told("resnet34", "resnet34,stages=3-4-5-3")["conv4_x"][0].startswith(
        "−1 unit (6 → 5), −"
    )


@pytest.mark.parametrize(
    ("ordering", "words"),
    [
        ("bn_after_addition", "BN moved from behind the last convolution to behind the addition"),
        (
            "relu_before_addition",
            "ReLU moved from behind the addition to behind the last convolution",
        ),
    ],
)
def test_orderings_move_a_layer(ordering: str, words: str) -> None:
    lines = told("resnet18", f"resnet18,ordering={ordering}")
    assert lines == {
        stage: [f"units 1 and 2: {words}, at the same cost"]
        for stage in ("conv2_x", "conv3_x", "conv4_x", "conv5_x")
    }


def test_preactivation_moves_relu_before_the_convolution() -> None:
    words = "ReLU moved from behind the addition to before the first convolution, at the same cost"
    assert told("resnet18", "resnet18,ordering=relu_only_preactivation") == {
        # the stem has activated what the first unit gets
        "conv2_x": [
            "unit 1: ReLU behind the addition removed, at the same cost",
            f"unit 2: {words}",
        ],
        **{stage: [f"units 1 and 2: {words}"] for stage in ("conv3_x", "conv4_x", "conv5_x")},
        "head": ["ReLU added, at the same cost"],
    }


def test_full_preactivation_moves_bn_too() -> None:
    lines = told("resnet50", "resnet50v2")
    assert lines["conv3_x"] == [
        "unit 1: BN on the shortcut removed, −1,024 parameters",
        "units 1 to 4: ReLU moved from behind the addition to before the first convolution, at the "
        "same cost",
        # in unit 1 from 512 channels to 256
        "units 1 to 4: BN moved from behind the last convolution to before the first convolution, "
        "−512 parameters",
    ]
    assert lines["head"] == ["ReLU added, at the same cost", "BN added, +4,096 parameters"]


def test_the_stride_moves_to_the_3x3() -> None:
    # the first 1x1 then runs on four times as many places, once and no more: 3 · 28² · 256 · 128
    words = "unit 1: stride 2 moved from conv1 1x1 to conv2 3x3, +77,070,336 MACs"
    assert told("resnet50,stride_at=1x1", "resnet50") == {
        stage: [words] for stage in ("conv3_x", "conv4_x", "conv5_x")
    }


def test_another_width_is_one_line_a_stage() -> None:
    lines = told("resnet50", "resnet50,width=32")
    assert [len(found) for found in lines.values()] == [1] * 6
    assert lines["conv4_x"][0].startswith("units 1 to 6: channels 256-256-1024 → 128-128-512, −")
    # 3 · 49 · 64 weights and 128 of BN, halved
    assert lines["stem"] == ["channels 64 → 32, −4,768 parameters, −59,006,976 MACs"]
    assert lines["head"] == [
        "fc: 2048 to 1000 → 1024 to 1000, −1,024,000 parameters, −1,024,000 MACs"
    ]


def test_groups_are_told_of_the_convolution_that_has_them() -> None:
    lines = told("resnext50_32x4d", "resnext50_32x4d,groups=16,width_per_group=8")
    # half as many groups of twice the width: each weight sees twice as many channels
    assert lines["conv2_x"] == [
        f"units 1 to 3: conv2 3x3: groups 32 → 16, +{3 * 9 * 128 * 4:,} parameters, "
        f"+{3 * 9 * 128 * 4 * 56 * 56:,} MACs"
    ]


def test_norm_removed_added_or_of_another_kind() -> None:
    lines = told("resnet18", "resnet18,norm=none")
    assert lines["stem"] == ["BN removed, −128 parameters"]
    assert lines["conv3_x"] == [
        "unit 1: BN on the shortcut removed, −256 parameters",
        "units 1 and 2: 2 × BN removed, −1,024 parameters",
    ]
    assert told("resnet18,norm=none", "resnet18")["stem"] == ["BN added, +128 parameters"]
    assert set(map(tuple, told("resnet18", "resnet18,norm=group").values())) == {
        ("BN → GN, at the same cost",),
        ("units 1 and 2: BN → GN, at the same cost",),
    }


def test_squeeze_excitation_is_added_to_every_unit() -> None:
    lines = told("resnet18", "seresnet18")
    # 64 to 4 to 64 with biases, twice
    assert lines["conv2_x"] == [
        "units 1 and 2: squeeze-excitation behind the last convolution added, +1,160 parameters, "
        "+1,024 MACs"
    ]


def test_stems() -> None:
    weights = 27 * 32 + 9 * 32 * 32 + 9 * 32 * 64 - 147 * 64
    assert told("resnet50", "resnet50,stem=deep") == {
        # and BN of 32 channels twice more
        "stem": [
            "convolutions: 7x7 → 3x3-3x3-3x3, "
            f"+{weights + 128:,} parameters, +{weights * 112**2:,} MACs"
        ]
    }
    lines = told("resnet18,image_size=32", "resnet18,image_size=32,stem=cifar")["stem"]
    assert lines[0] == "max-pool removed, at the same cost"
    assert (
        lines[-1].startswith("conv1: 7x7 → 3x3, stride 2 → 1, channels 3 to 64 → 3 to 64") is False
    )
    assert lines[-1].startswith("conv1: 7x7 → 3x3, stride 2 → 1, −7,680 parameters")


def test_other_pictures_change_maps_alone() -> None:
    lines = told("resnet50", "resnet50,image_size=448")
    inner, ends, projection = 9 * 512 * 512, 512 * 2048, 1024 * 2048
    first = 512 * 1024 * 14**2 + (inner + ends + projection) * 7**2
    assert lines["conv5_x"] == [  # four times as many places
        f"unit 1: maps 14 × 14 → 28 × 28, +{3 * first:,} MACs",
        f"units 2 and 3: maps 7 × 7 → 14 × 14, +{3 * 2 * (2 * ends + inner) * 7**2:,} MACs",
    ]


def test_another_block_with_another_ordering_is_written_out() -> None:
    lines = told("resnet18", "resnet18,block=bottleneck")["conv3_x"]
    assert lines[0].startswith("units 1 and 2: convolutions: 3x3-3x3 → 1x1-3x3-1x1, ")
    lines = told("resnet18", "resnet18v2,block=bottleneck")["conv3_x"]
    assert lines[1].startswith(
        "units 1 and 2: layers: 3x3 BN ReLU 3x3 BN ReLU → BN ReLU 1x1 BN ReLU 3x3 BN ReLU 1x1, "
    )


def test_the_last_unit_stands_beside_the_last_where_it_is_of_its_own_kind() -> None:
    last = "resnet18,downsample_in=last,stages="
    found = differences(parse(f"{last}2-2-4-2"), parse(f"{last}2-2-6-2"))
    (line,) = [line for stage in found for line in stage.lines]
    assert line.words == "+2 units (4 → 6)"


def test_what_is_no_layer_changes_no_layer() -> None:
    assert told("resnet50", "resnet50,zero_init=true") == {}
    assert told("resnet20-cifar,norm=none", "resnet20-cifar,norm=none,init=fixup") == {}


def test_stochastic_depth_at_another_rate_is_one_line_a_stage() -> None:
    lines = told("resnet56-cifar,survival=0.5", "resnet56-cifar,survival=0.8")
    words = "units 1 to 9: stochastic depth: another rate, at the same cost"
    assert lines == {stage: [words] for stage in ("stage1", "stage2", "stage3")}


def test_a_missing_stage_is_told_as_a_whole() -> None:
    lines = told("resnet50", "resnet20-cifar")
    assert lines["conv5_x"][0].startswith("the whole stage with 3 units removed, −14,964,736 ")
    assert "conv2_x / stage1" in lines


def test_other_families_are_told_by_their_totals() -> None:
    found = differences(parse("vgg16"), parse("resnet50"))
    assert [stage.name for stage in found][1:] == [
        *(f"conv{n} / conv{n}_x" for n in range(2, 6)),
        "head",
    ]
    assert all(len(stage.lines) == 1 for stage in found)
    assert told("vgg16", "vgg19")["conv3"] == [
        "+1 convolution (3 → 4), +590,080 parameters, +1,849,688,064 MACs"
    ]


def test_stages_are_aligned_by_position_and_the_last_with_the_last() -> None:
    assert by_position(["abz", "abcz"]) == [("a", "a"), ("b", "b"), (None, "c"), ("z", "z")]
    assert joined_names(("stem", None, "stem", "conv1")) == "stem / conv1"


ANY = st.one_of(specs(), specs(), classics(), st.sampled_from(sorted(NAMES)).map(parse))


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[ArchitectureSpec, ArchitectureSpec]:
    """A network, and the same with one or two choices of another."""
    one, other = draw(specs()), draw(specs())
    fields = draw(st.lists(st.sampled_from(sorted(NEIGHBOURLY)), min_size=1, max_size=2))
    try:
        return one, one.vary(**{field: getattr(other, field) for field in fields})
    except SpecError:
        return one, other


NEIGHBOURLY = (
    "block",
    "bias",
    "classes",
    "downsample_in",
    "norm",
    "ordering",
    "se_ratio",
    "shortcut",
    "stages",
    "stem",
    "width",
)


@settings(deadline=None, max_examples=150)
@given(st.tuples(ANY, ANY) | neighbours())
def test_lines_add_up_and_the_way_back_mirrors(
    pair: tuple[ArchitectureSpec, ArchitectureSpec],
) -> None:
    before, after = pair
    there, back = differences(before, after), differences(after, before)
    a, b = analyze(before), analyze(after)
    lines = [line.change.effect for stage in there for line in stage.lines]
    assert sum(cost.parameters for cost in lines) == b.parameters - a.parameters
    assert sum(cost.macs for cost in lines) == b.macs - a.macs
    for stage, mirror in zip(there, back, strict=True):
        assert stage.names == mirror.names[::-1]
        assert stage.unchanged == mirror.unchanged
        assert [line.units for line in stage.lines] == [line.units for line in mirror.lines]
        assert [line.change.mirrored() for line in stage.lines] == [
            line.change for line in mirror.lines
        ]
        assert total(stage.lines) == stage.effect
        assert all(line.change.turns and "None" not in str(line) for line in stage.lines)
    if before == after:
        assert not lines


def total(lines) -> Effect:
    costs = [line.change.effect for line in lines]
    return Effect(sum(c.parameters for c in costs), sum(c.macs for c in costs))


@settings(deadline=None, max_examples=40)
@given(specs())
def test_a_network_does_not_differ_from_itself(spec: ArchitectureSpec) -> None:
    assert not any(stage.lines for stage in differences(spec, spec))
