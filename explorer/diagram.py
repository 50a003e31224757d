"""What the picture of a network shows: its stages, its units, and the layers inside each.

The plan says how layers are arranged, the analysis what each of them does. Units that repeat
are told once, with how many they are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeAlias

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
    """`count` identical units from `first` on, and the layers of one of them.

    The parts are those of `nodes.Residual`; what a gate weights ends in its `gating`. Where `skip`
    is "none" there is no addition and all parts stand in `branch`; so they do in a stem and a
    head, whose `first` is 0.
    """

    name: str
    first: int
    count: int
    skip: str
    before: Parts = ()
    branch: Parts = ()
    shortcut: Parts = ()
    addition: Part | None = None
    after: Parts = ()
    gate: Parts = ()

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
        """Which units these are: `unit 1`, `units 2 to 200`."""
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


@lru_cache(maxsize=64)
def diagram(spec: ArchitectureSpec) -> Diagram:
    """Return what the picture of a spec's network shows."""
    network, rows = plan(spec), _rows(spec)
    groups = []
    for name, found in groupby(network.root.children, key=lambda child: child.stage):
        groups.append(Group(name or "", _units(tuple(found), rows)))
    return Diagram(network.input_shape, tuple(groups))


def unit_parts(spec: ArchitectureSpec, stage: str, unit: int) -> Unit:
    """Return one unit of a stage with its layers in exact order.

    Raises:
        LookupError: if the network has no such unit.
    """
    for child in plan(spec).root.children:
        if child.stage == stage and isinstance(child.node, Chain):
            for inner in child.node.children:
                if inner.unit == unit:
                    return _unit(inner, f"{child.name}.", 1, _rows(spec))
    raise LookupError(f"{spec} has no unit {unit} in {stage}")


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
            units.append(_unit(alike[0], f"{child.name}.", len(alike), rows))
    if loose:
        units.append(Unit(children[0].stage or "", 0, 1, "none", branch=tuple(loose)))
    return tuple(units)


def _unit(child: Child, prefix: str, count: int, rows: _Rows) -> Unit:
    name, node, first = prefix + child.name, child.node, child.unit or 0
    if not isinstance(node, Residual):
        return Unit(name, first, count, "none", branch=_parts(node, name, rows))
    shortcut = _parts(node.shortcut, f"{name}.downsample", rows)
    branch = _parts(node.branch, name, rows)
    if node.gate.children:
        shortcut += (_part(rows[f"{name}.gated_shortcut"]),)
    if node.gates_branch:
        branch += (_part(rows[f"{name}.gated_branch"]),)
    return Unit(
        name,
        first,
        count,
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


def shape_words(shape: Shape) -> str:
    """Write a shape as `64 × 56 × 56`."""
    return " × ".join(map(str, shape))


def outline(described: Diagram) -> str:
    """Return the picture as indented text, for those who listen to it."""
    lines = [f"input: {shape_words(described.input_shape)}"]
    for group in described.groups:
        count = f"{group.count} unit{'s' if group.count > 1 else ''}, " if group.count else ""
        lines.append(f"{group.name}: {count}output {shape_words(group.units[-1].output_shape)}")
        for unit in group.units:
            lines += [f"  {line}" for line in _unit_outline(unit)]
    return "\n".join(lines)


def _unit_outline(unit: Unit) -> Iterable[str]:
    if not unit.first:
        return (_part_outline(part) for part in unit.branch)
    alike = f" ({unit.count} alike)" if unit.count > 1 else ""
    lines = [f"{unit.caption}{alike}: output {shape_words(unit.output_shape)}, skip: {unit.skip}"]
    sections: tuple[tuple[str, Any], ...] = (
        ("before the split", unit.before),
        ("branch" if unit.addition else "layers", unit.branch),
        ("shortcut", unit.shortcut),
        ("gate g", unit.gate),
        ("after the addition", unit.after),
    )
    for title, parts in sections:
        if parts:
            lines.append(f"  {title}:")
            lines += [f"    {_part_outline(part)}" for part in parts]
    return lines


def _part_outline(part: Part) -> str:
    parameters = f", {part.parameters:,} parameters" if part.parameters else ""
    return f"{part.name}: {part.kind} {part.detail}, {shape_words(part.output_shape)}{parameters}"


def formula(unit: Unit) -> str:
    """Write a unit as a formula of its input x, read off its layers.

    A signal that is activated before it splits is called s; h is what a shortcut's layers do.
    """
    if unit.addition is None:
        return _around("x", unit.branch)
    signal = "s" if unit.before else "x"
    shortcut = f"h({signal})" if unit.shortcut else signal
    added = f"{shortcut} + {_around(signal, unit.branch)}"
    named = [f"s = {_around('x', unit.before)}"] if unit.before else []
    if unit.shortcut:
        named.append(f"h({signal}) = {_around(signal, unit.shortcut)}")
    if unit.gate:
        named.append(f"g = {_around(signal, unit.gate)}")
    whole = _around(added, unit.after)
    return f"{whole}, with {', '.join(named)}" if named else whole


def _around(inner: str, parts: Parts) -> str:
    for part in parts:
        inner = f"{_symbol(part)}({inner})"
    return inner


def _symbol(part: Part) -> str:
    """Name a layer in a formula; what multiplies is written as its factor."""
    if part.kind == "gating":
        return f"({part.label})" if "−" in part.label else part.label
    return _SYMBOLS.get(part.kind, part.label)


_SYMBOLS = {"convolution": "conv", "padding": "pad"}


def difference(spec: ArchitectureSpec) -> str:
    """Say in one sentence what sets a spec's units apart from the original ones.

    Source:
        He et al. 2016, arXiv:1603.05027, Fig. 4.
    """
    return _DIFFERENCES.get("none" if spec.shortcut == "none" else spec.ordering, "")


_DIFFERENCES = {
    "none": "A plain unit: the same layers without a skip connection, so nothing is added.",
    "original": (
        "The original of 2015 (Fig. 4a): ReLU follows the addition, so it also acts on what the "
        "shortcut carries."
    ),
    "bn_after_addition": (
        "Unlike the original, the last BN follows the addition (Fig. 4b): it alters what the "
        "shortcut carries and hampers its way through the network."
    ),
    "relu_before_addition": (
        "Unlike the original, the last ReLU stands before the addition (Fig. 4c): the branch can "
        "only add what is not negative."
    ),
    "relu_only_preactivation": (
        "Unlike the original, ReLU stands before each convolution and BN behind it (Fig. 4d): "
        "nothing follows the addition."
    ),
    "full_preactivation": (
        "Unlike the original, BN and ReLU stand before each convolution (Fig. 4e, v2): nothing "
        "follows the addition, and an identity shortcut carries its signal unchanged."
    ),
}
