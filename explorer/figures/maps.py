"""Numbers over a plane: where a gradient comes from, and a loss around a network's weights."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure

_SCALE = "Cividis"
_GAP = 0.5
"""Between two surfaces, in widths of one."""
_LABEL_LIFT = 0.08


class LossMap(NamedTuple):
    """A network's loss around its weights: at each `a` a row, at each `b` a value; None unknown."""

    name: str
    places: Sequence[float]
    losses: Sequence[Sequence[float | None]]


def field(
    name: str, share: Sequence[Sequence[float]], centre: tuple[float, float], side: int
) -> go.Figure:
    """Return each pixel's part of a gradient, beside the theoretical receptive field's outline.

    Args:
        name: stable name.
        share: of each row of pixels, one for each; the strongest is drawn as 100%.
        centre: row and column of the field's middle.
        side: its width in pixels.
    """
    chart = figure(name, "Pixels from the centre", "Pixels from the centre", 420)
    strongest = max(map(max, share))
    chart.add_heatmap(
        x=[column - centre[1] for column in range(len(share[0]))],
        y=[row - centre[0] for row in range(len(share))],
        z=[[100 * value / strongest for value in row] for row in share],
        colorscale=_SCALE,
        zmin=0,
        zmax=100,
        colorbar={"title": {"text": "% of the strongest", "side": "right"}, "thickness": 14},
        hovertemplate="%{y}, %{x}: %{z:.2g}%<extra></extra>",
    )
    half = side / 2
    chart.add_shape(
        type="rect", x0=-half, x1=half, y0=-half, y1=half, line={"color": "#E69F00", "width": 3}
    )
    chart.update_yaxes(scaleanchor="x", autorange="reversed", constrain="domain")
    chart.update_xaxes(constrain="domain")
    return chart


def contours(name: str, shown: LossMap, bounds: tuple[float, float]) -> go.Figure:
    """Return a loss seen from above, in logarithmic colours and lines of equal loss.

    Args:
        name: stable name.
        shown: the map.
        bounds: ends of the colour scale, losses above 0; equal ones make maps comparable.
    """
    chart = figure(name, "First direction", "Second direction", 400)
    low, high = map(log10, bounds)
    chart.add_contour(
        x=list(shown.places),
        y=list(shown.places),
        z=_by_second(shown, bounds),
        customdata=[list(column) for column in zip(*shown.losses, strict=True)],
        colorscale=_SCALE,
        zmin=low,
        zmax=high,
        contours={"start": floor(low), "end": ceil(high), "size": 0.25},
        line_width=0.7,
        connectgaps=False,
        colorbar=_loss_bar(low, high),
        hovertemplate="%{x:.2f}, %{y:.2f}: %{customdata:.3g}<extra></extra>",
    )
    chart.add_scatter(
        x=[0],
        y=[0],
        mode="markers",
        marker={"symbol": "cross", "size": 11, "color": "white", "line_width": 1},
        showlegend=False,
        hoverinfo="skip",
    )
    chart.update_yaxes(scaleanchor="x", constrain="domain")
    chart.update_xaxes(constrain="domain")
    return chart


def surfaces(name: str, shown: Sequence[LossMap], bounds: tuple[float, float]) -> go.Figure:
    """Return losses as surfaces side by side, which turn together and share one colour scale.

    Args:
        name: stable name.
        shown: the maps.
        bounds: ends of the colour scale and of the height, losses above 0.
    """
    chart = figure(name, "", "", 460, showlegend=False)
    low, high = map(log10, bounds)
    for number, each in enumerate(shown):
        width = each.places[-1] - each.places[0]
        moved = number * width * (1 + _GAP)
        chart.add_surface(
            x=[place + moved for place in each.places],
            y=list(each.places),
            z=_by_second(each, bounds),
            colorscale=_SCALE,
            cmin=low,
            cmax=high,
            showscale=number == 0,
            colorbar=_loss_bar(low, high),
            hovertemplate=f"%{{z:.2f}}<extra>{each.name}, log10 of the loss</extra>",
        )
        chart.add_scatter3d(
            x=[moved],
            y=[each.places[0]],
            z=[high + _LABEL_LIFT * (high - low)],
            text=[each.name],
            mode="text",
            textfont={"size": 14, "color": "#8A95A1"},
            hoverinfo="skip",
        )
    hidden = {"showticklabels": False, "title": {"text": ""}, "showbackground": False}
    chart.update_scenes(
        xaxis=hidden,
        yaxis=hidden,
        zaxis={**hidden, "range": [low, high + 2 * _LABEL_LIFT * (high - low)]},
        aspectmode="manual",
        aspectratio={"x": 1.9, "y": 0.9, "z": 0.7},
        camera={"eye": {"x": 0.35, "y": -1.7, "z": 0.85}},
        dragmode="turntable",
    )
    return chart


def _by_second(shown: LossMap, bounds: tuple[float, float]) -> list[list[float | None]]:
    """Return the logarithms, cut off at the scale's ends, a row for each place of the second."""
    return [
        [_height(value, bounds) for value in column] for column in zip(*shown.losses, strict=True)
    ]


def _height(value: float | None, bounds: tuple[float, float]) -> float | None:
    return None if value is None else log10(min(max(value, bounds[0]), bounds[1]))


def _loss_bar(low: float, high: float) -> dict[str, object]:
    ticks = list(range(ceil(low), floor(high) + 1))
    return {
        "title": {"text": "Loss", "side": "right"},
        "thickness": 14,
        "tickvals": ticks,
        "ticktext": [f"{10.0**tick:,g}" for tick in ticks],
    }
