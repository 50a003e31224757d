"""A network's answer: the most probable classes."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from explorer.figures.style import VARIANT_COLOURS, figure


class Answer(NamedTuple):
    """One class and its probability, from 0 to 1."""

    label: str
    probability: float


def top_classes(
    answers: Sequence[Answer], name: str, colour: str = VARIANT_COLOURS[0]
) -> go.Figure:
    """Return one bar a class, the most probable on top, on an axis from 0 to 100 %."""
    chart = figure(name, "Probability (softmax)", "", 90 + 40 * len(answers), showlegend=False)
    chart.add_bar(
        y=[f"{place}. {answer.label}" for place, answer in enumerate(answers, start=1)],
        x=[answer.probability for answer in answers],
        text=[_percent(answer.probability) for answer in answers],
        textposition="outside",
        cliponaxis=False,
        orientation="h",
        marker={"color": colour, "line_width": 0},
        hovertemplate="%{y}: %{x:.2%}<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(range=[0, 1.16], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    return chart


def _percent(probability: float) -> str:
    return "< 0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"
