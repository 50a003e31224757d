"""What came out of an experiment, beside the guess and the paper."""

from itertools import groupby

import streamlit as st

from explorer.experiments import Experiment
from explorer.experiments.experiment import Chart, Outcome
from explorer.ui import charts

_BESIDE_PX = 440
"""Width of charts that stand next to each other; on a phone each takes what there is."""


def draw(experiment: Experiment, found: Outcome, guess: int | None) -> None:
    """Draw findings, verdict and charts, so far or in the end."""
    st.markdown("\n".join(f"- {finding}" for finding in found.findings))
    if found.answer is not None:
        _compare(experiment, found.answer, guess)
    for beside, group in groupby(found.charts, lambda chart: chart.beside):
        with st.container(horizontal=beside):
            for chart in group:
                with st.container(width=_BESIDE_PX if beside else "stretch"):
                    _draw_chart(experiment, chart)
    st.caption(found.conditions)


def _draw_chart(experiment: Experiment, chart: Chart) -> None:
    charts.draw(
        chart.figure,
        f"{experiment.key}-{chart.key}",
        chart.title,
        chart.reading,
        lambda: chart.records,
    )


def _compare(experiment: Experiment, answer: int, guess: int | None) -> None:
    """Hold the guess, what was measured and the paper against each other."""
    answers, published = experiment.guess.answers, experiment.guess.published
    st.markdown(f"**{experiment.guess.question}**")
    with st.container(horizontal=True):
        for title, place in (("Your guess", guess), ("Here", answer), ("The paper", published)):
            if place is not None:
                with st.container(border=True, width=280):
                    st.markdown(f"**{title}**  \n{answers[place]}")
    if answer == published:
        st.success("The paper's finding holds here too.")
    else:
        st.warning("At this size the run does not show what the paper found; see what differs.")
