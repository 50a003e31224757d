"""Networks in training, step by step, and the full trainings of the bundled ones."""

from collections.abc import Sequence
from math import inf, isfinite, log10
from typing import Any, NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import figure

_MOST_POINTS = 300
_MOST_DECADES = 6


class TrainingLine(NamedTuple):
    """One quantity of one network over its training.

    Args:
        name: of the network.
        colour: of the line.
        steps: at which it was measured.
        values: in the same order; what is not a number leaves a gap.
        dash: of the line.
        faint: of an earlier run, to compare with.
        listed: whether the legend has it.
        marked: whether each value is a point of its own, few of them as there are.
    """

    name: str
    colour: str
    steps: Sequence[int]
    values: Sequence[float]
    dash: str = "solid"
    faint: bool = False
    listed: bool = True
    marked: bool = False


def training_curves(
    name: str,
    lines: Sequence[TrainingLine],
    quantity: str,
    logarithmic: bool = False,
    across: str = "Step",
    height: int = 350,
    highest: float = inf,
) -> go.Figure:
    """Return a quantity of several networks against the steps of their training.

    Long lines show every second step, every third and so on, always the same ones as they grow.

    Args:
        name: stable name, under which zoom and hidden lines survive a redraw.
        lines: in the legend's order.
        quantity: the axis's title, with the unit.
        logarithmic: whether its axis is.
        across: what the horizontal axis counts.
        height: pixels.
        highest: value at which a logarithmic axis ends; what lies above runs out of the picture,
            so that one network's explosion leaves room for the others.
    """
    values: list[float] = []
    traces = []
    for line in lines:
        shown = _thinned(line)
        drawn = [_drawn(line.values[place], logarithmic) for place in shown]
        values += [value for value in drawn if value is not None]
        traces.append(
            {
                "type": "scatter",
                "x": [line.steps[place] for place in shown],
                "y": drawn,
                "name": line.name,
                "mode": "lines+markers" if line.marked else "lines",
                "marker": {"size": 7},
                "opacity": 0.4 if line.faint else 1.0,
                "line": {"color": line.colour, "dash": line.dash, "width": 2 if line.faint else 3},
                "showlegend": line.listed,
                "hovertemplate": f"{across.lower()} %{{x}}: %{{y:.4g}}<extra>{line.name}</extra>",
            }
        )
    return figure(
        f"training-{name}-{logarithmic}",
        across,
        quantity,
        height,
        traces,
        y_axis=_decades(values, highest) if logarithmic else {"rangemode": "tozero"},
        hovermode="closest",
    )


def _decades(values: Sequence[float], highest: float) -> dict[str, Any]:
    """Return what makes an axis logarithmic, with a tick for each power of ten if they are few."""
    axis: dict[str, Any] = {"type": "log", "exponentformat": "power"}
    if not values:
        return axis
    low, high = log10(min(values)), log10(max(values))
    if max(values) > highest:
        low, high = min(low, log10(highest) - 1), log10(highest)
        axis["range"] = [low - 0.1, high]
    if high - low <= _MOST_DECADES:
        axis["dtick"] = 1
    return axis


def _thinned(line: TrainingLine) -> list[int]:
    """Return the places that are drawn: every nth step, and the last."""
    count = len(line.steps)
    every = -(-count // _MOST_POINTS)
    places = list(range(0, count, every or 1))
    return places if not count or places[-1] == count - 1 else [*places, count - 1]


def _drawn(value: float, logarithmic: bool) -> float | None:
    return value if isfinite(value) and (value > 0 or not logarithmic) else None
