"""What a plan costs: shapes, parameters, MACs, memory and receptive field, layer by layer.

One image is assumed throughout, in float32. Nothing is built or run.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from explorer import memory
from explorer.costs import BYTES_PER_NUMBER, Facts, Shape, facts
from explorer.plan import Chain, Node, Residual, plan
from explorer.spec import ArchitectureSpec, parse

Key = TypeVar("Key", bound=Hashable)


class LayerRow(NamedTuple):
    """One layer of a network, for one image.

    `name` is the module's name in the built network; shapes are (C, H, W) without the batch.
    `kernel`, `stride` (in pixels) and `groups` are None where the layer has no such thing.
    `parameters` are the learnable ones; `buffers` the BN statistics kept beside them.
    `macs` are multiply-accumulates of convolutions and linear layers, biases not counted.
    `receptive_field` and `jump` are in input pixels (the largest over all paths); None behind
    the global pooling, which sees the whole picture.
    """

    name: str
    kind: str
    detail: str
    stage: str
    unit: int | None
    input_shape: Shape
    output_shape: Shape
    kernel: int | None
    stride: int | None
    groups: int | None
    parameters: int
    buffers: int
    macs: int
    output_bytes: int
    receptive_field: int | None
    jump: int | None


class Total(NamedTuple):
    """Sums over some of a network's rows."""

    layers: int
    parameters: int
    macs: int
    output_bytes: int


