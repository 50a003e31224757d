"""One of a few, side by side."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import streamlit as st

T = TypeVar("T")


def one_of(
    label: str,
    options: Sequence[T],
    default: T,
    key: str,
    explanation: str | None = None,
    words: Callable[[T], str] = str,
    *,
    titled: bool = True,
    linked: bool = True,
    width: Literal["content", "stretch"] = "content",
) -> T:
    """Draw the options; return the one that is chosen.

    Args:
        label: what is chosen.
        options: a few.
        default: the one of them that is chosen at first, and where a link leaves the choice empty.
        key: of the control, and the choice's name in the link.
        explanation: from the glossary.
        words: what an option is called, on the page and in the link.
        titled: whether the label is seen, too.
        linked: whether the choice stands in the link and outlives the page.
        width: of the control.
    """
    chosen = st.segmented_control(
        label,
        options,
        default=default,
        required=True,
        format_func=words,
        key=key,
        wrap=True,
        width=width,
        bind="query-params" if linked else None,
        persist_state="session" if linked else None,
        label_visibility="visible" if titled else "collapsed",
        help=explanation,
    )
    # An empty parameter, or a manipulated browser, clears even what is required.
    return default if chosen is None else chosen
