"""A quantity along the depth of one or several networks: gradient norms, variances, shares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from typing import Any

import plotly.graph_objects as go

from explorer.figures.curves import Edges, crosses, edges, or_gap, shaded
from explorer.figures.style import figure

ARRANGEMENTS = ("overlay", "multiples", "ratio")
_MOST_MARKED = 1200
_DIGITS = (1, 2, 3, 4, 5, 6, 8)  # of the values that are labelled where a log axis is short


@dataclass(frozen=True)
class Curve:
    """Values of one network: one point for each layer or unit, the first one first.

    A network may have several curves, each of another part of it.

    Args:
        name: what the legend says.
        colour: of the line.
        dash: of the line.
        layers: what the points are called.
        values: in the same order; those of several seeds are medians.
        lows: least of several seeds; empty for one seed.
        highs: greatest of several seeds; empty for one seed.
        unit_starts: places at which a unit begins, from 1.
        network: whose curve it is; empty where that is the name.
        part: what of the network it shows; empty where there is one curve only.
    """

    name: str
    colour: str
    dash: str
    layers: tuple[str, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    unit_starts: tuple[int, ...] = ()
    network: str = ""
    part: str = ""

    @property
    def owner(self) -> str:
        """The network's name."""
        return self.network or self.name


@dataclass(frozen=True)
class Band:
    """A stage: its first and last place."""

    name: str
    first: int
    last: int


def shared_bands(stages: Sequence[Sequence[str]]) -> list[Band]:
    """Return the stages if all networks have them in the same places; else none.

    Args:
        stages: for each network, the stage of every point.
    """
    first, *others = (_bands(each) for each in stages)
    return first if all(other == first for other in others) else []


def _bands(stages: Sequence[str]) -> list[Band]:
    places: dict[str, list[int]] = {}
    for place, stage in enumerate(stages, start=1):
        places.setdefault(stage, []).append(place)
    return [Band(stage, found[0], found[-1]) for stage, found in places.items()]


def alike(curves: Sequence[Curve]) -> bool:
    """Return whether all have the same number of points, so that one stands over the other."""
    return len({len(curve.values) for curve in curves}) == 1


def gradient_norms(
    curves: Sequence[Curve],
    bands: Sequence[Band],
    quantity: str,
    arrangement: str = "overlay",
    logarithmic: bool = True,
    point: str = "Layer on the main path",
    names: Sequence[str] = (),
) -> go.Figure:
    """Return values against depth, with the stages as bands and the units as small ticks.

    Networks of different depth share an axis from their first point to their last. What a log axis
    cannot show (0, infinity, not a number) is a cross at the edge that says what it is.

    Args:
        curves: one or more of each network.
        bands: the stages, where all have the same.
        quantity: what the values are, with the unit: the axis's title.
        arrangement: `overlay`, `multiples` (a panel a network, one scale) or `ratio` (each over the
            first network's of the same part, which must be alike).
        logarithmic: whether the values' axis is.
        point: what one point of a curve is.
        names: what each point is called, if they are few and all networks have the same.
    """
    same = alike(curves)
    if arrangement == "ratio":
        curves, quantity = _ratios(curves), f"{quantity}, over the first's"
    networks = list(dict.fromkeys(curve.owner for curve in curves))
    panels = len(networks) if arrangement == "multiples" else 1
    first = point if names else f"{point} (1 = first)"
    across = first if same else f"{point}, place (100% = last)"
    limits = edges((value for curve in curves for value in curve.values), logarithmic)
    mark = sum(len(curve.values) for curve in curves) <= _MOST_MARKED
    traces: list[Any] = []
    for curve in curves:
        panel = networks.index(curve.owner) + 1 if panels > 1 else 1
        traces += _traces(curve, same, mark, logarithmic, limits, panel)
    x_axis: dict[str, Any] = {}
    if same and curves[0].unit_starts:
        starts = [start - 0.5 for start in curves[0].unit_starts]
        x_axis["minor"] = {"tickvals": starts, "ticks": "inside", "ticklen": 5}
    if not same:
        x_axis["ticksuffix"] = "%"
    elif names:
        x_axis |= {"tickvals": list(range(1, len(names) + 1)), "ticktext": list(names)}
    y_axis: dict[str, Any] = {"rangemode": "tozero"}
    if logarithmic:
        minor = {"showgrid": True, "dtick": "D1", "griddash": "dot"}
        y_axis = {"type": "log", "minor": minor, **_log_ticks(limits)}
    chart = figure(
        f"depth-{same}-{arrangement}-{logarithmic}",
        across if panels == 1 else "",
        quantity if panels == 1 else "",
        470 if panels == 1 else 60 + 210 * panels,
        traces,
        x_axis=x_axis,
        y_axis=y_axis,
        hovermode="closest",
        **_stages(bands, panels),
    )
    if panels > 1:
        chart.set_subplots(panels, 1, shared_xaxes="all", shared_yaxes="all", vertical_spacing=0.03)
        chart.update_xaxes(**x_axis).update_yaxes(**y_axis)
        chart.update_yaxes(title_text=quantity, row=(panels + 1) // 2, col=1)
        chart.update_xaxes(title_text=across, row=panels, col=1)
    return chart


def _log_ticks(limits: Edges) -> dict[str, object]:
    """Label powers of ten; 2 and 5 too where these are few, and more where there is hardly one."""
    low, high = limits  # a third of the lowest value, three times the highest
    if high > 900 * low:
        return {"exponentformat": "power", "dtick": 1}
    if high > 90 * low:
        return {"dtick": "D2"}
    powers = range(floor(log10(low)), ceil(log10(high)))
    values = [digit * 10.0**power for power in powers for digit in _DIGITS]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}


