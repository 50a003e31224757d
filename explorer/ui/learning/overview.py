"""All lessons, with what each is for and how long it takes."""

import streamlit as st

from explorer.lessons.records import Lesson
from explorer.lessons.shelf import Shelf
from explorer.ui import state
from explorer.ui.learning.place import Place
from explorer.ui.plain import plain

GLOSSARY_KEY = "glossary"
"""What stands in the link in place of a lesson when the glossary is shown."""


def draw(shelf: Shelf) -> None:
    """Draw a card for each lesson, the claims, and the glossary."""
    st.title("Learn")
    st.markdown(
        "Short lessons, each step with something live in it. Nothing about you is stored: where "
        "you are and what you answered stands in the link alone."
    )
    for notice in shelf.notices:
        st.warning(plain(notice))
    with st.grid(3, min_column_width=300, border=False):
        for number, lesson in enumerate(_lessons(shelf, claims=False), start=1):
            length = f"{lesson.minutes} minute{'' if lesson.minutes == 1 else 's'}"
            _card(lesson, f"{number}. {lesson.title}", length, f"Start lesson {number}")
    st.header("Myths and terms", anchor=False)
    with st.grid(3, min_column_width=300, border=False):
        for lesson in _lessons(shelf, claims=True):
            _card(lesson, lesson.title, f"{len(lesson.steps)} claims", "Judge the claims")
        with st.container(border=True, height="stretch"):
            st.markdown("**Glossary**")
            st.markdown("Every term of this app in a sentence or two, and where it is seen.")
            _open("Open the glossary", GLOSSARY_KEY)


def _lessons(shelf: Shelf, claims: bool) -> list[Lesson]:
    return [lesson for lesson in shelf.lessons if lesson.is_claims is claims]


def _card(lesson: Lesson, heading: str, length: str, label: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{heading}**")
        st.markdown(lesson.aim)
        st.caption(length)
        _open(label, lesson.key)


def _open(label: str, key: str) -> None:
    st.button(label, key=f"open-{key}", on_click=state.go, args=(Place(key),))
