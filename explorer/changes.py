"""What turns one unit, stem or head into another: layers altered, moved, added and removed.

Two blocks of layers are held against each other. Their convolutions and linear layers are
matched in order; what stands between those is told by its place. Every layer goes into exactly
one change, so the effects of all changes add up to the difference of the two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from explorer.conformance import Effect
from explorer.costs import Shape
from explorer.nodes import Chain, Concat, Node, Residual
from explorer.rows import LayerRow


class Turn(NamedTuple):
    """One property that turns into another; None on a side where there is nothing.

    Where both sides are alike, `what` says it all; where it is `counted`, they are numbers.
    """

    what: str
    before: str | None
    after: str | None
    moved: bool = False
    counted: bool = False

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return f"{self.what} {'added' if self.before is None else 'removed'}"
        if self.before == self.after:
            return self.what
        if self.counted:
            more = int(self.after) - int(self.before)
            what = self.what if abs(more) != 1 else self.what.removesuffix("s")
            return f"{more:+} {what} ({self.before} → {self.after})".replace("-", "−")
        if self.moved:
            return f"{self.what} moved from {self.before} to {self.after}"
        return f"{self.what} {self.before} → {self.after}".strip()

    def mirrored(self) -> "Turn":
        """Return the turn back."""
        return self._replace(before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to some layers of a block, and what that adds to its costs.

    `subject` names the layers where the turns do not.
    """

    subject: str
    turns: tuple[Turn, ...]
    effect: Effect

    @property
    def words(self) -> str:
        """The change without its effect."""
        told = ", ".join(map(str, self.turns))
        return f"{self.subject}: {told}" if self.subject else told

    def mirrored(self) -> "Change":
        """Return the change back."""
        taken = Effect(-self.effect.parameters, -self.effect.macs)
        return Change(self.subject, tuple(turn.mirrored() for turn in self.turns), taken)


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


def effect(before: Iterable[LayerRow], after: Iterable[LayerRow]) -> Effect:
    """Return what some layers cost more than others."""
    gone, come = tuple(before), tuple(after)
    return Effect(
        sum(row.parameters for row in come) - sum(row.parameters for row in gone),
        sum(row.macs for row in come) - sum(row.macs for row in gone),
    )


def changes(before: Block, after: Block) -> tuple[Change, ...]:
    """Say what turns one block into another; the changes back are these, mirrored."""
    found: list[Change] = []
    pairs: list[_Pair] = []
    if _skip(before) != _skip(after):
        turn = Turn("", _skip(before), _skip(after))
        found.append(Change("shortcut", (turn,), effect(_aside(before), _aside(after))))
    else:
        pairs += _match_shortcuts(before, after, found)
    if len(_anchors(before)) != len(_anchors(after)):
        turn = Turn("", _kernels(before), _kernels(after))
        found.append(Change("convolutions", (turn,), effect(_main(before), _main(after))))
    else:
        pairs = _match_main(before, after, found) + pairs
    found += _alterations(before, after, pairs)
    return tuple(found)


_Rows: TypeAlias = list[LayerRow]


class _Pair(NamedTuple):
    """A layer and the one that takes its place; `where` begins its name."""

    before: LayerRow
    after: LayerRow
    where: str = ""

    @property
    def effect(self) -> Effect:
        return effect([self.before], [self.after])


# Sections ---------------------------------------------------------------------------------------


def _main(block: Block) -> _Rows:
    return [row for section, row in block if section in ("before", "branch", "after")]


def _aside(block: Block) -> _Rows:
    return [row for section, row in block if section in ("shortcut", "gate", "addition")]


def _anchors(block: Block) -> _Rows:
    return [row for row in _main(block) if row.kind in ("convolution", "linear")]


def _adds(block: Block) -> bool:
    return any(section == "addition" for section, _ in block)


def _skip(block: Block) -> str:
    """Name a shortcut by what happens on it."""
    if not _adds(block):
        return "no shortcut"
    found = [row for section, row in block if section == "shortcut"]
    told = [_SKIPS.get(row.kind, row.kind) for row in found if row.kind != "normalisation"]
    gatings = [row for row in _aside(block) if row.kind == "gating"]
    if gatings:
        told.append("gated" if len(gatings) == 1 else "gated, as is the branch")
    return ", ".join(told) or "identity"


