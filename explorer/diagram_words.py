"""The picture of a network in words: its outline, the formula of a unit, and what sets it apart."""

from collections.abc import Iterable

from explorer.costs import Shape
from explorer.diagram_parts import Diagram, Fork, Group, Part, Pieces, Unit
from explorer.spec import ArchitectureSpec


def shape_words(shape: Shape) -> str:
    """Write a shape as `64 × 56 × 56`."""
    return " × ".join(map(str, shape))


def parameters_words(count: int) -> str:
    """Write a count of parameters."""
    return f"{count:,} parameter{'' if count == 1 else 's'}"


def skip_words(unit: Unit) -> str:
    """Name a unit's skip connection: `identity skip`."""
    return f"{unit.skip} skip"


def unit_label(group: Group, unit: Unit) -> str:
    """Name a unit in its network: `conv2_x, units 2 to 3, identity skip`; `stem, all layers`."""
    if unit.first:
        skip = f", {skip_words(unit)}" if unit.addition else ""
        return f"{group.name}, {unit.caption}{skip}"
    kinds = dict.fromkeys(part.kind for part in unit.parts)
    return f"{group.name}, {'all layers' if len(group.units) == 1 else ', '.join(kinds)}"


def unit_facts(unit: Unit) -> str:
    """Say what a unit costs and gives, and what it is called in the built network."""
    names = unit.name if unit.count == 1 else f"{unit.name} to {unit.members[-1]}"
    each = " each" if unit.count > 1 else ""
    inside = f" {names} in the built module." if unit.first else ""
    shape = shape_words(unit.output_shape)
    return f"{parameters_words(unit.parameters)}{each}, output {shape}.{inside}"


def reading(described: Diagram) -> str:
    """Say how to read the picture."""
    units = [unit for group in described.groups for unit in group.units]
    boxes = "a box is the higher the larger its map and the wider the more channels it has"
    skips = (
        "; lines above the layers are skip connections" if any(u.addition for u in units) else ""
    )
    forks = any(isinstance(piece, Fork) for unit in units for piece in unit.branch)
    lanes = "; lanes are parallel branches, whose channels are joined behind them" if forks else ""
    return f"From the picture on top to the classes at the bottom: {boxes}{skips}{lanes}."


def outline(described: Diagram) -> str:
    """Return the picture as indented text, for those who listen to it."""
    lines = [f"input: {shape_words(described.input_shape)}"]
    for group in described.groups:
        count = f"{group.counted}, " if group.count else ""
        lines.append(f"{group.name}: {count}output {shape_words(group.units[-1].output_shape)}")
        for unit in group.units:
            lines += [f"  {line}" for line in _unit_outline(unit)]
    return "\n".join(lines)


def _unit_outline(unit: Unit) -> Iterable[str]:
    if not unit.first:
        return _pieces_outline(unit.branch)
    alike = f" ({unit.count} alike)" if unit.count > 1 else ""
    skip = f", skip: {unit.skip}" if unit.noun == "unit" else ""
    lines = [f"{unit.caption}{alike}: output {shape_words(unit.output_shape)}{skip}"]
    sections: tuple[tuple[str, Pieces], ...] = (
        ("before the split", unit.before),
        ("branch" if unit.addition else "layers", unit.branch),
        ("shortcut", unit.shortcut),
        ("gate g", unit.gate),
        ("after the addition", unit.after),
    )
    for title, pieces in sections:
        if pieces:
            lines.append(f"  {title}:")
            lines += [f"    {line}" for line in _pieces_outline(pieces)]
    return lines


def _pieces_outline(pieces: Pieces) -> Iterable[str]:
    for piece in pieces:
        if isinstance(piece, Part):
            yield _part_outline(piece)
            continue
        for place, branch in enumerate(piece.branches, start=1):
            yield f"branch {place} of {len(piece.branches)}:"
            yield from (f"  {_part_outline(part)}" for part in branch)
        yield _part_outline(piece.joint)


def _part_outline(part: Part) -> str:
    parameters = f", {parameters_words(part.parameters)}" if part.parameters else ""
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


def _around(inner: str, pieces: Pieces) -> str:
    for piece in pieces:
        if isinstance(piece, Part):
            inner = f"{_symbol(piece)}({inner})"
        else:
            branches = ", ".join(_around(inner, branch) for branch in piece.branches)
            inner = f"{_symbol(piece.joint)}({branches})"
    return inner


def _symbol(part: Part) -> str:
    """Name a layer in a formula; what multiplies is written as its factor."""
    if part.kind == "gating":
        return f"({part.label})" if "−" in part.label else part.label
    return _SYMBOLS.get(part.kind, part.label)


_SYMBOLS = {"convolution": "conv", "padding": "pad"}


def difference(spec: ArchitectureSpec) -> str:
    """Say in one sentence what sets residual units apart from the original ones.

    Source:
        He et al. 2016, arXiv:1603.05027, Fig. 4.
    """
    if spec.family != "residual":
        return ""
    return _DIFFERENCES["none" if spec.shortcut == "none" else spec.ordering]


def skip_sentence(unit: Unit) -> str:
    """Say in one sentence what a unit's skip connection does; nothing where there is none."""
    if unit.skip == "none":
        return ""
    if not unit.shortcut:
        return "Here the skip connection is the identity: it has no layers and costs nothing."
    layers = " and ".join(f"{part.kind} ({part.detail})" for part in unit.shortcut)
    cost = sum(part.parameters for part in unit.shortcut + unit.gate)
    gate = ", those of the gate included" if unit.gate else ""
    return f"Here the skip connection goes through {layers}: {parameters_words(cost)}{gate}."


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
