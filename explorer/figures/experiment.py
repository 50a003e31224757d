"""What experiments find, in the general forms: curves with a range, bars, and a grid of cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan

import plotly.graph_objects as go

from explorer.figures.curves import or_gap, shaded
from explorer.figures.style import VARIANT_COLOURS, figure

COLOURS = (*VARIANT_COLOURS, "#D55E00")
"""Of networks side by side; the fifth, of the same palette, is of no variant."""

_MOST_POINTS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One quantity of one thing against another.

    Args:
        name: in the legend.
        colour: of the line.
        across: horizontal places.
        values: in the same order; what is not finite leaves a gap.
        lows: the least of several seeds, where there are several.
        highs: the greatest.
        dash: of the line.
        marked: whether each value is a point of its own, few of them as there are.
    """

    name: str
    colour: str
    across: Sequence[float]
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    dash: str = "solid"
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value with its range over the seeds; what is not finite is written beside no bar."""

    name: str
    colour: str
    value: float
    low: float
    high: float


def curves(
    name: str,
    lines: Sequence[Curve],
    x_title: str,
    y_title: str,
    *,
    logarithmic: bool = False,
    height: int = 420,
) -> go.Figure:
    """Return curves, each with the range of its seeds in its own colour.

    Args:
        name: stable name, under which zoom and hidden lines survive a redraw.
        lines: in the legend's order.
        x_title: what the horizontal axis counts, with its unit.
        y_title: the quantity, with its unit.
        logarithmic: whether the vertical axis is; values of 0 and below leave a gap.
        height: pixels.
    """
    chart = figure(name, x_title, y_title, height, hovermode="closest")
    for line in lines:
        places = _thinned(len(line.across))
        if line.lows and tuple(line.lows) != tuple(line.highs):
            across, lows, highs = (
                [each[place] for place in places] for each in (line.across, line.lows, line.highs)
            )
            chart.add_traces(list(shaded(across, lows, highs, line.colour, line.name, logarithmic)))
        chart.add_scatter(
            x=[line.across[place] for place in places],
            y=or_gap([line.values[place] for place in places], logarithmic),
            name=line.name,
            legendgroup=line.name,
            mode="lines+markers" if line.marked else "lines",
            marker_size=8,
            line={"color": line.colour, "dash": line.dash, "width": 3},
            hovertemplate=f"{x_title.lower()} %{{x}}: %{{y:.4g}}<extra>{line.name}</extra>",
        )
    if logarithmic:
        chart.update_yaxes(type="log", exponentformat="power")
    return chart


def bars(name: str, rows: Sequence[Bar], quantity: str, form: str = ".4g") -> go.Figure:
    """Return one bar a row, the first on top, with its value written out.

    Args:
        name: stable name.
        rows: from top to bottom.
        quantity: what a bar's length is, with its unit.
        form: of the written value.
    """
    chart = figure(name, quantity, "", 90 + 46 * len(rows), hovermode="closest", showlegend=False)
    for row in rows:
        known = isfinite(row.value)
        chart.add_bar(
            x=[row.value if known else 0],
            y=[row.name],
            orientation="h",
            marker_color=row.colour,
            text=[f"{row.value:{form}}" if known else "not a number"],
            textposition="auto",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row.high - row.value],
                "arrayminus": [row.value - row.low],
            }
            if known and row.high > row.low
            else None,
            hovertemplate=f"{row.low:{form}} to {row.high:{form}}<extra>{row.name}</extra>",
        )
    chart.update_yaxes(autorange="reversed")
    return chart


def grid(
    name: str,
    columns: Sequence[str],
    rows: Sequence[str],
    values: Sequence[Sequence[float | None]],
    quantity: str,
    *,
    x_title: str = "",
    y_title: str = "",
    form: str = ".2f",
    bounds: tuple[float, float] | None = None,
    written: bool = True,
) -> go.Figure:
    """Return a cell for each row and column, the first row on top.

    Args:
        name: stable name.
        columns: names from left to right.
        rows: names from top to bottom.
        values: of each row, one for each column; None is a cell that is not measured yet, and
            what is no finite number has the colour of the highest.
        quantity: what the colour is, with its unit.
        x_title: what the columns are.
        y_title: what the rows are.
        form: of a written value.
        bounds: ends of the colour scale; those of the values without.
        written: whether each cell has its value written in it.
    """
    chart = figure(name, x_title, y_title, 160 + max(260, min(46 * len(rows), 560)))
    finite = [v for row in values for v in row if v is not None and isfinite(v)]
    low, high = bounds or (min(finite, default=0), max(finite, default=1))
    high = high if high > low else low + 1  # one value: the colour of the lowest
    chart.add_heatmap(
        x=list(columns),
        y=[row.replace(", ", ",<br>") for row in rows],
        z=[[high if v is not None and not isfinite(v) else v for v in row] for row in values],
        text=[["" if v is None else _written(v, form) for v in row] for row in values],
        texttemplate="%{text}" if written else None,
        colorscale="Cividis",
        zmin=low,
        zmax=high,
        xgap=1 if written else 0,
        ygap=1 if written else 0,
        # Above the cells: beside them it would take their width on a phone.
        colorbar={
            "title": {"text": quantity, "side": "top"},
            "orientation": "h",
            "thickness": 12,
            "y": 1.02,
            "yanchor": "bottom",
        },
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        hoverongaps=False,
    )
    chart.update_xaxes(type="category")
    chart.update_yaxes(type="category", autorange="reversed")
    return chart


def _written(value: float, form: str) -> str:
    return "NaN" if isnan(value) else f"{value:{form}}"


def _thinned(count: int) -> list[int]:
    """Return the places that are drawn: every nth, and the last."""
    every = -(-count // _MOST_POINTS) or 1
    places = list(range(0, count, every))
    return places if not count or places[-1] == count - 1 else [*places, count - 1]
