"""Networks asked about all pictures, of which one is looked at: what every view begins with.

The answers are one piece of work, whatever the view, so another view finds them done.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from explorer.spec import parse
from explorer.tray import LETTERS
from explorer.ui import state, waiting
from explorer.ui.plain import plain
from explorer.ui.predicting import strip, work
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.pictures import Chosen
from explorer.ui.predicting.voices import Heard, Voice
from explorer.ui.predicting.work import Said, Seen
from explorer.ui.tasks import File
from explorer.words import title

_ERRORS = 5  # that are told in full


class Hearing(NamedTuple):
    """What networks answered.

    Args:
        voices: the networks that are asked.
        files: all pictures.
        seen: what became of each.
        readable: places of those that could be read.
        place: of the one that is looked at.
    """

    voices: Sequence[Voice]
    files: Sequence[File]
    seen: Sequence[Seen]
    readable: Sequence[int]
    place: int

    @property
    def file(self) -> File:
        """The picture that is looked at."""
        return self.files[self.place]


def hear(asked: Sequence[Asked], chosen: Chosen, draw: Callable[[Hearing], object]) -> None:
    """Ask the networks about the pictures, let one be chosen, and draw it.

    Args:
        asked: the networks.
        chosen: the pictures.
        draw: draws what was answered, if anybody was and could be asked.
    """
    waiting.show(
        "predictions",
        (
            tuple(each.key for each in asked),
            tuple((file.name, file.identity) for file in chosen.files),
            chosen.fit,
        ),
        work.answers(asked, chosen.files, chosen.fit),
        partial(_draw, asked, chosen.files, draw),
        "Asking the network" if len(asked) == 1 else "Asking the networks",
    )


def _draw(
    asked: Sequence[Asked],
    files: Sequence[File],
    draw: Callable[[Hearing], object],
    found: work.Answers,
) -> None:
    voices = [
        Voice(each, network, [said[place] for said in found.said])
        for place, (each, network) in enumerate(zip(asked, found.networks, strict=True))
    ]
    with st.container():  # always, so that what follows keeps its place
        for voice in voices:
            if voice.network.steps is None:
                _explain(voice)
        _tell_errors([seen.error for seen in found.pictures if seen.error])
    voices = [voice for voice in voices if voice.network.steps is not None]
    readable = [place for place, seen in enumerate(found.pictures) if not seen.error]
    if voices and readable:
        place = _look(files, found.pictures, readable)
        draw(Hearing(voices, files, found.pictures, readable, place))


def _look(files: Sequence[File], seen: Sequence[Seen], readable: Sequence[int]) -> int:
    """Draw the strip of pictures; return the place of the one that was chosen."""
    identity = strip.choose(
        [
            strip.Thumbnail(files[place].identity, files[place].name, seen[place].thumbnail)
            for place in readable
        ]
    )
    return next(place for place in readable if files[place].identity == identity)


def _explain(voice: Voice) -> None:
    """Say why a network is not asked, and offer those that its file of weights looks like."""
    variant = voice.asked.variant
    st.error(f"{variant.label} is not asked. {plain(voice.network.error)}")
    with st.container(horizontal=True):
        for text in voice.network.alike:
            st.button(
                f"Make {variant.letter} {title(parse(text))}",
                key=f"alike-{variant.letter}-{text}",
                on_click=state.choose,
                args=(parse(text), LETTERS.index(variant.letter)),
            )


def _tell_errors(errors: Sequence[str]) -> None:
    for error in errors[:_ERRORS]:
        st.error(plain(error))
    if len(errors) > _ERRORS:
        st.error(f"{len(errors) - _ERRORS} more files cannot be read.")


def answers_to(hearing: Hearing) -> list[Heard]:
    """Return what the networks say about the picture; draw what to keep in mind with each."""
    heard = []
    with st.container():  # always, so that what follows keeps its place
        for voice in hearing.voices:
            if voice.network.note:
                (st.caption if voice.trained else st.warning)(voice.network.note)
            said = voice.said[hearing.place]
            if isinstance(said, Said):
                heard.append(Heard(voice, said))
            else:
                st.error(f"{voice.name}: {plain(said)}")
    return heard
