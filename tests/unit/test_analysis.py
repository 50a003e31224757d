"""Parameters, MACs, shapes, memory and receptive fields against published and hand counts."""

import json
import subprocess
import sys

import pytest
from hypothesis import given

from explorer.analysis import analyze, row_as_dict, sum_rows
from explorer.costs import KINDS
from explorer.names import NAMES
from explorer.spec import ArchitectureSpec, SpecError
from tests.unit.strategies import NAMED_SPECS, specs

# text: parameters, MACs. A v2 network of the ImageNet form saves the BN of its projections.
COUNTS = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnet200": (64_673_832, 15_007_481_856),
    "resnet18v2": (11_689_512 - 1_792, 1_814_073_344),
    "resnet34v2": (21_797_672 - 1_792, 3_663_761_408),
    "resnet50v2": (25_557_032 - 7_680, 4_089_184_256),
    "resnet101v2": (44_549_160 - 7_680, 7_801_405_440),
    "resnet152v2": (60_192_808 - 7_680, 11_513_626_624),
    "resnet200v2": (64_673_832 - 7_680, 15_007_481_856),
    "resnet50,stride_at=1x1": (25_557_032, 3_857_973_248),
    "resnet101,stride_at=1x1": (44_549_160, 7_570_194_432),
    "resnet152,stride_at=1x1": (60_192_808, 11_282_415_616),
    "resnet200,stride_at=1x1": (64_673_832, 14_776_270_848),
    "plain18": (11_689_512 - 173_824, 1_814_073_344 - 19_267_584),
    "plain34": (21_797_672 - 173_824, 3_663_761_408 - 19_267_584),
    "resnet20-cifar": (269_722, 40_551_040),
    "resnet32-cifar": (464_154, 68_862_592),
    "resnet44-cifar": (658_586, 97_174_144),
    "resnet56-cifar": (853_018, 125_485_696),
    "resnet110-cifar": (1_727_962, 252_887_680),
    "resnet1202-cifar": (19_421_274, 2_829_238_912),
    "plain20-cifar": (269_722, 40_551_040),
    "plain32-cifar": (464_154, 68_862_592),
    "plain44-cifar": (658_586, 97_174_144),
    "plain56-cifar": (853_018, 125_485_696),
    "plain110-cifar": (1_727_962, 252_887_680),
    "resnet110v2-cifar": (1_727_962, 252_887_680),
    "resnet110v2-cifar,shortcut=B": (1_730_522, 253_149_824),
    "resnet164-cifar": (1_704_154, 244_500_992),
    "resnet164v2-cifar": (1_703_258, 244_500_992),
    "resnet1001-cifar": (10_328_602, 1_487_849_984),
    "resnet1001v2-cifar": (10_327_706, 1_487_849_984),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
    "wide_resnet101_2": (126_886_696, 22_753_050_624),
    "lenet5": (61_706, 416_520),
    "alexnet-2012": (60_965_224, 724_406_816),
    "alexnet": (61_100_840, 714_188_480),
    "vgg11": (132_863_336, 7_609_090_048),  # this and VGG-13: torchvision's metadata, 7.609e9
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "vgg11_bn": (132_863_336 + 2 * 2_752, 7_609_090_048),
    "vgg13_bn": (133_047_848 + 2 * 2_944, 11_308_466_176),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg19_bn": (143_678_248, 19_632_062_464),
    "googlenet-2014": (6_998_552, 1_582_671_872),
    "googlenet": (6_624_904, 1_498_376_192),
}


