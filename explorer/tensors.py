"""Names and shapes of a network's weights and running statistics, from its plan alone.

They are those of the built module's state dict, without building it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from explorer.nodes import (
    Chain,
    Concat,
    Convolution,
    Layer,
    LearnedScale,
    Linear,
    Node,
    Normalisation,
    Residual,
    SqueezeExcitation,
)
from explorer.plan import plan
from explorer.spec import ArchitectureSpec

Shape: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = Mapping[str, Shape]

COUNTER = "num_batches_tracked"
"""What batch normalisation calls its count of batches, which prediction does not need."""


def tensor_shapes(spec: ArchitectureSpec) -> dict[str, Shape]:
    """Return the shape of every tensor of a network's state dict, in its order."""
    return dict(_walk(plan(spec).root, "", spec.dims))


def _walk(node: Node, prefix: str, dims: int) -> Iterator[tuple[str, Shape]]:
    if isinstance(node, Chain | Concat):
        for name, part, *_ in node.children if isinstance(node, Chain) else node.branches:
            yield from _walk(part, f"{prefix}{name}.", dims)
    elif isinstance(node, Residual):
        for chain in (node.before, node.branch, node.after):
            yield from _walk(chain, prefix, dims)
        yield from _walk(node.shortcut, f"{prefix}downsample.", dims)
        yield from _walk(node.gate, f"{prefix}gate.", dims)
    elif type(node) in _TENSORS:
        for name, shape in _TENSORS[type(node)](node, dims).items():
            yield prefix + name, shape


def _convolution(layer: Convolution, dims: int) -> Shapes:
    inputs = layer.in_channels // layer.groups
    weight = (layer.out_channels, inputs, *(layer.kernel,) * dims)
    return {"weight": weight, **({"bias": (layer.out_channels,)} if layer.bias else {})}


def _normalisation(layer: Normalisation, dims: int) -> Shapes:
    each = (layer.channels,)
    affine: Shapes = {"weight": each, "bias": each}
    if layer.groups is not None:
        return affine
    return {**affine, "running_mean": each, "running_var": each, COUNTER: ()}


def _linear(layer: Linear, dims: int) -> Shapes:
    return {"weight": (layer.out_features, layer.in_features), "bias": (layer.out_features,)}


def _learned_scale(layer: LearnedScale, dims: int) -> Shapes:
    return {"scale": ()}


def _squeeze_excitation(layer: SqueezeExcitation, dims: int) -> Shapes:
    channels, reduced = layer.channels, layer.reduced
    return {
        "fc1.weight": (reduced, channels),
        "fc1.bias": (reduced,),
        "fc2.weight": (channels, reduced),
        "fc2.bias": (channels,),
    }


_TENSORS: Mapping[type[Layer], Callable[[Any, int], Shapes]] = {
    Convolution: _convolution,
    Normalisation: _normalisation,
    Linear: _linear,
    LearnedScale: _learned_scale,
    SqueezeExcitation: _squeeze_excitation,
}
