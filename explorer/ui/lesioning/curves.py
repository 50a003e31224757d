"""One unit after the other, several at random, many swaps: the accuracy of all networks."""

from collections.abc import Sequence
from functools import partial
from math import sqrt
from typing import Any

import streamlit as st

from explorer.explanation.board import Lesion, board
from explorer.figures.lesions import LesionCurve, LesionPoint, accuracy_curves
from explorer.ui import charts, waiting
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.lesioning import work
from explorer.ui.lesioning.boards import lesion_words, mark, network_name
from explorer.ui.lesioning.experiments import EXPERIMENTS, Drawn, Experiment
from explorer.ui.lesioning.findings import Found
from explorer.ui.lesioning.work import Lesions, Tally
from explorer.ui.predicting.voices import Heard

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_CHANCE = 0.1  # of CIFAR-10's ten classes
_PAPER = "Veit et al. 2016 (arXiv:1605.06431, Section 4)"


def draw(heard: Sequence[Heard], pictures: int) -> None:
    """Draw the choice of an experiment, and what it does to networks.

    Args:
        heard: networks that can be judged.
        pictures: how many test pictures they are judged on.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = one_of(
            "Experiment",
            list(EXPERIMENTS),
            "each",
            "lesions",
            GLOSSARY["lesion_experiment"],
            lambda key: EXPERIMENTS[key].name,
        )
        experiment = EXPERIMENTS[chosen]
        drawn = _drawn() if experiment.random else Drawn(0, 0)
    asked = [each.voice.asked for each in heard]
    lesions = [experiment.lesions(board(each.variant.spec), drawn) for each in asked]
    with st.container(key=f"lesions-{chosen}"):
        waiting.show(
            f"lesions-{chosen}",
            (tuple(each.key for each in asked), tuple(lesions), pictures),
            work.tallies(asked, lesions, pictures),
            partial(_draw, chosen, heard, lesions),
            "Naming test pictures",
            ask=f"{experiment.name}: {_amount(lesions)}",
            streams=True,
        )
        st.caption(f"{_PAPER}: {experiment.paper}.")


def _amount(lesions: Sequence[Lesions]) -> str:
    count = sum(map(len, lesions))
    return f"{count} {'network' if count == 1 else 'networks'} to be asked"


def _drawn() -> Drawn:
    draws = st.number_input(
        "Draws of each", 1, 20, 5, key="lesion-draws", help=GLOSSARY["draws"], width=140, **_LINKED
    )
    seed = st.number_input(
        "Seed", 0, 10**6, 0, key="lesion-seed", help=GLOSSARY["draws"], width=120, **_LINKED
    )
    return Drawn(int(draws), int(seed))


def _draw(
    key: str, heard: Sequence[Heard], lesions: Sequence[Lesions], tallies: Sequence[Tally]
) -> None:
    experiment = EXPERIMENTS[key]
    found = [
        Found(each, board(each.voice.asked.variant.spec), done, tally)
        for each, done, tally in zip(heard, lesions, tallies, strict=True)
        if tally.pictures
    ]
    if not found:
        return
    st.markdown("\n".join(f"- {mark(each.heard)}: {experiment.told(each)}" for each in found))
    if len(found) > 1:
        st.markdown(experiment.compared(found))
    charts.draw(
        accuracy_curves(
            f"lesions-{key}",
            [_curve(experiment, each) for each in found],
            experiment.axis,
            _CHANCE,
            experiment.joined,
            experiment.falls,
        ),
        f"lesions-{key}",
        f"{experiment.title}, on CIFAR-10 test pictures",
        f"{experiment.reading} {_conditions(found)}",
        lambda: [record for each in found for record in _records(experiment, each)],
    )


def _curve(experiment: Experiment, found: Found) -> LesionCurve:
    from explorer.explanation.lesions import Outcome, curve

    outcomes = [
        Outcome(lesion, correct, found.tally.pictures)
        for lesion, correct in zip(found.lesions, found.tally.correct, strict=True)
    ]
    variant = found.heard.voice.asked.variant
    alone = experiment is EXPERIMENTS["each"]
    done: dict[float, list[Lesion]] = {}
    for lesion in found.lesions:
        done.setdefault(experiment.place(lesion), []).append(lesion)
    points = tuple(
        LesionPoint(x, mean, low, high, _words(found, done[x]), _matters(found, done[x]))
        for x, mean, low, high, _ in curve(outcomes, experiment.place)
        if x or not alone
    )
    name = network_name(found.heard)
    return LesionCurve(name, variant.colour, points, found.intact if alone else None)


def _words(found: Found, lesions: Sequence[Lesion]) -> str:
    """Say what lesions at one place of the axis have in common."""
    if len(lesions) == 1:
        return lesion_words(found.units, lesions[0])
    off = len(lesions[0].off)
    same = f"{off} units off" if off else f"τ = {lesions[0].kendall_tau:.2f}"
    return f"{same}, mean of {len(lesions)}"


def _matters(found: Found, lesions: Sequence[Lesion]) -> bool:
    return [len(each.off) for each in lesions] == [1] and found.unit_off(lesions[0]).reshapes


def _conditions(found: Sequence[Found]) -> str:
    """Say how many pictures were counted, and how far that can be trusted."""
    counts = sorted({each.tally.pictures for each in found})
    pictures = " to ".join(map(str, counts))
    return (
        f"Counted: {pictures} pictures; a share of {counts[0]} is uncertain by up to "
        f"{98 / sqrt(counts[0]):.1f} points (95%)."
    )


def _records(experiment: Experiment, found: Found) -> list[dict[str, object]]:
    return [
        {
            "variant": str(found.heard.voice.asked.variant.spec),
            "weights": found.heard.voice.weights,
            "experiment": experiment.name,
            "units_off": len(lesion.off),
            "kendall_tau": lesion.kendall_tau,
            "lesion": lesion_words(found.units, lesion),
            "changes_shape": any(found.units[place].reshapes for place in lesion.off),
            "correct": correct,
            "pictures": found.tally.pictures,
            "accuracy": correct / found.tally.pictures,
        }
        for lesion, correct in zip(found.lesions, found.tally.correct, strict=True)
    ]
