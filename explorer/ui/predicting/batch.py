"""Several pictures at once: a table of answers, and how many of them are right."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from explorer.scores import Outcome, Scores, class_of, score
from explorer.ui import charts, confusions
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.predicting.voices import Voice
from explorer.ui.predicting.work import Said, Seen
from explorer.ui.swatches import swatch
from explorer.ui.tasks import File

_TOP = 5  # answers of which one is to be right


class Row(NamedTuple):
    """A picture in the table, and for each network the index of its class, where it is known."""

    file: File
    seen: Seen
    said: tuple[Said | str, ...]
    truths: tuple[int | None, ...]


def draw(
    voices: Sequence[Voice], files: Sequence[File], seen: Sequence[Seen], places: Sequence[int]
) -> None:
    """Draw the table of all pictures that could be read, and the scores of the labelled ones.

    Args:
        voices: the networks.
        files: all pictures.
        seen: what became of each.
        places: of those that could be read.
    """
    rows = [
        Row(
            files[place],
            seen[place],
            tuple(voice.said[place] for voice in voices),
            tuple(_truth(files[place], voice) for voice in voices),
        )
        for place in places
    ]
    st.subheader(f"All {len(rows)} pictures", anchor="pictures")
    _draw_table(voices, rows)
    scored = [
        (voice, found) for number, voice in enumerate(voices) if (found := _scores(rows, number))
    ]
    if not scored:
        st.caption(GLOSSARY["labelled"])
        return
    st.markdown("\n".join(_result(*each, len(rows)) for each in scored))
    _draw_confusion(scored)


def _truth(file: File, voice: Voice) -> int | None:
    """Return the class that a picture's name says, if the network knows it."""
    return class_of(file.name, voice.network.labels) if file.named else None


def _draw_table(voices: Sequence[Voice], rows: Sequence[Row]) -> None:
    columns: dict[str, Any] = {
        "thumbnail": st.column_config.ImageColumn("", width="small"),
        "picture": st.column_config.TextColumn("Picture", pinned=True),
        "truth": st.column_config.TextColumn("Named as", help=GLOSSARY["labelled"]),
        "agree": st.column_config.CheckboxColumn("All agree", help=GLOSSARY["all_agree"]),
    }
    for voice in voices:
        columns[f"{voice.letter}_answer"] = st.column_config.TextColumn(
            f"{voice.letter} says", help=voice.name
        )
        columns[f"{voice.letter}_probability"] = st.column_config.NumberColumn(
            f"{voice.letter}: probability", format="percent"
        )
        columns[f"{voice.letter}_right"] = st.column_config.CheckboxColumn(f"{voice.letter}: right")
        columns[f"{voice.letter}_ms"] = st.column_config.NumberColumn(
            f"{voice.letter}: time (ms)", format="%.0f", help=GLOSSARY["answer_time"]
        )
    records = [_record(voices, row) for row in rows]
    empty = [name for name in columns if all(record.get(name) is None for record in records)]
    pictures = [
        {"thumbnail": f"data:image/jpeg;base64,{b64encode(row.seen.thumbnail).decode()}"}
        for row in rows
    ]
    st.dataframe(
        [{**picture, **record} for picture, record in zip(pictures, records, strict=True)],
        column_config=columns,
        column_order=[name for name in columns if name not in empty or name == "thumbnail"],
        hide_index=True,
        key="batch",
        alt="What each network says about each picture",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("One row a picture: each network's most probable class.", width="stretch")
        charts.csv_button("answers", lambda: records)


def _record(voices: Sequence[Voice], row: Row) -> dict[str, Any]:
    known = [
        voice.network.labels[truth]
        for voice, truth in zip(voices, row.truths, strict=True)
        if truth is not None
    ]
    record: dict[str, Any] = {
        "picture": row.file.name,
        "truth": known[0] if known else None,
        "agree": _agree(voices, row.said),
    }
    for voice, said, truth in zip(voices, row.said, row.truths, strict=True):
        first = said.top[0] if isinstance(said, Said) else None
        right = None if first is None or truth is None else first.index == truth
        record[f"{voice.letter}_answer"] = first and first.label
        record[f"{voice.letter}_probability"] = first and first.probability
        record[f"{voice.letter}_right"] = right
        record[f"{voice.letter}_ms"] = (
            said.preprocess_ms + said.forward_ms if isinstance(said, Said) else None
        )
    return record


def _agree(voices: Sequence[Voice], said: Sequence[Said | str]) -> bool | None:
    """Say whether several networks give the same answer; None where nothing can be compared."""
    answers = [each.top[0].index for each in said if isinstance(each, Said)]
    alike = len({tuple(voice.network.labels) for voice in voices}) == 1
    return len(set(answers)) == 1 if alike and len(answers) == len(voices) > 1 else None


def _scores(rows: Sequence[Row], number: int) -> Scores | None:
    """Return the scores of one network on the pictures whose class it knows."""
    outcomes = []
    for row in rows:
        said, truth = row.said[number], row.truths[number]
        if truth is not None and isinstance(said, Said):
            answers = tuple(label.index for label in said.top[:_TOP])
            outcomes.append(Outcome(truth, answers))
    return score(outcomes) if outcomes else None


def _result(voice: Voice, scores: Scores, pictures: int) -> str:
    low, high = scores.accuracy_interval_percent
    lacking = pictures - scores.pictures
    return (
        f"- {swatch(voice.letter)} **{voice.asked.variant.title}**: **{scores.right} of "
        f"{scores.pictures}** pictures of known class named rightly, "
        f"**{scores.accuracy_percent:.1f}%** (with 95% confidence between {low:.1f}% and "
        f"{high:.1f}% on endlessly many such pictures); the right class is among the first "
        f"{_TOP} of {scores.right_in_top}."
        + (f" {lacking} of all {pictures} name no class that it knows." if lacking else "")
    )


def _draw_confusion(scored: Sequence[tuple[Voice, Scores]]) -> None:
    chosen = 0
    if len(scored) > 1:
        chosen = one_of(
            "Confusion matrix of",
            range(len(scored)),
            0,
            "confusion",
            words=lambda place: scored[place][0].name,
            linked=False,
        )
    voice, scores = scored[chosen]
    confusions.draw(scores, voice.network.labels, f"confusion-{voice.letter}", voice.name)
