"""Where a layer's numbers come from: the formulas, written out with the layer's own numbers."""

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

from explorer.analysis import analyze
from explorer.costs import BYTES_PER_NUMBER
from explorer.rows import LayerRow


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
    inputs, outputs = row.input_shape[0], row.output_shape[0]
    split = f"({inputs:,} / {row.groups})" if row.groups != 1 else f"{inputs:,}"
    extent = "kernel height × kernel width" if len(row.input_shape) > 2 else "kernel length"
    biases = ", and a bias for each output channel" if _biases(row) else "; there is no bias"
    rule = f"output channels × input channels × {extent}{biases}"
    if row.groups != 1:
        rule = rule.replace("input channels", "input channels of a group")
    size = " × ".join(str(row.kernel) for _ in row.input_shape[1:])
    added = f" + {outputs:,}" if _biases(row) else ""
    written = f"{outputs:,} × {split} × {size}{added} = {row.parameters:,}"
    return Formula("Parameters", rule, written)


def _biases(row: LayerRow) -> int:
    """Return how many biases a convolution has: what its MACs at each place leave over."""
    return row.parameters - row.macs // prod(row.output_shape[1:])


def _normalisation_parameters(row: LayerRow) -> Formula:
    if not row.parameters:
        return _no_parameters(row)
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


def _scaling_parameters(row: LayerRow) -> Formula:
    if not row.parameters:
        return _no_parameters(row)
    return Formula("Parameters", "one number for the whole map", f"{row.parameters}")


def _no_parameters(row: LayerRow) -> Formula:
    return Formula("Parameters", "nothing is learned here", f"{row.parameters}")


_PARAMETERS: Mapping[str, Callable[[LayerRow], Formula]] = {
    "convolution": _convolution_parameters,
    "normalisation": _normalisation_parameters,
    "linear": _linear_parameters,
    "squeeze-excitation": _squeeze_excitation_parameters,
    "scaling": _scaling_parameters,
}


def _buffers(row: LayerRow) -> Formula | None:
    if not row.buffers:
        return None
    rule = "running mean and variance of each channel, and the count of batches; not learned"
    return Formula("Buffers", rule, f"2 × {row.input_shape[0]:,} + 1 = {row.buffers:,}")


def _macs(row: LayerRow) -> Formula:
    if row.kind == "convolution":
        places = " × ".join(f"{size}" for size in row.output_shape[1:])
        weights = row.parameters - _biases(row)
        extent = "output height × output width" if len(row.output_shape) > 2 else "output length"
        what = "weights, biases aside" if _biases(row) else "parameters"
        return Formula("MACs", f"{extent} × {what}", f"{places} × {weights:,} = {row.macs:,}")
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
        extent = "height × width" if len(row.input_shape) > 2 else "length"
        return [Formula("Output numbers", f"channels × {extent}", f"{written} = {channels}")]
    if len(row.output_shape) == 1:
        rule = "one for each output" if row.kind == "linear" else "as the input"
        return [Formula("Output numbers", rule, channels)]
    return [
        Formula("Output channels", _CHANNELS.get(row.kind, "as the input"), channels),
        _size(row),
    ]


_CHANNELS = {
    "convolution": "one for each filter",
    "padding": "those of the input, and zeros behind them",
    "concatenation": "those of all branches",
}


def _size(row: LayerRow) -> Formula:
    quantity = "Output height and width" if len(row.output_shape) > 2 else "Output length"
    before, size = row.input_shape[1], row.output_shape[1]
    if row.stride is not None:
        kernel, padding = row.kernel or 1, row.padding or 0  # every n-th pixel: a kernel of one
        down = (before + 2 * padding - kernel) // row.stride + 1
        rounded = "floor" if down == size else "ceil"
        slide = f"{rounded}(({before} + 2 × {padding} − {kernel}) / {row.stride}) + 1"
        rule = f"{rounded}((input + 2 × padding − kernel) / stride) + 1"
        return Formula(quantity, rule, f"{slide} = {size}")
    if row.kind == "pooling" and row.kernel is not None:
        return Formula(quantity, "as chosen: the windows are fitted to the map", f"{size}")
    rule = "the mean over the whole map" if row.kind == "pooling" else "as the input"
    return Formula(quantity, rule, f"{size}")


def _field(row: LayerRow) -> Formula | None:
    quantity = "Receptive field (px)"
    if row.receptive_field is None:
        return None
    if row.jump is None:
        rule = "the input's + (widest window − 1) × the input's jump"
        return Formula(quantity, rule, f"{row.receptive_field:,}")
    if row.kernel is None:
        rule = _JOINED.get(row.kind, "as the input")
        return Formula(quantity, rule, f"{row.receptive_field:,}")
    jump = row.jump // (row.stride or 1)
    before = row.receptive_field - (row.kernel - 1) * jump
    written = f"{before:,} + ({row.kernel} − 1) × {jump} = {row.receptive_field:,}"
    return Formula(quantity, "the input's + (kernel − 1) × the input's jump", written)


_JOINED = {
    "addition": "the larger of branch and shortcut",
    "concatenation": "the largest of all branches",
    "gating": "the larger of what is weighted and the gate",
}


def _jump(row: LayerRow) -> Formula | None:
    if row.stride is None or row.jump is None:
        return None
    rule = "the input's × stride: how far apart on the picture neighbours of the map look"
    written = f"{row.jump // row.stride} × {row.stride} = {row.jump}"
    return Formula("Jump (px)", rule, written)


def _memory(row: LayerRow) -> Formula:
    if not row.output_bytes:
        rule = "passed on as it is" if row.kind == "dropout" else "a view of the input, no copy"
        return Formula("Activations (bytes)", rule, "0")
    numbers = " × ".join(f"{size:,}" for size in row.output_shape)
    written = f"{numbers} × {BYTES_PER_NUMBER} = {row.output_bytes:,}"
    return Formula("Activations (bytes)", "output numbers × bytes of a float32", written)
