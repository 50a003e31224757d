"""The layer table of a network, and where the numbers of a chosen layer come from."""

from typing import Any

import streamlit as st

from explorer.analysis import analyze
from explorer.formulas import counting_conventions, formulas
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec
from explorer.ui import cached, charts
from explorer.words import title


@st.fragment
def draw(spec: ArchitectureSpec) -> None:
    """Draw the table with its filters, the chosen layer's formulas, and the subtotals."""
    st.subheader("Layers", anchor="layers")
    rows = cached.layer_rows(spec, *_filters(spec))
    _totals(rows, len(analyze(spec).layers))
    event: Any = st.dataframe(
        rows.table,
        column_config=cached.LAYER_COLUMNS,
        column_order=list(cached.LAYER_COLUMNS),
        hide_index=True,
        height=460,
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key="layer-table",
        alt=f"Layer table of {title(spec)}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "In forward order, named as in the PyTorch module. Tick a row to see where its numbers "
            "come from; click a heading to sort.",
            width="stretch",
        )
        charts.csv_button(f"{spec}-layers", rows.records, "Layers (CSV)")
    # A choice outlives a change of the filter or the network, which may leave fewer rows.
    for row in [rows.rows[n] for n in event.selection.rows if n in range(len(rows.rows))]:
        _origin(row)
    with st.expander("Why ResNet-50 is said to cost 3.8, 4.1 or 8.2 billion operations"):
        st.markdown(counting_conventions())
    _subtotals(spec)


def _filters(spec: ArchitectureSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the chosen stages and kinds."""
    analysis = analyze(spec)
    with st.container(horizontal=True):
        stages = st.pills(
            "Stages",
            list(analysis.by("stage")),
            selection_mode="multi",
            key="layer-stages",
            bind="query-params",
            width="content",
        )
        kinds = st.pills(
            "Kinds",
            list(analysis.by("kind")),
            selection_mode="multi",
            key="layer-kinds",
            bind="query-params",
            width="content",
        )
    return tuple(stages), tuple(kinds)


def _totals(rows: cached.LayerRows, layers: int) -> None:
    total = rows.total
    st.markdown(
        f"**{total.layers:,} of {layers:,} layers**, "
        f"{total.parameters:,} parameters, {total.macs:,} MACs, "
        f"{total.output_bytes / 1e6:,.2f} MB of activations"
    )


def _origin(row: LayerRow) -> None:
    with st.container(border=True):
        st.markdown(f"**Where this number comes from: `{row.name}`** ({row.kind}: {row.detail})")
        st.markdown(
            "\n".join(
                f"- **{formula.quantity}**: `{formula.written}`  \n  {formula.rule}"
                for formula in formulas(row)
            )
        )


def _subtotals(spec: ArchitectureSpec) -> None:
    st.markdown("**Subtotals by stage**")
    st.dataframe(
        cached.stage_table(spec),
        column_config=cached.STAGE_COLUMNS,
        hide_index=True,
        height="content",
        key="stage-table",
        alt=f"Totals by stage of {title(spec)}",
    )
