"""Explain: why the networks say what they say about the picture that is looked at."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from explorer.cards import Fit
from explorer.ui import tasks
from explorer.ui.choice import one_of
from explorer.ui.explaining import depth, features, field, where, work
from explorer.ui.explaining.opened import Shown
from explorer.ui.glossary import GLOSSARY
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.hearing import Hearing, answers_to, hear
from explorer.ui.predicting.pictures import Chosen
from explorer.ui.predicting.voices import Heard


class _Part(NamedTuple):
    """What a part is called, and what draws it for networks that have answered."""

    name: str
    draw: Callable[[Sequence[Heard], Shown], None]


_PARTS = {
    "where": _Part("Where it looks", where.draw),
    "features": _Part("Feature maps", features.draw),
    "field": _Part("Receptive field", field.draw),
    "depth": _Part("Through the depth", depth.draw),
}
_LIMITS = (
    f"Explanations are kept for a while, at most {work.MAX_KEPT_BYTES / 2**20:.0f} MB of each kind "
    "for all visitors together. A network whose features and weights need more than "
    f"{tasks.MAX_PROBE_BYTES / 1e9:.0f} GB is not looked into."
)


def draw(asked: Sequence[Asked], chosen: Chosen) -> None:
    """Ask the networks about the pictures, and look into them for one of these."""
    hear(asked, chosen, partial(_draw, chosen.fit))


def _draw(fit: Fit, hearing: Hearing) -> None:
    st.subheader(hearing.file.name, anchor=False)
    heard = answers_to(hearing)
    if not heard:
        return
    part = one_of(
        "Explanation",
        list(_PARTS),
        "where",
        "explain",
        GLOSSARY["explain"],
        lambda key: _PARTS[key].name,
    )
    with st.container(key=f"explain-{part}"):
        _PARTS[part].draw(heard, Shown(hearing.file, fit))
    st.caption(_LIMITS)
