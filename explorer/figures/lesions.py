"""The accuracy of networks whose units are switched off or swapped."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure

INTACT_COLOUR = "#8A95A1"
"""What a network was without a lesion, beside what it is."""


class LesionPoint(NamedTuple):
    """Accuracies, from 0 to 1, of all lesions that stand at one place of the axis.

    Args:
        x: the place.
        mean: of them.
        low: the lowest.
        high: the highest.
        words: what was done, for who points at it.
        marked: whether it is one of those that are known to matter.
    """

    x: float
    mean: float
    low: float
    high: float
    words: str
    marked: bool = False


class LesionCurve(NamedTuple):
    """One network's points.

    Args:
        name: what the legend says.
        colour: the network's.
        points: from left to right.
        intact: the accuracy to draw beside them, from 0 to 1; None where a point is it.
    """

    name: str
    colour: str
    points: tuple[LesionPoint, ...]
    intact: float | None = None


def accuracy_curves(
    name: str, curves: Sequence[LesionCurve], x_title: str, chance: float, joined: bool, falls: bool
) -> go.Figure:
    """Return accuracies, each with its range; intact networks dashed, chance dotted.

    Args:
        name: stable name of the chart.
        curves: a network each.
        x_title: what the points stand at.
        chance: the accuracy of a guess, from 0 to 1.
        joined: whether a line joins a network's points.
        falls: whether the horizontal axis goes from great to small.
    """
    chart = figure(name, x_title, "Test pictures that are named rightly", 430)
    chart.update_layout(hovermode="closest")
    chart.update_yaxes(range=[0, 1.02], tickformat=".0%")
    if falls:
        chart.update_xaxes(autorange="reversed")
    for curve in curves:
        chart.add_traces(list(_traces(curve, joined)))
    ends = [point.x for curve in curves for point in curve.points]
    if ends:
        chart.add_trace(_level([min(ends), max(ends)], chance, "Chance", INTACT_COLOUR, "dot"))
    return chart


def _level(ends: list[float], value: float, name: str, colour: str, dash: str) -> go.Scatter:
    return go.Scatter(
        x=ends,
        y=[value] * 2,
        name=name,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2},
        hovertemplate=f"%{{y:.1%}}<extra>{name}</extra>",
    )


def _traces(curve: LesionCurve, joined: bool) -> Iterator[go.Scatter]:
    points = curve.points
    if curve.intact is not None and points:
        ends = [points[0].x, points[-1].x]
        yield _level(ends, curve.intact, f"{curve.name}, intact", curve.colour, "dash")
    yield go.Scatter(
        x=[point.x for point in points],
        y=[point.mean for point in points],
        error_y={
            "type": "data",
            "visible": any(point.low < point.high for point in points),
            "symmetric": False,
            "array": [point.high - point.mean for point in points],
            "arrayminus": [point.mean - point.low for point in points],
            "thickness": 1.5,
            "width": 3,
        },
        customdata=[point.words for point in points],
        name=curve.name,
        mode="lines+markers" if joined else "markers",
        marker={
            "size": [13 if point.marked else 8 for point in points],
            "symbol": ["diamond" if point.marked else "circle" for point in points],
        },
        line={"color": curve.colour, "width": 3},
        hovertemplate=f"%{{customdata}}: %{{y:.1%}}<extra>{curve.name}</extra>",
    )