_SKIPS = {
    "convolution": "projection",
    "padding": "zero padding",
    "pooling": "subsampling",
    "scaling": "scaled",
}


def _kernels(block: Block) -> str:
    return "-".join(_size(row) for row in _anchors(block)) or "none"


def _size(row: LayerRow) -> str:
    """Write a convolution's window as its detail begins, `3x3`."""
    return row.detail.partition(",")[0] if row.kind == "convolution" else "linear"


# Matching ---------------------------------------------------------------------------------------


def _match_shortcuts(before: Block, after: Block, found: list[Change]) -> list[_Pair]:
    """Pair the layers of shortcuts of one kind; a normalisation may be there in one alone."""
    gone, come = _by_token(_aside(before)), _by_token(_aside(after))
    pairs = []
    for token in sorted(gone | come):
        old, new = gone.get(token, []), come.get(token, [])
        pairs += [_Pair(a, b, "shortcut ") for a, b in zip(old, new, strict=False)]
        found += _unmatched(old[len(new) :], new[len(old) :], " on the shortcut")
    return pairs


def _match_main(before: Block, after: Block, found: list[Change]) -> list[_Pair]:
    """Pair the layers of two main paths with equally many convolutions and linear layers.

    The others are paired in the same place between those; of what is left, one that goes and
    one of its sort that comes have moved.
    """
    pairs = list(map(_Pair, _anchors(before), _anchors(after)))
    joined = _adds(before) and _adds(after)
    gone, come = _slots(before, joined), _slots(after, joined)
    for token in sorted(gone | come):
        old, new = gone.get(token, {}), come.get(token, {})
        goes: list[tuple[int, LayerRow]] = []
        comes: list[tuple[int, LayerRow]] = []
        for slot in sorted(old | new):
            here, there = old.get(slot, []), new.get(slot, [])
            pairs += map(_Pair, here, there)
            goes += [(slot, row) for row in here[len(there) :]]
            comes += [(slot, row) for row in there[len(here) :]]
        names = _slot_names(before)
        for (left, a), (reached, b) in zip(goes, comes, strict=False):
            turn = Turn(_label(a), names[left], names[reached], moved=True)
            if _label(a) != _label(b):
                start, end = f"{_label(a)} {names[left]}", f"{_label(b)} {names[reached]}"
                turn = Turn("", start, end)
            found.append(Change("", (turn,), effect([a], [b])))
        lost, won = goes[len(comes) :], comes[len(goes) :]
        where = {f" {names[slot]}" for slot, row in lost + won if row.unit is not None}
        found += _unmatched(
            [row for _, row in lost],
            [row for _, row in won],
            where.pop() if len(where) == 1 else "",
        )
    if joined:
        found += _opening(before, after)
    return pairs


def _unmatched(gone: _Rows, come: _Rows, where: str) -> Iterator[Change]:
    """Say what is removed or added without a counterpart, layers of one label at a time."""
    for rows, is_new in ((gone, False), (come, True)):
        labels = [_label(row) for row in rows]
        for label in dict.fromkeys(labels):
            alike = [row for row in rows if _label(row) == label]
            what = (f"{len(alike)} × {label}" if len(alike) > 1 else label) + where
            turn = Turn(what, "", None)
            cost = effect(alike, ())
            change = Change("", (turn,), cost)
            yield change.mirrored() if is_new else change


def _opening(before: Block, after: Block) -> Iterator[Change]:
    """Say where the layers in front of the first convolution act, if on another path."""
    openings = []
    for block in (before, after):
        count = next((n for n, (_, row) in enumerate(block) if row.kind == "convolution"), 0)
        openings.append([placed for placed in block[:count] if placed.section != "gate"])
    labels = [[_label(row) for _, row in opening] for opening in openings]
    places = [{section for section, _ in opening} for opening in openings]
    if labels[0] == labels[1] and labels[0] and places[0] != places[1]:
        start, end = (_OPENINGS["before" in place] for place in places)
        turn = Turn(" and ".join(labels[0]), start, end, moved=True)
        yield Change("", (turn,), Effect(0, 0))


