"""Where a layer's numbers come from: the formulas, written out with the layer's own numbers."""

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

from explorer.analysis import LayerRow, analyze
from explorer.costs import BYTES_PER_NUMBER


class Formula(NamedTuple):
    """One number of a layer: what it is, the rule, and the arithmetic with its result.

    `written` is plain arithmetic with the signs ×, /, + and −, as in `64 × 3 × 7 × 7 = 9,408`;
    a number that needs none stands alone.
    """

    quantity: str
    rule: str
    written: str


def formulas(row: LayerRow) -> tuple[Formula, ...]:
    """Write out a row's parameters, MACs, FLOPs, output shape and receptive field."""
    found = [_parameters(row), _buffers(row), _macs(row), _flops(row), *_shape(row)]
    found += [_field(row), _jump(row), _memory(row)]
    return tuple(formula for formula in found if formula is not None)


def counting_conventions() -> str:
    """Say in Markdown why one network is given as 3.8, 4.1 and 8.2 billion operations.

    Source:
        He et al. 2015, arXiv:1512.03385, Table 1 (3.8 x 10^9); torchvision's metadata (4.089).
    """
    paper, torchvision = analyze("resnet50,stride_at=1x1"), analyze("resnet50")
    return (
        "One multiply-accumulate (MAC) is one multiplication and one addition. For ResNet-50 on "
        "one picture of 224 × 224 pixels:\n\n"
        f"- **3.8 billion** is what the paper prints as 'FLOPs': {paper.macs:,} MACs. Its "
        "downsampling units halve the map in the first 1x1 convolution.\n"
        f"- **4.1 billion** is torchvision's figure: {torchvision.macs:,} MACs. It halves the map "
        "in the 3x3 convolution, one layer later (often called v1.5). Parameters are the same.\n"
        f"- **8.2 billion** is the same network counted in FLOPs, two for each MAC: "
        f"{torchvision.flops:,}, as PyTorch's `FlopCounterMode` counts.\n\n"
        "Some tools add normalisations, ReLU, pooling and additions and arrive at 4.11 to 4.13 "
        "billion (fvcore, thop, ptflops). Here MACs are those of convolutions and linear layers, "
        "biases not counted, and FLOPs are exactly 2 × MACs."
    )


def _parameters(row: LayerRow) -> Formula:
    return _PARAMETERS.get(row.kind, _no_parameters)(row)


def _convolution_parameters(row: LayerRow) -> Formula:
    inputs, outputs, size = row.input_shape[0], row.output_shape[0], row.kernel
    split = f"({inputs:,} / {row.groups})" if row.groups != 1 else f"{inputs:,}"
    rule = "output channels × input channels × kernel height × kernel width; there is no bias"
    if row.groups != 1:
        rule = rule.replace("input channels", "input channels of a group")
    written = f"{outputs:,} × {split} × {size} × {size} = {row.parameters:,}"
    return Formula("Parameters", rule, written)


def _normalisation_parameters(row: LayerRow) -> Formula:
    written = f"2 × {row.input_shape[0]:,} = {row.parameters:,}"
    return Formula("Parameters", "gamma and beta of each channel", written)


def _linear_parameters(row: LayerRow) -> Formula:
    inputs, outputs = prod(row.input_shape), row.output_shape[0]
    written = f"{inputs:,} × {outputs:,} + {outputs:,} = {row.parameters:,}"
    return Formula("Parameters", "inputs × outputs, and a bias for each output", written)


def _squeeze_excitation_parameters(row: LayerRow) -> Formula:
    rule = "two linear layers with biases: channels to reduced channels, and back"
    channels, reduced = row.input_shape[0], _reduced(row)
    written = f"2 × {channels:,} × {reduced:,} + {reduced:,} + {channels:,} = {row.parameters:,}"
    return Formula("Parameters", rule, written)


def _reduced(row: LayerRow) -> int:
    return row.macs // (2 * row.input_shape[0])


def _no_parameters(row: LayerRow) -> Formula:
    return Formula("Parameters", "nothing is learned here", f"{row.parameters}")


