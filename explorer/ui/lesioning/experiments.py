"""The three experiments on all units of a network: what is done, and how it is shown.

Source:
    Veit et al. 2016, "Residual Networks Behave Like Ensembles of Relatively Shallow Networks",
    arXiv:1605.06431, Section 4.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.explanation.board import (
    Board,
    Lesion,
    removal,
    remove_each,
    remove_random,
    swap_random,
)
from explorer.explanation.errors import ExplanationError
from explorer.ui.lesioning import findings
from explorer.ui.lesioning.findings import Found
from explorer.ui.lesioning.work import Lesions

_MOST_COUNTS = 12  # of units off at random, beside none
_SWAPS = (1, 2, 3, 5, 8, 13, 21)


class Drawn(NamedTuple):
    """What decides a random choice: how many for each count, and the seed."""

    draws: int
    seed: int


class Experiment(NamedTuple):
    """What is done to every network, and how the result is shown.

    Args:
        name: on the page.
        random: whether lesions are drawn.
        lesions: of a network, the intact one first.
        place: where a lesion stands on the horizontal axis.
        axis: that axis's title.
        falls: whether it goes from great to small.
        joined: whether a line joins the points.
        title: of the chart.
        reading: how to read it.
        paper: what was published.
        told: says what was found of one network.
        compared: says what was found of several.
    """

    name: str
    random: bool
    lesions: Callable[[Board, Drawn], Lesions]
    place: Callable[[Lesion], float]
    axis: str
    falls: bool
    joined: bool
    title: str
    reading: str
    paper: str
    told: Callable[[Found], str]
    compared: Callable[[Sequence[Found]], str]


def _each(units: Board, drawn: Drawn) -> Lesions:
    return (removal(units), *remove_each(units))


def _several(units: Board, drawn: Drawn) -> Lesions:
    able = sum(unit.removable for unit in units)
    steps = min(able, _MOST_COUNTS)
    counts = [round(able * step / steps) for step in range(1, steps + 1)]
    return remove_random(units, [0, *counts], drawn.draws, drawn.seed)


def _swapped(units: Board, drawn: Drawn) -> Lesions:
    try:
        found = swap_random(units, _SWAPS, drawn.draws, drawn.seed)
    except ExplanationError:
        found = ()  # no two of its units are alike
    return tuple(dict.fromkeys((removal(units), *found)))


def _first_off(lesion: Lesion) -> float:
    return min(lesion.off, default=-1) + 1


def _count_off(lesion: Lesion) -> float:
    return len(lesion.off)


def _tau(lesion: Lesion) -> float:
    return lesion.kendall_tau


EXPERIMENTS = {
    "each": Experiment(
        "Remove each unit in turn",
        random=False,
        lesions=_each,
        place=_first_off,
        axis="The unit that is off, counted from the picture",
        falls=False,
        joined=True,
        title="Accuracy without one unit",
        reading="The dashed line is the intact network: the closer a point is to it, the less the "
        "unit matters. Diamonds change the shape.",
        paper="Deleting any one module of a trained ResNet hardly matters, except for those that "
        "downsample; deleting one layer of a VGG takes it to chance",
        told=findings.one_unit,
        compared=findings.one_unit_compared,
    ),
    "random": Experiment(
        "Remove several at random",
        random=True,
        lesions=_several,
        place=_count_off,
        axis="Units that are off",
        falls=False,
        joined=True,
        title="Accuracy without several units, drawn at random",
        reading="The line is the mean of the draws, the bars go from the worst to the best. A "
        "network whose parts depend on each other falls at once, an ensemble bit by bit.",
        paper="Deleting more and more modules of a ResNet lets its error rise smoothly",
        told=findings.several_units,
        compared=findings.several_units_compared,
    ),
    "swaps": Experiment(
        "Swap units at random",
        random=True,
        lesions=_swapped,
        place=_tau,
        axis="Kendall's τ: 1 is the network's own order",
        falls=True,
        joined=False,
        title="Accuracy with units in another order",
        reading="Each point: all orders that are equally far from the network's own, the bars from "
        "the worst to the best. τ is 1 minus twice the share of pairs of units that are the wrong "
        "way round. Only units of equal shape change places.",
        paper="Reordering modules of a ResNet lets its error rise smoothly with the disorder",
        told=findings.other_orders,
        compared=findings.other_orders_compared,
    ),
}
