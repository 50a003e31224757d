"""The live part that lets count: a number is typed, and compared with the analysis."""

import streamlit as st

from explorer.lessons.counting import calculation, task, verdict
from explorer.lessons.parts import CountingPart
from explorer.words import title

_MOST = 10**15


def draw(part: CountingPart, revealed: bool) -> None:
    """Draw the exercise, what is said to the number, and the calculation when it is asked for."""
    with st.container(border=True):
        st.markdown(f"**{task(part)}**")
        counted = st.number_input(
            "Your number",
            0,
            _MOST,
            None,
            step=1,
            key=f"counted-{part.variant}-{part.part}-{part.count}",
            placeholder="Count, then type it here",
            width=300,
        )
        right = counted == part.answer
        if counted is not None:
            (st.success if right else st.warning)(verdict(part, int(counted)))
        if right or revealed or st.toggle("Show the calculation", key="calculation"):
            _draw_calculation(part)


def _draw_calculation(part: CountingPart) -> None:
    terms = calculation(part)
    st.markdown(
        "\n".join(
            f"- {f'{term.times} times ' if term.times > 1 else ''}`{term.written}`  \n  {term.what}"
            for term in terms
        )
    )
    st.markdown(f"Together **{part.answer:,}**, as the analysis of {title(part.variant)} counts.")
