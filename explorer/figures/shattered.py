"""Autocorrelations along a line of inputs, and the gradients themselves, beside two noises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import plotly.graph_objects as go

from explorer.figures.curves import or_gap, shaded
from explorer.figures.style import figure

NOISE_COLOURS = {"white": "#8A95A1", "brown": "#A5744A"}


@dataclass(frozen=True)
class Correlation:
    """One network's or noise's autocorrelation: a mean over runs, for shifts of 0, 1, 2 ...

    Args:
        name: what the legend says.
        colour: of the line.
        dash: of the line.
        values: means.
        lows: least of several runs; empty for one run.
        highs: greatest of several runs; empty for one run.
    """

    name: str
    colour: str
    dash: str
    values: tuple[float, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Walk:
    """A number at each place of a line."""

    name: str
    colour: str
    values: tuple[float, ...]


def autocorrelations(curves: Sequence[Correlation], points: int) -> go.Figure:
    """Return autocorrelation against shift, as far as there are many pairs to tell it from.

    Args:
        curves: of equally many shifts.
        points: inputs on the line.
    """
    shown = min(max(points // 4, 15), points - 1)
    chart = figure(
        f"autocorrelations-{points}",
        f"Shift in inputs (1 = {100 / (points - 1):.2g}% of the way)",
        "Autocorrelation of the gradient",
        440,
        hovermode="x unified",
    )
    chart.add_hline(y=0, line={"color": "rgba(128, 144, 160, 0.7)", "width": 1})
    for curve in curves:
        chart.add_traces(list(_traces(curve, shown + 1)))
    chart.update_yaxes(range=[-0.3, 1.05], dtick=0.25, zeroline=False)
    return chart


def _traces(curve: Correlation, count: int) -> Iterator[go.Scatter]:
    shifts = list(range(count))
    if all(map(isfinite, curve.values)):
        lows, highs = curve.lows[:count], curve.highs[:count]
        yield from shaded(shifts, lows, highs, curve.colour, curve.name, logarithmic=False)
    yield go.Scatter(
        x=shifts,
        y=or_gap(curve.values[:count], logarithmic=False),
        name=curve.name,
        legendgroup=curve.name,
        mode="lines",
        line={"color": curve.colour, "dash": curve.dash, "width": 3},
        hovertemplate="%{y:.3f}",
    )


def walks(shown: Sequence[Walk]) -> go.Figure:
    """Return each network's and noise's numbers along the line, a panel each.

    All are moved and scaled to a mean of 0 and a deviation of 1: what counts is how fast they
    change. Numbers of which some are not finite leave their panel empty.
    """
    count = len(shown)
    chart = figure(f"walks-{count}", "", "", 80 + 120 * count, showlegend=False)
    chart.update_layout(margin_t=32)
    chart.set_subplots(count, 1, shared_xaxes=True, vertical_spacing=0.24 / count)
    for row, walk in enumerate(shown, start=1):
        last = max(len(walk.values) - 1, 1)
        chart.add_scatter(
            x=[100 * place / last for place in range(len(walk.values))],
            y=_standardised(walk.values),
            name=walk.name,
            mode="lines",
            line={"color": walk.colour, "width": 2},
            hovertemplate="%{x:.1f}% of the way: %{y:.2f}<extra>" + walk.name + "</extra>",
            row=row,
            col=1,
        )
        chart.add_annotation(
            text=walk.name,
            x=0,
            y=1,
            xref="x domain",
            yref="y domain",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            row=row,
            col=1,
        )
    chart.update_yaxes(range=[-3.3, 3.3], showticklabels=False, showgrid=False, zeroline=True)
    chart.update_xaxes(showgrid=False)
    chart.update_xaxes(title_text="Place on the line", ticksuffix="%", row=count, col=1)
    return chart


def _standardised(values: Sequence[float]) -> list[float | None]:
    if not all(map(isfinite, values)):
        return [None] * len(values)
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    return [(value - mean) / deviation if deviation else 0.0 for value in values]
