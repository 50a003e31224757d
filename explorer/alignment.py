"""Two networks held against each other, stage by stage and unit by unit: what differs, in words.

Stages are aligned by their position, the last with the last, and so are a stage's units. What
changes alike in several units is said once. Each line carries what it adds to parameters and
MACs; the effects of all lines add up to the difference of the two networks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias, TypeVar

from explorer.analysis import analyze
from explorer.blocks import Block, Placed, sections
from explorer.changes import changes
from explorer.conformance import Effect
from explorer.plan import plan
from explorer.spec import ArchitectureSpec
from explorer.turns import Change, Turn, effect, total
from explorer.words import unit_name

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """One change, in all units of a stage where it is the same.

    `units` are named as `unit 1` or `units 2 to 6`; empty in a stem or a head, and where the
    change is to the stage as a whole.
    """

    units: str
    change: Change

    @property
    def words(self) -> str:
        """Where the change is and what it is, without its effect."""
        told = self.change.words
        comma = ", " if self.change.subject == "shortcut" else ": "
        return f"{self.units}{comma if self.units else ''}{told}"

    def __str__(self) -> str:
        return f"{self.words}, {cost_words(self.change.effect)}"


@dataclass(frozen=True, slots=True)
class StageDifference:
    """A stage of one network and the stage in its place in the other.

    Args:
        names: of both; None where a network has no such stage.
        lines: what differs; none where nothing does.
        unchanged: the units of a stage with lines that have none: `units 2 to 4`, or empty.
        effect: of all lines together.
    """

    names: tuple[str | None, str | None]
    lines: tuple[Line, ...]
    unchanged: str
    effect: Effect

    @property
    def name(self) -> str:
        """One name for both."""
        return joined_names(self.names)

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return a plain record for each line."""
        return [
            {
                "stage": self.name,
                "units": line.units,
                "change": line.change.words,
                "parameters": line.change.effect.parameters,
                "macs": line.change.effect.macs,
            }
            for line in self.lines
        ]


@lru_cache(maxsize=64)
def differences(before: ArchitectureSpec, after: ArchitectureSpec) -> tuple[StageDifference, ...]:
    """Return what turns one network into another, stage by stage.

    Networks of different families have no units in common: only their stages' totals are told.
    """
    tell = _stage_difference if before.family == after.family else _totals
    return tuple(tell(*pair) for pair in by_position([_stages(before), _stages(after)]))


def by_position(stages: Sequence[Sequence[T]]) -> list[tuple[T | None, ...]]:
    """Align several networks' stages: by position from the first, and the last with the last."""
    longest = max(map(len, stages))
    filled = [[*found[:-1], *[None] * (longest - len(found)), found[-1]] for found in stages]
    return list(zip(*filled, strict=True))


def cost_words(cost: Effect) -> str:
    """Write what a change adds: `−8,448 parameters, −6,422,528 MACs`, or `at the same cost`."""
    told = [f"{n:+,} {what}" for n, what in ((cost.parameters, "parameters"), (cost.macs, "MACs"))]
    kept = [words for words in told if not words.startswith("+0 ")]
    return ", ".join(kept).replace("-", "−") or "at the same cost"


def joined_names(names: Iterable[str | None]) -> str:
    """Return one name for stages in the same place: `conv2_x`, or `conv2_x / stage1`."""
    return " / ".join(dict.fromkeys(name for name in names if name))


def folded(differing: Sequence[StageDifference]) -> str:
    """Name the stages in which nothing differs: `stem, conv2_x`; empty if there are none."""
    return ", ".join(stage.name for stage in differing if not stage.lines)


# Reading a network ------------------------------------------------------------------------------


class _Stage(NamedTuple):
    """A stage: its units by number, from 1, what they are called, and the layers in none."""

    name: str
    unit: str
    units: tuple[Block, ...]
    loose: Block

    @property
    def rows(self) -> Block:
        return tuple(placed for block in (*self.units, self.loose) for placed in block)


_NO_STAGE = _Stage("", "", (), ())


@lru_cache(maxsize=16)
def _stages(spec: ArchitectureSpec) -> tuple[_Stage, ...]:
    placed = map(Placed, sections(plan(spec).root), analyze(spec).layers)
    return tuple(
        _stage(name, unit_name(spec), found)
        for name, found in groupby(placed, key=lambda each: each.row.stage)
    )


