"""How much memory a network's activations take, in prediction and in training, and its traffic.

The plan is read as a sequence of steps, each of which reads and writes numbered storages. A
ReLU in place writes the storage it reads, a flattened map is a view of it; all else is new.
One picture in float32 is assumed unless a batch is given. Nothing is built or run.
"""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from explorer.costs import BYTES_PER_NUMBER, Facts, Shape, facts
from explorer.nodes import (
    AdaptiveAveragePool,
    AveragePool,
    Chain,
    Concat,
    Convolution,
    Dropout,
    Layer,
    LearnedScale,
    Linear,
    LocalResponseNormalisation,
    MaxPool,
    Node,
    Normalisation,
    ReLU,
    Residual,
    Sigmoid,
    SqueezeExcitation,
    Tanh,
)
from explorer.plan import plan
from explorer.spec import ArchitectureSpec

_BYTES_PER_INDEX = 8  # int64


def peak_inference_bytes(spec: ArchitectureSpec) -> int:
    """Return the largest set of activations alive at once while one picture is predicted.

    Assumed: layers run one after another, a residual branch before its shortcut; a storage is
    freed after its last reader; the picture is the caller's and stays. So while a layer runs,
    the picture, its input, its output and what waits for an addition are alive. As in PyTorch,
    max-pooling also writes the places of its maxima (int64; a CPU spares them on a series), group
    normalisation its statistics, squeeze-excitation the weights of its channels, a gate its
    complement, local response normalisation the steps to its divisor. Dropout passes its input on.
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
    normalisations, of pooling by windows and of linear layers, outputs of activations, and the
    max-pool's int64 places, a squeeze-excitation's input and small vectors, both factors of a
    gate, dropout's mask (a float32 each). A mean and a deviation of each channel (of each group
    and picture, for group normalisation) come on top. Neither the loss nor the workspace of
    convolutions is counted.

    Args:
        spec: the network.
        batch: pictures in the batch.
    Returns:
        Bytes in float32.
    """
    tape = _tape(spec, training=True)
    kept: set[int] = set()
    batch_bytes = 0
    picture_bytes = 0
    for step in tape.steps:
        kept |= step.saves
        batch_bytes += step.shared_bytes
        picture_bytes += step.inner_bytes
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
    """One operation and the storages it works on.

    `aside_bytes` are what it writes for one picture beside its output and frees again with it;
    the backward pass keeps the storages in `saves`, and beside them `inner_bytes` for each
    picture and `shared_bytes` for the batch.
    """

    reads: tuple[int, ...]
    writes: int
    moves: bool = True
    parameters: int = 0
    macs: int = 0
    aside_bytes: int = 0
    saves: frozenset[int] = frozenset()
    inner_bytes: int = 0
    shared_bytes: int = 0

    @property
    def touched(self) -> set[int]:
        return {*self.reads, self.writes}


_SAVES_INPUT = (
    Convolution,
    Normalisation,
    LocalResponseNormalisation,
    MaxPool,
    AveragePool,
    AdaptiveAveragePool,
    Linear,
    LearnedScale,
    SqueezeExcitation,
)
_SAVES_OUTPUT = (ReLU, Tanh, Sigmoid)


