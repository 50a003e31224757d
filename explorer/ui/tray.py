"""The tray on top of the sidebar: which variants there are, and which of them is edited."""

import streamlit as st

from explorer.comparisons import COMPARISONS
from explorer.spec import parse
from explorer.tray import DEFAULT, LETTERS, MAX_NAME, Tray, Variant
from explorer.ui import share, state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.swatches import swatch
from explorer.words import title

_READY, _EDITED = "tray-ready", "tray-edited"


def draw() -> None:
    """Draw the ready-made comparisons, the variants, and what can be done."""
    held = state.tray()
    # Each in a place of its own: what comes and goes must not move the button that has the focus.
    with st.container():
        _comparisons(held)
    with st.container():
        if len(held.variants) > 1:
            _variants(held)
    with st.container(horizontal=True, gap="xsmall"):
        _button("Add", "add", held.add(Variant(parse(DEFAULT))), held, GLOSSARY["tray_add"])
        _button("Duplicate", "content_copy", held.duplicate(), held, GLOSSARY["tray_duplicate"])
        with st.popover("Arrange", icon=":material/swap_vert:", key="tray-arrange"):
            _arrange(held)
        share.draw()


def _comparisons(held: Tray) -> None:
    """Draw the list of ready-made comparisons; it names the one that the tray holds."""
    titles = [each.title for each in COMPARISONS]
    present = next((each for each in COMPARISONS if each.texts == held.links()), None)
    state.fill(_READY, present and present.title)
    st.selectbox(
        "Compare",
        titles,
        None,
        key=_READY,
        placeholder="A ready-made comparison",
        on_change=_compare,
        help=GLOSSARY["tray"],
    )
    if present is not None:
        st.caption(present.question)


def _compare() -> None:
    chosen = state.read(_READY)
    for each in COMPARISONS:
        if each.title == chosen:
            state.compare(each.texts)


def _variants(held: Tray) -> None:
    """Draw all variants; the one that is ticked is edited beneath."""
    state.fill(_EDITED, held.edited)
    st.radio(
        "Edit",
        range(len(held.variants)),
        format_func=lambda place: f"{swatch(LETTERS[place])} {held.variants[place].title}",
        key=_EDITED,
        on_change=_edit,
        width="stretch",
        help=GLOSSARY["tray_edited"],
    )


def _edit() -> None:
    state.keep(state.tray().edit(state.read(_EDITED)))


def _arrange(held: Tray) -> None:
    """Draw what is done now and then to the variant being edited."""
    letter = LETTERS[held.edited]
    st.markdown(f"{swatch(letter)} **{held.current.title}**")
    key = f"tray-name-{letter}"
    state.fill(key, held.current.name)
    st.text_input(
        "Name",
        key=key,
        max_chars=MAX_NAME,
        placeholder=title(held.current.spec),
        on_change=_rename,
        args=(key, held.edited),
        help=GLOSSARY["tray_name"],
    )
    _button("Move up", "arrow_upward", held.move(-1), held)
    _button("Move down", "arrow_downward", held.move(1), held)
    _button("Remove", "delete", held.remove(), held)
    _button("Start over", "restart_alt", Tray((Variant(parse(DEFAULT)),)), held)


def _rename(key: str, place: int) -> None:
    state.keep(state.tray().rename(state.read(key), place))


def _button(label: str, icon: str, then: Tray, held: Tray, explanation: str | None = None) -> None:
    """Draw a button that puts another tray in place, disabled where that changes nothing."""
    st.button(
        label,
        key=f"tray-{label}",
        icon=f":material/{icon}:",
        on_click=state.keep,
        args=(then,),
        disabled=then == held,
        help=explanation,
    )
