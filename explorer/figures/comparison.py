"""Several networks stage by stage: bars of a cost, lines of what a number sees."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure
from explorer.side_by_side import StageRow


class Series(NamedTuple):
    """One network's values by place, and what its stage in each place is called.

    None where it has no stage there, or no such value.
    """

    name: str
    colour: str
    stages: Sequence[str | None]
    values: Sequence[int | None]


def series(
    networks: Sequence[tuple[str, str]], rows: Sequence[StageRow], field: str
) -> list[Series]:
    """Return each network's values of one field of its stages' figures.

    Args:
        networks: name and colour of each.
        rows: the stages in a place, with a figure for each network.
        field: of the figures.
    """
    return [
        Series(
            *network,
            [getattr(row.figures[place], "stage", None) for row in rows],
            [getattr(row.figures[place], field, None) for row in rows],
        )
        for place, network in enumerate(networks)
    ]


def stage_bars(places: Sequence[str], bars: Sequence[Series], quantity: str) -> go.Figure:
    """Return a bar for each network in each place, beside each other.

    Args:
        places: what the stages in a place are called, in forward order.
        bars: a network each.
        quantity: what the values count, with its unit: the axis's title.
    """
    chart = figure("stage-bars", "", quantity, 420, barmode="group", bargap=0.25)
    for each in bars:
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


def stage_lines(places: Sequence[str], lines: Sequence[Series], quantity: str) -> go.Figure:
    """Return a line for each network, from place to place; arguments as in `stage_bars`."""
    chart = figure("stage-lines", "", quantity, 380, hovermode="closest")
    for number, each in enumerate(lines):
        chart.add_scatter(
            x=list(range(len(places))),
            y=each.values,
            customdata=each.stages,
            name=each.name,
            mode="lines+markers",
            # Lines that coincide: the first is drawn widest, so that all are seen.
            line={"color": each.colour, "width": 3 + 2 * (len(lines) - 1 - number)},
            marker_size=8 + 2 * (len(lines) - 1 - number),
            hovertemplate=f"%{{customdata}}: %{{y:,}} px<extra>{each.name}</extra>",
        )
    chart.update_yaxes(rangemode="tozero")
    return _name_places(chart, places)


def _name_places(chart: go.Figure, places: Sequence[str]) -> go.Figure:
    names = [name.replace(" / ", "<br>") for name in places]
    chart.update_xaxes(tickvals=list(range(len(places))), ticktext=names)
    return chart
