"""What is chosen for an experiment: which, with which networks, and each of its controls."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from explorer.experiments import EXPERIMENTS, Experiment
from explorer.experiments.experiment import Control, Settings
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_ALL = "all"
_TITLES = {each.key: each.title for each in EXPERIMENTS}
"""As they stand in links: another experiment in the list leaves them as they are."""


def experiment() -> Experiment | None:
    """Draw the choice of the experiment; None is the list of all."""
    chosen = st.selectbox(
        "Experiment",
        [_ALL, *_TITLES],
        format_func=lambda key: _TITLES.get(key, "All experiments"),
        key="experiment",
        **_LINKED,
    )
    return next((each for each in EXPERIMENTS if each.key == chosen), None)


def open_experiment(key: str) -> None:
    """Choose an experiment, in a callback."""
    state.fill("experiment", key)


def guess(chosen: Experiment) -> int | None:
    """Draw the question before the run; the place of the viewer's answer, once there is one."""
    answers = [str(place) for place in range(len(chosen.guess.answers))]
    picked = st.radio(
        f"**Your guess.** {chosen.guess.question}",
        answers,
        index=None,
        format_func=lambda place: chosen.guess.answers[int(place)],
        key=f"{state.GUESS}{chosen.key}",
        **_LINKED,
    )
    return None if picked is None else int(picked)


def settings(chosen: Experiment) -> Settings | None:
    """Draw the controls; None if the viewer's own networks are wanted and cannot take part."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices = {each.key: _control(chosen, each) for each in chosen.controls}
        own = chosen.why_not is not None and st.toggle(
            "My variants",
            key=f"own-{chosen.key}",
            help=GLOSSARY["experiment-own"],
            **_LINKED,
        )
    if not own:
        return chosen.settings(**choices)
    variants = state.shown()
    places = _able(chosen, variants)
    texts = [str(variants[place].spec) for place in places]
    return replace(chosen.settings(texts, **choices), places=tuple(places)) if texts else None


def _control(chosen: Experiment, control: Control) -> str:
    value: str = st.selectbox(
        control.label,
        control.choices,
        control.choices.index(control.default),
        format_func=lambda choice: control.words.get(choice, choice),
        key=f"{chosen.key}-{control.key}",
        help=control.help,
        width=220 if control.words else 170,
        **_LINKED,
    )
    return value


def _able(chosen: Experiment, variants: Sequence[state.Shown]) -> list[int]:
    """Return the places of the variants that can take part, and say why the others cannot."""
    assert chosen.why_not is not None
    able = []
    for place, variant in enumerate(variants):
        if reason := chosen.why_not(variant.spec):
            st.warning(f"{variant.label} takes no part: {reason}.")
        else:
            able.append(place)
    if len(able) > chosen.most:
        st.warning(f"Only the first {chosen.most} take part.")
    return able[: chosen.most]