class _Tape:
    """A plan played through once: its steps in forward order, and each storage's bytes."""

    def __init__(self, root: Chain, input_shape: Shape, training: bool) -> None:
        self.steps: list[_Step] = []
        self.sizes: list[int] = []
        self._training = training
        self._play_chain(root, self._new(input_shape))

    def _new(self, shape: Shape) -> _Value:
        self.sizes.append(BYTES_PER_NUMBER * prod(shape))
        return _Value(len(self.sizes) - 1, shape)

    def _play(self, node: Node, value: _Value) -> _Value:
        if isinstance(node, Chain):
            return self._play_chain(node, value)
        if isinstance(node, Residual):
            return self._play_residual(node, value)
        if isinstance(node, Concat):
            return self._play_concat(node, value)
        return self._play_layer(node, value, facts(node, value.shape))

    def _play_chain(self, chain: Chain, value: _Value) -> _Value:
        for child in chain.children:
            value = self._play(child.node, value)
        return value

    def _play_residual(self, unit: Residual, value: _Value) -> _Value:
        split = self._play_chain(unit.before, value)
        gate = self._play_chain(unit.gate, split)
        branch = self._play_chain(unit.branch, split)
        if unit.gates_branch:
            branch = self._weight(branch, gate)
        shortcut = self._play_chain(unit.shortcut, split)
        if unit.gate.children:
            complement = self._new(gate.shape)
            self.steps.append(_Step((gate.storage,), complement.storage, moves=False))
            shortcut = self._weight(shortcut, complement)
        added = self._new(branch.shape)
        self.steps.append(_Step((branch.storage, shortcut.storage), added.storage))
        return self._play_chain(unit.after, added)

    def _weight(self, value: _Value, weights: _Value) -> _Value:
        reads = (value.storage, weights.storage)
        after = self._new(value.shape)
        self.steps.append(_Step(reads, after.storage, saves=frozenset(reads)))
        return after

    def _play_concat(self, node: Concat, value: _Value) -> _Value:
        ends = [self._play(branch.node, value) for branch in node.branches]
        joined = self._new((sum(end.shape[0] for end in ends), *ends[0].shape[1:]))
        self.steps.append(_Step(tuple(end.storage for end in ends), joined.storage))
        return joined

    def _play_layer(self, layer: Layer, value: _Value, found: Facts) -> _Value:
        drops = self._training and isinstance(layer, Dropout)
        in_place = isinstance(layer, ReLU) and layer.in_place
        if drops or (found.allocates and not in_place):
            after = self._new(found.output_shape)
        else:
            after = _Value(value.storage, found.output_shape)
        saves = {value.storage} if isinstance(layer, _SAVES_INPUT) else set()
        saves |= {after.storage} if isinstance(layer, _SAVES_OUTPUT) else set()
        self.steps.append(
            _Step(
                (value.storage,),
                after.storage,
                drops or found.allocates,
                found.parameters,
                found.macs,
                _aside_bytes(layer, found.output_shape),
                frozenset(saves),
                _inner_bytes(layer, found.output_shape),
                _shared_bytes(layer),
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
    if isinstance(layer, LocalResponseNormalisation):  # steps towards the denominator
        return BYTES_PER_NUMBER * max(2 * prod(shape), _padded(layer, shape))
    return 0


def _inner_bytes(layer: Layer, shape: Shape) -> int:
    if isinstance(layer, MaxPool | Normalisation):
        return _aside_bytes(layer, shape)
    if isinstance(layer, SqueezeExcitation):  # weights, means and hidden numbers
        return BYTES_PER_NUMBER * (2 * layer.channels + layer.reduced)
    if isinstance(layer, LocalResponseNormalisation):  # squares, their sums, and the powers
        return BYTES_PER_NUMBER * (_padded(layer, shape) + 2 * prod(shape))
    if isinstance(layer, Dropout):  # the mask
        return BYTES_PER_NUMBER * prod(shape)
    return 0


def _shared_bytes(layer: Layer) -> int:
    if isinstance(layer, Normalisation) and layer.groups is None:  # mean and deviation
        return 2 * BYTES_PER_NUMBER * layer.channels
    return 0


def _padded(layer: LocalResponseNormalisation, shape: Shape) -> int:
    """Return the numbers of a map's squares with a margin of channels."""
    return (shape[0] + layer.size - 1) * prod(shape[1:])


@lru_cache(maxsize=16)
def _tape(spec: ArchitectureSpec, training: bool = False) -> _Tape:
    network = plan(spec)
    return _Tape(network.root, network.input_shape, training)
