"""One of a few, side by side, kept in the link."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def one_of(
    label: str,
    options: Sequence[T],
    default: T,
    key: str,
    explanation: str,
    words: Callable[[T], str] = str,
) -> T:
    """Draw the options; return the one that is chosen.

    Args:
        label: what is chosen.
        options: a few.
        default: the one of them that is chosen at first, and where a link leaves the choice empty.
        key: of the control, and the choice's name in the link.
        explanation: from the glossary.
        words: what an option is called, on the page and in the link.
    """
    chosen = st.segmented_control(
        label,
        options,
        default=default,
        required=True,
        format_func=words,
        key=key,
        wrap=True,
        bind="query-params",
        persist_state="session",
        help=explanation,
    )
    # An empty parameter clears even what is required.
    return default if chosen is None else chosen