@dataclass(frozen=True)
class Analysis:
    """A network's layer rows in forward order, and their totals."""

    spec: ArchitectureSpec
    layers: tuple[LayerRow, ...]

    @cached_property
    def total(self) -> Total:
        """Sums over all layers."""
        return sum_rows(self.layers)

    @property
    def parameters(self) -> int:
        """Learnable numbers: weights, biases, gamma and beta; no running statistics."""
        return self.total.parameters

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers for one image."""
        return self.total.macs

    @property
    def flops(self) -> int:
        """Floating-point operations of the same layers, two for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def depth(self) -> int:
        """Weighted layers on the main path: stem, branches, linear; projections excluded."""
        return self.spec.depth

    @property
    def weights_bytes(self) -> int:
        """Memory of the parameters in float32."""
        return BYTES_PER_NUMBER * self.parameters

    @property
    def activation_bytes(self) -> int:
        """Memory of every layer's output for one image in float32, if all were kept."""
        return self.total.output_bytes

    @cached_property
    def peak_inference_bytes(self) -> int:
        """Largest set of activations alive at once while one image is predicted, in float32."""
        return memory.peak_inference_bytes(self.spec)

    @cached_property
    def saved_for_backward_bytes(self) -> int:
        """Memory that training one image keeps for the backward pass, in float32."""
        return memory.saved_for_backward_bytes(self.spec)

    @cached_property
    def arithmetic_intensity(self) -> float:
        """Floating-point operations for each byte moved, for one image in float32."""
        return memory.arithmetic_intensity(self.spec)

    @cached_property
    def receptive_field(self) -> int:
        """Width in pixels of what one number of the last feature map depends on."""
        return max(row.receptive_field or 1 for row in self.layers)

    @cached_property
    def output_shape(self) -> Shape:
        """Shape of the network's output, without the batch."""
        return self.layers[-1].output_shape

    def by(self, field: str) -> dict[str, Total]:
        """Return the totals of each `stage` or `kind`, in forward order."""
        return self._grouped(attrgetter(field))

    def by_stage_and_kind(self) -> dict[tuple[str, str], Total]:
        """Return the totals of each kind of layer in each stage, in forward order."""
        return self._grouped(attrgetter("stage", "kind"))

    def _grouped(self, key: Callable[[LayerRow], Key]) -> dict[Key, Total]:
        groups: dict[Key, list[LayerRow]] = {}
        for row in self.layers:
            groups.setdefault(key(row), []).append(row)
        return {name: sum_rows(rows) for name, rows in groups.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as `describe --json` prints it."""
        names = ["parameters", "macs", "flops", "depth", "receptive_field", "arithmetic_intensity"]
        sizes = ("weights", "activation", "peak_inference", "saved_for_backward")
        return {
            "variant": str(self.spec),
            **{name: getattr(self, name) for name in names + [f"{size}_bytes" for size in sizes]},
            "input_shape": list(self.layers[0].input_shape),
            "layers": [row_as_dict(row) for row in self.layers],
        }


def analyze(variant: ArchitectureSpec | str) -> Analysis:
    """Analyse a variant, given as a spec or as its text form.

    Raises:
        SpecError: if the text stands for no network.
    """
    return _analyze(parse(variant) if isinstance(variant, str) else variant)


def row_as_dict(row: LayerRow) -> dict[str, Any]:
    """Return a row as plain data, with shapes as lists."""
    values = row._asdict()
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def sum_rows(rows: Iterable[LayerRow]) -> Total:
    """Add up rows."""
    kept = tuple(rows)
    return Total(len(kept), *(sum(map(attrgetter(field), kept)) for field in Total._fields[1:]))


@lru_cache(maxsize=64)
def _analyze(spec: ArchitectureSpec) -> Analysis:
    network = plan(spec)
    rows: list[LayerRow] = []
    start = _Signal(network.input_shape, 1, 1)
    _walk_chain(network.root, start, _Place("", "", None), rows)
    return Analysis(spec, tuple(rows))


class _Signal(NamedTuple):
    """What travels through the network: a shape, and what its numbers see of the picture."""

    shape: Shape
    receptive_field: int | None
    jump: int | None


class _Place(NamedTuple):
    prefix: str
    stage: str
    unit: int | None


_Rows: TypeAlias = list[LayerRow]


class _Walked(NamedTuple):
    """A unit that was walked: the same unit on the same shape has the same rows, further along."""

    node: Node
    place: _Place
    before: _Signal
    after: _Signal
    rows: _Rows

    def serves(self, node: Node, signal: _Signal) -> bool:
        """Whether a node, reached by a signal, only repeats this unit."""
        same = (self.before.shape, self.before.jump) == (signal.shape, signal.jump)
        return node is self.node and same

    def repeat(self, signal: _Signal, place: _Place, rows: _Rows) -> _Signal:
        """Add the rows again, renamed and with the receptive field grown, and walk on."""
        cut = len(self.place.prefix)
        grown = (signal.receptive_field or 0) - (self.before.receptive_field or 0)
        rows += [
            LayerRow(
                place.prefix + row.name[cut:],
                row.kind,
                row.detail,
                row.stage,
                place.unit,
                row.input_shape,
                row.output_shape,
                row.kernel,
                row.stride,
                row.groups,
                row.parameters,
                row.buffers,
                row.macs,
                row.output_bytes,
                row.receptive_field and row.receptive_field + grown,
                row.jump,
            )
            for row in self.rows
        ]
        field = self.after.receptive_field
        return self.after._replace(receptive_field=field and field + grown)


def _walk(node: Node, signal: _Signal, place: _Place, rows: _Rows) -> _Signal:
    if isinstance(node, Chain):
        return _walk_chain(node, signal, place._replace(prefix=f"{place.prefix}."), rows)
    if isinstance(node, Residual):
        return _walk_residual(node, signal, place._replace(prefix=f"{place.prefix}."), rows)
    found = facts(node, signal.shape)
    after = _see(signal, found)
    _add_row(signal, after, place, found, rows)
    return after


def _walk_chain(chain: Chain, signal: _Signal, place: _Place, rows: _Rows) -> _Signal:
    last: _Walked | None = None
    for name, node, stage, unit in chain.children:
        here = _Place(place.prefix + name, stage or place.stage, unit or place.unit)
        if last is not None and last.serves(node, signal):
            signal = last.repeat(signal, here, rows)
            continue
        before, first = signal, len(rows)
        signal = _walk(node, before, here, rows)
        last = _Walked(node, here, before, signal, rows[first:]) if unit else None
    return signal


def _walk_residual(unit: Residual, signal: _Signal, place: _Place, rows: _Rows) -> _Signal:
    split = _walk_chain(unit.before, signal, place, rows)
    branch = _walk_chain(unit.branch, split, place, rows)
    inside = place._replace(prefix=f"{place.prefix}downsample.")
    shortcut = _walk_chain(unit.shortcut, split, inside, rows)
    widest = max(branch.receptive_field or 0, shortcut.receptive_field or 0)
    joined = branch._replace(receptive_field=widest)
    added = Facts("addition", "branch + shortcut", joined.shape)
    _add_row(branch, joined, place._replace(prefix=f"{place.prefix}add"), added, rows)
    return _walk_chain(unit.after, joined, place, rows)


def _add_row(before: _Signal, after: _Signal, place: _Place, found: Facts, rows: _Rows) -> None:
    rows.append(
        LayerRow(
            place.prefix,
            found.kind,
            found.detail,
            place.stage,
            place.unit,
            before.shape,
            after.shape,
            found.kernel,
            found.stride,
            found.groups,
            found.parameters,
            found.buffers,
            found.macs,
            BYTES_PER_NUMBER * prod(after.shape) if found.allocates else 0,
            after.receptive_field,
            after.jump,
        )
    )


def _see(signal: _Signal, found: Facts) -> _Signal:
    """Widen the receptive field by one layer: r + (k-1) j, j * s."""
    if signal.receptive_field is None or signal.jump is None or found.sees_all:
        return _Signal(found.output_shape, None, None)
    field = signal.receptive_field + ((found.kernel or 1) - 1) * signal.jump
    return _Signal(found.output_shape, field, signal.jump * (found.stride or 1))
