"""Accuracy against cost: a ball for each published network, its area the parameters."""

from collections.abc import Sequence
from itertools import product
from math import log10, sqrt
from textwrap import shorten, wrap
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import TWIN_COLOURS, figure, on_variant_colour
from explorer.landscape import FAMILIES, Evaluation, Point

FAMILY_COLOURS = dict(
    zip(
        FAMILIES,
        ("#6F5CC2", TWIN_COLOURS["plain"], "#56B4E9", "#AA3377", "#999933", "#44AA99", "#D55E00"),
        strict=True,
    )
)
PARAMETERS_PER_PIXEL = 200_000 / 3.14159
"""One scale for every evaluation: 126.9 million parameters make a ball 50 pixels wide."""

_DATA_PX, _PAD_PX, _ROW_PX = 360, 34, 66
# Labels are placed as on a phone: what is clear there is clear on any wider screen.
_NARROW_PX, _LETTER_PX, _LINE_PX = 230, 7.2, 18


class Marked(NamedTuple):
    """A variant on the cost axis: its name, what is known of its accuracy, colour and MACs."""

    name: str
    note: str
    colour: str
    macs: int


class _Axis(NamedTuple):
    """A range of an axis, in the axis's own coordinate (the logarithm on a log axis)."""

    low: float
    high: float
    pixels: float

    def pixel(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low) * self.pixels


class _Box(NamedTuple):
    left: float
    right: float
    bottom: float
    top: float

    def meets(self, other: "_Box") -> bool:
        apart = self.right < other.left or other.right < self.left
        return not (apart or self.top < other.bottom or other.top < self.bottom)


class _Label(NamedTuple):
    """A ball's name, and on which side of the ball it stands."""

    text: str
    position: str


_NO_LABEL = _Label("", "top center")


def landscape(
    points: Sequence[Point], evaluation: Evaluation, variants: Sequence[Marked], logarithmic: bool
) -> go.Figure:
    """Return accuracy against MACs for the points of one evaluation.

    Args:
        points: at least one, all measured by that evaluation.
        evaluation: what the axes name.
        variants: to be marked on the cost axis by a vertical line.
        logarithmic: whether the cost axis is.
    """
    chart = figure(
        f"landscape-{logarithmic}",
        f"MACs of {evaluation.cost}",
        f"Top-1 accuracy (%)<br><span style='font-size:13px'>{evaluation.measured}</span>",
        _DATA_PX + 2 * _PAD_PX + _ROW_PX * len(variants) + 130,
        hovermode="closest",
    )
    across = _cost_axis([*(p.macs for p in points), *(v.macs for v in variants)], logarithmic)
    upward = _accuracy_axis([point.top1_percent for point in points], len(variants))
    for number, variant in enumerate(variants):
        _mark(chart, variant, number, across, upward, logarithmic)
    labels = _labels(points, variants, across, upward, logarithmic)
    for family in FAMILIES:
        # the smaller in front of the larger
        members = sorted(
            (point for point in points if point.family == family), key=lambda p: -p.parameters
        )
        if members:
            _balls(chart, family, members, labels)
    scale = {"type": "log", **_log_ticks(across)} if logarithmic else {"tickformat": "~s"}
    chart.update_xaxes(range=[across.low, across.high], **scale)
    chart.update_yaxes(range=[upward.low, upward.high], ticksuffix="%")
    return chart


def _balls(
    chart: go.Figure, family: str, members: Sequence[Point], labels: dict[Point, _Label]
) -> None:
    chart.add_scatter(
        x=[point.macs for point in members],
        y=[point.top1_percent for point in members],
        customdata=[
            (p.name, p.printed, p.parameters, p.conditions, p.source.replace(", ", "<br>", 1))
            for p in members
        ],
        text=[labels.get(point, _NO_LABEL).text for point in members],
        textposition=[labels.get(point, _NO_LABEL).position for point in members],
        textfont_size=13,
        name=family,
        mode="markers+text",
        cliponaxis=False,
        marker={
            "color": FAMILY_COLOURS[family],
            "opacity": 0.75,
            "line": {"width": 1, "color": "white"},
            "size": [point.parameters for point in members],
            "sizemode": "area",
            "sizeref": 3.14159 * PARAMETERS_PER_PIXEL / 2,
        },
        hovertemplate="<b>%{customdata[0]}</b>, %{y:.5~g}% top-1<br>%{x:,} MACs, "
        "%{customdata[2]:,} parameters<br>printed: %{customdata[1]}<br>"
        f"%{{customdata[3]}}<br>%{{customdata[4]}}<extra>{family}</extra>",
    )


