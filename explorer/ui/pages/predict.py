"""Predict: what networks say about pictures, and what they were shown."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from explorer.ui import state
from explorer.ui.choice import one_of
from explorer.ui.explaining import view as explain
from explorer.ui.glossary import GLOSSARY
from explorer.ui.lesioning import view as lesions
from explorer.ui.predicting import answers, pictures, weights_choice
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.pictures import Chosen


class _View(NamedTuple):
    """What a view is called, and what draws it for the networks and the pictures."""

    name: str
    draw: Callable[[Sequence[Asked], Chosen], None]


_VIEWS = {
    "answers": _View("Answers", answers.draw),
    "explain": _View("Explain", explain.draw),
    "lesions": _View("Lesion board", lesions.draw),
}


def draw() -> None:
    """Draw whose weights answer, the choice of pictures, and the view that was chosen."""
    st.title("Predict")
    asked = weights_choice.choose(state.shown())
    if not asked:
        return
    chosen = pictures.choose()
    if not chosen.files:
        st.info("Upload a picture or choose one of the bundled photographs.")
        return
    view = one_of(
        "View",
        list(_VIEWS),
        "answers",
        "view",
        GLOSSARY["answer_view"],
        lambda key: _VIEWS[key].name,
    )
    with st.container(key=f"view-{view}"):
        _VIEWS[view].draw(asked, chosen)
    weights_choice.credit(asked)


draw()
