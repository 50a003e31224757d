"""All trained weights in one table, bundled and to be fetched, with what is known of each."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from explorer import weights
from explorer.cards import Preprocessing, WeightsEntry
from explorer.ui import charts
from explorer.ui.glossary import GLOSSARY

_FEW = 4  # channels of a picture; a mean for each of its values is not written out
_COLUMNS: Any = {
    "title": st.column_config.TextColumn("Weights", pinned=True),
    "variant": "Variant",
    "here": st.column_config.TextColumn("Where", help=GLOSSARY["weights_here"]),
    "top1_percent": st.column_config.NumberColumn("Top-1 (%)", help=GLOSSARY["top1"]),
    "top5_percent": st.column_config.NumberColumn("Top-5 (%)"),
    "evaluation": st.column_config.TextColumn("Evaluation", help=GLOSSARY["evaluation"]),
    "accuracy_source": "Source of the accuracy",
    "dataset": "Data set",
    "classes": "Classes",
    "preprocessing": "Preprocessing",
    "size_bytes": st.column_config.NumberColumn("File (bytes)", format="localized"),
    "licence": "Licence",
    "source": "Source",
    "note": "Note",
}


def draw(entries: Sequence[WeightsEntry]) -> None:
    """Draw the table."""
    records = [_record(entry) for entry in entries]
    st.dataframe(
        records,
        column_config=_COLUMNS,
        hide_index=True,
        key="weights-rows",
        alt="All trained weights",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Accuracies are as published, each by the evaluation that stands beside it; only those "
            "of one evaluation can be compared. torchvision's files are fetched when you ask for "
            "them, with a variant in the tray that they fit.",
            width="stretch",
        )
        charts.csv_button("weights", lambda: records)


def _record(entry: WeightsEntry) -> dict[str, Any]:
    return {
        "title": entry.title,
        "variant": entry.architecture,
        "here": where(entry),
        "top1_percent": entry.accuracy.top1_percent,
        "top5_percent": entry.accuracy.top5_percent,
        "evaluation": entry.accuracy.evaluation,
        "accuracy_source": entry.accuracy.source,
        "dataset": entry.dataset,
        "classes": len(entry.categories),
        "preprocessing": preprocessing(entry.preprocessing),
        "size_bytes": entry.size_bytes,
        "licence": entry.licence,
        "source": entry.source,
        "note": entry.note,
    }


def where(entry: WeightsEntry) -> str:
    """Say whether some weights are at hand."""
    if entry.bundled:
        return "bundled"
    return "on this server" if weights.is_there(entry) else "to be fetched"


def preprocessing(steps: Preprocessing) -> str:
    """Return how pictures become a network's input, in words and numbers."""
    square = f"{steps.crop} × {steps.crop} pixels"
    scaled = "value" if steps.divisor == 1 else f"value / {steps.divisor:g}"
    return (
        f"shorter side to {steps.resize} pixels, centre of {square}, {steps.channels}; "
        f"({scaled} − mean) / std, mean {_numbers(steps.mean)}, std {_numbers(steps.std)}"
    )


def _numbers(values: Sequence[float]) -> str:
    if len(values) >= _FEW:
        return f"of each of {len(values):,} values"
    return ", ".join(f"{value:.4g}" for value in values)
