"""The glossary as a page: every term, and where it is seen."""

import streamlit as st

from explorer.ui import state
from explorer.ui.learning.place import Place
from explorer.ui.terms import TERMS, Term

_PAGE_TITLES = {"": "Explore"}


def draw() -> None:
    """Draw all terms, or those in which something was looked for."""
    st.title("Glossary")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "All lessons",
            icon=":material/apps:",
            key="lesson-all",
            on_click=state.go,
            args=(Place(),),
        )
        wanted = st.text_input("Look for", key="term", max_chars=60, bind="query-params", width=320)
    found = [term for term in TERMS if term.speaks_of(wanted)]
    if not found:
        st.info("No term speaks of that.")
    with st.container(width=860):
        st.markdown("\n\n".join(_entry(term) for term in found))


def _entry(term: Term) -> str:
    page = term.path.partition("?")[0]
    name = _PAGE_TITLES.get(page, page.capitalize())
    return f"**{term.name}**  \n{term.words} [See it on {name}](./{term.path})"
