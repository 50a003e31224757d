"""Picture: the whole network drawn, and one of its units under the microscope."""

from functools import partial

import streamlit as st

from explorer.diagram import diagram
from explorer.diagram_parts import Group, Unit
from explorer.diagram_words import reading, unit_label
from explorer.figures.drawing import Drawing
from explorer.figures.png import to_png
from explorer.figures.svg import to_svg
from explorer.spec import ArchitectureSpec
from explorer.ui import cached, clickable, controls, state, unit_view
from explorer.ui.swatches import swatch
from explorer.words import sentence

_UNIT = "microscope-unit"


def draw() -> None:
    """Draw all variants, and beside or below them the microscope on the one being edited."""
    variants, edited = state.shown(), state.edited()
    if len(variants) > 1:
        _all_networks(variants)
        return
    group, unit = diagram(edited.spec).find(state.unit())
    st.title(edited.title)
    st.markdown(sentence(edited.spec))
    network, microscope = st.columns(2, gap="large")
    with network:
        st.subheader("The whole network", anchor="network")
        _network(edited, unit.name)
    with microscope:
        st.subheader("Block microscope", anchor="microscope")
        _microscope(edited.spec, group, unit)


def _all_networks(variants: tuple[state.Shown, ...]) -> None:
    """Draw the networks next to each other, and one unit of the edited one below them."""
    edited = state.edited()
    group, unit = diagram(edited.spec).find(state.unit())
    st.title("The variants drawn")
    with st.grid(2, min_column_width=320, border=False, gap="large"):
        for each in variants:
            with st.container():
                st.subheader(f"{swatch(each.letter)} {each.title}", anchor=each.letter)
                _network(each, unit.name if each.edited else "")
    st.header(f"Block microscope: {swatch(edited.letter)} {edited.title}", anchor="microscope")
    st.caption(
        f"A unit of {edited.letter}, the variant that the sidebar edits. A click on a unit of "
        "another one edits that."
    )
    with st.container(width=720):
        _microscope(edited.spec, group, unit)


def _network(variant: state.Shown, chosen: str) -> None:
    """Draw a network; a click on a unit puts it under the microscope."""
    spec, name = variant.spec, variant.title
    suffix = "" if variant.letter == "A" else f"-{variant.letter}"
    clickable.draw(
        cached.network_picture(spec, unit_view.is_dark()),
        f"network-picture{suffix}",
        chosen=chosen,
        label=f"Units of {name}: choose one for the microscope",
        alt=f"Picture of {name}; the outline below says the same in words",
        shows="microscope",
        on_choose=partial(state.look, variant.letter),
    )
    st.caption(f"Click a unit to see it in the microscope. {reading(diagram(spec))}")
    _downloads(f"network{suffix}", f"{spec}-picture", cached.network_picture(spec, False))
    unit_view.draw_outline(spec)


def _microscope(spec: ArchitectureSpec, group: Group, unit: Unit) -> None:
    labels = {u.name: _choice(g, u) for g in diagram(spec).groups for u in g.units}
    state.fill(_UNIT, unit.name)
    st.selectbox("Unit", labels, format_func=labels.__getitem__, key=_UNIT, on_change=_take_listed)
    if spec.family == "residual":
        controls.draw_unit(spec)
    unit_view.draw_unit(spec, group, unit)
    drawing = cached.unit_picture(spec, unit.name, False)
    _downloads("unit", f"{spec}-{unit.name}", drawing)


def _take_listed() -> None:
    state.choose_unit(state.read(_UNIT))


def _choice(group: Group, unit: Unit) -> str:
    """Name a unit in the list; those that are folded in the picture are one choice."""
    alike = f" ({unit.count} alike)" if unit.count > 1 else ""
    return f"{unit_label(group, unit)}{alike}"


def _downloads(key: str, name: str, drawing: Drawing) -> None:
    """Offer a drawing as a file, written when its button is pressed."""
    with st.container(horizontal=True):
        for kind, mime, write in (
            ("SVG", "image/svg+xml", to_svg),
            ("PNG", "image/png", to_png),
        ):
            st.download_button(
                f"Picture ({kind})",
                partial(write, drawing),
                file_name=f"{name}.{kind.lower()}",
                mime=mime,
                key=f"{key}-{kind}",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
            )


draw()
