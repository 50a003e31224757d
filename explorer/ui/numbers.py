"""What networks cost, in numbers: cards for one of them, a table for several side by side."""

from collections.abc import Sequence

import streamlit as st

from explorer.analysis import analyze
from explorer.side_by_side import Row, difference_words, numbers, value_words
from explorer.spec import ArchitectureSpec
from explorer.ui.glossary import GLOSSARY
from explorer.ui.state import Shown
from explorer.ui.swatches import swatch

_TERMS = {
    "parameters": "parameters",
    "macs": "macs",
    "flops": "flops",
    "weights_bytes": "weights",
    "saved_for_backward_bytes": "training_memory",
    "peak_inference_bytes": "prediction_memory",
    "depth": "depth",
    "receptive_field": "receptive_field",
}
"""The quantities that Explore states, and their entries in the glossary."""


def draw_cards(spec: ArchitectureSpec) -> None:
    """Draw a network's numbers as cards."""
    cards = [
        (quantity.title, value_words(quantity, figure.value), _TERMS[quantity.name])
        for quantity, (figure,) in ((row.quantity, row.figures) for row in _stated([spec]))
    ]
    with st.grid(3, min_column_width=215, border=False):
        for label, value, term in (*cards, ("Output", _output(spec), "output")):
            st.metric(label, value, help=GLOSSARY[term], border=True, height="stretch")


def draw_stated(variants: Sequence[Shown]) -> None:
    """Draw the numbers of several networks, what they put out, and what the numbers count."""
    rows = _stated([variant.spec for variant in variants])
    outputs = [_output(variant.spec) for variant in variants]
    draw_table(rows, variants, last=("Output", outputs))
    with st.expander("Grey: the difference from A. What these numbers count"):
        st.markdown(
            "\n".join(
                f"- **{row.quantity.title}**: {GLOSSARY[_TERMS[row.quantity.name]]}" for row in rows
            )
        )


def draw_table(
    rows: Sequence[Row],
    variants: Sequence[Shown],
    last: tuple[str, Sequence[str]] | None = None,
    mark_best: bool = False,
) -> None:
    """Draw a table with a column for each variant, and in grey what differs from A.

    Args:
        rows: the numbers, a row each.
        variants: what the columns are.
        last: a further row, of words.
        mark_best: whether the smallest cost is marked.
    """
    titles = [row.quantity.title for row in rows] + ([last[0]] if last else [])
    table = {"": [f"**{title}**" for title in titles]}
    for place, variant in enumerate(variants):
        cells = [_cell(row, place, mark_best) for row in rows]
        head = f"{swatch(variant.letter)} **{variant.title}**"
        table[head] = cells + ([last[1][place]] if last else [])
    st.table(table, hide_index=True, border="horizontal", alt="Numbers of all variants")


def _cell(row: Row, place: int, mark_best: bool) -> str:
    figure = row.figures[place]
    mark = " :green-badge[least]" if mark_best and figure.best else ""
    against = f"  \n:gray[{difference_words(row.quantity, figure)}]" if place else ""
    return f"{value_words(row.quantity, figure.value)}{mark}{against}"


def _stated(specs: Sequence[ArchitectureSpec]) -> list[Row]:
    return [row for row in numbers(specs) if row.quantity.name in _TERMS]


def _output(spec: ArchitectureSpec) -> str:
    return " × ".join(map(str, analyze(spec).output_shape))
