"""A network and one of its units, drawn and told."""

import streamlit as st

from explorer.diagram import diagram
from explorer.diagram_parts import Group, Unit
from explorer.diagram_words import (
    difference,
    formula,
    reading,
    skip_sentence,
    unit_facts,
    unit_label,
)
from explorer.figures.svg import to_svg
from explorer.spec import ArchitectureSpec
from explorer.ui import cached
from explorer.words import title


def is_dark() -> bool:
    """Whether the visitor sees the dark theme."""
    return st.context.theme.type == "dark"


def draw_unit(spec: ArchitectureSpec, group: Group, unit: Unit) -> None:
    """Draw a unit layer by layer, with its formula and what it costs."""
    st.image(
        to_svg(cached.unit_picture(spec, unit.name, is_dark())),
        width="stretch",
        alt=f"{title(spec)}, {unit_label(group, unit)}: y = {formula(unit)}",
    )
    st.markdown(f"`y = {formula(unit)}`")
    if unit.first and difference(spec):
        st.markdown(f"{difference(spec)} {skip_sentence(unit)}")
    st.caption(unit_facts(unit))


def draw_network(spec: ArchitectureSpec) -> None:
    """Draw a network, and the same in words."""
    st.image(
        to_svg(cached.network_picture(spec, is_dark())),
        width="stretch",
        alt=f"Picture of {title(spec)}; the outline below says the same in words",
    )
    st.caption(reading(diagram(spec)))
    draw_outline(spec)


def draw_outline(spec: ArchitectureSpec) -> None:
    """Draw the picture of a network in words."""
    with st.expander("The picture in words"), st.container(height=420, border=False):
        st.text(cached.network_outline(spec))
