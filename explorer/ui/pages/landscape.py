"""Landscape: what published networks reach, and what that costs."""

from typing import Any

import streamlit as st

from explorer import landscape
from explorer.analysis import analyze
from explorer.figures.landscape import Marked
from explorer.figures.landscape import landscape as landscape_chart
from explorer.landscape import EVALUATIONS, FAMILIES, Point
from explorer.spec import ArchitectureSpec
from explorer.ui import charts, state
from explorer.ui.glossary import GLOSSARY

_COLUMNS: Any = {
    "name": st.column_config.TextColumn("Network", pinned=True),
    "top1_percent": st.column_config.NumberColumn("Top-1 accuracy (%)", help=GLOSSARY["top1"]),
    "printed": "Printed",
    "macs": st.column_config.NumberColumn("MACs", format="localized", help=GLOSSARY["macs"]),
    "parameters": st.column_config.NumberColumn(
        "Parameters", format="localized", help=GLOSSARY["parameters"]
    ),
    "family": "Family",
    "conditions": "Measured how",
    "source": "Source",
    "variant": st.column_config.TextColumn("Variant", help=GLOSSARY["text_form"]),
}


def draw() -> None:
    """Draw the page for the variants of the tray."""
    st.title("Landscape")
    st.markdown(
        "What accuracy published networks reach on ImageNet, and what they cost. "
        "Accuracies are as printed; MACs and parameters are computed here."
    )
    evaluation = _which_evaluation()
    shown = _which_points(evaluation)
    if not shown:
        st.info("No published network of these families was measured this way. Choose others.")
        return
    logarithmic = st.toggle(
        "Logarithmic cost axis", True, key="log", bind="query-params", persist_state="session"
    )
    _draw_chart(evaluation, shown, logarithmic)
    _table(shown)
    st.caption(
        "After Canziani et al. 2016 (arXiv:1605.07678) and Bianco et al. 2018 (arXiv:1810.00736), "
        "who plot top-1 accuracy against operations, with balls for the parameters. Theirs say "
        "operations; here the axis counts MACs, a multiplication and an addition as 1."
    )


def _which_evaluation() -> str:
    return st.selectbox(
        "Accuracy measured with",
        list(EVALUATIONS),
        format_func=lambda key: EVALUATIONS[key].name,
        key="evaluation",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["evaluation"],
    )


def _which_points(evaluation: str) -> tuple[Point, ...]:
    points = landscape.points_of(evaluation)
    present = {point.family for point in points}
    families = st.pills(
        "Families",
        FAMILIES,
        selection_mode="multi",
        key="families",
        bind="query-params",
        persist_state="session",
        help=f"Nothing chosen shows all. {GLOSSARY['ordering']}",
    )
    return tuple(point for point in points if point.family in (families or present))


def _draw_chart(evaluation: str, shown: tuple[Point, ...], logarithmic: bool) -> None:
    how = EVALUATIONS[evaluation]
    charts.draw(
        landscape_chart(shown, how, _marked(state.shown(), evaluation), logarithmic),
        "landscape",
        f"Top-1 accuracy on ImageNet against MACs: {how.measured}",
        "Higher is more accurate, further left is cheaper, and a ball's area is proportional to "
        "the parameters; names that begin with a number leave out ResNet or ResNeXt. A vertical "
        "line marks a variant of yours on the cost axis, for its own input size. Training differs "
        "between the sources too, not only the network.",
        lambda: [_record(point) for point in shown],
    )


def _marked(variants: tuple[state.Shown, ...], evaluation: str) -> list[Marked]:
    return [
        Marked(each.label, _known(each.spec, evaluation), each.colour, analyze(each.spec).macs)
        for each in variants
    ]


def _known(spec: ArchitectureSpec, evaluation: str) -> str:
    """Say what is published of a variant's accuracy, in a few words."""
    here = landscape.measured(spec, evaluation)
    if here:
        return "published: " + ", ".join(f"{point.top1_percent:g}%" for point in here)
    if any(landscape.measured(spec, key) for key in EVALUATIONS):
        return "not measured this way"
    return "no measured accuracy"


def _table(shown: tuple[Point, ...]) -> None:
    st.dataframe(
        [_record(point) for point in sorted(shown, key=lambda point: -point.top1_percent)],
        column_config=_COLUMNS,
        column_order=list(_COLUMNS),
        hide_index=True,
        height="content",
        key="landscape-table",
        alt="The published networks of the chart",
    )


def _record(point: Point) -> dict[str, object]:
    return {
        "name": point.name,
        "variant": point.variant,
        "family": point.family,
        "top1_percent": point.top1_percent,
        "printed": point.printed,
        "macs": point.macs,
        "parameters": point.parameters,
        "conditions": point.conditions,
        "source": point.source,
    }


draw()
