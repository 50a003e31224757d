"""The growth of a network's gradient against its depth, beside the laws of theory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, isnan, log10

import plotly.graph_objects as go

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
    drawn = [value for curve in curves for value in curve.values if _can_be_drawn(value)]
    edges = min(drawn, default=1.0) / 3, max(drawn, default=1.0) * 3
    for curve in curves:
        chart.add_traces(list(_traces(curve, edges)))
    shown = [*drawn, *(value for law in laws for value in law.values if _can_be_drawn(value))]
    decades = log10(max(shown, default=1.0) / min(shown, default=1.0))
    step = ceil(max(decades, 1) / _MOST_TICKS)
    chart.update_yaxes(type="log", exponentformat="power", dtick=step)
    if step == 1:
        chart.update_yaxes(minor={"showgrid": True, "dtick": "D1", "griddash": "dot"})
    return chart


def _can_be_drawn(value: float) -> bool:
    return isfinite(value) and value > 0


def _traces(curve: DepthCurve, edges: tuple[float, float]) -> Iterator[go.Scatter]:
    seen = [place for place, value in enumerate(curve.values) if _can_be_drawn(value)]
    if curve.lows != curve.highs:
        yield _range(curve, seen)
    yield go.Scatter(
        x=curve.depths,
        y=[value if _can_be_drawn(value) else None for value in curve.values],
        customdata=list(zip(curve.lows, curve.highs, strict=True)),
        name=curve.name,
        legendgroup=curve.name,
        mode="lines+markers",
        marker={"symbol": curve.symbol, "size": 9},
        line={"color": curve.colour, "dash": curve.dash, "width": 3},
        hovertemplate="depth %{x}: %{y:.4g}<br>%{customdata[0]:.4g} to %{customdata[1]:.4g}"
        f"<extra>{curve.name}</extra>",
    )
    odd = [place for place in range(len(curve.values)) if place not in seen]
    if odd:
        values = [curve.values[place] for place in odd]
        yield go.Scatter(
            x=[curve.depths[place] for place in odd],
            y=[edges[1] if value == inf else edges[0] for value in values],
            text=["not a number" if isnan(value) else f"{value:g}" for value in values],
            mode="markers",
            marker={"symbol": "x", "size": 10, "color": curve.colour},
            legendgroup=curve.name,
            name=f"{curve.name}: not on this scale",
            hovertemplate="depth %{x}: %{text}" + f"<extra>{curve.name}</extra>",
        )


def _range(curve: DepthCurve, seen: Sequence[int]) -> go.Scatter:
    """Return the area between least and greatest, as far as a log axis can show it."""
    whole = [p for p in seen if _can_be_drawn(curve.lows[p]) and _can_be_drawn(curve.highs[p])]
    back = whole[::-1]
    return go.Scatter(
        x=[curve.depths[place] for place in (*whole, *back)],
        y=[*(curve.highs[place] for place in whole), *(curve.lows[place] for place in back)],
        mode="lines",
        fill="toself",
        fillcolor=curve.colour,
        opacity=0.22,
        line_width=0,
        hoverinfo="skip",
        showlegend=False,
        legendgroup=curve.name,
    )
