"""Questions: answered by a learner, or shown to a class that answers aloud."""

from collections.abc import Sequence

import streamlit as st

from explorer.lessons.records import Choice, Question
from explorer.ui import state
from explorer.ui.learning.large import large

_LETTERS = "ABCDEFGH"


def answered(question: Question) -> int | None:
    """Return the place of the answer that was given here, or None."""
    given = state.place().given
    return given if given is not None and given < len(question.choices) else None


def ask(question: Question, key: str) -> None:
    """Draw a question for a learner, and what is to be said to the answer.

    Args:
        question: with its answers.
        key: unique in all lessons.
    """
    st.markdown(f"**{question.ask}**")
    state.fill(key, answered(question))
    st.radio(
        question.ask,
        range(len(question.choices)),
        index=None,
        format_func=lambda place: question.choices[place].words,
        key=key,
        on_change=_take,
        args=(key,),
        label_visibility="collapsed",
        horizontal=question.is_claim,
    )


def _take(key: str) -> None:
    given = state.read(key)
    if isinstance(given, int):
        state.go(state.place().answer(given))


def respond(question: Question) -> None:
    """Draw what is to be said to the answer that was given, if there is one."""
    place = answered(question)
    if place is None:
        return
    choice = question.choices[place]
    start = "Right." if choice.right else "Not so."
    told = (
        f"{verdict(question.choices)} {choice.feedback}" if question.is_claim else choice.feedback
    )
    if choice.right:
        st.success(f"**{start}** {told}", icon=":material/check_circle:")
    else:
        st.warning(f"**{start}** {told}", icon=":material/cancel:")


def verdict(choices: Sequence[Choice]) -> str:
    """Return what is true of a claim."""
    return next(f"The verdict: **{choice.words.lower()}**." for choice in choices if choice.right)


def present(question: Question, revealed: bool) -> None:
    """Draw a question for a class.

    Args:
        question: with its answers.
        revealed: whether it is shown which of them is right, and why.
    """
    st.markdown(large(question.ask), anchors=False)
    for letter, choice in zip(_LETTERS, question.choices, strict=False):
        mark = (":material/check_circle:" if choice.right else ":material/cancel:") * revealed
        st.markdown(large(f"{mark} {letter}: {choice.words}"), anchors=False)
        if revealed and not question.is_claim:
            st.markdown(choice.feedback)
    if revealed and question.is_claim:
        first = question.choices[0]
        st.markdown(large(f"{verdict(question.choices)} {first.feedback}"), anchors=False)
