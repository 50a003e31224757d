"""The network that this visitor fine-tuned on the page Train, for the page Predict."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from explorer import weights
from explorer.ui import state
from explorer.ui.predicting.voices import listed

if TYPE_CHECKING:
    from explorer.training.fine_tuning import FineTuned


def of(variant: state.Shown) -> "FineTuned | None":
    """Return the network if it is this variant's."""
    tuned = state.tuned()
    return tuned if tuned is not None and tuned.spec == variant.spec else None


def take(tuned: "FineTuned") -> None:
    """Have the network in the tray; one there without weights makes room for it."""
    state.take_in(tuned.spec, weights.for_spec(state.current()) is None)


def offer(variants: Sequence[state.Shown]) -> None:
    """Offer the network where no variant is it, or say that it is gone."""
    with st.container():  # always, so that what follows keeps its place
        _offer(variants)


def _offer(variants: Sequence[state.Shown]) -> None:
    tuned = state.tuned()
    if tuned is None:
        name = state.tuned_on()
        bare = any(weights.for_spec(variant.spec) is None for variant in variants)
        if name and bare and state.extracted() is None:
            st.info(
                f"The network fine-tuned on {name} is not here any more: it was kept for one "
                "visit, and a reload begins another. Fine-tune again on the page Train, or give "
                "its file under *Your own weights*."
            )
    elif not any(of(variant) for variant in variants):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"A network {tuned.title} is yours to ask: {listed(tuned.classes)}.",
                width="stretch",
            )
            st.button(
                "Ask it", key="take-tuned", icon=":material/add:", on_click=take, args=(tuned,)
            )
