"""Learn: lessons with live parts, claims to be judged, and the glossary."""

import streamlit as st

from explorer.ui import state
from explorer.ui.learning import known, overview, steps, terms_view
from explorer.ui.learning.place import Place


def draw() -> None:
    """Draw the lesson that the link names, or all there are."""
    shelf = known.lessons()
    wanted = state.place().lesson
    lesson = shelf.find(wanted)
    if lesson is not None:
        steps.draw(lesson)
        return
    if state.presenting():  # there is nothing to be shown to a class
        state.go(Place(wanted))
        st.rerun()
    if wanted == overview.GLOSSARY_KEY:
        terms_view.draw()
        return
    if wanted:
        st.warning(f"There is no lesson {wanted!r} here. These are all there are.")
    overview.draw(shelf)


draw()
