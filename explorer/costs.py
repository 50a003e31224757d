"""What one layer of a plan does to a shape, and what that costs: one function a kind."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple, TypeAlias

from explorer.plan import (
    Convolution,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
    Normalisation,
    ReLU,
    SqueezeExcitation,
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
    "padding",
    "flatten",
)
"""Every kind a row can have, in the order a legend shows them."""


class Facts(NamedTuple):
    """What one layer does to a shape (C, H, W), and what that costs for one image.

    `kernel`, `stride` and `groups` are None where the layer has no such thing; the first two
    widen the receptive field, `sees_all` ends its count. A layer that does not allocate returns
    a view of its input.
    """

    kind: str
    detail: str
    output_shape: Shape
    parameters: int = 0
    buffers: int = 0
    macs: int = 0
    kernel: int | None = None
    stride: int | None = None
    groups: int | None = None
    sees_all: bool = False
    allocates: bool = True


def _convolution(layer: Convolution, shape: Shape) -> Facts:
    size = tuple(_slide(n, layer.kernel, layer.stride, layer.padding) for n in shape[1:])
    per_pixel = layer.kernel**2 * (layer.in_channels // layer.groups) * layer.out_channels
    detail = f"{layer.kernel}x{layer.kernel}, {layer.in_channels} to {layer.out_channels}"
    detail += f", stride {layer.stride}" if layer.stride > 1 else ""
    detail += f", {layer.groups} groups" if layer.groups > 1 else ""
    return Facts(
        "convolution",
        detail,
        (layer.out_channels, *size),
        parameters=per_pixel,
        macs=per_pixel * prod(size),
        kernel=layer.kernel,
        stride=layer.stride,
        groups=layer.groups,
    )


def _normalisation(layer: Normalisation, shape: Shape) -> Facts:
    if layer.groups is not None:
        detail = f"group, {layer.groups} groups"
        return Facts("normalisation", detail, shape, 2 * layer.channels, groups=layer.groups)
    # Running mean and variance of each channel, and the count of batches seen.
    return Facts("normalisation", "batch", shape, 2 * layer.channels, 2 * layer.channels + 1)


def _relu(layer: ReLU, shape: Shape) -> Facts:
    return Facts("activation", "ReLU", shape)


def _max_pool(layer: MaxPool, shape: Shape) -> Facts:
    size = tuple(_slide(n, layer.kernel, layer.stride, layer.padding) for n in shape[1:])
    detail = f"max {layer.kernel}x{layer.kernel}, stride {layer.stride}"
    facts = Facts("pooling", detail, (shape[0], *size))
    return facts._replace(kernel=layer.kernel, stride=layer.stride)


def _global_average_pool(layer: GlobalAveragePool, shape: Shape) -> Facts:
    return Facts("pooling", "global average", (shape[0], 1, 1), sees_all=True)


def _flatten(layer: Flatten, shape: Shape) -> Facts:
    return Facts("flatten", "a view, no copy", (prod(shape),), allocates=False)


def _linear(layer: Linear, shape: Shape) -> Facts:
    weights = layer.in_features * layer.out_features
    return Facts(
        "linear",
        f"{layer.in_features} to {layer.out_features}, with bias",
        (layer.out_features,),
        parameters=weights + layer.out_features,
        macs=weights,
    )


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


def _slide(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1


_FACTS: Mapping[type[Layer], Callable[[Any, Shape], Facts]] = {
    Convolution: _convolution,
    Normalisation: _normalisation,
    ReLU: _relu,
    MaxPool: _max_pool,
    GlobalAveragePool: _global_average_pool,
    Flatten: _flatten,
    Linear: _linear,
    SqueezeExcitation: _squeeze_excitation,
    ZeroPadding: _zero_padding,
}


def facts(layer: Layer, shape: Shape) -> Facts:
    """Return the facts of a layer for an input of a shape, without the batch."""
    return _FACTS[type(layer)](layer, shape)
