"""One chart on a page: title, picture, how to read it, and the data behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import streamlit as st

from explorer.export.table import to_csv
from explorer.figures.style import Figure

Records: TypeAlias = Sequence[Mapping[str, Any]]


def draw(
    chart: Figure,
    key: str,
    title: str,
    reading: str,
    records: Callable[[], Records],
) -> None:
    """Draw a chart with everything that belongs to it.

    Args:
        chart: the picture.
        key: stable and unique on the page; also the CSV's file name.
        title: what is measured, on what.
        reading: one sentence on how to read it.
        records: gives the data shown, when the CSV is asked for.
    """
    st.markdown(f"**{title}**")
    st.plotly_chart(chart, key=f"chart-{key}", config={"displayModeBar": False}, alt=title)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(reading, width="stretch")
        csv_button(key, records)


def csv_button(key: str, records: Callable[[], Records], label: str = "Data (CSV)") -> None:
    """Offer records as a CSV file, written when the button is pressed."""
    st.download_button(
        label,
        lambda: to_csv(records()),
        file_name=f"{key}.csv",
        mime="text/csv",
        key=f"csv-{key}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )
