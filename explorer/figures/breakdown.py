"""Where parameters, MACs or activations sit: bars by stage, split by layer kind."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import KIND_COLOURS, VARIANT_COLOURS, figure
from explorer.tray import LETTERS


class Part(NamedTuple):
    """What the layers of one kind in one stage have of a quantity."""

    stage: str
    kind: str
    value: int
    share: float


def breakdown(parts: Sequence[Part], quantity: str) -> go.Figure:
    """Return one horizontal bar a stage, first stage on top, split by layer kind.

    Args:
        parts: in forward order; parts of value 0 are left out of the picture.
        quantity: what the values count, with its unit: the axis's title.
    """
    stages = list(dict.fromkeys(part.stage for part in parts))
    chart = figure("breakdown", quantity, "", 120 + 44 * len(stages), barmode="stack")
    for kind in dict.fromkeys(part.kind for part in parts):
        of_kind = [part for part in parts if part.kind == kind and part.value]
        if not of_kind:
            continue
        chart.add_bar(
            y=[part.stage for part in of_kind],
            x=[part.value for part in of_kind],
            customdata=[(part.kind, part.share) for part in of_kind],
            name=kind,
            orientation="h",
            marker={"color": KIND_COLOURS[kind], "line_width": 0},
            hovertemplate="%{y}, %{customdata[0]}<br>%{x:,} (%{customdata[1]:.1%})<extra></extra>",
        )
    chart.update_yaxes(categoryorder="array", categoryarray=stages[::-1])
    chart.update_xaxes(rangemode="tozero", tickformat="~s")
    return chart


def breakdowns(variants: Sequence[Sequence[Part]], quantity: str) -> go.Figure:
    """Return the bars of several networks, those of one stage under each other, A on top.

    Args:
        variants: the parts of each network, A first.
        quantity: what the values count, with its unit: the axis's title.
    """
    names = [
        f"<span style='color:{colour}'>\u25a0</span> <b>{letter}</b>"
        for letter, colour in zip(LETTERS, VARIANT_COLOURS, strict=True)
    ]
    stages = _merged([list(dict.fromkeys(part.stage for part in parts)) for parts in variants])
    places = [
        (stage, name)
        for stage in stages
        for name, parts in zip(names, variants, strict=False)
        if any(part.stage == stage for part in parts)
    ]
    chart = figure("breakdowns", quantity, "", 160 + 26 * len(places), barmode="stack")
    # Bars appear in the order in which the first trace names their places.
    chart.add_bar(
        y=[*zip(*places, strict=True)], x=[0] * len(places), orientation="h", showlegend=False
    )
    found = [(name, part) for name, parts in zip(names, variants, strict=False) for part in parts]
    for kind in dict.fromkeys(part.kind for _, part in found):
        of_kind = [(name, part) for name, part in found if part.kind == kind and part.value]
        if not of_kind:
            continue
        chart.add_bar(
            y=[[part.stage for _, part in of_kind], [name for name, _ in of_kind]],
            x=[part.value for _, part in of_kind],
            customdata=[(name, part.stage, kind, part.share) for name, part in of_kind],
            name=kind,
            orientation="h",
            marker={"color": KIND_COLOURS[kind], "line_width": 0},
            hovertemplate="%{customdata[0]}: %{customdata[1]}, %{customdata[2]}<br>"
            "%{x:,} (%{customdata[3]:.1%})<extra></extra>",
        )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(rangemode="tozero", tickformat="~s")
    return chart


def _merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """Return every name once, each behind those it follows in its own order."""
    merged: list[str] = []
    for order in orders:
        at = 0
        for name in order:
            if name in merged:
                at = merged.index(name) + 1
            else:
                merged.insert(at, name)
                at += 1
    return merged
