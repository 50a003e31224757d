"""What networks answer: the most probable classes, and how often they are right."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from explorer.figures.drawing import ink_on
from explorer.figures.style import VARIANT_COLOURS, figure

_LONG = 0.6


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
        **_words_at_bars([answer.probability for answer in answers], colour),
        orientation="h",
        marker={"color": colour, "line_width": 0},
        hovertemplate="%{y}: %{x:.2%}<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed")
    return _from_0_to_100(chart)


class Answers(NamedTuple):
    """One network's probabilities of classes.

    Args:
        name: of the network.
        colour: its own.
        probabilities: from 0 to 1, in the order of the classes.
        places: of each class in the network's answer, from 1; None where it is further back.
    """

    name: str
    colour: str
    probabilities: Sequence[float]
    places: Sequence[int | None]


def aligned_classes(classes: Sequence[str], answers: Sequence[Answers], name: str) -> go.Figure:
    """Return a bar for each class and network, those of a class beside each other.

    Args:
        classes: their labels, the first on top.
        answers: a network each.
        name: stable name of the figure.
    """
    height = 110 + len(classes) * (16 + 24 * len(answers))
    chart = figure(name, "Probability (softmax)", "", height, barmode="group", bargap=0.22)
    for each in answers:
        chart.add_bar(
            y=classes,
            x=each.probabilities,
            name=each.name,
            text=[
                f"<b>{place}.</b> {_percent(value)}" if place else _percent(value)
                for value, place in zip(each.probabilities, each.places, strict=True)
            ],
            **_words_at_bars(each.probabilities, each.colour),
            orientation="h",
            marker={"color": each.colour, "line_width": 0},
            hovertemplate=f"%{{y}}: %{{x:.2%}}<extra>{each.name}</extra>",
        )
    chart.update_yaxes(autorange="reversed")
    return _from_0_to_100(chart)


def confusion(
    rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]], name: str
) -> go.Figure:
    """Return a confusion matrix: a row for each true class, a column for each answer.

    Args:
        rows: labels of the true classes.
        columns: labels of what was answered.
        counts: pictures of each row's class that were answered so.
        name: stable name of the figure.
    """
    chart = figure(name, "Answered", "True class", 170 + 32 * len(rows))
    chart.add_heatmap(
        x=columns,
        y=rows,
        z=counts,
        text=[[str(count) if count else "" for count in row] for row in counts],
        texttemplate="%{text}",
        colorscale=[[0, "rgba(0, 114, 178, 0.06)"], [1, VARIANT_COLOURS[0]]],
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="%{y}, answered %{x}: %{z}<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(type="category", tickangle=-45)
    return chart


def _words_at_bars(probabilities: Sequence[float], colour: str) -> dict[str, Any]:
    """Place the percentages beside their bars; a long one holds its own, for lack of room."""
    return {
        "textposition": ["inside" if value > _LONG else "outside" for value in probabilities],
        "insidetextanchor": "end",
        "insidetextfont_color": ink_on(colour),
        "textangle": 0,
        "constraintext": "none",
        "cliponaxis": False,
    }


def _from_0_to_100(chart: go.Figure) -> go.Figure:
    return chart.update_xaxes(range=[0, 1.16], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")


def _percent(probability: float) -> str:
    return "< 0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"
