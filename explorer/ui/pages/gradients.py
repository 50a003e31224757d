"""Gradients: the laboratory, one probe at a time."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from explorer.ui import state
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import (
    activations,
    by_depth,
    norms,
    over_training,
    paths,
    pathways,
    shattered,
)


class _Probe(NamedTuple):
    """What a probe is called, and what draws it."""

    name: str
    draw: Callable[[tuple[state.Shown, ...]], None]


_PROBES = {
    "norms": _Probe("Gradient norms", norms.draw),
    "pathways": _Probe("Two pathways", pathways.draw),
    "activations": _Probe("Activations", activations.draw),
    "depth": _Probe("Signal by depth", by_depth.draw),
    "training": _Probe("Over training", over_training.draw),
    "shattered": _Probe("Shattered gradients", shattered.draw),
    "paths": _Probe("Paths", paths.draw),
}


def draw() -> None:
    """Draw the choice of a probe, and the one that was chosen."""
    st.title("Gradient laboratory")
    chosen = one_of(
        "Probe",
        list(_PROBES),
        "norms",
        "probe",
        GLOSSARY["probe"],
        lambda key: _PROBES[key].name,
    )
    with st.container(key=f"probe-{chosen}"):
        _PROBES[chosen].draw(state.shown())


draw()
