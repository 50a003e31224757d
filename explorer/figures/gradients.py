"""Gradient norms along the depth of one or several networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from explorer.figures.style import figure


@dataclass(frozen=True)
class Curve:
    """One network's norms: one point for each layer of the main path, the first one first."""

    name: str
    colour: str
    dash: str
    layers: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Band:
    """A stage: its first and last place on the main path."""

    name: str
    first: int
    last: int


def shared_bands(stages: Sequence[Sequence[str]]) -> list[Band]:
    """Return the stages if all networks have them in the same places; else none.

    Args:
        stages: for each network, the stage of every layer on its main path.
    """
    first, *others = (_bands(each) for each in stages)
    return first if all(other == first for other in others) else []


def _bands(stages: Sequence[str]) -> list[Band]:
    places: dict[str, list[int]] = {}
    for place, stage in enumerate(stages, start=1):
        places.setdefault(stage, []).append(place)
    return [Band(stage, found[0], found[-1]) for stage, found in places.items()]


def gradient_norms(curves: Sequence[Curve], bands: Sequence[Band], quantity: str) -> go.Figure:
    """Return norms on a log axis against depth, with the stages as bands.

    Networks of different depth share an axis from their first layer to their last.

    Values that a log axis cannot show (0, NaN, infinity) leave a gap; the page's table has them.
    """
    alike = len({len(curve.layers) for curve in curves}) == 1
    chart = figure(
        f"gradient-norms-{alike}",
        "Layer on the main path (1 = first)" if alike else "Place on the main path (100% = last)",
        quantity,
        470,
        hovermode="closest",
    )
    for curve in curves:
        numbers = range(1, len(curve.layers) + 1)
        last = max(len(curve.layers) - 1, 1)
        chart.add_scatter(
            x=list(numbers) if alike else [100 * (number - 1) / last for number in numbers],
            y=[value if 0 < value < float("inf") else None for value in curve.values],
            customdata=[*zip(curve.layers, numbers, strict=True)],
            name=curve.name,
            mode="lines",
            line={"color": curve.colour, "dash": curve.dash, "width": 3},
            hovertemplate="%{customdata[0]}<br>layer %{customdata[1]}: %{y:.4g}"
            f"<extra>{curve.name}</extra>",
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
    if not alike:
        chart.update_xaxes(ticksuffix="%")
    minor = {"showgrid": True, "dtick": "D1", "griddash": "dot"}
    chart.update_yaxes(type="log", exponentformat="power", dtick=1, minor=minor)
    return chart