def squeeze_excitation(stages: tuple[int, ...], expansion: int) -> tuple[int, int]:
    """Parameters and MACs that reduction 16 adds: (2/r) sum_s N_s C_s^2, and two biases."""
    channels = [64 * 2**stage * expansion for stage in range(4)]
    weights = sum(n * 2 * c * c // 16 for n, c in zip(stages, channels, strict=True))
    biases = sum(n * (c + c // 16) for n, c in zip(stages, channels, strict=True))
    return weights + biases, weights


SQUEEZED = {
    "seresnet18": ("resnet18", (2, 2, 2, 2), 1),
    "seresnet34": ("resnet34", (3, 4, 6, 3), 1),
    "seresnet50": ("resnet50", (3, 4, 6, 3), 4),
    "seresnet101": ("resnet101", (3, 4, 23, 3), 4),
    "seresnet152": ("resnet152", (3, 8, 36, 3), 4),
    "seresnext50_32x4d": ("resnext50_32x4d", (3, 4, 6, 3), 4),
    "seresnext101_32x4d": ("resnext101_64x4d,groups=32", (3, 4, 23, 3), 4),
}

# text: parameters in millions, as printed in 1605.07146, Tables 4 and 5, and 1611.05431, Table 7
PRINTED_MILLIONS = {
    "wrn-16-8-cifar": 11.0,
    "wrn-22-8-cifar": 17.2,
    "wrn-28-10-cifar": 36.5,
    "wrn-28-12-cifar": 52.5,
    "wrn-40-2-cifar": 2.2,
    "wrn-40-4-cifar": 8.9,
    "wrn-40-8-cifar": 35.7,
    "wrn-22-10-cifar": 26.8,
    "wrn-16-10-cifar": 17.1,
    "resnext29_8x64d-cifar": 34.4,
    "resnext29_16x64d-cifar": 68.1,
}


@pytest.mark.parametrize(("text", "plain"), SQUEEZED.items())
def test_squeeze_excitation_adds_what_the_paper_says(text, plain) -> None:
    bare, stages, expansion = plain
    parameters, macs = squeeze_excitation(stages, expansion)
    assert analyze(text).parameters == analyze(bare).parameters + parameters
    assert analyze(text).macs == analyze(bare).macs + macs


@pytest.mark.parametrize(("text", "millions"), PRINTED_MILLIONS.items())
def test_parameters_round_to_the_printed_millions(text: str, millions: float) -> None:
    assert abs(analyze(text).parameters / 1e6 - millions) < 0.06


def test_a_pooled_cifar_stem_changes_nothing_but_the_receptive_field() -> None:
    plain, pooled = analyze("resnet20-cifar"), analyze("resnet20-cifar,stem=cifar-pool")
    assert (pooled.parameters, pooled.macs) == (plain.parameters, plain.macs)
    assert pooled.receptive_field == plain.receptive_field + 2


@pytest.mark.parametrize(("text", "counts"), COUNTS.items())
def test_parameters_and_macs(text: str, counts: tuple[int, int]) -> None:
    analysis = analyze(text)
    assert (analysis.parameters, analysis.macs) == counts
    assert analysis.flops == 2 * counts[1]
    assert analysis.weights_bytes == 4 * counts[0]


# name: total parameters as keras.io prints them, moving statistics among them, and MACs
KERAS = {
    "keras-resnet50": (25_636_712, 3_857_973_248),
    "keras-resnet101": (44_707_176, 7_570_194_432),
    "keras-resnet152": (60_419_944, 11_282_415_616),
    "keras-resnet50v2": (25_613_800, 3_482_255_360),
    "keras-resnet101v2": (44_675_560, 7_194_476_544),
    "keras-resnet152v2": (60_380_648, 10_906_697_728),
}


@pytest.mark.parametrize(("name", "printed"), KERAS.items())
def test_keras_networks_have_the_totals_that_keras_prints(name, printed) -> None:
    analysis = analyze(name)
    moving = sum(row.buffers - 1 for row in analysis.layers if row.buffers)  # no batch counter
    assert (analysis.parameters + moving, analysis.macs) == printed


def test_keras_counts_its_own_depth() -> None:
    """Convolutions, normalisations and linear layers, as on keras.io."""
    for name, printed in (("keras-resnet50", 107), ("keras-resnet50v2", 103)):
        kinds = analyze(name).by("kind")
        counted = ("convolution", "normalisation", "linear")
        assert sum(kinds[kind].layers for kind in counted) == printed


def test_a_series_network_has_the_kernels_of_its_twin_in_one_direction() -> None:
    import torch  # torchvision's own layers, each k x k kernel become one of k

    from explorer.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision.models import resnet18

    with torch.device("meta"):
        state = resnet18(num_classes=10).state_dict()
    counted = sum(
        weight.numel() // (weight.shape[-1] if weight.dim() == 4 else 1)
        for name, weight in state.items()
        if name.endswith((".weight", ".bias"))
    )
    assert analyze("resnet18-1d").parameters == counted - 64 * 2 * 7  # one input channel, not 3


# Channels into and out of the projections of each bottleneck network, and the map behind them.
PROJECTIONS = {
    "plain50": ("resnet50", ((64, 256, 56), (256, 512, 28), (512, 1024, 14), (1024, 2048, 7))),
    "plain101": ("resnet101", ((64, 256, 56), (256, 512, 28), (512, 1024, 14), (1024, 2048, 7))),
    "plain152": ("resnet152", ((64, 256, 56), (256, 512, 28), (512, 1024, 14), (1024, 2048, 7))),
    "plain200": ("resnet200", ((64, 256, 56), (256, 512, 28), (512, 1024, 14), (1024, 2048, 7))),
    "plain164-cifar": ("resnet164-cifar", ((16, 64, 32), (64, 128, 16), (128, 256, 8))),
    "plain1001-cifar": ("resnet1001-cifar", ((16, 64, 32), (64, 128, 16), (128, 256, 8))),
    "plain1202-cifar": ("resnet1202-cifar", ()),
}


@pytest.mark.parametrize(("name", "twin"), PROJECTIONS.items())
def test_a_plain_twin_lacks_the_projections_and_their_normalisation(name, twin) -> None:
    residual, projections = twin
    plain, whole = analyze(name), analyze(residual)
    fewer = sum(before * after + 2 * after for before, after, _ in projections)
    assert whole.parameters - plain.parameters == fewer
    assert whole.macs - plain.macs == sum(a * b * size * size for a, b, size in projections)


def test_every_name_is_counted() -> None:
    assert set(NAMES) <= {
        *COUNTS,
        *SQUEEZED,
        *PRINTED_MILLIONS,
        *KERAS,
        *PROJECTIONS,
        "resnet18-1d",
    }


@pytest.mark.parametrize(
    ("depth", "parameters"),
    [(20, 272_474), (32, 466_906), (44, 661_338), (56, 855_770), (110, 1_730_714)],
)
def test_parameters_with_projections_on_cifar(depth: int, parameters: int) -> None:
    assert analyze(f"resnet{depth}-cifar,shortcut=B").parameters == parameters


@pytest.mark.parametrize("n", [1, 2, 3, 5, 18, 40, 200])
def test_closed_forms_on_cifar(n: int) -> None:
    parameters, macs = 97_216 * n - 21_926, 14_155_776 * n - 1_916_288
    for family in ("resnet20-cifar", "plain20-cifar", "resnet110v2-cifar"):
        analysis = analyze(f"{family},depth={6 * n + 2}")
        assert (analysis.parameters, analysis.macs) == (parameters, macs)
        assert analysis.receptive_field == 28 * n - 3
    bottleneck = analyze(f"resnet164v2-cifar,depth={9 * min(n, 111) + 2}")
    assert bottleneck.parameters == 92_736 * min(n, 111) + 34_010


@pytest.mark.parametrize(
    ("text", "without_bn"),
    [
        ("resnet110v2-cifar", 1_719_866),
        ("resnet110v2-cifar,shortcut=B", 1_722_426),
        ("resnet164-cifar", 1_679_034),
        ("resnet164v2-cifar", 1_679_034),
        ("resnet1001-cifar", 10_178_490),
        ("resnet1001v2-cifar", 10_178_490),
    ],
)
def test_parameters_without_bn(text: str, without_bn: int) -> None:
    analysis = analyze(text)
    assert analysis.parameters - analysis.by("kind")["normalisation"].parameters == without_bn
    assert analyze(f"{text},norm=none").parameters == without_bn


# Parameters of convolutions, BN and the linear layer, and the number of convolutions.
BY_KIND = {
    "resnet18": (11_166_912, 9_600, 513_000, 20),
    "resnet34": (21_267_648, 17_024, 513_000, 36),
    "resnet50": (23_454_912, 53_120, 2_049_000, 53),
    "resnet101": (42_394_816, 105_344, 2_049_000, 104),
    "resnet152": (57_992_384, 151_424, 2_049_000, 155),
    "resnet200": (62_448_832, 176_000, 2_049_000, 203),
}


@pytest.mark.parametrize(("text", "expected"), BY_KIND.items())
def test_counts_by_kind(text: str, expected: tuple[int, int, int, int]) -> None:
    kinds = analyze(text).by("kind")
    parameters = (kinds[k].parameters for k in ("convolution", "normalisation", "linear"))
    assert (*parameters, kinds["convolution"].layers) == expected
    buffers = sum(row.buffers for row in analyze(text).layers)
    assert buffers == kinds["normalisation"].parameters + kinds["normalisation"].layers


STEM = (9_536, 118_013_952)
CONV5 = (14_964_736, 809_238_528)
BY_STAGE = {
    "resnet18": (
        STEM,
        (147_968, 462_422_016),
        (525_568, 411_041_792),
        (2_099_712, 411_041_792),
        (8_393_728, 411_041_792),
        (513_000, 512_000),
    ),
    "resnet34": (
        STEM,
        (221_952, 693_633_024),
        (1_116_416, 873_463_808),
        (6_822_400, 1_335_885_824),
        (13_114_368, 642_252_800),
        (513_000, 512_000),
    ),
    "resnet50": (
        STEM,
        (215_808, 667_942_912),
        (1_219_584, 1_027_604_480),
        (7_098_368, 1_464_336_384),
        CONV5,
        (2_049_000, 2_048_000),
    ),
    "resnet101": (
        STEM,
        (215_808, 667_942_912),
        (1_219_584, 1_027_604_480),
        (26_090_496, 5_176_557_568),
        CONV5,
        (2_049_000, 2_048_000),
    ),
    "resnet152": (
        STEM,
        (215_808, 667_942_912),
        (2_339_840, 1_901_068_288),
        (40_613_888, 8_015_314_944),
        CONV5,
        (2_049_000, 2_048_000),
    ),
}


@pytest.mark.parametrize(("text", "expected"), BY_STAGE.items())
def test_counts_by_stage(text: str, expected: tuple[tuple[int, int], ...]) -> None:
    stages = analyze(text).by("stage")
    assert list(stages) == ["stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x", "head"]
    assert tuple((total.parameters, total.macs) for total in stages.values()) == expected


@pytest.mark.parametrize("text", ["resnet50", "resnet101", "resnet152"])
def test_a_stride_in_the_1x1_saves_the_same_in_each_strided_stage(text: str) -> None:
    later, early = analyze(text).by("stage"), analyze(f"{text},stride_at=1x1").by("stage")
    saved = [later[stage].macs - early[stage].macs for stage in later]
    assert saved == [0, 0, 77_070_336, 77_070_336, 77_070_336, 0]


@pytest.mark.parametrize(
    ("text", "parameters", "macs"),
    [
        ("resnet50", 69_632, 218_365_952),
        ("resnet34", 73_728, 231_211_008),
        ("resnet34,width=256", 1_179_648, 3_699_376_128),
    ],
)
def test_a_unit_at_56_by_56(text: str, parameters: int, macs: int) -> None:
    unit = [r for r in analyze(text).layers if (r.stage, r.unit) == ("conv2_x", 2)]
    total = sum_rows(row for row in unit if row.kind == "convolution")
    assert (total.parameters, total.macs) == (parameters, macs)


# Receptive fields of conv1, pool, conv2_x ... conv5_x.
FIELDS = {
    "resnet18": (7, 11, 43, 99, 211, 435),
    "resnet34": (7, 11, 59, 179, 547, 899),
    "resnet50": (7, 11, 35, 91, 267, 427),
    "resnet101": (7, 11, 35, 91, 811, 971),
    "resnet152": (7, 11, 35, 155, 1291, 1451),
    "resnet200": (7, 11, 35, 411, 1547, 1707),
    "resnet50,stride_at=1x1": (7, 11, 35, 99, 291, 483),
    "resnet101,stride_at=1x1": (7, 11, 35, 99, 835, 1027),
    "resnet152,stride_at=1x1": (7, 11, 35, 163, 1315, 1507),
    "resnet200,stride_at=1x1": (7, 11, 35, 419, 1571, 1763),
    "resnet50v2": (7, 11, 35, 91, 267, 427),
    "plain34": (7, 11, 59, 179, 547, 899),
}
CIFAR_FIELDS = {
    "resnet20-cifar": (15, 37, 81),
    "resnet32-cifar": (23, 61, 137),
    "resnet44-cifar": (31, 85, 193),
    "resnet56-cifar": (39, 109, 249),
    "resnet110-cifar": (75, 217, 501),
    "resnet1202-cifar": (803, 2401, 5597),
    "resnet164-cifar": (39, 111, 255),
    "resnet1001-cifar": (225, 669, 1557),
    "resnet164v2-cifar": (39, 111, 255),
}


@pytest.mark.parametrize(("text", "expected"), FIELDS.items())
def test_receptive_fields_on_imagenet(text: str, expected: tuple[int, ...]) -> None:
    rows = analyze(text).layers
    ends = {row.stage: row for row in rows}
    seen = [next(row for row in rows if row.name == name) for name in ("conv1", "maxpool")]
    seen += [ends[f"conv{n}_x"] for n in (2, 3, 4, 5)]
    assert tuple(row.receptive_field for row in seen) == expected
    assert [row.jump for row in seen] == [2, 4, 4, 8, 16, 32]
    assert analyze(text).receptive_field == expected[-1]
    assert rows[-1].receptive_field is rows[-1].jump is None


@pytest.mark.parametrize(("text", "expected"), CIFAR_FIELDS.items())
def test_receptive_fields_on_cifar(text: str, expected: tuple[int, ...]) -> None:
    ends = {row.stage: row for row in analyze(text).layers}
    seen = [ends[f"stage{n}"] for n in (1, 2, 3)]
    assert tuple(row.receptive_field for row in seen) == expected
    assert [row.jump for row in seen] == [1, 2, 4]


# Millions of numbers in the outputs of convolutions and the linear layer, and of all layers
# of one input that make a new tensor; megabytes of weights.
OUTPUTS = {
    "resnet18": ("2.485", "7.478", "46.76"),
    "resnet34": ("3.739", "11.241", "87.19"),
    "resnet50": ("11.115", "32.040", "102.23"),
    "resnet101": ("16.233", "47.394", "178.20"),
    "resnet152": ("22.555", "66.361", "240.77"),
    "resnet50,groups=32,width_per_group=4": ("14.402", "41.900", "100.12"),
    "resnet50,width_per_group=128": ("14.402", "41.900", "275.53"),
}


@pytest.mark.parametrize(("text", "expected"), OUTPUTS.items())
def test_activation_and_weight_memory(text: str, expected: tuple[str, str, str]) -> None:
    analysis = analyze(text)
    kinds = {kind: total.output_bytes / 4e6 for kind, total in analysis.by("kind").items()}
    weighted = kinds["convolution"] + kinds["linear"]
    leaves = analysis.activation_bytes / 4e6 - kinds["addition"] - kinds["flatten"]
    megabytes = analysis.weights_bytes / 1e6
    assert (f"{weighted:.3f}", f"{leaves:.3f}", f"{megabytes:.2f}") == expected


@given(NAMED_SPECS | specs())
def test_totals_are_the_sums_of_the_rows(spec: ArchitectureSpec) -> None:
    analysis = analyze(spec)
    rows = analysis.layers
    assert analysis.parameters == sum(row.parameters for row in rows)
    assert analysis.macs == sum(row.macs for row in rows)
    assert analysis.activation_bytes == sum(row.output_bytes for row in rows)
    for groups in (analysis.by("stage"), analysis.by("kind"), analysis.by_stage_and_kind()):
        totals = tuple(sum(column) for column in zip(*groups.values(), strict=True))
        assert totals == tuple(analysis.total)
    assert len({row.name for row in rows}) == len(rows)
    assert {row.kind for row in rows} <= set(KINDS)
    assert analysis.output_shape == (spec.classes,)
    assert rows[0].input_shape == (spec.in_channels, *(spec.image_size,) * spec.dims)


def beside(name: str) -> bool:
    """Whether a layer lies on a shortcut or in a gate."""
    return ".downsample." in name or ".gate." in name


@given(specs())
def test_weighted_layers_on_the_main_path_are_the_depth(spec: ArchitectureSpec) -> None:
    weighted = [
        row
        for row in analyze(spec).layers
        if row.kind in ("convolution", "linear") and not beside(row.name)
    ]
    extra = 2 if spec.stem == "deep" else 0  # a stem counts as one layer
    assert len(weighted) - extra == spec.depth == analyze(spec).depth


@given(specs())
def test_the_plain_twin_drops_shortcuts_alone(spec: ArchitectureSpec) -> None:
    plain, residual = analyze(spec.plain()), analyze(spec)
    assert plain.receptive_field == residual.receptive_field
    assert plain.macs == residual.macs - sum(
        row.macs for row in residual.layers if beside(row.name)
    )
    assert "addition" not in plain.by("kind")


def test_plain_data_survives_json() -> None:
    analysis = analyze("resnet20-cifar")
    data = json.loads(json.dumps(analysis.as_dict()))
    assert data["variant"] == "resnet20-cifar" and data["macs"] == 40_551_040
    assert data["flops"] == 2 * data["macs"] and data["input_shape"] == [3, 32, 32]
    assert data["layers"] == [row_as_dict(row) for row in analysis.layers]
    assert sum(row["parameters"] for row in data["layers"]) == data["parameters"]


def test_a_row_states_kernel_stride_and_groups_where_it_has_them() -> None:
    text = "resnet50,groups=32,width_per_group=4,norm=group"
    rows = {row.name: (row.kernel, row.stride, row.groups) for row in analyze(text).layers}
    assert rows["conv1"] == (7, 2, 1)
    assert rows["bn1"] == (None, None, 32)
    assert rows["relu"] == rows["fc"] == rows["avgpool"] == (None, None, None)
    assert rows["maxpool"] == (3, 2, None)
    assert rows["layer2.0.conv2"] == (3, 2, 32)
    assert rows["layer2.1.conv2"] == (3, 1, 32)
    padded = {row.name: row for row in analyze("resnet20-cifar").layers}["layer2.0.downsample.0"]
    assert (padded.kernel, padded.stride, padded.groups) == (None, 2, None)


def test_a_text_that_is_no_network_is_refused() -> None:
    with pytest.raises(SpecError, match="resnet50"):
        analyze("resnet51")


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, explorer; explorer.analyze('resnet50'); import explorer.catalog; "
        "explorer.catalog.entries(); "
        "print(sorted({'torch', 'numpy', 'torchvision', 'streamlit', 'plotly', 'pandas'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
