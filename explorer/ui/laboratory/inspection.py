"""One layer of one network, looked at: its numbers, and the way to its unit's microscope."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from explorer.diagram import diagram
from explorer.tray import Variant
from explorer.ui import state
from explorer.ui.laboratory.lines import Line

Numbers = Mapping[str, float]
_LAYER, _NETWORK = "probe-layer", "probe-network"
_KEPT: dict[str, Any] = {"width": 320, "persist_state": "session"}
"""Choices outlast the next measurement; one that is offered no more gives way to the first."""


def choose(point: Sequence[object]) -> None:
    """Look at the layer that was clicked: its name, its place, and its network's name."""
    if len(point) > 2:
        state.fill(_LAYER, str(point[0]))
        state.fill(_NETWORK, str(point[2]))


def draw(shown: Sequence[Line], found: Mapping[str, Mapping[str, Numbers]]) -> None:
    """Draw the choice of a network and a layer, its numbers, and a button to its unit.

    Args:
        shown: the networks.
        found: for each network's name, the numbers of its layers by their names, in forward order.
    """
    st.markdown("**One layer's numbers** (a click on a curve chooses one)")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Network", list(found), key=_NETWORK, **_KEPT)
        layers = found[name]
        layer = st.selectbox("Layer or unit", list(layers), key=_LAYER, **_KEPT)
        _microscope(next(line for line in shown if line.name == name), layer)
    with st.container(horizontal=True):
        for quantity, value in layers[layer].items():
            st.metric(quantity, f"{value:,}" if isinstance(value, int) else f"{value:.4g}")


def _microscope(line: Line, layer: str) -> None:
    """Draw the way to a layer's unit; a twin, which is in no place of the tray, gets one there."""
    units = [
        member
        for group in diagram(line.spec).groups
        for unit in group.units
        for member in unit.members
        if f"{layer}.".startswith(f"{member}.")
    ]
    if not units:
        label = f"{layer} is in no unit"
    elif line.is_twin:
        label = "Put it beside, and open its unit in the microscope"
    else:
        label = "Open its unit in the microscope"
    if st.button(label, icon=":material/search:", disabled=not units, key="probe-microscope"):
        if line.is_twin:
            state.keep(state.tray().add(Variant(line.spec)))
            state.choose_unit(units[0])
        else:
            state.look(line.letter or "A", units[0])
        st.switch_page("explorer/ui/pages/picture.py", query_params={})
