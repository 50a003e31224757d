"""What all charts share: colours that mean one thing everywhere, fonts, margins."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import plotly.graph_objects as go

VARIANT_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
"""Variants A to D (Okabe and Ito: distinguishable for colour-blind readers)."""

_LIGHT_INK = VARIANT_COLOURS[:1]

KIND_COLOURS: Mapping[str, str] = {
    "convolution": "#4E79A7",
    "normalisation": "#F28E2B",
    "activation": "#E15759",
    "pooling": "#76B7B2",
    "linear": "#59A14F",
    "squeeze-excitation": "#EDC948",
    "addition": "#B07AA1",
    "concatenation": "#D37295",
    "padding": "#9C755F",
    "scaling": "#499894",
    "gating": "#8CD17D",
    "dropout": "#79706E",
    "flatten": "#BAB0AC",
}

TWIN_COLOURS = {"plain": "#7A7A7A", "ordering": "#AA3377"}
"""A variant's plain twin and its twin in the other ordering, overlaid on it."""

FONT_SIZE = 15

FONT_FAMILY = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Fonts of the reader's own: a saved picture cannot take the page's font along, and texts that were
measured in a narrower one would be cut off."""

CAMERA = {"color": "#8A95A1", "activecolor": "#2A82C4", "bgcolor": "rgba(0, 0, 0, 0)"}
"""The button that saves the picture: to be seen on light and on dark."""

Figure: TypeAlias = go.Figure


def on_variant_colour(colour: str) -> str:
    """Return the colour of letters on a variant's colour: only A's is dark."""
    return "white" if colour in _LIGHT_INK else "black"


def figure(
    name: str,
    x_title: str,
    y_title: str,
    height: int,
    traces: Sequence[Any] = (),
    *,
    x_axis: Mapping[str, Any] | None = None,
    y_axis: Mapping[str, Any] | None = None,
    **layout: Any,
) -> Figure:
    """Return a figure in the house style.

    What is known in advance is best given here: plotly takes three times as long to add it later.

    Args:
        name: stable name; zoom and hidden traces survive a redraw under the same name.
        x_title: what the horizontal axis shows, with its unit.
        y_title: the same for the vertical axis.
        height: pixels.
        traces: what is drawn, mappings or plotly's own.
        x_axis: more of plotly's settings of the horizontal axis.
        y_axis: the same of the vertical axis.
        layout: more of plotly's layout.
    """
    # In one go: plotly takes 14 ms to update an empty figure five times, and 2 ms to make it so.
    shared = {
        "font": {"size": FONT_SIZE, "family": FONT_FAMILY},
        "modebar": CAMERA,
        "height": height,
        "margin": {"l": 8, "r": 28, "t": 8, "b": 8},
        "legend": {
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.02,
            "x": 0,
            "title": {"text": ""},
        },
        "hoverlabel": {"font": {"size": FONT_SIZE}},
        "uirevision": name,
        "dragmode": False,
        "xaxis": {**_axis(x_title), **(x_axis or {})},
        "yaxis": {**_axis(y_title), **(y_axis or {})},
    }
    return go.Figure(data=list(traces), layout=shared | layout)


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": FONT_SIZE}},
        "tickfont": {"size": FONT_SIZE - 1},
        "automargin": True,
    }
