"""What turns one unit, stem or head into another: layers altered, moved, added and removed.

Two blocks of layers are held against each other. Their convolutions and linear layers are
matched in order; what stands between those is told by its place. Every layer goes into exactly
one change, so the effects of all changes add up to the difference of the two.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from explorer.blocks import (
    Block,
    Rows,
    adds,
    anchors,
    aside,
    by_token,
    channels,
    kernels,
    label,
    main_path,
    own_name,
    shapes,
    size,
    skip,
    token,
)
from explorer.conformance import Effect
from explorer.rows import LayerRow
from explorer.turns import Change, Turn, effect, map_turn, size_turns, total, turns_of


def changes(before: Block, after: Block) -> tuple[Change, ...]:
    """Say what turns one block into another; the changes back are these, mirrored."""
    found: list[Change] = []
    pairs: list[_Pair] = []
    if skip(before) != skip(after):
        turn = Turn("", skip(before), skip(after))
        found.append(Change("shortcut", (turn,), effect(aside(before), aside(after))))
    else:
        pairs += _match_shortcuts(before, after, found)
    if len(anchors(before)) != len(anchors(after)):
        whole = _ends(before) != _ends(after)
        turn = Turn("", kernels(before, whole), kernels(after, whole))
        found.append(
            Change(
                "layers" if whole else "convolutions",
                (turn,),
                effect(main_path(before), main_path(after)),
            )
        )
    else:
        pairs = _match_main(before, after, found) + pairs
    found += _alterations(before, after, pairs)
    return tuple(found)


def _ends(block: Block) -> tuple[list[str], list[str]]:
    """Return what stands before the first and behind the last convolution or linear layer."""
    names = [label(row) for row in main_path(block)]
    places = [n for n, row in enumerate(main_path(block)) if row in anchors(block)]
    return (names[: places[0]], names[places[-1] + 1 :]) if places else (names, [])


class _Pair(NamedTuple):
    """A layer and the one that takes its place; `where` begins its name."""

    before: LayerRow
    after: LayerRow
    where: str = ""

    @property
    def effect(self) -> Effect:
        return effect([self.before], [self.after])


def _match_shortcuts(before: Block, after: Block, found: list[Change]) -> list[_Pair]:
    """Pair the layers of shortcuts of one kind; a normalisation may be there in one alone."""
    gone, come = by_token(aside(before)), by_token(aside(after))
    pairs = []
    for sort in sorted(gone | come):
        old, new = gone.get(sort, []), come.get(sort, [])
        pairs += [_Pair(a, b, "shortcut ") for a, b in zip(old, new, strict=False)]
        found += _unmatched(old[len(new) :], new[len(old) :], " on the shortcut")
    return pairs


def _match_main(before: Block, after: Block, found: list[Change]) -> list[_Pair]:
    """Pair the layers of two main paths with equally many convolutions and linear layers.

    The others are paired in the same place between those; of what is left, one that goes and
    one of its sort that comes have moved.
    """
    pairs = list(map(_Pair, anchors(before), anchors(after)))
    joined = adds(before) and adds(after)
    gone, come = _slots(before, joined), _slots(after, joined)
    for sort in sorted(gone | come):
        old, new = gone.get(sort, {}), come.get(sort, {})
        goes: list[tuple[int, LayerRow]] = []
        comes: list[tuple[int, LayerRow]] = []
        for slot in sorted(old | new):
            here, there = old.get(slot, []), new.get(slot, [])
            pairs += map(_Pair, here, there)
            goes += [(slot, row) for row in here[len(there) :]]
            comes += [(slot, row) for row in there[len(here) :]]
        names = _slot_names(before)
        for (left, a), (reached, b) in zip(goes, comes, strict=False):
            turn = Turn(label(a), names[left], names[reached], moved=True)
            if label(a) != label(b):
                start, end = f"{label(a)} {names[left]}", f"{label(b)} {names[reached]}"
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


def _unmatched(gone: Rows, come: Rows, where: str) -> Iterator[Change]:
    """Say what is removed or added without a counterpart, layers of one label at a time."""
    for rows, is_new in ((gone, False), (come, True)):
        for name in dict.fromkeys(map(label, rows)):
            alike = [row for row in rows if label(row) == name]
            what = (f"{len(alike)} × {name}" if len(alike) > 1 else name) + where
            change = Change("", (Turn(what, "", None),), effect(alike, ()))
            yield change.mirrored() if is_new else change


def _opening(before: Block, after: Block) -> Iterator[Change]:
    """Say where the layers in front of the first convolution act, if on another path."""
    openings = []
    for block in (before, after):
        count = next((n for n, (_, row) in enumerate(block) if row.kind == "convolution"), 0)
        openings.append([placed for placed in block[:count] if placed.section != "gate"])
    labels = [[label(row) for _, row in opening] for opening in openings]
    places = [{section for section, _ in opening} for opening in openings]
    if labels[0] == labels[1] and labels[0] and places[0] != places[1]:
        start, end = (_OPENINGS["before" in place] for place in places)
        turn = Turn(" and ".join(labels[0]), start, end, moved=True)
        yield Change("", (turn,), Effect(0, 0))


_OPENINGS = {False: "the branch", True: "before the split"}

_Slots: TypeAlias = dict[str, dict[int, Rows]]


def _slots(block: Block, joined: bool) -> _Slots:
    """Return the layers between convolutions, by sort and place.

    Places are counted by the convolutions in front; what follows the addition has a place of its
    own where both blocks are `joined` by one.
    """
    slots: _Slots = {}
    place, count = 0, len(anchors(block))
    for section, row in block:
        if section not in ("before", "branch", "after"):
            continue
        if row.kind in ("convolution", "linear"):
            place += 1
            continue
        here = count + 1 if joined and section == "after" else place
        slots.setdefault(token(row), {}).setdefault(here, []).append(row)
    return slots


def _slot_names(block: Block) -> list[str]:
    names = ["before the first convolution"]
    names += [f"behind {own_name(row)}" for row in anchors(block)[:-1]]
    return [*names, "behind the last convolution", "behind the addition"]


def _alterations(before: Block, after: Block, pairs: Sequence[_Pair]) -> list[Change]:
    """Say what changes in paired layers; what comes of other channels or maps alone, at once."""
    altered: dict[tuple[Turn, ...], list[_Pair]] = {}
    resized: list[_Pair] = []
    for pair in pairs:
        told = turns_of(pair.before, pair.after)
        if told:
            altered.setdefault(told, []).append(pair)
        elif shapes(pair.before) != shapes(pair.after):
            resized.append(pair)
    found = [_altered(turns, alike) for turns, alike in altered.items()]
    found = _stride_moved(found)
    cost = total(pair.effect for pair in resized)
    if any(pair.before.kind == "convolution" for pair in resized) or cost != Effect(0, 0):
        beside = all(pair.where for pair in resized)
        turns = tuple(size_turns(*resized[0][:2])) if beside else _sizes(before, after, resized)
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
        window = size(row) if size(row) == size(pair.after) else ""
        return f"{'' if pair.where and window else own_name(row)} {window}".strip()
    return own_name(row) if row.kind == "linear" else label(row)


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
    turns: list[Turn] = []
    if any(channels(a) != channels(b) for a, b, _ in resized):
        turns.append(_channel_turn(before, after))
    for a, b, _ in resized:
        for old, new in ((a.output_shape, b.output_shape), (a.input_shape, b.input_shape)):
            if old[1:] != new[1:]:
                return (*turns, map_turn(old, new))
    return tuple(turns)


def _channel_turn(before: Block, after: Block) -> Turn:
    old, new = (
        "-".join(str(row.output_shape[0]) for row in anchors(block)) for block in (before, after)
    )
    if old != new:
        return Turn("channels", old, new)
    old, new = (str(block[0].row.input_shape[0]) for block in (before, after))
    return Turn("input channels", old, new)
