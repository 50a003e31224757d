"""Curves of one seed or several: the median, and the range from the least to the greatest."""

from collections.abc import Sequence
from itertools import groupby
from math import isnan, nan
from statistics import median

from explorer.figures.gradients import Curve, alike
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory.lines import Line

_ARRANGED = {
    "overlay": "Overlaid",
    "multiples": "One below the other",
    "ratio": "Ratio to the first",
}


def curve(
    line: Line,
    names: Sequence[str],
    rows: Sequence[Sequence[float]],
    unit_starts: Sequence[int] = (),
) -> Curve:
    """Return a network's curve.

    Args:
        line: the network.
        names: of the points.
        rows: for each seed, a value for each point.
        unit_starts: places at which a unit begins, from 1.
    """
    points = [(nan,) if any(map(isnan, each)) else each for each in zip(*rows, strict=True)]
    several = len(rows) > 1
    return Curve(
        line.name,
        line.colour,
        line.dash,
        tuple(names),
        tuple(map(median, points)),
        tuple(map(min, points)) if several else (),
        tuple(map(max, points)) if several else (),
        tuple(unit_starts),
    )


def unit_starts(units: Sequence[tuple[str, int | None]]) -> list[int]:
    """Return the places, from 1, at which a unit begins.

    Args:
        units: stage and unit of every point.
    """
    starts, place = [], 1
    for _, same in groupby(units):
        starts.append(place)
        place += len(list(same))
    return starts


def arrangement(curves: Sequence[Curve]) -> str:
    """Draw how several curves are arranged; one alone leaves nothing to choose."""
    if len(curves) == 1:
        return "overlay"
    offered = list(_ARRANGED) if alike(curves) else ["overlay", "multiples"]
    return one_of("Curves", offered, "overlay", "curves", GLOSSARY["curves"], _ARRANGED.__getitem__)
