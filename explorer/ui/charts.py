"""One chart on a page: title, picture, how to read it, and the data behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import streamlit as st

from explorer.export.table import to_csv
from explorer.figures.style import Figure
from explorer.ui import state
from explorer.ui.choice import one_of

Records: TypeAlias = Sequence[Mapping[str, Any]]

PNG_SCALE = 3
"""Pixels of a saved picture for each pixel on the screen, so that it stands being projected."""


def draw(
    chart: Figure,
    key: str,
    title: str,
    reading: str,
    records: Callable[[], Records],
    on_point: Callable[[Sequence[Any]], object] | None = None,
    *,
    table: bool = False,
) -> None:
    """Draw a chart with everything that belongs to it.

    Args:
        chart: the picture.
        key: stable and unique on the page; also the name of the files.
        title: what is measured, on what.
        reading: one sentence on how to read it.
        records: gives the data shown, when the CSV is asked for.
        on_point: called with the data of a point, its `customdata`, when it is clicked; such a
            chart gives its data as a table too, for those who cannot click.
        table: whether it does so without it.
    """
    st.markdown(f"**{title}**")
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(reading, width="stretch")
        csv_button(key, records)
        form = _picture_form(key)
    # The one button that is left of the mode bar, for a chart is to be passed in one Tab.
    config = {
        "displayModeBar": "hover",
        "modeBarButtons": [["toImage"]],
        "displayNotifier": False,
        "toImageButtonOptions": {"format": form.lower(), "filename": key, "scale": PNG_SCALE},
    }
    name = f"chart-{key}"
    if table or on_point is not None:
        _table(key, records)
    if on_point is None:
        place.plotly_chart(chart, key=name, config=config, alt=title)
        return

    def click() -> None:
        # The browser says what was clicked, and a manipulated one says anything.
        for point in state.read(name).selection.points[:1]:
            told = point.get("customdata") if isinstance(point, Mapping) else None
            if isinstance(told, list):
                on_point(told)

    place.plotly_chart(
        chart, key=name, config=config, alt=title, on_select=click, selection_mode="points"
    )


def _table(key: str, records: Callable[[], Records]) -> None:
    """Offer records as a table, made when it is opened."""
    place = st.expander("All numbers as a table", key=f"table-{key}", on_change="rerun")
    if place.open:
        with place:
            st.dataframe(records(), hide_index=True, key=f"rows-{key}")


def _picture_form(key: str) -> str:
    """Say how to save the picture, and return the form that was chosen for it."""
    with st.popover("Picture", icon=":material/photo_camera:", type="tertiary"):
        form = one_of("Save the picture as", ["PNG", "SVG"], "PNG", f"form-{key}", linked=False)
        st.caption(
            "Point at the chart, or tap it, and press the camera in its upper right corner. An "
            "SVG stays sharp at any size."
        )
    return form


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
