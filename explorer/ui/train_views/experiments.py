"""Experiments of one click: their buttons, and the paper's words beside what is seen."""

import streamlit as st

from explorer.training.live_experiments import EXPERIMENTS, Experiment, find
from explorer.training.live_settings import LiveSettings
from explorer.ui import state
from explorer.ui.train_views import choices, commands


def draw() -> None:
    """Draw a button for each experiment: it fills the tray and the settings, and starts."""
    st.markdown("**One click, one finding**")
    with st.container(horizontal=True, gap="small"):
        for each in EXPERIMENTS:
            st.button(
                each.title,
                key=f"live-experiment-{each.key}",
                icon=":material/science:",
                on_click=_begin,
                args=(each,),
                help=each.question,
            )


def _begin(experiment: Experiment) -> None:
    state.compare(experiment.settings.variants)
    choices.fill(experiment.settings)
    commands.begin(experiment.settings)


def explain(settings: LiveSettings) -> None:
    """Draw what was published on these networks, and why this is not the same."""
    found = find(settings)
    if found is None:
        return
    with st.container(border=True):
        st.markdown(f"**{found.title}. {found.question}**")
        st.markdown(f"**Published:** {found.paper}")
        st.markdown(f"**Here:** {found.caveat}")
