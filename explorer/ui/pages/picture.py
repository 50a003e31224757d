"""Picture: the whole network drawn, and one of its units under the microscope."""

import streamlit as st

from explorer.diagram import Unit, difference, formula
from explorer.spec import ArchitectureSpec
from explorer.ui import cached, state
from explorer.words import sentence, title


def draw() -> None:
    """Draw the current variant, and beside it (below it on a phone) the microscope."""
    spec = state.current()
    st.title(title(spec))
    st.markdown(sentence(spec))
    network, unit = st.columns(2, gap="large")
    with network:
        _network(spec)
    with unit:
        _microscope(spec)


def _network(spec: ArchitectureSpec) -> None:
    st.subheader("The whole network", anchor="network")
    name = title(spec)
    st.image(
        cached.network_picture(spec, _dark()),
        width="stretch",
        alt=f"Picture of {name}; the outline below says the same in words",
    )
    st.caption(
        "From the picture on top to the classes at the bottom. A box is the higher the larger "
        "its map and the wider the more channels it has; lines above the layers are skip "
        "connections."
    )
    _download(f"{spec}-picture", cached.network_picture(spec, False))
    with st.expander("The picture in words"), st.container(height=420, border=False):
        st.text(cached.network_outline(spec))


@st.fragment
def _microscope(spec: ArchitectureSpec) -> None:
    st.subheader("Block microscope", anchor="microscope")
    stages = {group.name: group.units for group in cached.network_stages(spec)}
    with st.container(horizontal=True):
        stage = st.selectbox("Stage", list(stages), key="microscope-stage")
        units = {_choice(unit): unit for unit in stages[stage]}
        unit = units[st.selectbox("Unit", list(units), key="microscope-unit")]
    shown = f"{title(spec)}, {stage}, {unit.caption}"
    st.image(
        cached.unit_picture(spec, stage, unit.first, _dark()),
        width="stretch",
        alt=f"{shown}: y = {formula(unit)}",
    )
    st.markdown(f"`y = {formula(unit)}`")
    st.markdown(difference(spec))
    picture = cached.unit_picture(spec, stage, unit.first, False)
    _download(f"{spec}-{stage}-unit{unit.first}", picture)


def _choice(unit: Unit) -> str:
    """Name a unit in the list; those that are folded in the picture are one choice."""
    alike = f", all {unit.count} alike" if unit.count > 1 else ""
    return f"{unit.caption}{alike} ({'no' if unit.skip == 'none' else unit.skip} skip)"


def _dark() -> bool:
    return st.context.theme.type == "dark"


def _download(name: str, picture: str) -> None:
    st.download_button(
        "Picture (SVG)",
        picture,
        file_name=f"{name}.svg",
        mime="image/svg+xml",
        key=f"svg-{name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


draw()
