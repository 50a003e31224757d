"""A plan walked through in forward order: one row for each layer, for one image.

Float32 is assumed. Nothing is built or run.
"""

from math import prod
from typing import Any, NamedTuple, TypeAlias

from explorer.costs import BYTES_PER_NUMBER, Facts, Shape, facts
from explorer.nodes import Chain, Concat, Node, Residual
from explorer.plan import Plan


class LayerRow(NamedTuple):
    """One layer of a network, for one image.

    `name` is the module's name in the built network; shapes are (C, H, W) without the batch. A
    concatenation's input is that of all branches together.
    `kernel`, `stride`, `padding` (in pixels) and `groups` are None where the layer has none.
    `parameters` are the learnable ones; `buffers` the BN statistics kept beside them.
    `macs` are multiply-accumulates of convolutions and linear layers, biases not counted.
    `receptive_field` and `jump` are in input pixels (the largest over all paths); None where
    the whole picture is seen, by a global pooling or from a flattened map on.
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
    padding: int | None
    groups: int | None
    parameters: int
    buffers: int
    macs: int
    output_bytes: int
    receptive_field: int | None
    jump: int | None


def layer_rows(network: Plan) -> tuple[LayerRow, ...]:
    """Return a plan's layers in forward order."""
    rows: list[LayerRow] = []
    start = _Signal(network.input_shape, 1, 1)
    _walk_chain(network.root, start, _Place("", "", None), rows)
    return tuple(rows)


def row_as_dict(row: LayerRow) -> dict[str, Any]:
    """Return a row as plain data, with shapes as lists."""
    values = row._asdict()
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


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
                row.padding,
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
    if isinstance(node, Concat):
        return _walk_concat(node, signal, place._replace(prefix=f"{place.prefix}."), rows)
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
    def inside(name: str) -> _Place:
        return place._replace(prefix=f"{place.prefix}{name}")

    split = _walk_chain(unit.before, signal, place, rows)
    paths = [_walk_chain(unit.gate, split, inside("gate."), rows)] if unit.gate.children else []
    branch = _walk_chain(unit.branch, split, place, rows)
    if unit.gates_branch:
        weighted = _widest([branch, *paths])
        found = Facts("gating", "g × branch", branch.shape)
        _add_row(branch, weighted, inside("gated_branch"), found, rows)
        branch = weighted
    shortcut = _walk_chain(unit.shortcut, split, inside("downsample."), rows)
    if paths:
        weighted = _widest([shortcut, *paths])
        found = Facts("gating", "(1 − g) × shortcut", shortcut.shape)
        _add_row(shortcut, weighted, inside("gated_shortcut"), found, rows)
        shortcut = weighted
    joined = _widest([branch, shortcut])
    added = Facts("addition", "branch + shortcut", joined.shape)
    _add_row(branch, joined, inside("add"), added, rows)
    return _walk_chain(unit.after, joined, place, rows)


def _walk_concat(node: Concat, signal: _Signal, place: _Place, rows: _Rows) -> _Signal:
    ends = [_walk_chain(Chain((branch,)), signal, place, rows) for branch in node.branches]
    channels = [end.shape[0] for end in ends]
    widest = _widest(ends)
    joined = widest._replace(shape=(sum(channels), *widest.shape[1:]))
    found = Facts("concatenation", f"{' + '.join(map(str, channels))} channels", joined.shape)
    _add_row(joined, joined, place._replace(prefix=f"{place.prefix}concat"), found, rows)
    return joined


def _widest(paths: list[_Signal]) -> _Signal:
    """Return the first path's signal with the largest receptive field of all."""
    return paths[0]._replace(receptive_field=max(path.receptive_field or 0 for path in paths))


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
            found.padding,
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
    jump = None if found.uneven else signal.jump * (found.stride or 1)
    return _Signal(found.output_shape, field, jump)