def _ratios(curves: Sequence[Curve]) -> list[Curve]:
    firsts: dict[str, Curve] = {}
    return [_over(curve, firsts.setdefault(curve.part, curve)) for curve in curves]


def _over(curve: Curve, first: Curve) -> Curve:
    ratios = tuple(
        value / base if base else float("nan")
        for value, base in zip(curve.values, first.values, strict=True)
    )
    return replace(curve, values=ratios, lows=(), highs=())


def _traces(
    curve: Curve, same: bool, mark: bool, logarithmic: bool, limits: Edges, panel: int
) -> Iterator[go.Scatter | Mapping[str, Any]]:
    axes = {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}
    numbers = range(1, len(curve.values) + 1)
    last = max(len(curve.values) - 1, 1)
    across = [float(n) if same else 100 * (n - 1) / last for n in numbers]
    points = [(layer, n, curve.owner) for layer, n in zip(curve.layers, numbers, strict=True)]
    area = shaded(across, curve.lows, curve.highs, curve.colour, curve.name, logarithmic)
    yield from (trace.update(axes) for trace in area)
    yield {
        "type": "scatter",
        "x": across,
        "y": or_gap(curve.values, logarithmic),
        "customdata": points,
        "name": curve.name,
        "legendgroup": curve.name,
        "mode": "lines+markers" if mark else "lines",
        "marker": {"size": 5},
        "line": {"color": curve.colour, "dash": curve.dash, "width": 3},
        "hovertemplate": "%{customdata[0]}<br>place %{customdata[1]}: %{y:.4g}"
        f"<extra>{curve.name}</extra>",
        **axes,
    }
    odd = crosses(
        across,
        curve.values,
        limits,
        curve.colour,
        curve.name,
        "%{customdata[0]}",
        points,
        logarithmic,
    )
    yield from (trace.update(axes) for trace in odd)


def _stages(bands: Sequence[Band], panels: int) -> dict[str, list[Any]]:
    """Return the stages as shapes and texts of plotly's layout; its add_vrect takes 10 ms each."""
    shapes, names = [], []
    for number, band in enumerate(bands):
        for panel in range(1, panels + 1):
            axis = "" if panel == 1 else str(panel)
            place = {"xref": f"x{axis}", "yref": f"y{axis} domain"}
            shapes.append(
                {
                    "type": "rect",
                    "x0": band.first - 0.5,
                    "x1": band.last + 0.5,
                    "y0": 0,
                    "y1": 1,
                    "fillcolor": "rgba(128, 144, 160, 0.14)" if number % 2 else "rgba(0, 0, 0, 0)",
                    "line": {"width": 0},
                    "layer": "below",
                    **place,
                }
            )
        if band.last > band.first:
            names.append(
                {
                    "text": band.name,
                    "x": band.first - 0.5,
                    "y": 0,
                    "xanchor": "left",
                    "yanchor": "bottom",
                    "yshift": 16 * (number % 2),  # beside a narrow neighbour's, on a phone
                    "font": {"size": 13},
                    "showarrow": False,
                    **place,
                }
            )
    return {"shapes": shapes, "annotations": names}
