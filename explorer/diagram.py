"""What the picture of a network shows: its stages, its units, and the layers inside each.

The plan says how layers are arranged, the analysis what each of them does. Units that repeat
are told once, with how many they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

from explorer.analysis import analyze
from explorer.costs import Shape
from explorer.nodes import Chain, Child, Node, Residual
from explorer.plan import plan
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True)
class Part:
    """One layer: `label` is short enough for a small box, shapes are (C, H, W)."""

    name: str
    kind: str
    label: str
    detail: str
    output_shape: Shape
    parameters: int


Parts: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """Identical units in a row, told once: the layers are those of the first of `members`.

    `members` are the units' names in the built network, and `first` is the place of the first of
    them in its stage. The parts are those of `nodes.Residual`; what a gate weights ends in its
    `gating`. Where `skip` is "none" there is no addition and all parts stand in `branch`; so they
    do in a stem and a head, whose `first` is 0.
    """

    members: tuple[str, ...]
    first: int
    skip: str
    before: Parts = ()
    branch: Parts = ()
    shortcut: Parts = ()
    addition: Part | None = None
    after: Parts = ()
    gate: Parts = ()

    @property
    def name(self) -> str:
        """Name of the first of these units, which stands for all of them."""
        return self.members[0]

    @property
    def count(self) -> int:
        """How many units these are."""
        return len(self.members)

    @property
    def parts(self) -> Parts:
        """Every part, on the main path or beside it."""
        return self.main_path + self.shortcut + self.gate

    @property
    def main_path(self) -> Parts:
        """Every part but the shortcut's and the gate's, in forward order."""
        addition = () if self.addition is None else (self.addition,)
        return self.before + self.branch + addition + self.after

    @property
    def output_shape(self) -> Shape:
        """Shape of what the unit gives."""
        return self.main_path[-1].output_shape

    @property
    def parameters(self) -> int:
        """Learnable numbers of one such unit."""
        return sum(part.parameters for part in self.parts)

    @property
    def caption(self) -> str:
        """Which units these are: `unit 1`, `units 2 to 200`; `all layers` of a stem or a head."""
        if not self.first:
            return "all layers"
        if self.count == 1:
            return f"unit {self.first}"
        return f"units {self.first} to {self.first + self.count - 1}"


@dataclass(frozen=True, slots=True)
class Group:
    """A stage, or the stem or the head: what it is called and its distinct units in order."""

    name: str
    units: tuple[Unit, ...]

    @property
    def count(self) -> int:
        """Units in the stage; 0 for the stem and the head."""
        return sum(unit.count for unit in self.units if unit.first)


@dataclass(frozen=True, slots=True)
class Diagram:
    """A network as a picture shows it."""

    input_shape: Shape
    groups: tuple[Group, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of layer in the picture, by first appearance."""
        units = (unit for group in self.groups for unit in group.units)
        return tuple(dict.fromkeys(p.kind for u in units for p in u.parts))

    def find(self, name: str) -> tuple[Group, Unit]:
        """Return the unit that bears a name or stands for it; for no such name, the first one.

        A stem or a head is only taken for the first where there is no unit.
        """
        places = [(group, unit) for group in self.groups for unit in group.units]
        found = [place for place in places if name in place[1].members]
        return (found or [place for place in places if place[1].first] or places)[0]


@lru_cache(maxsize=64)
def diagram(spec: ArchitectureSpec) -> Diagram:
    """Return what the picture of a spec's network shows."""
    network, rows = plan(spec), _rows(spec)
    groups = []
    for name, found in groupby(network.root.children, key=lambda child: child.stage):
        groups.append(Group(name or "", _units(tuple(found), rows)))
    return Diagram(network.input_shape, tuple(groups))


_Rows: TypeAlias = Mapping[str, LayerRow]


@lru_cache(maxsize=8)
def _rows(spec: ArchitectureSpec) -> _Rows:
    return {row.name: row for row in analyze(spec).layers}


def _units(children: tuple[Child, ...], rows: _Rows) -> tuple[Unit, ...]:
    """Return a stage's distinct units, or all of a stem's or head's layers as one."""
    units: list[Unit] = []
    loose: list[Part] = []
    for child in children:
        inner = child.node.children if isinstance(child.node, Chain) else ()
        if not any(unit.unit for unit in inner):
            loose += _parts(child.node, child.name, rows)
            continue
        for _, same in groupby(inner, key=lambda unit: unit.node):
            alike = tuple(same)
            members = tuple(f"{child.name}.{unit.name}" for unit in alike)
            units.append(_unit(alike[0], members, rows))
    if loose:
        units.append(Unit((children[0].stage or "",), 0, "none", branch=tuple(loose)))
    return tuple(units)


def _unit(child: Child, members: tuple[str, ...], rows: _Rows) -> Unit:
    name, node, first = members[0], child.node, child.unit or 0
    if not isinstance(node, Residual):
        return Unit(members, first, "none", branch=_parts(node, name, rows))
    shortcut = _parts(node.shortcut, f"{name}.downsample", rows)
    branch = _parts(node.branch, name, rows)
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


def _parts(node: Node, name: str, rows: _Rows) -> Parts:
    if isinstance(node, Chain):
        inner = (_parts(child.node, f"{name}.{child.name}", rows) for child in node.children)
        return tuple(part for parts in inner for part in parts)
    if name in rows:
        return (_part(rows[name]),)
    # A node that is several layers at once: they are listed under its name.
    return tuple(_part(row) for full, row in rows.items() if full.startswith(f"{name}."))


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
