"""Several networks stage by stage: bars of a cost, lines of what a number sees."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure


class Series(NamedTuple):
    """One network's values by place, and what its stage in each place is called.

    None where it has no stage there, or no such value.
    """

    name: str
    colour: str
    stages: Sequence[str | None]
    values: Sequence[int | None]


def stage_bars(places: Sequence[str], series: Sequence[Series], quantity: str) -> go.Figure:
    """Return a bar for each network in each place, beside each other.

    Args:
        places: what the stages in a place are called, in forward order.
        series: a network each.
        quantity: what the values count, with its unit: the axis's title.
    """
    chart = figure("stage-bars", "", quantity, 420, barmode="group", bargap=0.25)
    for each in series:
        chart.add_bar(
            x=list(range(len(places))),
            y=each.values,
            customdata=each.stages,
            name=each.name,
            marker={"color": each.colour, "line_width": 0},
            hovertemplate=f"%{{customdata}}: %{{y:,}}<extra>{each.name}</extra>",
        )
    chart.update_yaxes(rangemode="tozero", tickformat="~s")
    return _name_places(chart, places)


def stage_lines(places: Sequence[str], series: Sequence[Series], quantity: str) -> go.Figure:
    """Return a line for each network, from place to place; arguments as in `stage_bars`."""
    chart = figure("stage-lines", "", quantity, 380, hovermode="closest")
    for number, each in enumerate(series):
        chart.add_scatter(
            x=list(range(len(places))),
            y=each.values,
            customdata=each.stages,
            name=each.name,
            mode="lines+markers",
            # Lines that coincide: the first is drawn widest, so that all are seen.
            line={"color": each.colour, "width": 3 + 2 * (len(series) - 1 - number)},
            marker_size=8 + 2 * (len(series) - 1 - number),
            hovertemplate=f"%{{customdata}}: %{{y:,}} px<extra>{each.name}</extra>",
        )
    chart.update_yaxes(rangemode="tozero")
    return _name_places(chart, places)


def _name_places(chart: go.Figure, places: Sequence[str]) -> go.Figure:
    names = [name.replace(" / ", "<br>") for name in places]
    chart.update_xaxes(tickvals=list(range(len(places))), ticktext=names)
    return chart
