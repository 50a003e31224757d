"""What networks cost, in numbers: cards for one of them, a table for several side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from explorer.analysis import Analysis, analyze
from explorer.ui.glossary import GLOSSARY
from explorer.ui.state import Shown
from explorer.ui.swatches import swatch


class Number(NamedTuple):
    """One number of a network.

    Args:
        label: what is counted.
        value: in the unit it is written in.
        form: how it is written, such as `{:,.2f} MB`.
        term: its entry in the glossary.
    """

    label: str
    value: float
    form: str
    term: str

    @property
    def written(self) -> str:
        """The number with its unit."""
        return self.form.format(self.value)

    def against(self, base: "Number") -> str:
        """Return the difference from another network's, absolute and in percent."""
        change = self.value - base.value
        if not change:
            return "the same"
        signed = self.form.replace("{:", "{:+").format(change)
        if not any(digit in signed for digit in "123456789"):
            return "almost the same"
        return f"{signed} ({change / base.value:+,.1%})".replace("-", "−")


def draw_cards(analysis: Analysis) -> None:
    """Draw a network's numbers as cards."""
    cards = [(each.label, each.written, each.term) for each in _numbers(analysis)]
    with st.grid(3, min_column_width=215, border=False):
        for label, value, term in (*cards, ("Output", _output(analysis), "output")):
            st.metric(label, value, help=GLOSSARY[term], border=True, height="stretch")


def draw_table(variants: Sequence[Shown]) -> None:
    """Draw the numbers of several networks, a column each, and what differs from A."""
    analyses = [analyze(variant.spec) for variant in variants]
    columns = [_numbers(analysis) for analysis in analyses]
    heads = [f"{swatch(variant.letter)} **{variant.title}**" for variant in variants]
    table = {"": [f"**{number.label}**" for number in columns[0]] + ["**Output**"]}
    for head, column, analysis in zip(heads, columns, analyses, strict=True):
        table[head] = [
            number.written if column is columns[0] else _beside(number, base)
            for number, base in zip(column, columns[0], strict=True)
        ]
        table[head].append(_output(analysis))
    st.table(table, hide_index=True, border="horizontal", alt="Numbers of all variants")
    with st.expander("Grey: the difference from A. What these numbers count"):
        terms = [(number.label, number.term) for number in columns[0]]
        st.markdown("\n".join(f"- **{label}**: {GLOSSARY[term]}" for label, term in terms))


def _beside(number: Number, base: Number) -> str:
    return f"{number.written}  \n:gray[{number.against(base)}]"


def _numbers(analysis: Analysis) -> tuple[Number, ...]:
    kept, peak = analysis.saved_for_backward_bytes, analysis.peak_inference_bytes
    return (
        Number("Parameters", analysis.parameters, "{:,}", "parameters"),
        Number("MACs (one picture)", analysis.macs, "{:,}", "macs"),
        Number("FLOPs (2 × MACs)", analysis.flops, "{:,}", "flops"),
        Number("Weights", analysis.weights_bytes / 1e6, "{:,.2f} MB", "weights"),
        Number("Training keeps (one picture)", kept / 1e6, "{:,.2f} MB", "training_memory"),
        Number("Prediction peak (one picture)", peak / 1e6, "{:,.2f} MB", "prediction_memory"),
        Number("Depth (weighted layers)", analysis.depth, "{:,}", "depth"),
        Number("Receptive field", analysis.receptive_field, "{:,} px", "receptive_field"),
    )


def _output(analysis: Analysis) -> str:
    return " × ".join(map(str, analysis.output_shape))