_OPENINGS = {False: "the branch", True: "before the split"}

_Slots: TypeAlias = dict[str, dict[int, _Rows]]


def _slots(block: Block, joined: bool) -> _Slots:
    """Return the layers between convolutions, by sort and place.

    Places are counted by the convolutions in front; what follows the addition has a place of its
    own where both blocks are `joined` by one.
    """
    slots: _Slots = {}
    place, count = 0, len(_anchors(block))
    for section, row in block:
        if section not in ("before", "branch", "after"):
            continue
        if row.kind in ("convolution", "linear"):
            place += 1
            continue
        here = count + 1 if joined and section == "after" else place
        slots.setdefault(_token(row), {}).setdefault(here, []).append(row)
    return slots


def _slot_names(block: Block) -> list[str]:
    names = ["before the first convolution"]
    names += [f"behind {_name(row)}" for row in _anchors(block)[:-1]]
    return [*names, "behind the last convolution", "behind the addition"]


def _by_token(rows: _Rows) -> dict[str, _Rows]:
    found: dict[str, _Rows] = {}
    for row in rows:
        found.setdefault(_token(row), []).append(row)
    return found


def _token(row: LayerRow) -> str:
    """Return what two layers must have in common for one to take the other's place."""
    return row.kind if row.kind in ("normalisation", "activation") else _label(row)


def _label(row: LayerRow) -> str:
    """Name a layer that is no convolution, in a few words."""
    for start, label in _LABELS.get(row.kind, {}).items():
        if row.detail.startswith(start):
            return label
    return row.detail if row.kind == "activation" else row.kind


_LABELS = {
    "normalisation": {"batch": "BN", "group": "GN", "local": "local response normalisation"},
    "pooling": {"max": "max-pool", "global": "global average pooling", "": "average pooling"},
    "dropout": {"the branch": "stochastic depth"},
    "scaling": {"times a learned": "learned scale"},
}


# Alterations ------------------------------------------------------------------------------------


def _alterations(before: Block, after: Block, pairs: Sequence[_Pair]) -> list[Change]:
    """Say what changes in paired layers; what comes of other channels or maps alone, at once."""
    altered: dict[tuple[Turn, ...], list[_Pair]] = {}
    resized: list[_Pair] = []
    for pair in pairs:
        turns = _turns(pair)
        if turns:
            altered.setdefault(turns, []).append(pair)
        elif _shapes(pair.before) != _shapes(pair.after):
            resized.append(pair)
    found = [_altered(turns, alike) for turns, alike in altered.items()]
    found = _stride_moved(found)
    cost = total(pair.effect for pair in resized)
    if any(pair.before.kind == "convolution" for pair in resized) or cost != Effect(0, 0):
        beside = all(pair.where for pair in resized)
        turns = tuple(_size_turns(*resized[0][:2])) if beside else _sizes(before, after, resized)
        found.insert(0, Change("shortcut" if beside else "", turns, cost))
    return found


def _altered(turns: tuple[Turn, ...], alike: Sequence[_Pair]) -> Change:
    names = [pair.where + _subject(pair) for pair in alike]
    if all(turn.what == "" and turn.before in _NORMS for turn in turns):
        names = []  # BN → GN says it
    return Change(", ".join(dict.fromkeys(names)), turns, total(pair.effect for pair in alike))


_NORMS = ("BN", "GN", "local response normalisation")


def _subject(pair: _Pair) -> str:
    row = pair.before
    if row.kind == "convolution":
        size = _size(row) if _size(row) == _size(pair.after) else ""
        return f"{'' if pair.where and size else _name(row)} {size}".strip()
    return _name(row) if row.kind == "linear" else _label(row)


def _name(row: LayerRow) -> str:
    """Return a module's own name; its kind if that is but a number."""
    last = row.name.rpartition(".")[-1]
    return row.kind if last.isdigit() else last


