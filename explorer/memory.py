"""How much memory a network's activations take, in prediction and in training, and its traffic.

The plan is read as a sequence of steps, each of which reads and writes numbered storages. A
ReLU in place writes the storage it reads, a flattened map is a view of it; all else is new.
One picture in float32 is assumed unless a batch is given. Nothing is built or run.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from explorer.costs import BYTES_PER_NUMBER, Facts, Shape, facts
from explorer.plan import (
    Chain,
    Convolution,
    Layer,
    Linear,
    MaxPool,
    Node,
    Normalisation,
    ReLU,
    Residual,
    SqueezeExcitation,
    plan,
)
from explorer.spec import ArchitectureSpec

_BYTES_PER_INDEX = 8  # int64


def peak_inference_bytes(spec: ArchitectureSpec) -> int:
    """Return the largest set of activations alive at once while one picture is predicted.

    Assumed: layers run one after another, a residual branch before its shortcut; a storage is
    freed after its last reader; the picture is the caller's and stays. So while a layer runs,
    the picture, its input, its output and what waits for an addition are alive. As in PyTorch,
    max-pooling also writes the places of its maxima (int64), group normalisation its statistics,
    squeeze-excitation the weights of its channels.
    Weights and the workspace of convolutions are not counted, nor that PyTorch's nested modules
    hold the inputs of the running stage and unit until it ends, which adds nothing to ResNet-18's
    peak, 8% to ResNet-50's and up to 92% to those of small networks.

    Returns:
        Bytes in float32, for one picture, without gradients.
    """
    tape = _tape(spec)
    last_reader = {storage: n for n, step in enumerate(tape.steps) for storage in step.touched}
    alive = {_PICTURE}
    peak = 0
    for n, step in enumerate(tape.steps):
        alive |= step.touched
        peak = max(peak, sum(tape.sizes[storage] for storage in alive) + step.aside_bytes)
        alive -= {storage for storage in step.touched if last_reader[storage] == n} - {_PICTURE}
    return peak


def saved_for_backward_bytes(spec: ArchitectureSpec, batch: int = 1) -> int:
    """Return what a forward pass in train mode keeps until the backward pass, parameters aside.

    Each storage is counted once: inputs of convolutions (the first one's is the picture), of
    normalisations, of the max-pool and of the linear layer, outputs of ReLUs, and the max-pool's
    int64 places, a squeeze-excitation's input and small vectors. A mean and a deviation of each
    channel (of each group and picture, for group normalisation) come on top. Neither the loss nor
    the workspace of convolutions is counted.

    Args:
        spec: the network.
        batch: pictures in the batch.
    Returns:
        Bytes in float32.
    """
    tape = _tape(spec)
    kept: set[int] = set()
    batch_bytes = 0
    picture_bytes = 0
    for step in tape.steps:
        saves = _SAVES.get(type(step.layer))
        if saves is not None:
            kept |= saves(step)
        if isinstance(step.layer, Normalisation) and step.layer.groups is None:
            batch_bytes += 2 * step.layer.channels * BYTES_PER_NUMBER
        picture_bytes += step.aside_bytes + step.inner_bytes
    picture_bytes += sum(tape.sizes[storage] for storage in kept)
    return batch * picture_bytes + batch_bytes


def arithmetic_intensity(spec: ArchitectureSpec) -> float:
    """Return floating-point operations for each byte moved, when one picture is predicted.

    Operations are 2 x MACs of convolutions and linear layers. Moved are, in float32 and layer by
    layer: its parameters, read once, its inputs, read once, and its output, written once. Nothing
    is assumed to stay in a cache from layer to layer, no layers to be fused; a view moves nothing.

    Source:
        Williams et al. 2009, "Roofline", doi:10.1145/1498765.1498785.
    """
    tape = _tape(spec)
    moved = operations = 0
    for step in tape.steps:
        operations += 2 * step.macs
        moved += BYTES_PER_NUMBER * step.parameters
        if step.moves:
            moved += sum(tape.sizes[storage] for storage in (*step.reads, step.writes))
    return operations / moved


_PICTURE = 0  # the storage of the network's input


class _Value(NamedTuple):
    storage: int
    shape: Shape


class _Step(NamedTuple):
    """One operation: the layer (None for an addition) and the storages it works on.

    `aside_bytes` are what it writes for one picture beside its output, `inner_bytes` what else
    the backward pass needs of it.
    """

    layer: Layer | None
    reads: tuple[int, ...]
    writes: int
    moves: bool = True
    parameters: int = 0
    macs: int = 0
    aside_bytes: int = 0
    inner_bytes: int = 0

    @property
    def touched(self) -> set[int]:
        return {*self.reads, self.writes}


_SAVES: Mapping[Any, Callable[[_Step], set[int]]] = {
    Convolution: lambda step: {*step.reads},
    Normalisation: lambda step: {*step.reads},
    MaxPool: lambda step: {*step.reads},
    Linear: lambda step: {*step.reads},
    SqueezeExcitation: lambda step: {*step.reads},
    ReLU: lambda step: {step.writes},
}


class _Tape:
    """A plan played through once: its steps in forward order, and each storage's bytes."""

    def __init__(self, root: Chain, input_shape: Shape) -> None:
        self.steps: list[_Step] = []
        self.sizes: list[int] = []
        self._play_chain(root, self._new(input_shape))

    def _new(self, shape: Shape) -> _Value:
        self.sizes.append(BYTES_PER_NUMBER * prod(shape))
        return _Value(len(self.sizes) - 1, shape)

    def _play(self, node: Node, value: _Value) -> _Value:
        if isinstance(node, Chain):
            return self._play_chain(node, value)
        if isinstance(node, Residual):
            return self._play_residual(node, value)
        return self._play_layer(node, value, facts(node, value.shape))

    def _play_chain(self, chain: Chain, value: _Value) -> _Value:
        for child in chain.children:
            value = self._play(child.node, value)
        return value

    def _play_residual(self, unit: Residual, value: _Value) -> _Value:
        split = self._play_chain(unit.before, value)
        branch = self._play_chain(unit.branch, split)
        shortcut = self._play_chain(unit.shortcut, split)
        added = self._new(branch.shape)
        self.steps.append(_Step(None, (branch.storage, shortcut.storage), added.storage))
        return self._play_chain(unit.after, added)

    def _play_layer(self, layer: Layer, value: _Value, found: Facts) -> _Value:
        in_place = isinstance(layer, ReLU) and layer.in_place
        if in_place or not found.allocates:
            after = _Value(value.storage, found.output_shape)
        else:
            after = self._new(found.output_shape)
        self.steps.append(
            _Step(
                layer,
                (value.storage,),
                after.storage,
                found.allocates,
                found.parameters,
                found.macs,
                _aside_bytes(layer, found.output_shape),
                _inner_bytes(layer),
            )
        )
        return after


def _aside_bytes(layer: Layer, shape: Shape) -> int:
    if isinstance(layer, MaxPool):  # where each maximum was
        return _BYTES_PER_INDEX * prod(shape)
    if isinstance(layer, SqueezeExcitation):  # the weights of the channels
        return BYTES_PER_NUMBER * layer.channels
    if isinstance(layer, Normalisation):  # mean and deviation of each group
        return 2 * BYTES_PER_NUMBER * (layer.groups or 0)
    return 0


def _inner_bytes(layer: Layer) -> int:
    if isinstance(layer, SqueezeExcitation):  # means and hidden numbers
        return BYTES_PER_NUMBER * (layer.channels + layer.reduced)
    return 0


@lru_cache(maxsize=8)
def _tape(spec: ArchitectureSpec) -> _Tape:
    network = plan(spec)
    return _Tape(network.root, network.input_shape)