_PARAMETERS: Mapping[str, Callable[[LayerRow], Formula]] = {
    "convolution": _convolution_parameters,
    "normalisation": _normalisation_parameters,
    "linear": _linear_parameters,
    "squeeze-excitation": _squeeze_excitation_parameters,
}


def _buffers(row: LayerRow) -> Formula | None:
    if not row.buffers:
        return None
    rule = "running mean and variance of each channel, and the count of batches; not learned"
    return Formula("Buffers", rule, f"2 × {row.input_shape[0]:,} + 1 = {row.buffers:,}")


def _macs(row: LayerRow) -> Formula:
    if row.kind == "convolution":
        height, width = row.output_shape[1:]
        written = f"{height} × {width} × {row.parameters:,} = {row.macs:,}"
        return Formula("MACs", "output height × output width × parameters", written)
    if row.kind == "linear":
        inputs, outputs = prod(row.input_shape), row.output_shape[0]
        return Formula("MACs", "inputs × outputs", f"{inputs:,} × {outputs:,} = {row.macs:,}")
    if row.kind == "squeeze-excitation":
        written = f"2 × {row.input_shape[0]:,} × {_reduced(row):,} = {row.macs:,}"
        return Formula("MACs", "channels × reduced channels, in each linear layer", written)
    return Formula("MACs", "only convolutions and linear layers are counted", f"{row.macs}")


def _flops(row: LayerRow) -> Formula | None:
    if not row.macs:
        return None
    rule = "a multiplication and an addition for each MAC"
    return Formula("FLOPs", rule, f"2 × {row.macs:,} = {2 * row.macs:,}")


def _shape(row: LayerRow) -> list[Formula]:
    """Return the formula of the channels, and that of the height, which is also the width."""
    channels = f"{row.output_shape[0]:,}"
    if row.kind == "flatten":
        written = " × ".join(f"{size:,}" for size in row.input_shape)
        return [Formula("Output numbers", "channels × height × width", f"{written} = {channels}")]
    if row.kind == "linear":
        return [Formula("Output numbers", "one for each output", channels)]
    return [
        Formula("Output channels", _CHANNELS.get(row.kind, "as the input"), channels),
        _size(row),
    ]


_CHANNELS = {
    "convolution": "one for each filter",
    "padding": "those of the input, and zeros behind them",
}


def _size(row: LayerRow) -> Formula:
    quantity, size = "Output height and width", row.output_shape[1]
    if row.stride is not None:
        kernel = row.kernel or 1  # a shortcut that takes every n-th pixel looks at one
        slide = f"floor(({row.input_shape[1]} + 2 × {kernel // 2} − {kernel}) / {row.stride}) + 1"
        rule = "floor((input + 2 × padding − kernel) / stride) + 1"
        return Formula(quantity, rule, f"{slide} = {size}")
    rule = "the mean over the whole map" if row.kind == "pooling" else "as the input"
    return Formula(quantity, rule, f"{size}")


def _field(row: LayerRow) -> Formula | None:
    quantity = "Receptive field (px)"
    if row.receptive_field is None or row.jump is None:
        return None
    if row.kernel is None:
        larger = "the larger of branch and shortcut" if row.kind == "addition" else "as the input"
        return Formula(quantity, larger, f"{row.receptive_field:,}")
    jump = row.jump // (row.stride or 1)
    before = row.receptive_field - (row.kernel - 1) * jump
    written = f"{before:,} + ({row.kernel} − 1) × {jump} = {row.receptive_field:,}"
    return Formula(quantity, "the input's + (kernel − 1) × the input's jump", written)


def _jump(row: LayerRow) -> Formula | None:
    if row.stride is None or row.jump is None:
        return None
    rule = "the input's × stride: how far apart on the picture neighbours of the map look"
    written = f"{row.jump // row.stride} × {row.stride} = {row.jump}"
    return Formula("Jump (px)", rule, written)


def _memory(row: LayerRow) -> Formula:
    if not row.output_bytes:
        return Formula("Activations (bytes)", "a view of the input, no copy", "0")
    numbers = " × ".join(f"{size:,}" for size in row.output_shape)
    written = f"{numbers} × {BYTES_PER_NUMBER} = {row.output_bytes:,}"
    return Formula("Activations (bytes)", "output numbers × bytes of a float32", written)