def _turns(pair: _Pair) -> tuple[Turn, ...]:
    """Return what changes in a layer, beside its channels and its map; with these if it does."""
    a, b = pair.before, pair.after
    if a.kind == "convolution":
        turns = tuple(_convolution_turns(a, b))
        return (*turns, *_size_turns(a, b)) if turns else ()
    if a.kind == "linear":
        old, new = (row.detail.partition(",")[0] for row in pair[:2])
        return () if old == new else (Turn("", old, new),)
    if _label(a) != _label(b):
        return (Turn("", _label(a), _label(b)),)
    if a.detail == b.detail or a.kind in ("padding", "normalisation", "concatenation"):
        return ()
    if a.kind == "dropout":
        return (Turn("another rate", "", ""),)
    if a.kind == "squeeze-excitation" and a.input_shape[0] != b.input_shape[0]:
        return ()
    old, new = (row.detail.removesuffix(", with biases") for row in pair[:2])
    return (Turn("", old, new),)


def _convolution_turns(a: LayerRow, b: LayerRow) -> Iterator[Turn]:
    if _size(a) != _size(b):
        yield Turn("", _size(a), _size(b))
    for what in ("stride", "groups"):
        old, new = getattr(a, what), getattr(b, what)
        if old != new:
            yield Turn(what, str(old), str(new))
    if a.kernel == b.kernel and a.padding != b.padding:
        yield Turn("padding", str(a.padding), str(b.padding))
    old, new = ("" if "with bias" in row.detail else None for row in (a, b))
    if old != new:
        yield Turn("bias", old, new)


def _size_turns(a: LayerRow, b: LayerRow) -> Iterator[Turn]:
    if _channels(a) != _channels(b):
        yield Turn("channels", _channels(a), _channels(b))
    if a.output_shape[1:] != b.output_shape[1:] and a.stride == b.stride:
        yield _map_turn(a.output_shape, b.output_shape)


def _map_turn(before: Shape, after: Shape) -> Turn:
    old, new = (" × ".join(map(str, shape[1:])) for shape in (before, after))
    return Turn("maps", old, new)


def _shapes(row: LayerRow) -> tuple[Shape, Shape]:
    return row.input_shape, row.output_shape


def _channels(row: LayerRow) -> str:
    return f"{row.input_shape[0]} to {row.output_shape[0]}"


def _stride_moved(found: list[Change]) -> list[Change]:
    """Tell two convolutions of one block that exchange their strides as one change."""
    strides = [change for change in found if [turn.what for turn in change.turns] == ["stride"]]
    if len(strides) != 2:
        return found
    first, second = strides
    if first.turns[0] != second.turns[0].mirrored():
        return found
    giver, taker = sorted(strides, key=lambda change: -int(change.turns[0].before or 0))
    turn = Turn(f"stride {giver.turns[0].before}", giver.subject, taker.subject, moved=True)
    moved = Change("", (turn,), total(change.effect for change in strides))
    return [moved if change is first else change for change in found if change is not second]


def _sizes(before: Block, after: Block, resized: Sequence[_Pair]) -> tuple[Turn, ...]:
    """Return how the channels and the maps of a block differ."""
    turns = []
    if any(_channels(a) != _channels(b) for a, b, _ in resized):
        turns.append(_channel_turn(before, after))
    for a, b, _ in resized:
        for old, new in ((a.output_shape, b.output_shape), (a.input_shape, b.input_shape)):
            if old[1:] != new[1:]:
                return (*turns, _map_turn(old, new))
    return tuple(turns)


def _channel_turn(before: Block, after: Block) -> Turn:
    old, new = (
        "-".join(str(row.output_shape[0]) for row in _anchors(block)) for block in (before, after)
    )
    if old != new:
        return Turn("channels", old, new)
    old, new = (str(block[0].row.input_shape[0]) for block in (before, after))
    return Turn("input channels", old, new)


def total(effects: Iterable[Effect]) -> Effect:
    """Add up effects."""
    kept = tuple(effects)
    return Effect(sum(e.parameters for e in kept), sum(e.macs for e in kept))
