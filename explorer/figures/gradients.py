"""Gradient norms along the depth of one or several networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from explorer.figures.style import figure


@dataclass(frozen=True)
class Curve:
    """One network's norms: one point a layer, at its place on the main path (1 = first)."""

    name: str
    colour: str
    dash: str
    layers: tuple[str, ...]
    positions: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Band:
    """A stage: its first and last place on the main path."""

    name: str
    first: int
    last: int


def gradient_norms(curves: Sequence[Curve], bands: Sequence[Band], quantity: str) -> go.Figure:
    """Return norms on a log axis against depth, with the stages as bands.

    Values that a log axis cannot show (0, NaN, infinity) leave a gap; the page's table has them.
    """
    chart = figure(
        "gradient-norms",
        "Layer on the main path (1 = first)",
        quantity,
        470,
        hovermode="closest",
    )
    for curve in curves:
        chart.add_scatter(
            x=curve.positions,
            y=[value if 0 < value < float("inf") else None for value in curve.values],
            customdata=curve.layers,
            name=curve.name,
            mode="lines",
            line={"color": curve.colour, "dash": curve.dash, "width": 3},
            hovertemplate=f"%{{customdata}}<br>layer %{{x}}: %{{y:.4g}}<extra>{curve.name}</extra>",
        )
    for number, band in enumerate(bands):
        chart.add_vrect(
            x0=band.first - 0.5,
            x1=band.last + 0.5,
            fillcolor="rgba(128, 144, 160, 0.14)" if number % 2 else "rgba(0, 0, 0, 0)",
            line_width=0,
            layer="below",
            annotation_text=band.name if band.last - band.first > 0 else "",
            annotation_position="bottom left",
            annotation_font_size=13,
        )
    minor = {"showgrid": True, "dtick": "D1", "griddash": "dot"}
    chart.update_yaxes(type="log", exponentformat="power", dtick=1, minor=minor)
    return chart
