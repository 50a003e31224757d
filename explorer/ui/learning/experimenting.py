"""The live part that makes an experiment within a lesson, with its own networks and choices."""

import streamlit as st

from explorer.experiments import find
from explorer.lessons.parts import ExperimentPart
from explorer.ui import waiting
from explorer.ui.experimenting import outcome, work


def draw(part: ExperimentPart, _: bool) -> None:
    """Draw the experiment's claim, a button that runs it, and what came out."""
    experiment = find(part.experiment)
    settings = experiment.settings()
    st.markdown(f"**{experiment.title}.** {experiment.claim}")
    waiting.show(
        f"experiment-{experiment.key}",
        settings,
        work.run(experiment, settings),
        lambda found: outcome.draw(experiment, found, None),
        experiment.title,
        ask=None if work.known(experiment, settings) else "Run the experiment",
        streams=True,
    )
    link = f"./experiments?experiment={experiment.title.replace(' ', '+')}"
    st.markdown(
        f"[On *Experiments*]({link}): other choices, your own networks, the paper's figures, and "
        "what differs."
    )