def _stage(name: str, unit: str, found: Iterable[Placed]) -> _Stage:
    units: dict[int | None, list[Placed]] = {None: []}
    for placed in found:
        units.setdefault(placed.row.unit, []).append(placed)
    loose, *numbered = map(tuple, units.values())
    return _Stage(name, unit, tuple(numbered), loose)


def _effect(before: Block, after: Block) -> Effect:
    return effect((row for _, row in before), (row for _, row in after))


# Differences ------------------------------------------------------------------------------------


def _totals(before: _Stage | None, after: _Stage | None) -> StageDifference:
    old, new = (stage.rows if stage else () for stage in (before, after))
    names = (before and before.name, after and after.name)
    turn = Turn("other layers", str(len(old)), str(len(new)))
    if before is None or after is None:
        stage = before or after or _NO_STAGE
        units = len(stage.units)
        held = f" with {units} {stage.unit}{'' if units == 1 else 's'}" if units else ""
        here, there = (None if found is None else "" for found in (before, after))
        turn = Turn(f"the whole stage{held}", here, there)
    cost = _effect(old, new)
    return StageDifference(names, (Line("", Change("", (turn,), cost)),), "", cost)


def _stage_difference(before: _Stage | None, after: _Stage | None) -> StageDifference:
    if before is None or after is None:
        return _totals(before, after)
    pairs = _pair_units(before.units, after.units)
    places: dict[tuple[str, tuple[Turn, ...]], dict[int, Effect]] = {}
    for place, pair in enumerate(pairs):
        for change in changes(pair.before, pair.after):
            places.setdefault((change.subject, change.turns), {})[place] = change.effect
    lines = [
        Line(_unit_words(before.unit, pairs, found), Change(*told, total(found.values())))
        for told, found in places.items()
    ]
    lines += _count_line(before.unit, before.units, after.units, pairs)
    lines += [Line("", change) for change in changes(before.loose, after.loose)]
    changed = {place for found in places.values() for place in found}
    rest = _unit_words(before.unit, pairs, set(range(len(pairs))) - changed) if lines else ""
    names = (before.name, after.name)
    return StageDifference(names, tuple(lines), rest, _effect(before.rows, after.rows))


class _Pair(NamedTuple):
    """Two units in the same place; numbers count from 1."""

    numbers: tuple[int, int]
    before: Block
    after: Block


_Units: TypeAlias = tuple[Block, ...]


def _pair_units(before: _Units, after: _Units) -> list[_Pair]:
    """Pair units by position; the last with the last where one is of its own kind."""
    fewest = min(len(before), len(after))
    numbers = [(n, n) for n in range(1, fewest + 1)]
    if fewest > 1 and (_ends_otherwise(before) or _ends_otherwise(after)):
        numbers[-1] = (len(before), len(after))
    return [_Pair(found, before[found[0] - 1], after[found[1] - 1]) for found in numbers]


def _ends_otherwise(units: _Units) -> bool:
    """Whether the last unit is not as the one before, dropout rates aside."""
    *_, one, last = ([row[1:3] for _, row in unit if row.kind != "dropout"] for unit in units)
    return len(units) > 2 and one != last


def _count_line(name: str, before: _Units, after: _Units, pairs: Sequence[_Pair]) -> Iterator[Line]:
    """Say how many units one stage has more than the other."""
    if len(before) == len(after):
        return
    gone, come = (
        [unit for number, unit in enumerate(units, start=1) if number not in paired]
        for units, paired in (
            (before, {pair.numbers[0] for pair in pairs}),
            (after, {pair.numbers[1] for pair in pairs}),
        )
    )
    cost = _effect(tuple(sum(gone, ())), tuple(sum(come, ())))
    turn = Turn(f"{name}s", str(len(before)), str(len(after)), counted=True)
    yield Line("", Change("", (turn,), cost))


def _unit_words(name: str, pairs: Sequence[_Pair], places: Iterable[int]) -> str:
    """Name units: `unit 1`, `units 2 to 6`, `units 1 and 3 to 5`."""
    runs: list[list[int]] = []
    for place in sorted(places):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    told: list[str] = []
    for run in runs:
        numbers = [_number(pairs[place]) for place in run]
        told += numbers if len(run) < 3 else [f"{numbers[0]} to {numbers[-1]}"]
    if not told:
        return ""
    if told == ["the last"]:
        return f"last {name}"
    several = len(told) > 1 or " " in told[0]
    return f"{name}{'s' if several else ''} {_listed(told)}"


def _number(pair: _Pair) -> str:
    return str(pair.numbers[0]) if len(set(pair.numbers)) == 1 else "the last"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
