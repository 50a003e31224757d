"""Where parameters, MACs or activations sit: bars by stage, split by layer kind."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import KIND_COLOURS, figure


class Part(NamedTuple):
    """What the layers of one kind in one stage have of a quantity."""

    stage: str
    kind: str
    value: int
    share: float


def breakdown(parts: Sequence[Part], quantity: str) -> go.Figure:
    """Return one horizontal bar a stage, first stage on top, split by layer kind.

    Args:
        parts: in forward order; parts of value 0 are left out of the picture.
        quantity: what the values count, with its unit: the axis's title.
    """
    stages = list(dict.fromkeys(part.stage for part in parts))
    chart = figure("breakdown", quantity, "", 120 + 44 * len(stages), barmode="stack")
    for kind in dict.fromkeys(part.kind for part in parts):
        of_kind = [part for part in parts if part.kind == kind and part.value]
        if not of_kind:
            continue
        chart.add_bar(
            y=[part.stage for part in of_kind],
            x=[part.value for part in of_kind],
            customdata=[(part.kind, part.share) for part in of_kind],
            name=kind,
            orientation="h",
            marker={"color": KIND_COLOURS[kind], "line_width": 0},
            hovertemplate="%{y}, %{customdata[0]}<br>%{x:,} (%{customdata[1]:.1%})<extra></extra>",
        )
    chart.update_yaxes(categoryorder="array", categoryarray=stages[::-1])
    chart.update_xaxes(rangemode="tozero", tickformat="~s")
    return chart
