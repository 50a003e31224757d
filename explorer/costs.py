"""What one layer of a plan does to a shape, and what that costs: one function a kind."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple, TypeAlias

from explorer.nodes import (
    AdaptiveAveragePool,
    AveragePool,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LearnedScale,
    Linear,
    LocalResponseNormalisation,
    MaxPool,
    Normalisation,
    ReLU,
    Scaling,
    Sigmoid,
    SqueezeExcitation,
    StochasticDepth,
    Tanh,
    ZeroPadding,
)

Shape: TypeAlias = tuple[int, ...]
BYTES_PER_NUMBER = 4  # float32

KINDS = (
    "convolution",
    "normalisation",
    "activation",
    "pooling",
    "linear",
    "squeeze-excitation",
    "addition",
    "concatenation",
    "padding",
    "scaling",
    "gating",
    "dropout",
    "flatten",
)
"""Every kind a row can have, in the order a legend shows them."""


class Facts(NamedTuple):
    """What one layer does to a shape (C, H, W) or (C, L), and what that costs for one image.

    `kernel`, `stride`, `padding` and `groups` are None where the layer has no such thing; the
    first two widen the receptive field, `sees_all` ends its count, `uneven` windows end that of
    the jump. A layer that does not allocate returns its input or a view of it, in prediction.
    """

    kind: str
    detail: str
    output_shape: Shape
    parameters: int = 0
    buffers: int = 0
    macs: int = 0
    kernel: int | None = None
    stride: int | None = None
    padding: int | None = None
    groups: int | None = None
    sees_all: bool = False
    uneven: bool = False
    allocates: bool = True


def _convolution(layer: Convolution, shape: Shape) -> Facts:
    size = tuple(_slide(n, layer.kernel, layer.stride, layer.padding) for n in shape[1:])
    inputs = layer.in_channels // layer.groups
    per_place = layer.kernel ** len(size) * inputs * layer.out_channels
    detail = f"{_across(layer.kernel, size)}, {layer.in_channels} to {layer.out_channels}"
    detail += f", stride {layer.stride}" if layer.stride > 1 else ""
    detail += f", {layer.groups} groups" if layer.groups > 1 else ""
    detail += ", with bias" if layer.bias else ""
    return Facts(
        "convolution",
        detail,
        (layer.out_channels, *size),
        parameters=per_place + (layer.out_channels if layer.bias else 0),
        macs=per_place * prod(size),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
    )


def _normalisation(layer: Normalisation, shape: Shape) -> Facts:
    if layer.groups is not None:
        detail = f"group, {layer.groups} groups"
        return Facts("normalisation", detail, shape, 2 * layer.channels, groups=layer.groups)
    # Running mean and variance of each channel, and the count of batches seen.
    return Facts("normalisation", "batch", shape, 2 * layer.channels, 2 * layer.channels + 1)


def _local_response(layer: LocalResponseNormalisation, shape: Shape) -> Facts:
    return Facts("normalisation", f"local response, {layer.size} channels", shape)


def _relu(layer: ReLU, shape: Shape) -> Facts:
    return Facts("activation", "ReLU", shape)


def _tanh(layer: Tanh, shape: Shape) -> Facts:
    return Facts("activation", "tanh", shape)


def _sigmoid(layer: Sigmoid, shape: Shape) -> Facts:
    return Facts("activation", "sigmoid", shape)


def _max_pool(layer: MaxPool, shape: Shape) -> Facts:
    size = tuple(
        _slide(n, layer.kernel, layer.stride, layer.padding, layer.ceil) for n in shape[1:]
    )
    return _windows("max", layer.kernel, layer.stride, layer.padding, (shape[0], *size))


def _average_pool(layer: AveragePool, shape: Shape) -> Facts:
    size = tuple(_slide(n, layer.kernel, layer.stride, 0) for n in shape[1:])
    return _windows("average", layer.kernel, layer.stride, 0, (shape[0], *size))


def _windows(what: str, kernel: int, stride: int, padding: int, after: Shape) -> Facts:
    detail = f"{what} {_across(kernel, after[1:])}, stride {stride}"
    return Facts("pooling", detail, after, kernel=kernel, stride=stride, padding=padding)


def _adaptive_average_pool(layer: AdaptiveAveragePool, shape: Shape) -> Facts:
    """Windows begin at floor(i n / m) and end at ceil((i + 1) n / m), as in PyTorch."""
    before, size = shape[1], layer.size
    after = (shape[0], *(size for _ in shape[1:]))
    widest = max(-(-(i + 1) * before // size) - i * before // size for i in range(size))
    detail = f"average to {_across(size, shape[1:])}"
    if before % size:
        return Facts("pooling", detail, after, kernel=widest, uneven=True)
    return Facts("pooling", detail, after, kernel=widest, stride=widest, padding=0)


def _global_average_pool(layer: GlobalAveragePool, shape: Shape) -> Facts:
    after = (shape[0], *(1 for _ in shape[1:]))
    return Facts("pooling", "global average", after, sees_all=True)


def _flatten(layer: Flatten, shape: Shape) -> Facts:
    return Facts("flatten", "a view, no copy", (prod(shape),), sees_all=True, allocates=False)


def _linear(layer: Linear, shape: Shape) -> Facts:
    weights = layer.in_features * layer.out_features
    return Facts(
        "linear",
        f"{layer.in_features} to {layer.out_features}, with bias",
        (layer.out_features,),
        parameters=weights + layer.out_features,
        macs=weights,
        sees_all=True,
    )


def _dropout(layer: Dropout, shape: Shape) -> Facts:
    return Facts("dropout", f"{layer.rate:g} in training", shape, allocates=False)


def _stochastic_depth(layer: StochasticDepth, shape: Shape) -> Facts:
    return Facts("dropout", f"the branch survives {layer.survival:.3g} in training", shape)


def _scaling(layer: Scaling, shape: Shape) -> Facts:
    return Facts("scaling", f"times {layer.factor:g}", shape)


def _learned_scale(layer: LearnedScale, shape: Shape) -> Facts:
    return Facts("scaling", "times a learned number, 0 at first", shape, parameters=1)


def _squeeze_excitation(layer: SqueezeExcitation, shape: Shape) -> Facts:
    weights = 2 * layer.channels * layer.reduced
    detail = f"{layer.channels} to {layer.reduced} to {layer.channels}, with biases"
    parameters = weights + layer.reduced + layer.channels
    return Facts("squeeze-excitation", detail, shape, parameters, macs=weights)


def _zero_padding(layer: ZeroPadding, shape: Shape) -> Facts:
    size = tuple(_slide(n, 1, layer.stride, 0) for n in shape[1:])
    detail = f"{layer.in_channels} to {layer.out_channels} with zeros"
    detail += f", every {layer.stride}nd pixel" if layer.stride > 1 else ""
    return Facts("padding", detail, (layer.out_channels, *size), stride=layer.stride)


def _across(size: int, lengths: Shape) -> str:
    """Write a kernel as `3x3`, or as `3` on a series."""
    return "x".join(str(size) for _ in lengths)


def _slide(size: int, kernel: int, stride: int, padding: int, ceil: bool = False) -> int:
    room = size + 2 * padding - kernel
    places = room // stride + 1
    # A window that hangs over the edge must begin on the map or its left margin.
    if ceil and room % stride and places * stride < size + padding:
        places += 1
    return places


_FACTS: Mapping[type[Layer], Callable[[Any, Shape], Facts]] = {
    Convolution: _convolution,
    Normalisation: _normalisation,
    LocalResponseNormalisation: _local_response,
    ReLU: _relu,
    Tanh: _tanh,
    Sigmoid: _sigmoid,
    MaxPool: _max_pool,
    AveragePool: _average_pool,
    AdaptiveAveragePool: _adaptive_average_pool,
    GlobalAveragePool: _global_average_pool,
    Flatten: _flatten,
    Linear: _linear,
    Dropout: _dropout,
    StochasticDepth: _stochastic_depth,
    Scaling: _scaling,
    LearnedScale: _learned_scale,
    SqueezeExcitation: _squeeze_excitation,
    ZeroPadding: _zero_padding,
}


def facts(layer: Layer, shape: Shape) -> Facts:
    """Return the facts of a layer for an input of a shape, without the batch."""
    return _FACTS[type(layer)](layer, shape)
