"""Experiments: findings of papers, guessed first and then made again in front of everybody."""

from functools import partial

import streamlit as st

from explorer.experiments import EXPERIMENTS, Experiment
from explorer.experiments.experiment import Settings
from explorer.ui import state, waiting
from explorer.ui.experimenting import choices, outcome, work

_FORGOTTEN = (
    "The result that this link leads to is no longer kept by the server. All choices are as they "
    "were: with the same seed the same comes out again."
)


def draw() -> None:
    """Draw the list of experiments, or the one that was chosen."""
    st.title("Experiments")
    chosen = choices.experiment()
    with st.container(key=f"experiment-{chosen.key if chosen else 'all'}"):
        if chosen is None:
            _draw_all()
        else:
            _draw_one(chosen)


def _draw_all() -> None:
    st.markdown(
        "Each makes a published finding again, live, in at most a minute. Guess first, then run "
        "it, then read what the paper measured and what differs."
    )
    for place, each in enumerate(EXPERIMENTS, 1):
        with st.container(border=True):
            st.markdown(f"**{place}. {each.title}** — {each.claim}")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(each.source, width="stretch")
                st.button(
                    "Open",
                    key=f"open-{each.key}",
                    icon=":material/science:",
                    on_click=choices.open_experiment,
                    args=(each.key,),
                )


def _draw_one(chosen: Experiment) -> None:
    st.subheader(chosen.title)
    st.markdown(f"**The claim.** {chosen.claim}")
    st.caption(chosen.source)
    guess = choices.guess(chosen)
    settings = choices.settings(chosen)
    with st.container():
        if settings is None:
            st.info("None of your variants can take part. Switch *My variants* off.")
        else:
            _draw_run(chosen, settings, guess)
    # Closed before the run, so that nobody's guess is helped; a browser opens none that it knows.
    found = settings is not None and work.known(chosen, settings)
    when = "after" if found else "before"
    with st.expander("What the paper measured", found, key=f"paper-{chosen.key}-{when}"):
        st.markdown(chosen.published)
        st.caption(chosen.source)
    with st.expander("What differs here", found, key=f"scale-{chosen.key}-{when}"):
        st.markdown(chosen.scale)


def _draw_run(chosen: Experiment, settings: Settings, guess: int | None) -> None:
    """Draw what came out, how far it is, or the button that starts it."""
    mark = work.mark(chosen, settings)
    forgotten = state.result() == mark
    ask = "Run again" if forgotten else "Run"
    waiting.show(
        f"experiment-{chosen.key}",
        settings,
        work.run(chosen, settings),
        lambda found: outcome.draw(chosen, found, guess),
        chosen.title,
        ask=None if work.known(chosen, settings) else ask,
        hint=_FORGOTTEN if forgotten else "",
        pressed=partial(state.hold_result, mark),
        streams=True,
    )


draw()
