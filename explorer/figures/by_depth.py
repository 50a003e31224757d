"""The growth of a network's gradient against its depth, beside the laws of theory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

import plotly.graph_objects as go

from explorer.figures.curves import Edges, can_be_drawn, crosses, edges, or_gap, shaded
from explorer.figures.style import figure

_LAW_COLOUR = "#8A95A1"
_LAST = 2000
_MOST_TICKS = 10


@dataclass(frozen=True)
class DepthCurve:
    """Networks that differ in depth alone; each value is a median, between `lows` and `highs`."""

    name: str
    colour: str
    dash: str
    symbol: str
    depths: tuple[int, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True)
class LawLine:
    """What theory says, and the words for it."""

    name: str
    dash: str
    depths: tuple[int, ...]
    values: tuple[float, ...]


def growth_by_depth(curves: Sequence[DepthCurve], laws: Sequence[LawLine]) -> go.Figure:
    """Return ratios on a log axis against depth: theory dashed, behind what was measured.

    A ratio that a log axis cannot show (0, infinity, not a number) is a cross at the edge.
    """
    chart = figure(
        "growth-by-depth",
        "Depth (weighted layers)",
        "|dL/dx| at the first unit's output / the last's",
        520,
        hovermode="closest",
    )
    for law in laws:
        chart.add_scatter(
            x=law.depths,
            y=law.values,
            name=law.name,
            mode="lines",
            line={"color": _LAW_COLOUR, "dash": law.dash, "width": 2},
            legendrank=_LAST,
            hovertemplate="depth %{x}: %{y:.4g}<extra>" + law.name + "</extra>",
        )
    limits = edges(value for curve in curves for value in curve.values)
    for curve in curves:
        chart.add_traces(list(_traces(curve, limits)))
    values = [line.values for line in curves] + [line.values for line in laws]
    shown = [value for each in values for value in each if can_be_drawn(value)]
    decades = log10(max(shown, default=1.0) / min(shown, default=1.0))
    minor = {"showgrid": True, "dtick": "D1", "griddash": "dot"} if decades < _MOST_TICKS else {}
    if decades > 2:
        ticks = {"exponentformat": "power", "dtick": ceil(decades / _MOST_TICKS)}
    else:
        ticks = {"dtick": "D2"}  # 2 and 5 are labelled too
    chart.update_yaxes(type="log", minor=minor, **ticks)
    return chart


def _traces(curve: DepthCurve, limits: Edges) -> Iterator[go.Scatter]:
    if curve.lows != curve.highs:
        yield from shaded(curve.depths, curve.lows, curve.highs, curve.colour, curve.name)
    yield go.Scatter(
        x=curve.depths,
        y=or_gap(curve.values),
        customdata=list(zip(curve.lows, curve.highs, strict=True)),
        name=curve.name,
        legendgroup=curve.name,
        mode="lines+markers",
        marker={"symbol": curve.symbol, "size": 9},
        line={"color": curve.colour, "dash": curve.dash, "width": 3},
        hovertemplate="depth %{x}: %{y:.4g}<br>%{customdata[0]:.4g} to %{customdata[1]:.4g}"
        f"<extra>{curve.name}</extra>",
    )
    yield from crosses(curve.depths, curve.values, limits, curve.colour, curve.name, "depth %{x}")
