"""The lesion board: a network as its units, and what can be done to them.

Nothing is built or run: a page can draw the board before torch is there.

Source:
    Veit et al. 2016, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks",
    arXiv:1605.06431, Section 4.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import NamedTuple, TypeAlias

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.plan import plan, units
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec


class BoardUnit(NamedTuple):
    """One unit of a network.

    Args:
        place: in forward order, from 0.
        name: the module that ends it.
        stage: where it stands.
        number: in its stage, from 1.
        input_shape: (C, H, W) of what it takes.
        output_shape: (C, H, W) of what it gives.
        removable: whether the network still runs without it: by its shortcut, or because a unit
            without one gives the shape that it takes.
    """

    place: int
    name: str
    stage: str
    number: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    removable: bool

    @property
    def reshapes(self) -> bool:
        """Whether it gives another shape than it takes, as downsampling units do.

        These are the ones that matter: switched off, their shortcut still downsamples.
        """
        return self.input_shape != self.output_shape


Board: TypeAlias = tuple[BoardUnit, ...]


def board(spec: ArchitectureSpec) -> Board:
    """Return a network's units in forward order."""
    inside: dict[tuple[str, int | None], list[LayerRow]] = {}
    for row in analyze(spec).layers:
        inside.setdefault((row.stage, row.unit), []).append(row)
    found: list[BoardUnit] = []
    for place, (name, stage, number) in enumerate(units(plan(spec).root)):
        rows = inside[stage, number]
        before, after = rows[0].input_shape, rows[-1].output_shape
        removable = spec.residual or before == after
        found.append(BoardUnit(place, name, stage, number, before, after, removable))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Lesion:
    """What is done to a network's units; nothing, where they are in order and none is off.

    Args:
        order: the unit that stands at each place, both counted from 0.
        off: units that are switched off, wherever they stand.
    """

    order: tuple[int, ...]
    off: frozenset[int] = frozenset()

    @property
    def first_change(self) -> int:
        """The first place where another unit stands, or one that is off; behind the last if none.

        What the network computes before it, it computes without the lesion too.
        """
        changed = (n for n, unit in enumerate(self.order) if unit != n or unit in self.off)
        return next(changed, len(self.order))

    @property
    def kendall_tau(self) -> float:
        """Rank correlation of the order with the network's own: 1 unchanged, -1 reversed."""
        pairs = list(combinations(self.order, 2))
        if not pairs:
            return 1.0
        return 1 - 2 * sum(one > other for one, other in pairs) / len(pairs)


def removal(board: Board, *places: int) -> Lesion:
    """Return the lesion that switches some units off.

    Args:
        board: the network's.
        places: of the units, from 0; none leaves the network intact.
    Raises:
        ExplanationError: if there is no such unit or the network would not run without it.
    """
    for place in places:
        unit = _at(board, place)
        if not unit.removable:
            raise ExplanationError(
                f"{unit.name} cannot be switched off: it has no shortcut, and turns "
                f"{_written(unit.input_shape)} into {_written(unit.output_shape)}"
            )
    return Lesion(tuple(range(len(board))), frozenset(places))


def swap(board: Board, one: int, other: int) -> Lesion:
    """Return the lesion that lets two units change places.

    Args:
        board: the network's.
        one: a unit's place, from 0.
        other: that of a unit of equal shape.
    Raises:
        ExplanationError: if there is no such unit or the two differ in shape.
    """
    units = _at(board, one), _at(board, other)
    if _shape(units[0]) != _shape(units[1]):
        raise ExplanationError(f"{units[0].name} and {units[1].name} differ in shape")
    order = list(range(len(board)))
    order[one], order[other] = other, one
    return Lesion(tuple(order))


def remove_each(board: Board) -> tuple[Lesion, ...]:
    """Return one lesion for each unit that can be switched off, in forward order."""
    return tuple(removal(board, unit.place) for unit in board if unit.removable)


def remove_random(board: Board, counts: Iterable[int], draws: int, seed: int) -> tuple[Lesion, ...]:
    """Return lesions that switch several units off, drawn from all that can be.

    Args:
        board: the network's.
        counts: how many units each lesion takes, one after the other.
        draws: different lesions for each count, or as many as there are.
        seed: draws the units.
    Raises:
        ExplanationError: for a count of units that cannot be switched off together.
    """
    places = [unit.place for unit in board if unit.removable]
    generator = random.Random(seed)
    found: list[Lesion] = []
    for count in counts:
        if not 0 <= count <= len(places):
            raise ExplanationError(
                f"{count} units cannot be switched off: there are {len(places)} that can"
            )
        chosen = _different_choices(places, count, draws, generator)
        found += [removal(board, *choice) for choice in chosen]
    return tuple(found)


def _different_choices(
    places: Sequence[int], count: int, draws: int, generator: random.Random
) -> Iterable[tuple[int, ...]]:
    if comb(len(places), count) <= draws:
        return combinations(places, count)
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < draws:
        chosen[tuple(sorted(generator.sample(places, count)))] = None
    return chosen


def swap_random(board: Board, counts: Iterable[int], draws: int, seed: int) -> tuple[Lesion, ...]:
    """Return lesions that let random pairs of units of equal shape change places.

    Args:
        board: the network's.
        counts: how many swaps, one after the other, each lesion makes.
        draws: lesions for each count; equal ones are kept once.
        seed: draws the pairs.
    Raises:
        ExplanationError: if no two units have equal shapes.
    """
    pairs = [
        (one.place, other.place)
        for one, other in combinations(board, 2)
        if _shape(one) == _shape(other)
    ]
    if not pairs:
        raise ExplanationError("no two units have equal shapes, so that none can be swapped")
    generator = random.Random(seed)
    found: dict[Lesion, None] = {}
    for count in counts:
        for _ in range(draws):
            order = list(range(len(board)))
            for one, other in generator.choices(pairs, k=count):
                order[one], order[other] = order[other], order[one]
            found[Lesion(tuple(order))] = None
    return tuple(found)


def _at(board: Board, place: int) -> BoardUnit:
    if not 0 <= place < len(board):
        raise ExplanationError(f"there is no unit {place}: places go from 0 to {len(board) - 1}")
    return board[place]


def _shape(unit: BoardUnit) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return unit.input_shape, unit.output_shape


def _written(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
