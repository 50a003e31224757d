"""A quantity against the length of the paths through residual networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from explorer.figures.curves import Edges, crosses, edges, or_gap, shaded
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
    limits = edges(value for curve in curves for value in curve.values)
    if logarithmic:
        wide = limits[1] / limits[0] > 1e3
        chart.update_yaxes(type="log", exponentformat="power", dtick=None if wide else "D2")
    else:
        chart.update_yaxes(tickformat=".3~%", rangemode="tozero")
    for curve in curves:
        chart.add_traces(list(_traces(curve, limits, logarithmic)))
    return chart


def _traces(curve: LengthCurve, limits: Edges, logarithmic: bool) -> Iterator[go.Scatter]:
    lengths = list(range(len(curve.values)))
    yield from shaded(lengths, curve.lows, curve.highs, curve.colour, curve.name)
    mode = "lines+markers" if len(lengths) <= _MOST_MARKED else "lines"
    value = "%{y:.4g}" if logarithmic else "%{y:.3%}"
    yield go.Scatter(
        x=lengths,
        y=or_gap(curve.values, logarithmic),
        customdata=[(curve.layers_per_unit * length,) for length in lengths],
        name=curve.name,
        legendgroup=curve.name,
        mode=mode if curve.dash else "markers",
        marker={"size": 5} if curve.dash else {"size": 8, "symbol": "circle-open"},
        line={"color": curve.colour, "dash": curve.dash or "solid", "width": 3},
        hovertemplate="%{x} units, %{customdata[0]} layers: " + value + f"<extra>{curve.name}"
        "</extra>",
    )
    if logarithmic:
        yield from crosses(lengths, curve.values, limits, curve.colour, curve.name, "%{x} units")
