"""The tray of variants, the only thing that touches the session's state and the URL.

The state is kept once, as text forms; everything else on a page is derived from it.
"""

from typing import Any

import streamlit as st

from explorer.spec import ArchitectureSpec, SpecError, parse

DEFAULT = "resnet50"
MAX_VARIANTS = 4
PARAMETER = "v"
"""Query parameter that carries the text forms, one for each variant."""

UNIT_PARAMETER = "unit"
"""Query parameter that carries the unit under the microscope, once one was chosen."""
MAX_NAME = 60

_TRAY = "tray"
_UNIT = "chosen-unit"
_NOTICES = "notices"


def load() -> None:
    """Read the tray from the URL, in a session's first run."""
    if _TRAY in st.session_state:
        return
    texts, notices = [], []
    for text in st.query_params.get_all(PARAMETER)[:MAX_VARIANTS]:
        try:
            texts.append(str(parse(text)))
        except SpecError as error:
            notices.append(f"The link's variant {text[:80]!r} could not be read: {error}.")
    st.session_state[_TRAY] = texts or [DEFAULT]
    choose_unit(st.query_params.get(UNIT_PARAMETER, ""))
    st.session_state[_NOTICES] = notices


def write_url() -> None:
    """Make the URL say what the tray holds, so that a reload or a shared link shows the same."""
    texts = st.session_state[_TRAY]
    if st.query_params.get_all(PARAMETER) != texts:
        st.query_params[PARAMETER] = texts
    if unit() and st.query_params.get(UNIT_PARAMETER) != unit():
        st.query_params[UNIT_PARAMETER] = unit()


def variants() -> tuple[ArchitectureSpec, ...]:
    """Return the variants of the tray, A first."""
    return tuple(parse(text) for text in st.session_state[_TRAY])


def current() -> ArchitectureSpec:
    """Return the variant that the sidebar edits."""
    return variants()[0]


def choose(spec: ArchitectureSpec) -> None:
    """Put a spec in the place of the current variant; older notices have had their time."""
    st.session_state[_TRAY][0] = str(spec)
    st.session_state[_NOTICES] = []


def unit() -> str:
    """Return the name of the unit that was chosen, or an empty text."""
    return str(st.session_state[_UNIT])


def choose_unit(name: object) -> None:
    """Put a unit under the microscope; whether the variant has it is the picture's affair."""
    st.session_state[_UNIT] = str(name)[:MAX_NAME]


def notify(sentence: str) -> None:
    """Tell the person something, until the next choice."""
    st.session_state[_NOTICES] = [sentence]


def notices() -> tuple[str, ...]:
    """Return what is to be told to the person."""
    return tuple(st.session_state[_NOTICES])


def fill(key: str, value: object) -> None:
    """Set what a control shows, before it is drawn."""
    st.session_state[key] = value


def read(key: str) -> Any:
    """Return what a control was set to, in its callback."""
    return st.session_state[key]
