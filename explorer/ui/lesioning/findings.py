"""What lesions were found to do, in words computed from what was counted."""

from collections.abc import Iterable, Sequence
from statistics import fmean, median
from typing import NamedTuple

from explorer.explanation.board import Board, BoardUnit, Lesion
from explorer.ui.lesioning.boards import network_name, unit_name
from explorer.ui.lesioning.work import Lesions, Tally
from explorer.ui.predicting.voices import Heard


class Found(NamedTuple):
    """A network, what was done to it, and how many pictures it then named rightly.

    Args:
        heard: the network.
        units: its units.
        lesions: the intact network first.
        tally: of each of these.
    """

    heard: Heard
    units: Board
    lesions: Lesions
    tally: Tally

    @property
    def accuracies(self) -> dict[Lesion, float]:
        """Share of the pictures that are named rightly, for each lesion."""
        return {
            lesion: correct / self.tally.pictures
            for lesion, correct in zip(self.lesions, self.tally.correct, strict=True)
        }

    @property
    def intact(self) -> float:
        """The same of the network with nothing done to it."""
        return self.accuracies[self.lesions[0]]

    @property
    def lesioned(self) -> dict[Lesion, float]:
        """The same of the others."""
        return {each: self.accuracies[each] for each in self.lesions[1:]}

    @property
    def by_count(self) -> dict[int, float]:
        """The mean accuracy for each number of units that are off."""
        groups: dict[int, list[float]] = {}
        for lesion, accuracy in self.accuracies.items():
            groups.setdefault(len(lesion.off), []).append(accuracy)
        return {count: fmean(group) for count, group in sorted(groups.items())}

    def unit_off(self, lesion: Lesion) -> BoardUnit:
        """Return the only unit that a lesion switches off."""
        [place] = lesion.off
        return self.units[place]


def one_unit(found: Found) -> str:
    """Say what a single unit is worth."""
    accuracies = found.lesioned
    if not accuracies:
        return "none of its units can be removed."
    low, high = (pick(accuracies, key=accuracies.__getitem__) for pick in (min, max))
    told = (
        f"intact {found.intact:.1%}; with one unit off **{median(accuracies.values()):.1%}** at "
        f"the median of {len(accuracies)}, at the least **{accuracies[low]:.1%}** "
        f"({_unit_words(found, low)}), at the most {accuracies[high]:.1%} "
        f"({_unit_words(found, high)})."
    )
    split: dict[bool, list[float]] = {True: [], False: []}
    for lesion, accuracy in accuracies.items():
        split[found.unit_off(lesion).reshapes].append(accuracy)
    if split[True] and split[False]:
        told += (
            f" Units that change the shape leave {fmean(split[True]):.1%} on average, the others "
            f"{fmean(split[False]):.1%}."
        )
    fixed = len(found.units) - len(accuracies)
    return f"{told} {fixed} of its units cannot be removed." if fixed else told


def _unit_words(found: Found, lesion: Lesion) -> str:
    unit = found.unit_off(lesion)
    return f"{unit_name(unit)}, which changes the shape" if unit.reshapes else unit_name(unit)


def one_unit_compared(found: Sequence[Found]) -> str:
    """Say what a unit costs in each of several networks."""
    costs = [
        (each, 100 * (each.intact - median(each.lesioned.values())))
        for each in found
        if each.lesioned
    ]
    return f"One unit off costs, in points of accuracy at the median: {_listed(costs)}."


def several_units(found: Found) -> str:
    """Say how the accuracy falls with the number of units that are off."""
    counts = [count for count in found.by_count if count]
    if not counts:
        return "none of its units can be removed."
    told = [
        f"{found.by_count[count]:.1%} with {count}"
        for count in dict.fromkeys((counts[0], counts[len(counts) // 2], counts[-1]))
    ]
    able = sum(unit.removable for unit in found.units)
    return (
        f"intact {found.intact:.1%}; on average **{', '.join(told)}** of the {able} units off that "
        "can be."
    )


def several_units_compared(found: Sequence[Found]) -> str:
    """Say what is left of several networks with equally many units off."""
    common = sorted(set.intersection(*(set(each.by_count) - {0} for each in found)))
    if not common:
        return ""
    count = common[len(common) // 2]
    left = [(each, 100 * each.by_count[count]) for each in found]
    units = "unit" if count == 1 else "units"
    return f"With {count} {units} off, accuracy is on average, in percent: {_listed(left)}."


def other_orders(found: Found) -> str:
    """Say what another order leaves."""
    accuracies = found.lesioned
    if not accuracies:
        return "no two of its units can change places."
    taus = [lesion.kendall_tau for lesion in accuracies]
    told = [
        f"{fmean(a for each, a in accuracies.items() if each.kendall_tau == tau):.1%} where "
        f"τ = {tau:.2f}"
        for tau in dict.fromkeys((max(taus), min(taus)))
    ]
    return (
        f"intact {found.intact:.1%}; **{fmean(accuracies.values()):.1%}** on average of "
        f"{len(accuracies)} other orders, {' and '.join(told)}."
    )


def other_orders_compared(found: Sequence[Found]) -> str:
    """Say what other orders leave of several networks."""
    left = [(each, 100 * fmean(each.lesioned.values())) for each in found if each.lesioned]
    return f"Over all orders that were tried, accuracy is on average, in percent: {_listed(left)}."


def _listed(values: Iterable[tuple[Found, float]]) -> str:
    return "; ".join(f"{network_name(each.heard)} **{value:.1f}**" for each, value in values)
