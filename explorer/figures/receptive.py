"""An effective receptive field, drawn on the picture within the theoretical one."""

from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure

_CENTRE = "#FFFFFF"
_COVERS = 0.7
_UNSEEN = 1e-6
_MOST_AROUND = 0.5  # of the picture's side, beyond each of its edges


class FieldDrawn(NamedTuple):
    """What is drawn, in pixels of the picture; the first pixel's centre is (0, 0).

    Args:
        side: of the square picture.
        picture: its address, data included.
        gradient: that of a picture which covers it.
        y: row of the fields' centre.
        x: its column.
        theoretical: side of the theoretical field, a square.
        half: radius of the circle that holds half of the gradient.
        most: the same for 95%.
    """

    side: int
    picture: str
    gradient: str
    y: float
    x: float
    theoretical: int
    half: float
    most: float


def field_on_picture(field: FieldDrawn, name: str, colour: str) -> go.Figure:
    """Return the picture, the gradient upon it, and what theory and measurement enclose.

    A theoretical field far larger than the picture is cut off.
    """
    chart = figure(name, "Column (pixels)", "Row (pixels)", 430, hovermode="closest")
    # plotly draws but one of several images of exactly the same place and size.
    for source, opacity, size in (
        (field.picture, 1, field.side),
        (field.gradient, _COVERS, field.side * (1 + _UNSEEN)),
    ):
        chart.add_layout_image(
            source=source,
            opacity=opacity,
            xref="x",
            yref="y",
            x=-0.5,
            y=-0.5,
            sizex=size,
            sizey=size,
            sizing="stretch",
            layer="below",
        )
    half = field.theoretical / 2
    _outline(chart, "rect", field, half, colour, "dash", f"theory, {field.theoretical} wide")
    _outline(chart, "circle", field, field.most, colour, "solid", "95% of the gradient")
    _outline(chart, "circle", field, field.half, colour, "dot", "half of the gradient")
    chart.add_scatter(
        x=[field.x],
        y=[field.y],
        mode="markers",
        marker={"symbol": "cross-thin", "size": 12, "line": {"color": _CENTRE, "width": 2}},
        name="centre",
        showlegend=False,
        hovertemplate="centre: row %{y:g}, column %{x:g}<extra></extra>",
    )
    low, high = _range(field, half)
    chart.update_xaxes(range=[low, high], constrain="domain", showgrid=False, zeroline=False)
    chart.update_yaxes(range=[high, low], constrain="domain", showgrid=False, zeroline=False)
    chart.update_yaxes(scaleanchor="x", scaleratio=1)
    return chart


def _outline(
    chart: go.Figure,
    kind: str,
    field: FieldDrawn,
    radius: float,
    colour: str,
    dash: str,
    words: str,
) -> None:
    line = {"color": colour, "width": 3, "dash": dash}
    chart.add_shape(
        type=kind,
        x0=field.x - radius,
        x1=field.x + radius,
        y0=field.y - radius,
        y1=field.y + radius,
        line=line,
    )
    # Shapes have no place in the legend that all browsers draw alike; an empty line has.
    chart.add_scatter(x=[None], y=[None], mode="lines", line=line, name=words)


def _range(field: FieldDrawn, half: float) -> tuple[float, float]:
    """Return where both axes begin and end: the picture, and as much around it as is needed."""
    first, last = -0.5, field.side - 0.5
    around = _MOST_AROUND * field.side
    low = min(field.x - half, field.y - half, first)
    high = max(field.x + half, field.y + half, last)
    return max(low, first - around) - 1, min(high, last + around) + 1
