"""The networks of a part: how they are named, and what was found of each."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

import streamlit as st

from explorer.ui import state
from explorer.ui.explaining.opened import Shown
from explorer.ui.laboratory import sentences
from explorer.ui.laboratory.lines import Line
from explorer.ui.plain import plain
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.voices import Heard
from explorer.ui.swatches import swatch

T = TypeVar("T")


def asked(heard: Sequence[Heard]) -> list[Asked]:
    """Return who is asked."""
    return [each.voice.asked for each in heard]


def key(heard: Sequence[Heard], picture: Shown, *settings: Hashable) -> Hashable:
    """Return what a part's work depends on."""
    networks = tuple(each.voice.asked.key for each in heard)
    return networks, picture.file.identity, picture.fit, *settings


def line(heard: Heard) -> Line:
    """Return how a network is named and drawn; its letter only where there are several."""
    variant = heard.voice.asked.variant
    letter = variant.letter if len(state.shown()) > 1 else ""
    return Line(variant.spec, variant.title, letter, variant.colour)


def mark(heard: Heard) -> str:
    """Return the network's letter on its colour, in Markdown, where there are several."""
    letter = line(heard).letter
    return swatch(letter) if letter else ""


def with_results(heard: Sequence[Heard], found: Sequence[T | str]) -> list[tuple[Heard, T]]:
    """Return the networks that something was found of; say why there is nothing of the others."""
    return list(_with_results(heard, found))


def _with_results(heard: Sequence[Heard], found: Sequence[T | str]) -> Iterator[tuple[Heard, T]]:
    for each, result in zip(heard, found, strict=True):
        if isinstance(result, str):
            st.error(f"{line(each).name}: {plain(result)}")
        else:
            yield each, result


def tell(shown: Sequence[tuple[Heard, T]], finding: Callable[[Heard, T], str]) -> None:
    """Draw a sentence about each network, computed from what was found of it."""
    if shown:
        st.markdown(
            "\n".join(sentences.about(line(each), finding(each, result)) for each, result in shown)
        )


def origin(heard: Heard, picture: Shown) -> dict[str, object]:
    """Return what every record of data begins with."""
    return {
        "variant": str(heard.voice.asked.variant.spec),
        "weights": heard.voice.weights,
        "picture": picture.file.name,
        "fit": picture.fit,
    }
