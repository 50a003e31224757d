"""The quantity whose place in the network a chart shows, chosen once for all pages."""

import streamlit as st

QUANTITIES = {
    "parameters": "Parameters",
    "macs": "MACs (multiply-accumulates of one picture)",
    "output_bytes": "Activations (bytes, float32, one picture)",
}
_SHORT = {"parameters": "Parameters", "macs": "MACs", "output_bytes": "Activations"}


def choose() -> str:
    """Draw the choice of a quantity and return its name in `QUANTITIES`."""
    return st.segmented_control(
        "Quantity",
        list(QUANTITIES),
        default="parameters",
        required=True,
        format_func=_SHORT.__getitem__,
        key="breakdown",
        label_visibility="collapsed",
        bind="query-params",
        persist_state="session",
    )
