"""A quantity along the depth of one or several networks: gradient norms, variances, shares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan

import plotly.graph_objects as go

from explorer.figures.style import figure

ARRANGEMENTS = ("overlay", "multiples", "ratio")
_MOST_MARKED = 1200


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
    """
    same = alike(curves)
    if arrangement == "ratio":
        curves, quantity = _ratios(curves), f"{quantity}, over A's"
    networks = list(dict.fromkeys(curve.owner for curve in curves))
    panels = len(networks) if arrangement == "multiples" else 1
    across = f"{point} (1 = first)" if same else f"{point}, place (100% = last)"
    chart = figure(
        f"depth-{same}-{arrangement}-{logarithmic}",
        across if panels == 1 else "",
        quantity if panels == 1 else "",
        470 if panels == 1 else 60 + 210 * panels,
        hovermode="closest",
    )
    if panels > 1:
        chart.set_subplots(panels, 1, shared_xaxes="all", shared_yaxes="all", vertical_spacing=0.03)
        chart.update_yaxes(title_text=quantity, row=(panels + 1) // 2, col=1)
        chart.update_xaxes(title_text=across, row=panels, col=1)
    low, high = _edges(curves, logarithmic)
    mark = sum(len(curve.values) for curve in curves) <= _MOST_MARKED
    for curve in curves:
        row = {"row": networks.index(curve.owner) + 1, "col": 1} if panels > 1 else {}
        for trace in _traces(curve, same, mark, logarithmic, (low, high)):
            chart.add_trace(trace, **row)
    _draw_bands(chart, bands, panels)
    if same and curves[0].unit_starts:
        starts = [start - 0.5 for start in curves[0].unit_starts]
        chart.update_xaxes(minor={"tickvals": starts, "ticks": "inside", "ticklen": 5})
    if not same:
        chart.update_xaxes(ticksuffix="%")
    if logarithmic:
        minor = {"showgrid": True, "dtick": "D1", "griddash": "dot"}
        wide = high > 100 * low  # else 2 and 5 are labelled too
        ticks = {"exponentformat": "power", "dtick": 1} if wide else {"dtick": "D2"}
        chart.update_yaxes(type="log", minor=minor, **ticks)
    else:
        chart.update_yaxes(rangemode="tozero")
    return chart


def _ratios(curves: Sequence[Curve]) -> list[Curve]:
    firsts: dict[str, Curve] = {}
    return [_over(curve, firsts.setdefault(curve.part, curve)) for curve in curves]


def _over(curve: Curve, first: Curve) -> Curve:
    ratios = tuple(
        value / base if base else float("nan")
        for value, base in zip(curve.values, first.values, strict=True)
    )
    return replace(curve, values=ratios, lows=(), highs=())


def _edges(curves: Sequence[Curve], logarithmic: bool) -> tuple[float, float]:
    """Return where what cannot be drawn is marked: below, and above, all that can."""
    drawn = [v for curve in curves for v in curve.values if _can_be_drawn(v, logarithmic)]
    low, high = min(drawn, default=1.0), max(drawn, default=1.0)
    if logarithmic:
        return low / 3, high * 3
    return low, high


def _can_be_drawn(value: float, logarithmic: bool) -> bool:
    return isfinite(value) and (value > 0 or not logarithmic)


def _traces(
    curve: Curve, same: bool, mark: bool, logarithmic: bool, edges: tuple[float, float]
) -> Iterator[go.Scatter]:
    numbers = range(1, len(curve.values) + 1)
    last = max(len(curve.values) - 1, 1)
    across = [float(n) if same else 100 * (n - 1) / last for n in numbers]
    if curve.lows:
        yield go.Scatter(
            x=across + across[::-1],
            y=[*curve.highs, *curve.lows[::-1]],
            fill="toself",
            fillcolor=curve.colour,
            opacity=0.22,
            line_width=0,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=curve.name,
        )
    yield go.Scatter(
        x=across,
        y=[value if _can_be_drawn(value, logarithmic) else None for value in curve.values],
        customdata=[
            (layer, n, curve.owner) for layer, n in zip(curve.layers, numbers, strict=True)
        ],
        name=curve.name,
        legendgroup=curve.name,
        mode="lines+markers" if mark else "lines",
        marker_size=5,
        line={"color": curve.colour, "dash": curve.dash, "width": 3},
        hovertemplate="%{customdata[0]}<br>place %{customdata[1]}: %{y:.4g}"
        f"<extra>{curve.name}</extra>",
    )
    odd = [place for place, v in enumerate(curve.values) if not _can_be_drawn(v, logarithmic)]
    if odd:
        values = [curve.values[place] for place in odd]
        yield go.Scatter(
            x=[across[place] for place in odd],
            y=[edges[1] if value == inf else edges[0] for value in values],
            customdata=[(curve.layers[place], place + 1, curve.owner) for place in odd],
            text=["not a number" if isnan(value) else f"{value:g}" for value in values],
            mode="markers",
            marker={"symbol": "x", "size": 9, "color": curve.colour},
            legendgroup=curve.name,
            name=f"{curve.name}: not on this scale",
            hovertemplate="%{customdata[0]}: %{text}" + f"<extra>{curve.name}</extra>",
        )


def _draw_bands(chart: go.Figure, bands: Sequence[Band], panels: int) -> None:
    for number, band in enumerate(bands):
        for panel in range(1, panels + 1):
            named = band.last > band.first and panel == panels
            chart.add_vrect(
                x0=band.first - 0.5,
                x1=band.last + 0.5,
                fillcolor="rgba(128, 144, 160, 0.14)" if number % 2 else "rgba(0, 0, 0, 0)",
                line_width=0,
                layer="below",
                annotation_text=band.name if named else "",
                annotation_position="bottom left",
                annotation_font_size=13,
                **({"row": panel, "col": 1} if panels > 1 else {}),
            )
