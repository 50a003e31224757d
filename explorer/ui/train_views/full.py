"""The full trainings of the bundled networks, from their cards, beside the minute that is live."""

from collections.abc import Sequence

import streamlit as st

from explorer import weights
from explorer.cards import TrainingCard, WeightsEntry
from explorer.figures.training import TrainingLine, training_curves
from explorer.ui import charts, state

_GREY = "#7A7A7A"
_DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot", "16px,4px,4px,4px,4px,4px")
_OPEN = "live-full"


def draw() -> None:
    """Draw the error of every network that was trained for the explorer, epoch by epoch."""
    trained = [(entry, entry.training) for entry in weights.available() if entry.training]
    if not trained:
        return
    place = st.expander(
        "Trained to the end: the bundled networks, all of CIFAR-10", key=_OPEN, on_change="rerun"
    )
    if not place.open:
        return
    with place:
        _draw(trained)


def _draw(trained: Sequence[tuple[WeightsEntry, TrainingCard]]) -> None:
    lines = []
    for number, (entry, card) in enumerate(trained):
        colour = _colour(entry)
        dash = _DASHES[number % len(_DASHES)] if colour == _GREY else "solid"
        epochs = [point.epoch for point in card.curve]
        errors = [point.train_error_percent for point in card.curve]
        lines.append(TrainingLine(entry.architecture, colour, epochs, errors, dash))
        tested = [(p.epoch, e) for p in card.curve if (e := p.test_error_percent) is not None]
        lines.append(
            TrainingLine(
                f"{entry.architecture}, test",
                colour,
                [epoch for epoch, _ in tested],
                [error for _, error in tested],
                "dot",
                listed=False,
                marked=True,
            )
        )
    charts.draw(
        training_curves("full", lines, "Error, %", across="Epoch"),
        "live-full-curves",
        "Error on training pictures (line) and on all test pictures (dots), per epoch",
        "Lower is better. A network of the tray has its colour there, others are grey. Training "
        "pictures are cropped and mirrored at random, test pictures are not.",
        lambda: _records(trained),
    )
    for entry, card in trained:
        st.markdown(
            f"- **{entry.title}**: {card.test_error_percent:.2f}% of {card.test_pictures:,} test "
            f"pictures wrong after {card.curve[-1].iteration:,} steps of {card.recipe['batch']}, "
            f"seed {card.seed}.{_published(card)}"
        )


def _published(card: TrainingCard) -> str:
    printed = [f"{each.value} ({each.source})" for each in card.published]
    return f" Published: {'; '.join(printed)}." if printed else ""


def _colour(entry: WeightsEntry) -> str:
    return next((each.colour for each in state.shown() if each.spec == entry.spec), _GREY)


def _records(trained: Sequence[tuple[WeightsEntry, TrainingCard]]) -> list[dict[str, object]]:
    return [
        {
            "network": entry.architecture,
            "epoch": point.epoch,
            "iteration": point.iteration,
            "train_loss": point.train_loss,
            "train_error_percent": point.train_error_percent,
            "test_loss": point.test_loss,
            "test_error_percent": point.test_error_percent,
        }
        for entry, card in trained
        for point in card.curve
    ]
