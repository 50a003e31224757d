"""A variant as a file for other programs: what there is, and a button for each."""

from functools import partial

import streamlit as st

from explorer import weights
from explorer.analysis import analyze
from explorer.export.origin import MAX_SEED, Origin
from explorer.export.targets import TARGETS, Target, file_name
from explorer.spec import ArchitectureSpec
from explorer.ui import tasks
from explorer.ui.glossary import GLOSSARY
from explorer.words import title


@st.fragment
def draw_title(spec: ArchitectureSpec, name: str, main: bool = True) -> None:
    """Draw a variant's name, and beside it a button that opens the list of files.

    The list is made when it is opened.

    Args:
        spec: the variant.
        name: what it is called here.
        main: whether it is the page's title, or else a heading.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if main:
            st.title(name, width="stretch")
        else:
            st.header(name, width="stretch", anchor="variant")
        place = st.popover("Export", icon=":material/download:", key="export", on_change="rerun")
    if place.open:
        with place, st.container(gap="xsmall"):
            _offer(spec)


def _offer(spec: ArchitectureSpec) -> None:
    st.markdown(f"**{title(spec)} as a file**")
    for target in TARGETS.values():
        if not target.has_weights:
            _button(spec, target, Origin())
    if analyze(spec).parameters > tasks.MAX_LIVE_PARAMETERS:
        st.info(
            f"{analyze(spec).parameters:,} parameters are more than this page sends with their "
            f"weights ({tasks.MAX_LIVE_PARAMETERS:,}): `python -m explorer export` does."
        )
        return
    origin = _origin(spec)
    for target in TARGETS.values():
        if target.has_weights:
            _button(spec, target, origin)


def _origin(spec: ArchitectureSpec) -> Origin:
    """Return which weights a file is to hold."""
    entry = weights.for_spec(spec)
    if entry is not None and st.toggle(
        f"Trained weights: {entry.name}", True, key="export-trained"
    ):
        return Origin(trained=entry.name)
    seed = st.number_input(
        "Seed of the weights",
        min_value=0,
        max_value=MAX_SEED,
        key="export-seed",
        help=GLOSSARY["export-seed"],
    )
    return Origin(seed)


def _button(spec: ArchitectureSpec, target: Target, origin: Origin) -> None:
    st.download_button(
        f"**{target.title}**: {target.about}",
        partial(tasks.export_file, spec, target, origin),
        file_name=file_name(spec, target),
        key=f"export-{target.name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        wrap=True,
    )
