"""A network's layers as blocks, each a unit or what belongs to none, and short names for them."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from explorer.costs import Shape
from explorer.nodes import Chain, Concat, Node, Residual
from explorer.rows import LayerRow

Rows: TypeAlias = list[LayerRow]


class Placed(NamedTuple):
    """A layer and its section: before, branch, after, shortcut, gate or addition.

    Layers of no residual unit are a branch.
    """

    section: str
    row: LayerRow


Block: TypeAlias = tuple[Placed, ...]
"""The layers of one unit, or those of a stage that are in none, in forward order."""


def sections(node: Node) -> Iterator[str]:
    """Yield the section of every row of a node, in the order of `rows.layer_rows`."""
    if isinstance(node, Chain):
        for child in node.children:
            yield from sections(child.node)
    elif isinstance(node, Concat):
        for child in node.branches:
            yield from sections(child.node)
        yield "branch"
    elif isinstance(node, Residual):
        yield from _sections_of_unit(node)
    else:
        yield "branch"


def _sections_of_unit(unit: Residual) -> Iterator[str]:
    for name, chain in (("before", unit.before), ("gate", unit.gate), ("branch", unit.branch)):
        yield from (name for _ in sections(chain))
    if unit.gates_branch:
        yield "gate"
    yield from ("shortcut" for _ in sections(unit.shortcut))
    if unit.gate.children:
        yield "gate"
    yield "addition"
    yield from ("after" for _ in sections(unit.after))


def main_path(block: Block) -> Rows:
    """Return the layers that follow one another, the addition left out."""
    return [row for section, row in block if section in ("before", "branch", "after")]


def aside(block: Block) -> Rows:
    """Return the layers that make the shortcut, its gate and the addition included."""
    return [row for section, row in block if section in ("shortcut", "gate", "addition")]


def anchors(block: Block) -> Rows:
    """Return the convolutions and linear layers of the main path."""
    return [row for row in main_path(block) if row.kind in ("convolution", "linear")]


def adds(block: Block) -> bool:
    """Whether the block is a residual unit."""
    return any(section == "addition" for section, _ in block)


def skip(block: Block) -> str:
    """Name a shortcut by what happens on it."""
    if not adds(block):
        return "no shortcut"
    found = [row for section, row in block if section == "shortcut"]
    told = [_SKIPS.get(row.kind, row.kind) for row in found if row.kind != "normalisation"]
    gatings = [row for row in aside(block) if row.kind == "gating"]
    if gatings:
        told.append("gated" if len(gatings) == 1 else "gated, as is the branch")
    return ", ".join(told) or "identity"


_SKIPS = {
    "convolution": "projection",
    "padding": "zero padding",
    "pooling": "subsampling",
    "scaling": "scaled",
}


def kernels(block: Block, whole: bool = False) -> str:
    """Write the windows of a block's convolutions, `1x1-3x3-1x1`, or all its main path."""
    rows = main_path(block) if whole else anchors(block)
    return (" " if whole else "-").join(map(size, rows)) or "none"


def size(row: LayerRow) -> str:
    """Write a convolution's window, `3x3`; of another layer, what it is."""
    return row.detail.partition(",")[0] if row.kind == "convolution" else label(row)


def by_token(rows: Rows) -> dict[str, Rows]:
    """Return layers by what they must have in common to be compared."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(token(row), []).append(row)
    return found


def token(row: LayerRow) -> str:
    """Return what two layers must have in common for one to take the other's place."""
    return row.kind if row.kind in ("normalisation", "activation") else label(row)


def label(row: LayerRow) -> str:
    """Name a layer that is no convolution, in a few words."""
    for start, name in _LABELS.get(row.kind, {}).items():
        if row.detail.startswith(start):
            return name
    return row.detail if row.kind == "activation" else row.kind


_LABELS = {
    "normalisation": {"batch": "BN", "group": "GN", "local": "local response normalisation"},
    "pooling": {"max": "max-pool", "global": "global average pooling", "": "average pooling"},
    "dropout": {"the branch": "stochastic depth"},
    "scaling": {"times a learned": "learned scale"},
}


def own_name(row: LayerRow) -> str:
    """Return a module's own name; its kind if that is but a number."""
    last = row.name.rpartition(".")[-1]
    return row.kind if last.isdigit() else last


def shapes(row: LayerRow) -> tuple[Shape, Shape]:
    """Return what goes in and what comes out."""
    return row.input_shape, row.output_shape


def channels(row: LayerRow) -> str:
    """Write a layer's channels: `64 to 128`."""
    return f"{row.input_shape[0]} to {row.output_shape[0]}"
