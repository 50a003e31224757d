"""What happens to every layer over a training: layers by steps, one panel for each network."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isnan, log10
from textwrap import wrap

import plotly.graph_objects as go

from explorer.figures.style import FONT_SIZE, figure

ODD = {"exactly 0": "#9AA3AD", "infinite": "#D55E00", "not a number": "#E5007D"}
"""Colours of what a log scale cannot show."""

_POWERS = 6  # as many and one more can be named on a telephone
_LINE = 38  # as many letters of a name fit there
_STEEP = 30  # losses further apart than this factor need a log axis
_HIDDEN = {"showgrid": False, "zeroline": False}


@dataclass(frozen=True)
class Panel:
    """One network.

    Args:
        name: above the panel.
        layers: names, in forward order.
        steps: those that were recorded.
        values: for each step, a value for each layer.
    """

    name: str
    layers: tuple[str, ...]
    steps: tuple[int, ...]
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class LossCurve:
    """One network's loss at every step, the first one first."""

    name: str
    colour: str
    dash: str
    values: tuple[float, ...]


def layers_by_steps(panels: Sequence[Panel], steps: int, quantity: str) -> go.Figure:
    """Return heat maps below each other, with one log colour scale for all.

    The first layer is on top. Zeros, infinities and what is not a number have colours of their own.

    Args:
        panels: a network each.
        steps: of the whole training, which the axis shows from the start.
        quantity: what the colours stand for.
    """
    chart = figure("layers-by-steps", "", "", 130 + 240 * len(panels), coloraxis=_scale(panels))
    chart.set_subplots(
        len(panels),
        1,
        shared_xaxes="all",
        vertical_spacing=0.28 / (len(panels) + 1.5),
        subplot_titles=["<br>".join(wrap(panel.name, _LINE)) for panel in panels],
    )
    lines = len(wrap(panels[0].name, _LINE))
    chart.update_layout(
        margin_t=76 + 20 * lines,  # the colour scale, and the first panel's name
        coloraxis_colorbar_title_text=quantity,
        legend={"y": 0, "yref": "container", "yanchor": "bottom"},
    )
    chart.update_annotations(x=0, xanchor="left", font_size=FONT_SIZE)
    for row, panel in enumerate(panels, start=1):
        chart.add_traces([_map(panel), *_odd_maps(panel)], rows=row, cols=1)
        chart.update_yaxes(**_layer_axis(len(panel.layers)), row=row, col=1)
    chart.update_yaxes(title_text="Layer (1 = first)", title_font_size=FONT_SIZE, **_HIDDEN)
    chart.update_xaxes(range=[-0.5, steps - 0.5], **_HIDDEN)
    chart.update_xaxes(title_text="Step", title_font_size=FONT_SIZE, row=len(panels), col=1)
    for words in _odd_words(panels):
        chart.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": "square", "size": 14, "color": ODD[words]},
            name=words,
        )
    return chart


def _scale(panels: Sequence[Panel]) -> dict[str, object]:
    """Return the colour scale from one power of ten to another, around all that can be shown."""
    seen = [v for panel in panels for values in panel.values for v in values if 0 < v < inf]
    low, high = floor(log10(min(seen, default=1.0))), ceil(log10(max(seen, default=1.0)))
    high = max(high, low + 1)
    between = max(1, ceil((high - low) / _POWERS))
    powers = list(range(low, high + 1, between))
    return {
        "colorscale": "Viridis",
        "cmin": low,
        "cmax": high,
        "colorbar": {
            "orientation": "h",
            "x": 0.5,
            "len": 1,
            "tickangle": 0,
            "thickness": 14,
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "title_side": "top",
            "tickvals": powers,
            "ticktext": [f"10<sup>{power}</sup>" for power in powers],
        },
    }


def _layer_axis(layers: int) -> dict[str, object]:
    """Return an axis of layers, the first on top, that shows numbers in place of the names."""
    between = next(step for step in (1, 5, 10, 20, 50, 100, 200, layers) if layers <= 8 * step)
    places = sorted({0, *range(between - 1, layers, between)})
    return {
        "type": "category",
        "range": [layers - 0.5, -0.5],
        "tickvals": places,
        "ticktext": [place + 1 for place in places],
    }


def _map(panel: Panel) -> go.Heatmap:
    rows = list(zip(*panel.values, strict=True))
    return go.Heatmap(
        x=panel.steps,
        y=panel.layers,
        z=[[round(log10(v), 4) if 0 < v < inf else None for v in row] for row in rows],
        customdata=[[f"{value:.4g}" for value in row] for row in rows],
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate="%{y}<br>step %{x}: %{customdata}" + f"<extra>{panel.name}</extra>",
    )


def _odd_maps(panel: Panel) -> list[go.Heatmap]:
    """Return a map for each kind of value that the scale cannot show, of just those."""
    rows = list(zip(*panel.values, strict=True))
    return [
        go.Heatmap(
            x=panel.steps,
            y=panel.layers,
            z=[[1 if _odd(value) == words else None for value in row] for row in rows],
            colorscale=[[0, ODD[words]], [1, ODD[words]]],
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{y}<br>step %{x}: " + words + f"<extra>{panel.name}</extra>",
        )
        for words in _odd_words([panel])
    ]


def _odd(value: float) -> str:
    if isnan(value):
        return "not a number"
    return {0.0: "exactly 0", inf: "infinite"}.get(value, "")


def _odd_words(panels: Sequence[Panel]) -> list[str]:
    found = {_odd(v) for panel in panels for values in panel.values for v in values}
    return [words for words in ODD if words in found]


def losses(curves: Sequence[LossCurve], steps: int) -> go.Figure:
    """Return the loss of every step's batch, on a log axis once losses are far apart.

    Where a loss is no longer a number, its line ends.
    """
    chart = figure("training-losses", "Step", "Loss of the batch", 300, hovermode="closest")
    for curve in curves:
        chart.add_scatter(
            x=list(range(len(curve.values))),
            y=[value if abs(value) < inf else None for value in curve.values],
            name=curve.name,
            mode="lines",
            line={"color": curve.colour, "dash": curve.dash, "width": 3},
            hovertemplate="step %{x}: %{y:.4g}" + f"<extra>{curve.name}</extra>",
        )
    chart.update_xaxes(range=[-0.5, steps - 0.5])
    seen = [value for curve in curves for value in curve.values if 0 < value < inf]
    if max(seen, default=1.0) > _STEEP * min(seen, default=1.0):
        chart.update_yaxes(type="log", exponentformat="power")
    return chart
