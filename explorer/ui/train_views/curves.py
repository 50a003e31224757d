"""The curves of a live training: what is drawn of its steps, and the data behind it."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NamedTuple

import streamlit as st

from explorer.figures.training import TrainingLine, training_curves
from explorer.training.live_history import History, Point, moving_average
from explorer.ui import charts
from explorer.ui.glossary import GLOSSARY

_SMOOTHING = (1, 5, 10, 20, 50, 100)


class Network(NamedTuple):
    """A network's steps, and how they are drawn.

    Args:
        name: in legends, with its letter.
        letter: A to D.
        colour: of its lines.
        history: what was measured.
        faint: of the run before, to compare with.
    """

    name: str
    letter: str
    colour: str
    history: History
    faint: bool = False


class _Part(NamedTuple):
    """One of the lines of a chart: which number of a step, and its dash."""

    value: Callable[[Point], float | None]
    dash: str = "solid"


class _Chart(NamedTuple):
    """A chart: its title, axis and lines, and how to read it."""

    key: str
    title: str
    axis: str
    reading: str
    parts: tuple[_Part, ...]
    logarithmic: bool = False
    highest: float = inf


_CHARTS = (
    _Chart(
        "loss",
        "Training loss",
        "Cross-entropy",
        "Lower is better; guessing among ten classes has 2.3. From one power of ten to the next is "
        "a factor of 10; above 100 a line leaves the picture.",
        (_Part(lambda point: point.loss),),
        logarithmic=True,
        highest=100.0,
    ),
    _Chart(
        "accuracy",
        "Accuracy on training (line) and test pictures (dots)",
        "Correct, %",
        "Guessing gets 10%. Training pictures are judged just before they are learned from, test "
        "pictures by the running statistics of BN, which lag behind at first.",
        (
            _Part(lambda point: point.correct_percent),
            _Part(lambda point: point.test_correct_percent, "dot"),
        ),
    ),
    _Chart(
        "gradients",
        "Gradient norm of the first (line) and the last layer's weights (dotted)",
        "|dL/dW|, L2 norm",
        "Of one batch, just before the step. A line far below its dots: little reaches the first "
        "layer.",
        (
            _Part(lambda point: point.first_gradient),
            _Part(lambda point: point.last_gradient, "dot"),
        ),
        logarithmic=True,
        highest=10_000.0,
    ),
    _Chart(
        "pace",
        "Speed",
        "Steps per second",
        "Of the network's own steps on this server; waiting for its turn does not count.",
        (_Part(lambda point: point.seconds),),
    ),
)


def smoothing() -> int:
    """Draw how many steps a value shown is the mean of."""
    return int(
        st.select_slider(
            "Smoothing (steps)",
            _SMOOTHING,
            10,
            key="live-smoothing",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["live-smoothing"],
            width=280,
        )
    )


def draw(networks: Sequence[Network], window: int) -> None:
    """Draw all charts, two beside each other where there is room."""
    for pair in (_CHARTS[:2], _CHARTS[2:]):
        for column, chart in zip(st.columns(2), pair, strict=True):
            with column:
                lines = [line for network in networks for line in _lines(network, chart, window)]
                charts.draw(
                    training_curves(
                        chart.key, lines, chart.axis, chart.logarithmic, highest=chart.highest
                    ),
                    f"live-{chart.key}",
                    chart.title,
                    chart.reading,
                    lambda: records(networks),
                )


def records(networks: Sequence[Network]) -> list[dict[str, Any]]:
    """Return every step of every network."""
    return [
        {"network": network.letter, "earlier_run": network.faint, **record}
        for network in networks
        for record in network.history.records()
    ]


def _lines(network: Network, chart: _Chart, window: int) -> list[TrainingLine]:
    points = list(network.history.points)
    found = []
    for number, part in enumerate(chart.parts):
        known = [
            (point.step, value) for point in points if (value := part.value(point)) is not None
        ]
        tested = chart.key == "accuracy" and number == 1
        values = [value for _, value in known]
        shown = values if tested else moving_average(values, window)
        if chart.key == "pace":
            shown = [1 / seconds for seconds in shown]
        found.append(
            TrainingLine(
                name=network.name + (" (before)" if network.faint else ""),
                colour=network.colour,
                steps=[step for step, _ in known],
                values=shown,
                dash="dash" if network.faint and part.dash == "solid" else part.dash,
                faint=network.faint,
                listed=number == 0,
                marked=tested,
            )
        )
    return found
