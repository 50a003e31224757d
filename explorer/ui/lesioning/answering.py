"""What a lesion does to the answers about one picture."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer.cards import Fit
from explorer.explanation.board import removal
from explorer.figures.lesions import INTACT_COLOUR
from explorer.figures.prediction import Answers, aligned_classes
from explorer.ui import charts, waiting
from explorer.ui.lesioning import work
from explorer.ui.lesioning.boards import Lesioned, mark, several
from explorer.ui.tasks import File

_TOP = 5


def draw(lesioned: Sequence[Lesioned], file: File, fit: Fit) -> None:
    """Draw what the networks say about the picture, with and without the lesion."""
    asked = [each.heard.voice.asked for each in lesioned]
    lesions = tuple(each.lesion for each in lesioned)
    waiting.show(
        "lesion-answers",
        (tuple(each.key for each in asked), lesions, file.identity, fit),
        work.answers(asked, lesions, file, fit),
        partial(_draw_answers, lesioned, file, fit),
        "Asking again",
    )


def _draw_answers(
    lesioned: Sequence[Lesioned], file: File, fit: Fit, found: Sequence[tuple[float, ...] | str]
) -> None:
    pairs = list(zip(lesioned, found, strict=True))
    st.markdown("\n".join(f"- {mark(each.heard)}, {_told(each, after)}" for each, after in pairs))
    shown = [(each, after) for each, after in pairs if not isinstance(after, str)]
    with st.grid(2 if len(lesioned) > 1 else 1, min_column_width=320, border=False, gap="large"):
        for each, after in shown:
            with st.container():
                _draw_chart(each, after, file, fit)


def _told(lesioned: Lesioned, after: tuple[float, ...] | str) -> str:
    """Say what became of the network's first answer."""
    labels, before = lesioned.heard.labels, lesioned.heard.said.top[0]
    if isinstance(after, str):
        return f"{lesioned.words}: {after}"
    if lesioned.intact:
        return f"intact: **{before.label}**, {before.probability:.1%}."
    first = max(range(len(after)), key=after.__getitem__)
    now = f"{lesioned.words}: **{labels[first]}**, {after[first]:.1%}"
    if first == before.index:
        return f"{now} (intact {before.probability:.1%})."
    return (
        f"{now}; intact, it says **{before.label}**, {before.probability:.1%}, which now gets "
        f"{after[before.index]:.1%}."
    )


def _draw_chart(lesioned: Lesioned, after: tuple[float, ...], file: File, fit: Fit) -> None:
    heard = lesioned.heard
    before = [float(value) for value in heard.said.probabilities]
    states = [before] if lesioned.intact else [before, after]
    ranks = [_first(values) for values in states]
    classes = sorted({index for rank in ranks for index in rank}, key=lambda n: (-before[n], n))
    colours = (INTACT_COLOUR, heard.voice.asked.variant.colour)
    names = ("Intact", _count_words(lesioned))
    bars = [
        Answers(
            name,
            colour,
            [values[index] for index in classes],
            [rank.get(index) for index in classes],
        )
        for name, colour, values, rank in zip(names, colours, states, ranks, strict=False)
    ]
    key = f"lesion-answers-{heard.letter}"
    whose = f", {lesioned.name}" if several() else ""
    charts.draw(
        aligned_classes([heard.labels[index] for index in classes], bars, key),
        key,
        f"The {_TOP} most probable classes before and after{whose}",
        "Grey: the intact network. In colour: what is left of it. Bold: the class's place among "
        f"the first {_TOP}.",
        lambda: [
            {
                "variant": str(heard.voice.asked.variant.spec),
                "weights": heard.voice.weights,
                "fit": fit,
                "picture": file.name,
                "lesion": lesioned.words,
                "label": heard.labels[index],
                "index": index,
                "probability_before": before[index],
                "probability_after": after[index],
            }
            for index in classes
        ],
    )


def _first(values: Sequence[float]) -> dict[int, int]:
    """Return the place, from 1, of each of the most probable classes."""
    ranked = sorted(range(len(values)), key=lambda index: (-values[index], index))
    return {index: place for place, index in enumerate(ranked[:_TOP], start=1)}


def _count_words(lesioned: Lesioned) -> str:
    off, order = len(lesioned.lesion.off), lesioned.lesion.order
    parts = [f"{off} of {len(order)} units off"] if off else []
    parts += ["two units swapped"] if order != removal(lesioned.units).order else []
    return ", ".join(parts)
