"""A variant in words: a short human name, and a sentence that describes it."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import inf, isfinite, isnan

from explorer.spec import ArchitectureSpec

ORDERING_WORDS = {
    "original": "v1: original",
    "bn_after_addition": "BN after addition",
    "relu_before_addition": "ReLU before addition",
    "relu_only_preactivation": "ReLU-only pre-activation",
    "full_preactivation": "v2: full pre-activation",
}
SHORTCUT_WORDS = {
    "A": "zero-padded shortcuts (A)",
    "B": "projection shortcuts where the shape changes (B)",
    "C": "projection shortcuts everywhere (C)",
    "none": "no shortcuts: the plain network",
    "constant_scaling": "shortcuts and branches times a constant",
    "exclusive_gating": "shortcuts gated by 1 − g, branches by g",
    "shortcut_only_gating": "shortcuts gated by 1 − g",
    "dropout": "dropout on shortcuts",
}
SHORTCUT_NAMES = {
    "A": "A: zero padding",
    "B": "B: projection at changes",
    "C": "C: projection everywhere",
    "none": "none: plain network",
    "constant_scaling": "constant scaling",
    "exclusive_gating": "exclusive gating",
    "shortcut_only_gating": "shortcut-only gating",
    "dropout": "dropout",
}
STEM_WORDS = {
    "imagenet": "ImageNet: 7x7, stride 2, max-pool",
    "cifar": "CIFAR: one 3x3",
    "cifar-pool": "CIFAR with a max-pool of stride 1",
    "deep": "deep: three 3x3, max-pool",
}
INIT_WORDS = {"he": "He", "fixup": "Fixup scaling"}


@lru_cache(maxsize=1024)
def title(spec: ArchitectureSpec) -> str:
    """Return a short human name, such as `ResNet-110 v2 (CIFAR), no normalisation`."""
    name, *settings = str(spec).split(",")
    if settings and settings[0].startswith("depth="):
        name = re.sub(r"\d+", str(spec.depth), name, count=1)
        settings = settings[1:]
    return ", ".join((name_title(name), *map(_setting_title, settings)))


def _setting_title(setting: str) -> str:
    field, _, value = setting.partition("=")
    if field == "ordering":
        return ORDERING_WORDS[value].partition(":")[0]
    return _SETTING_WORDS.get(setting, _SETTING_WORDS.get(field, "{field}={value}")).format(
        field=field, value=value
    )


_SETTING_WORDS = {
    "stages": "stages {value}",
    "block": "{value} units",
    "shortcut": "shortcut {value}",
    "shortcut=none": "plain",
    "shortcut=constant_scaling": "scaled shortcuts",
    "shortcut=exclusive_gating": "exclusive gating",
    "shortcut=shortcut_only_gating": "gated shortcuts",
    "shortcut=dropout": "dropout on shortcuts",
    "shortcut_scale": "shortcuts × {value}",
    "branch_scale": "branches × {value}",
    "gate_bias": "gate bias {value}",
    "shortcut_dropout": "dropping {value}",
    "downsample_in": "downsampling in the {value} unit",
    "stem": "{value} stem",
    "stem_activation=false": "stem not activated",
    "bias=none": "no biases",
    "bias": "biases: {value}",
    "skip_init=true": "branches times a learned number",
    "init=fixup": "Fixup scaling",
    "survival": "survival {value}",
    "dims=1": "1-D",
    "stride_at": "stride in the {value}",
    "norm": "{value} normalisation",
    "norm=none": "no normalisation",
    "zero_init=true": "branches start at zero",
    "se_ratio": "squeeze-excitation {value}",
    "widen": "{value} times wider",
    "groups": "cardinality {value}",
    "image_size": "{value} px",
    "classes": "{value} classes",
}


@lru_cache(maxsize=1024)
def name_title(name: str) -> str:
    """Return the human form of a catalogue name: `resnet110v2-cifar` is ResNet-110 v2 (CIFAR)."""
    bare, cifar, _ = name.partition("-cifar")
    for pattern, words in _FAMILIES.items():
        if match := re.fullmatch(pattern, bare):
            return match.expand(words).strip() + (" (CIFAR)" if cifar else "")
    return name


_FAMILIES = {
    r"lenet5": "LeNet-5",
    r"alexnet": "AlexNet",
    r"alexnet-(\d+)": r"AlexNet (\1)",
    r"vgg(\d+)": r"VGG-\1",
    r"vgg(\d+)_bn": r"VGG-\1 BN",
    r"googlenet": "GoogLeNet",
    r"googlenet-(\d+)": r"GoogLeNet (\1)",
    r"resnet(\d+)(?:(v2))?": r"ResNet-\1 \2",
    r"resnet(\d+)-1d": r"ResNet-\1 1-D",
    r"keras-resnet(\d+)": r"ResNet-\1 (Keras)",
    r"keras-resnet(\d+)v2": r"ResNet-\1 v2 (Keras)",
    r"plain(\d+)": r"Plain-\1",
    r"resnext(\d+)_(\w+)": r"ResNeXt-\1 \2",
    r"wide_resnet(\d+)_(\d+)": r"Wide ResNet-\1-\2",
    r"wrn-(\d+-\d+)": r"WRN-\1",
    r"seresnet(\d+)": r"SE-ResNet-\1",
    r"seresnext(\d+)_(\w+)": r"SE-ResNeXt-\1 \2",
}


def sentence(spec: ArchitectureSpec) -> str:
    """Describe a variant in one sentence."""
    size = " × ".join(str(spec.image_size) for _ in range(spec.dims))
    said = ", " + ", ".join(_residual_words(spec))
    if spec.family != "residual":
        said = _classic_words(spec)
    return (
        f"{spec.depth} weighted layers{said}; input {size} × {spec.in_channels}, "
        f"{spec.classes:,} classes."
    )


def _residual_words(spec: ArchitectureSpec) -> list[str]:
    units = "-".join(map(str, spec.stages))
    parts = [f"{units} {spec.block} units", SHORTCUT_WORDS[spec.shortcut]]
    if spec.shortcut != "none":
        parts.append(f"ordering {ORDERING_WORDS[spec.ordering]}")
    if spec.block == "bottleneck":
        parts.append(f"stride in the {spec.stride_at} convolution")
    if spec.groups > 1:
        parts.append(f"cardinality {spec.groups}")
    if spec.width_per_group is not None:
        parts.append(f"{spec.width_per_group} channels a group in the first stage")
    if spec.widen > 1:
        parts.append(f"{spec.widen} times wider")
    if spec.se_ratio is not None:
        parts.append(f"squeeze-excitation with reduction {spec.se_ratio}")
    if spec.norm != "batch":
        parts.append("no normalisation" if spec.norm == "none" else "group normalisation")
    return [*parts, *_further(spec)]


def _further(spec: ArchitectureSpec) -> Iterator[str]:
    """Yield what is said of a network only where it is out of the ordinary."""
    if spec.downsample_in == "last":
        yield "downsampling in a stage's last unit"
    if not spec.stem_activation:
        yield "no activation behind the stem"
    if spec.bias != "none":
        yield f"biases in {'all' if spec.bias == 'all' else 'unnormalised'} convolutions"
    if spec.skip_init:
        yield "branches times a learned number that starts at 0"
    if spec.init == "fixup":
        yield "branches scaled down at the start as in Fixup"
    if spec.survival < 1:
        yield f"stochastic depth with survival {spec.survival:g} at the end"
    if spec.stem == "deep":
        yield "a stem of three 3x3 convolutions, counted as one layer"


def _classic_words(spec: ArchitectureSpec) -> str:
    units = "-".join(map(str, spec.stages))
    norm = "" if spec.norm == "none" else f" with {spec.norm} normalisation"
    return _CLASSIC_WORDS[spec.family].format(count=sum(spec.stages), units=units, norm=norm)


_CLASSIC_WORDS: Mapping[str, str] = {
    "lenet5": (
        ": three convolutions of 5x5 and tanh, average pooling behind the first two, two linear "
        "layers"
    ),
    "alexnet-2012": (
        ": five convolutions, of which the second, fourth and fifth are split into two towers, "
        "local response normalisation, overlapping max-pools, three linear layers with dropout"
    ),
    "alexnet": (
        ": five convolutions in a single tower, overlapping max-pools, three linear layers with "
        "dropout"
    ),
    "vgg": (
        ": {count} convolutions of 3x3{norm} in five stages ({units}), a max-pool behind each "
        "stage, three linear layers with dropout"
    ),
    "googlenet-2014": (
        " on the longest path: three convolutions with local response normalisation, nine "
        "Inception modules of four parallel branches, global average pooling, one linear layer"
    ),
    "googlenet": (
        " on the longest path: three convolutions, nine Inception modules of four parallel "
        "branches with 3x3 in place of 5x5, batch normalisation, global average pooling, one "
        "linear layer"
    ),
}
"""What follows the number of layers."""


def unit_name(spec: ArchitectureSpec) -> str:
    """Return what the units of a network's stages are called."""
    if spec.family == "residual":
        return "unit"
    return "Inception module" if spec.family.startswith("googlenet") else "convolution"


def change(factor: float) -> str:
    """Say what a gradient does on its way from the last layers to the first.

    Args:
        factor: its norm there over its norm at the start of the way.
    """
    if factor == 0:
        return "falls to 0"
    if not 0 < factor < inf:
        return f"has no finite ratio ({'not a number' if isnan(factor) else 'infinite'})"
    if factor < 1e-6:
        return f"shrinks to {three_figures(factor)} of itself"
    size = three_figures(max(factor, 1 / factor))
    if size == "1":
        return "stays the same"
    return f"grows {size}-fold" if factor > 1 else f"shrinks to 1/{size}"


def three_figures(value: float) -> str:
    """Return a number with three figures, a very large or small one with a power of ten."""
    if value == 0 or not isfinite(value) or 1e-4 <= abs(value) < 999_500:
        return f"{float(f'{value:.3g}'):,g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
