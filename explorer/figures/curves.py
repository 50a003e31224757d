"""What curves share: the range behind a line, and crosses for what its axis cannot show."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf, isfinite, isnan
from typing import Any

import plotly.graph_objects as go

Edges = tuple[float, float]


def can_be_drawn(value: float, logarithmic: bool = True) -> bool:
    """Return whether an axis has a place for a value: none has for infinity, a log axis for 0."""
    return isfinite(value) and (value > 0 or not logarithmic)


def or_gap(values: Iterable[float], logarithmic: bool = True) -> list[float | None]:
    """Return the values, with a gap for each that cannot be drawn."""
    return [value if can_be_drawn(value, logarithmic) else None for value in values]


def edges(values: Iterable[float], logarithmic: bool = True) -> Edges:
    """Return where what cannot be drawn is marked: below, and above, all that can."""
    drawn = [value for value in values if can_be_drawn(value, logarithmic)]
    low, high = min(drawn, default=1.0), max(drawn, default=1.0)
    return (low / 3, high * 3) if logarithmic else (low, high)


def shaded(
    across: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    colour: str,
    name: str,
    logarithmic: bool = True,
) -> Iterator[go.Scatter]:
    """Yield the area from the least to the greatest, as far as it can be drawn.

    Args:
        across: places on the horizontal axis.
        lows: least at each; empty where there is no range.
        highs: greatest at each.
        colour: of the curve.
        name: of the curve, which the legend hides together with its area.
        logarithmic: whether the values' axis is.
    """
    spans = zip(across, lows, highs, strict=True) if lows else ()
    seen = [span for span in spans if all(can_be_drawn(value, logarithmic) for value in span[1:])]
    if not seen:
        return
    places, least, most = zip(*seen, strict=True)
    yield go.Scatter(
        x=[*places, *places[::-1]],
        y=[*most, *least[::-1]],
        mode="lines",  # few points would get markers
        fill="toself",
        fillcolor=colour,
        opacity=0.22,
        line_width=0,
        hoverinfo="skip",
        showlegend=False,
        legendgroup=name,
    )


def crosses(
    across: Sequence[float],
    values: Sequence[float],
    limits: Edges,
    colour: str,
    name: str,
    point: str,
    customdata: Sequence[Any] = (),
    logarithmic: bool = True,
) -> Iterator[go.Scatter]:
    """Yield crosses at the edge that say what the values are that cannot be drawn, if any.

    Args:
        across: places on the horizontal axis.
        values: all of the curve.
        limits: where they are marked, as `edges` has it.
        colour: of the curve.
        name: of the curve.
        point: what hovering says before the value.
        customdata: of every point of the curve; empty where it has none.
        logarithmic: whether the values' axis is.
    """
    odd = [place for place, v in enumerate(values) if not can_be_drawn(v, logarithmic)]
    if not odd:
        return
    found = [values[place] for place in odd]
    yield go.Scatter(
        x=[across[place] for place in odd],
        y=[limits[1] if value == inf else limits[0] for value in found],
        customdata=[customdata[place] for place in odd] if customdata else None,
        text=["not a number" if isnan(value) else f"{value:g}" for value in found],
        mode="markers",
        marker={"symbol": "x", "size": 9, "color": colour},
        legendgroup=name,
        name=f"{name}: not on this scale",
        hovertemplate=point + ": %{text}" + f"<extra>{name}</extra>",
    )
