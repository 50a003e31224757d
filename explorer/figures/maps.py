"""Numbers over a plane: where a gradient comes from, and a loss around a network's weights."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure

_SCALE = "Cividis"
_GAP = 0.35
"""Between two surfaces, in heights of one."""
_DECADES = 2.5
"""From how many powers of ten on a scale has ticks at these alone, and not at 2 and 5 too."""


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
    """Return losses as surfaces above each other, which turn together and share one colour scale.

    Args:
        name: stable name.
        shown: the maps, from top to bottom.
        bounds: ends of the colour scale and of the height, losses above 0.
    """
    chart = figure(name, "", "", 80 + 280 * len(shown), showlegend=False)
    low, high = map(log10, bounds)
    floors = [(len(shown) - 1 - number) * (high - low) * (1 + _GAP) for number in range(len(shown))]
    for each, raised in zip(shown, floors, strict=True):
        heights = _by_second(each, bounds)
        chart.add_surface(
            x=list(each.places),
            y=list(each.places),
            z=[[None if value is None else value + raised for value in row] for row in heights],
            surfacecolor=heights,
            customdata=[list(column) for column in zip(*each.losses, strict=True)],
            colorscale=_SCALE,
            cmin=low,
            cmax=high,
            showscale=raised == 0,
            colorbar=_loss_bar(low, high),
            hovertemplate=f"%{{x:.2f}}, %{{y:.2f}}: %{{customdata:.3g}}<extra>{each.name}</extra>",
        )
    for number, each in enumerate(shown):
        chart.add_annotation(
            text=each.name,
            x=0,
            y=1 - number / len(shown),
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="top",
            showarrow=False,
        )
    bare = {"visible": False}
    chart.update_scenes(
        xaxis=bare,
        yaxis=bare,
        zaxis=bare,
        aspectmode="manual",
        aspectratio={"x": 0.9, "y": 0.9, "z": 0.8 * len(shown)},
        camera={"eye": {"x": 0.55, "y": -2.4, "z": 1.0}},
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
    steps = (1, 2, 5) if high - low < _DECADES else (1,)
    losses = [step * 10.0**power for power in range(floor(low), ceil(high) + 1) for step in steps]
    shown = [loss for loss in losses if low <= log10(loss) <= high]
    return {
        "title": {"text": "Loss", "side": "right"},
        "thickness": 14,
        "tickvals": [log10(loss) for loss in shown],
        "ticktext": [f"{loss:,g}" for loss in shown],
    }
