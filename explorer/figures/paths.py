"""A quantity against the length of the paths through residual networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan

import plotly.graph_objects as go

from explorer.figures.style import figure

_MOST_MARKED = 80


@dataclass(frozen=True)
class LengthCurve:
    """One network's values: one for each path length in units, from 0 on.

    Args:
        name: what the legend says.
        colour: of the line.
        dash: of the line; empty for open circles without a line.
        layers_per_unit: convolutions in a branch.
        values: for each length.
        lows: least of what the values are means of; empty where there is no range.
        highs: greatest of the same.
    """

    name: str
    colour: str
    dash: str
    layers_per_unit: int
    values: tuple[float, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


def by_length(
    name: str, curves: Sequence[LengthCurve], quantity: str, logarithmic: bool = False
) -> go.Figure:
    """Return values against path length: shares on a linear axis in percent, norms on a log axis.

    A norm that a log axis cannot show (0, infinity, not a number) is a cross at the edge.

    Args:
        name: stable name of the chart.
        curves: a line, or a row of circles, each.
        quantity: what the values are: the axis's title.
        logarithmic: whether the values are norms.
    """
    chart = figure(name, "Length of the path (units by their branch)", quantity, 400)
    chart.update_layout(hovermode="closest")
    drawn = [value for curve in curves for value in curve.values if 0 < value < inf]
    edges = min(drawn, default=1.0) / 3, max(drawn, default=1.0) * 3
    if logarithmic:
        wide = edges[1] / edges[0] > 1e3
        chart.update_yaxes(type="log", exponentformat="power", dtick=None if wide else "D2")
    else:
        chart.update_yaxes(tickformat=".3~%", rangemode="tozero")
    for curve in curves:
        if logarithmic:
            chart.add_traces([*_range(curve), _line(curve, "%{y:.4g}", True), *_odd(curve, edges)])
        else:
            chart.add_trace(_line(curve, "%{y:.3%}", False))
    return chart


def _line(curve: LengthCurve, value: str, positive: bool) -> go.Scatter:
    lengths = list(range(len(curve.values)))
    mode = "lines+markers" if len(lengths) <= _MOST_MARKED else "lines"
    return go.Scatter(
        x=lengths,
        y=[v if isfinite(v) and (v > 0 or not positive) else None for v in curve.values],
        customdata=[(curve.layers_per_unit * length,) for length in lengths],
        name=curve.name,
        mode=mode if curve.dash else "markers",
        marker={"size": 5} if curve.dash else {"size": 8, "symbol": "circle-open"},
        line={"color": curve.colour, "dash": curve.dash or "solid", "width": 3},
        hovertemplate="%{x} units, %{customdata[0]} layers: " + value + f"<extra>{curve.name}"
        "</extra>",
    )


def _range(curve: LengthCurve) -> Iterator[go.Scatter]:
    """Yield the area from the least to the greatest, as far as a log axis can show it."""
    spans = enumerate(zip(curve.lows, curve.highs, strict=True))
    seen = [(length, low, high) for length, (low, high) in spans if 0 < low <= high < inf]
    if not seen:
        return
    lengths, lows, highs = zip(*seen, strict=True)
    yield go.Scatter(
        x=[*lengths, *lengths[::-1]],
        y=[*highs, *lows[::-1]],
        fill="toself",
        fillcolor=curve.colour,
        opacity=0.22,
        line_width=0,
        hoverinfo="skip",
        showlegend=False,
    )


def _odd(curve: LengthCurve, edges: tuple[float, float]) -> Iterator[go.Scatter]:
    odd = [(length, v) for length, v in enumerate(curve.values) if not 0 < v < inf]
    if not odd:
        return
    yield go.Scatter(
        x=[length for length, _ in odd],
        y=[edges[1] if value == inf else edges[0] for _, value in odd],
        text=["not a number" if isnan(value) else f"{value:g}" for _, value in odd],
        mode="markers",
        marker={"symbol": "x", "size": 9, "color": curve.colour},
        name=f"{curve.name}: not on this scale",
        hovertemplate="%{x} units: %{text}" + f"<extra>{curve.name}</extra>",
    )
