"""Errors that nobody foresaw: logged under a reference number, which the page shows."""

import logging
import secrets

import streamlit as st

from explorer.shortage import out_of_memory

_LOG = logging.getLogger(__name__)
_ALPHABET = "ACDEFHJKLMNPRTUVWXY3479"
"""Signs that nobody mistakes for another when they are read out."""


def note(error: BaseException, doing: str) -> str:
    """Log an error with its traceback, and return what to tell the person.

    Args:
        error: what happened.
        doing: what was being done, for the log.
    """
    reference = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    _LOG.error("%s failed, reference %s", doing, reference, exc_info=error)
    return f"{_sentence(error)} Reference: **{reference}**"


def on_page(error: Exception) -> bool:
    """Tell the person of an error in a page's script, in place of Streamlit's own message."""
    st.error(note(error, "A page"))
    return True


def _sentence(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return (
            f"A part of this installation is missing or broken ({error.name or 'unknown'}). "
            "`pip install -r requirements.txt` puts it right; what does not need it works on."
        )
    if out_of_memory(error):
        return (
            "The server has not enough memory for this. A smaller batch, resolution or network "
            "may fit."
        )
    return "Something went wrong on the server. Please try again."