def _mark(
    chart: go.Figure,
    variant: Marked,
    number: int,
    across: _Axis,
    upward: _Axis,
    logarithmic: bool,
) -> None:
    chart.add_scatter(
        x=[variant.macs, variant.macs],
        y=[upward.low, upward.high],
        name=variant.name,
        mode="lines",
        line={"color": variant.colour, "width": 3},
        showlegend=False,
        hovertemplate=f"{variant.name}<br>%{{x:,}} MACs<br>{variant.note}<extra></extra>",
    )
    place = log10(variant.macs) if logarithmic else variant.macs
    on_the_left = across.pixel(place) > across.pixels / 2
    lines = wrap(shorten(variant.name, 42, placeholder=" ..."), 22)[:2]
    per_pixel = (upward.high - upward.low) / upward.pixels
    chart.add_annotation(
        x=place,
        y=upward.low + per_pixel * (_ROW_PX * (number + 1) - 2),
        text=f"<b>{'<br>'.join(lines)}</b><br>{variant.note}",
        showarrow=False,
        xanchor="right" if on_the_left else "left",
        yanchor="top",
        align="right" if on_the_left else "left",
        font={"size": 13, "color": on_variant_colour(variant.colour)},
        bgcolor=variant.colour,
        borderpad=3,
    )


def _cost_axis(macs: Sequence[int], logarithmic: bool) -> _Axis:
    places = [log10(value) for value in macs] if logarithmic else [float(v) for v in macs]
    low, high = min(places), max(places)
    pad = 0.15 * (high - low) or 0.3 * abs(high)
    return _Axis(low - pad if logarithmic else -0.04 * high, high + pad, _NARROW_PX)


def _log_ticks(axis: _Axis) -> dict[str, list[str] | list[float]]:
    """Return ticks at 1, 2 and 5 times each power of ten; over a wide range, at the powers."""
    steps = (1, 2, 5) if axis.high - axis.low < 2.5 else (1,)
    powers = range(int(axis.low) - 1, int(axis.high) + 2)
    ticks = [float(step * 10**power) for power in powers if power >= 0 for step in steps]
    return {"tickvals": ticks, "ticktext": [_short(tick) for tick in ticks]}


def _short(count: float) -> str:
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:g}{unit}"
    return f"{count:g}"


def _accuracy_axis(accuracies: Sequence[float], rows: int) -> _Axis:
    low, high = min(accuracies), max(accuracies)
    per_pixel = max(high - low, 1.0) / _DATA_PX
    below = _PAD_PX + _ROW_PX * rows
    pixels = _DATA_PX + _PAD_PX + below
    bottom = low - per_pixel * below
    return _Axis(bottom, bottom + per_pixel * pixels, pixels)


def _labels(
    points: Sequence[Point],
    variants: Sequence[Marked],
    across: _Axis,
    upward: _Axis,
    logarithmic: bool,
) -> dict[Point, _Label]:
    """Return where each ball's name stands; a name without a free place stays away."""

    def at(macs: int) -> float:
        return across.pixel(log10(macs) if logarithmic else macs)

    balls: dict[Point, _Box] = {}
    for point in points:
        x, y = at(point.macs), upward.pixel(point.top1_percent)
        radius = sqrt(point.parameters / (3.14159 * PARAMETERS_PER_PIXEL))
        balls[point] = _Box(x - radius, x + radius, y - radius, y + radius)
    taken = [_Box(at(v.macs) - 3, at(v.macs) + 3, 0, upward.pixels) for v in variants]
    labels: dict[Point, _Label] = {}
    for point, ball in balls.items():
        others = [box for other, box in balls.items() if other is not point]
        for label, box in _candidates(point.name, ball):
            inside = box.left >= 0 and box.right <= across.pixels
            if inside and not any(box.meets(other) for other in (*others, *taken)):
                labels[point] = label
                taken.append(box)
                break
    return labels


def _candidates(name: str, ball: _Box) -> list[tuple[_Label, _Box]]:
    """Return ways to label a ball, best first: the whole name, else without what colour says."""
    texts = dict.fromkeys((name, name.removeprefix("ResNet-").removeprefix("ResNeXt-")))
    return [(_Label(text, side), box) for text in texts for side, box in _places(ball, text)]


def _places(ball: _Box, name: str) -> list[tuple[str, _Box]]:
    """Return where a name may stand around its ball, best first."""
    width, middle_x = _LETTER_PX * len(name), (ball.left + ball.right) / 2
    middle_y = (ball.bottom + ball.top) / 2
    columns = {
        "center": (middle_x - width / 2, middle_x + width / 2),
        "right": (ball.right, ball.right + width),
        "left": (ball.left - width, ball.left),
    }
    lines = {
        "top": (ball.top, ball.top + _LINE_PX),
        "bottom": (ball.bottom - _LINE_PX, ball.bottom),
        "middle": (middle_y - _LINE_PX / 2, middle_y + _LINE_PX / 2),
    }
    sides = [("top", "center"), ("bottom", "center"), ("middle", "right"), ("middle", "left")]
    if ball.right - ball.left < 2 * _LINE_PX:  # a corner of a large one is too far away
        sides += product(("top", "bottom"), ("right", "left"))
    return [(f"{line} {column}", _Box(*columns[column], *lines[line])) for line, column in sides]
