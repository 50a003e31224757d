"""What the networks answer: one picture looked at, class by class, and all of them in a table."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer.cards import Preprocessing
from explorer.figures.prediction import Answer, Answers, aligned_classes, top_classes
from explorer.ui import charts, state, waiting
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.plain import plain
from explorer.ui.predicting import batch, work
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.hearing import Hearing, answers_to, hear
from explorer.ui.predicting.pictures import Chosen
from explorer.ui.predicting.voices import Heard, Voice, agreement, by_labels, listed, union
from explorer.ui.swatches import swatch
from explorer.ui.tasks import File

_STEP_WIDTH = 112
_TOPS = (3, 5, 10)


def draw(asked: Sequence[Asked], chosen: Chosen) -> None:
    """Ask the networks about the pictures, and draw what they answer."""
    hear(asked, chosen, _draw)


def _draw(hearing: Hearing) -> None:
    _draw_picture(hearing)
    if len(hearing.readable) > 1:
        batch.draw(hearing.voices, hearing.files, hearing.seen, hearing.readable)


def _draw_picture(hearing: Hearing) -> None:
    """Draw a picture on its way into the networks, and what they answer."""
    st.subheader(hearing.file.name, anchor=False)
    shown, result = st.columns([1, 2.2], gap="medium")
    with shown:
        _draw_way_in(hearing.voices, hearing.file, hearing.seen[hearing.place])
    with result:
        heard = answers_to(hearing)
        if heard:
            _draw_heard(heard, hearing.file)


def _draw_way_in(voices: Sequence[Voice], file: File, seen: work.Seen) -> None:
    """Draw what the picture becomes before the networks see it."""
    wanted = tuple({steps: None for voice in voices if (steps := voice.network.steps)})
    waiting.show(
        "steps",
        (file.identity, wanted),
        work.steps(file, wanted),
        partial(_draw_steps, voices, wanted),
        "Preparing the picture",
    )
    for note in (*map(plain, seen.notes), *filter(None, [file.credit])):
        st.caption(note)


def _draw_steps(
    voices: Sequence[Voice],
    wanted: Sequence[Preprocessing],
    found: Sequence[Sequence[work.StepShown]],
) -> None:
    for preprocessing, steps in zip(wanted, found, strict=True):
        if len(wanted) > 1:
            whose = [voice for voice in voices if voice.network.steps == preprocessing]
            marks = " ".join(swatch(voice.letter) for voice in whose)
            st.markdown(f"{marks} **{' and '.join(voice.asked.variant.title for voice in whose)}**")
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            for step in steps:
                st.image(step.png, caption=step.name, width=_STEP_WIDTH, alt=step.text)
        st.caption(" ".join(step.text for step in steps))


def _draw_heard(heard: Sequence[Heard], file: File) -> None:
    """Draw the answers to one picture, a chart for networks that know the same classes."""
    groups = by_labels(heard)
    with st.container():  # always, so that what follows keeps its place
        if told := verdict(groups):
            st.markdown(told)
    count = one_of("Classes of each network", _TOPS, 5, "top", GLOSSARY["top_k"])
    for group in groups:
        draw_chart(group, count, file)


def verdict(groups: Sequence[Sequence[Heard]]) -> str:
    """Say who agrees with whom."""
    sentences = [
        agreement([(each.letter, each.said.top[0].label) for each in group])
        for group in groups
        if len(group) > 1
    ]
    if len(groups) > 1:
        sentences += [
            f"{group[0].letter} says **{group[0].said.top[0].label}**."
            for group in groups
            if len(group) == 1
        ]
        known = "; ".join(
            f"{listed([each.letter for each in group])} {len(group[0].labels):,}"
            for group in groups
        )
        sentences.append(f"They know different classes ({known}), so not all share a chart.")
    return " ".join(sentences)


def draw_chart(group: Sequence[Heard], count: int, file: File) -> None:
    """Draw the answers of networks that know the same classes."""
    letters = "".join(each.letter for each in group)
    key = f"prediction-{letters}"
    classes = union([each.said for each in group], count)
    labels = group[0].labels
    if len(group) == 1:
        said, variant = group[0].said, group[0].voice.asked.variant
        found = [Answer(labels[index], float(said.probabilities[index])) for index in classes]
        chart = top_classes(found, key, variant.colour)
        whose = f", {variant.label}" if len(state.shown()) > 1 else ""
        heading = f"The {len(classes)} most probable classes{whose}"
    else:
        chart = aligned_classes(
            [labels[index] for index in classes],
            [_bars(each, classes, count) for each in group],
            key,
        )
        heading = f"The {count} most probable classes of each network, class by class"
    charts.draw(
        chart,
        key,
        heading,
        _reading(group, count),
        lambda: [record for each in group for record in _records(each, classes, labels, file.name)],
    )


def _bars(heard: Heard, classes: Sequence[int], count: int) -> Answers:
    places = heard.places
    return Answers(
        heard.voice.name,
        heard.voice.asked.variant.colour,
        [float(heard.said.probabilities[index]) for index in classes],
        [place if (place := places.get(index)) and place <= count else None for index in classes],
    )


def _reading(group: Sequence[Heard], count: int) -> str:
    several = len(group) > 1
    return (
        "Probabilities of all classes add up to 100% for each network; a long bar is a confident "
        "answer, not always a right one. "
        + (f"Bold: the class's place among that network's first {count}. " if several else "")
        + "Times on this server: "
        + "; ".join(f"{f'{each.letter} ' if several else ''}{each.times}" for each in group)
        + "."
    )


def _records(
    heard: Heard, classes: Sequence[int], labels: Sequence[str], picture: str
) -> list[dict[str, object]]:
    places = heard.places
    steps = heard.voice.network.steps
    return [
        {
            "variant": str(heard.voice.asked.variant.spec),
            "weights": heard.voice.weights,
            "fit": steps and steps.fit,
            "picture": picture,
            "label": labels[index],
            "index": index,
            "probability": float(heard.said.probabilities[index]),
            "place": places.get(index),
            "preprocess_ms": heard.said.preprocess_ms,
            "forward_ms": heard.said.forward_ms,
        }
        for index in classes
    ]
