"""A plan as the record that a picture shows.

The plan says how layers are arranged, its rows what each of them does. Units that repeat are
told once, with how many they are.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, TypeAlias

from explorer.analysis import analyze
from explorer.diagram_parts import Diagram, Fork, Group, Part, Parts, Piece, Pieces, Unit, flat
from explorer.nodes import Chain, Concat, Convolution, Node, Residual
from explorer.plan import Plan, plan
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec

Rows: TypeAlias = Mapping[str, LayerRow]


@lru_cache(maxsize=64)
def diagram(spec: ArchitectureSpec) -> Diagram:
    """Return what the picture of a spec's network shows."""
    return describe(plan(spec), {row.name: row for row in analyze(spec).layers})


def describe(network: Plan, rows: Rows) -> Diagram:
    """Return what the picture of a plan shows; the rows are the plan's, by name."""
    blocks = _blocks(network.root, "", "")
    stages = groupby(blocks, key=lambda block: block.stage)
    return Diagram(
        network.input_shape,
        tuple(Group(stage, _units(stage, tuple(found), rows)) for stage, found in stages),
    )


class _Block(NamedTuple):
    """A part of the plan that belongs to one unit, or to none."""

    name: str
    node: Node
    stage: str
    unit: int | None


def _blocks(chain: Chain, prefix: str, stage: str) -> Iterator[_Block]:
    for child in chain.children:
        name, here = prefix + child.name, child.stage or stage
        if isinstance(child.node, Chain) and child.unit is None:
            yield from _blocks(child.node, f"{name}.", here)
        else:
            yield _Block(name, child.node, here, child.unit)


def _units(stage: str, blocks: tuple[_Block, ...], rows: Rows) -> tuple[Unit, ...]:
    """Return a stage's distinct units, and its layers that belong to none."""
    found = [tuple(unit) for _, unit in groupby(blocks, key=lambda block: block.unit)]
    numbered = [unit[0] for unit in found if unit[0].unit is not None]
    if not numbered or (len(numbered) == 1 and isinstance(numbered[0].node, Convolution)):
        whole = tuple(block._replace(unit=None) for block in blocks)
        return (_unit(whole, (stage,), rows),)
    units = []
    for _, same in groupby(found, key=lambda unit: [block.node for block in unit]):
        alike = tuple(same)
        units.append(_unit(alike[0], tuple(unit[0].name for unit in alike), rows))
    return tuple(_folded(tuple(same)) for _, same in groupby(units, key=_look))


def _unit(blocks: tuple[_Block, ...], members: tuple[str, ...], rows: Rows) -> Unit:
    name, node, first = blocks[0].name, blocks[0].node, blocks[0].unit or 0
    if not isinstance(node, Residual):
        pieces = (piece for block in blocks for piece in _pieces(block.node, block.name, rows))
        noun = _NOUNS.get(type(node), "unit")
        return Unit(members, first, "none", branch=tuple(pieces), noun=noun)
    shortcut = _parts(node.shortcut, f"{name}.downsample", rows)
    branch = _pieces(node.branch, name, rows)
    if node.gate.children:
        shortcut += (_part(rows[f"{name}.gated_shortcut"]),)
    if node.gates_branch:
        branch += (_part(rows[f"{name}.gated_branch"]),)
    return Unit(
        members,
        first,
        _skip(shortcut),
        before=_parts(node.before, name, rows),
        branch=branch,
        shortcut=shortcut,
        addition=_part(rows[f"{name}.add"]),
        after=_parts(node.after, name, rows),
        gate=_parts(node.gate, f"{name}.gate", rows),
    )


_NOUNS = {Convolution: "convolution", Concat: "module"}
"""What a unit is called that begins with such a node."""


def _look(unit: Unit) -> tuple[object, ...]:
    """Return all that a picture shows of a unit but numbers in words (a dropout rate)."""
    sections = (unit.before, unit.branch, unit.shortcut, unit.after, unit.gate)
    return (bool(unit.first), *(tuple(map(_part_look, flat(section))) for section in sections))


def _part_look(part: Part) -> tuple[object, ...]:
    detail = re.sub(r"[\d.]+", "", part.detail)
    return part.kind, part.label, detail, part.output_shape, part.parameters


def _folded(alike: tuple[Unit, ...]) -> Unit:
    """Return units that look alike as one; where numbers differ, they range to the last one's."""
    first, last = alike[0], alike[-1]
    if first is last:
        return first
    members = tuple(name for unit in alike for name in unit.members)
    branch = tuple(map(_ranging, first.branch, last.branch))
    return replace(first, members=members, branch=branch)


def _ranging(first: Piece, last: Piece) -> Piece:
    """Join details that differ in numbers: `survives 0.9 to 0.5 in training`."""
    if isinstance(first, Fork) or isinstance(last, Fork):
        return first
    words = zip(first.detail.split(" "), last.detail.split(" "), strict=True)
    detail = " ".join(one if one == other else f"{one} to {other}" for one, other in words)
    return replace(first, detail=detail)


def _skip(shortcut: Parts) -> str:
    """Name a shortcut by what happens on it."""
    kinds = (part.kind for part in shortcut if part.kind != "normalisation")
    return ", ".join(_SKIPS.get(kind, kind) for kind in kinds) or "identity"


_SKIPS = {
    "convolution": "projection",
    "padding": "zero padding",
    "pooling": "subsampling",
    "scaling": "scaled",
    "gating": "gated",
}


def _pieces(node: Node, name: str, rows: Rows) -> Pieces:
    if isinstance(node, Chain):
        inner = (_pieces(child.node, f"{name}.{child.name}", rows) for child in node.children)
        return tuple(piece for pieces in inner for piece in pieces)
    if isinstance(node, Concat):
        branches = (_parts(child.node, f"{name}.{child.name}", rows) for child in node.branches)
        return (Fork(tuple(branches), _part(rows[f"{name}.concat"])),)
    return (_part(rows[name]),)


def _parts(node: Node, name: str, rows: Rows) -> Parts:
    """Return the layers of a node; of one that forks, one branch after another."""
    return flat(_pieces(node, name, rows))


def _part(row: LayerRow) -> Part:
    label = _LABELS.get(row.kind, _first_word)(row)
    return Part(row.name, row.kind, label, row.detail, row.output_shape, row.parameters)


def _first_word(row: LayerRow) -> str:
    """Label a kind that has no label of its own."""
    return row.kind.replace("-", " ").partition(" ")[0][:7]


_LABELS: Mapping[str, Callable[[LayerRow], str]] = {
    "convolution": lambda row: row.detail.partition(",")[0].replace("x", "×"),
    "normalisation": lambda row: {"b": "BN", "g": "GN", "l": "LRN"}[row.detail[0]],
    "activation": lambda row: row.detail.partition(",")[0][:7],
    "pooling": lambda row: "max" if row.detail.startswith("max") else "mean",
    "linear": lambda row: "fc",
    "squeeze-excitation": lambda row: "SE",
    "addition": lambda row: "+",
    "concatenation": lambda row: "cat",
    "gating": lambda row: row.detail.partition(" × ")[0].strip("()"),
    "scaling": lambda row: "α" if row.parameters else row.detail.removeprefix("times "),
    "dropout": lambda row: "drop",
    "padding": lambda row: "zeros",
    "flatten": lambda row: "flat",
}
