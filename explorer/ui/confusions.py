"""A confusion matrix on a page."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from explorer.figures.prediction import confusion
from explorer.scores import Scores
from explorer.ui import charts

_MAX_CLASSES = 40  # rows and columns of a matrix that is still read


def draw(scores: Scores, labels: Sequence[str], key: str, whose: str) -> None:
    """Draw the matrix, or offer it as a file where it is too large to be read.

    Args:
        scores: what it is of.
        labels: of all classes, in index order.
        key: stable and unique on the page.
        whose: answers these are.
    """
    rows = [labels[index] for index in scores.classes]
    columns = [labels[index] for index in scores.answered]
    records = partial(_records, rows, columns, scores)
    if len(columns) > _MAX_CLASSES:
        st.caption(f"The confusion matrix has {len(columns)} columns: too many to be drawn.")
        charts.csv_button("confusion", records, "Confusion matrix (CSV)")
        return
    charts.draw(
        confusion(rows, columns, scores.confusion, key),
        key,
        f"Confusion matrix of {whose} (pictures: {scores.pictures})",
        "A row for each class that the pictures are of, a column for each that was answered; what "
        "is not on the diagonal is a mistake.",
        records,
    )


def _records(rows: Sequence[str], columns: Sequence[str], scores: Scores) -> list[dict[str, Any]]:
    return [
        {"true_class": label, **dict(zip(columns, counts, strict=True))}
        for label, counts in zip(rows, scores.confusion, strict=True)
    ]
