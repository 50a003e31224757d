"""A board for each network: which of its units are off, and which two have changed places."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import streamlit as st

from explorer.costs import Shape
from explorer.explanation.board import Board, BoardUnit, Lesion, board, removal, swap
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.lesioning import unit_board
from explorer.ui.lesioning.unit_board import Switch
from explorer.ui.predicting.voices import Heard
from explorer.ui.swatches import swatch
from explorer.words import SHORTCUT_WORDS

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_NOTHING = "nothing"


class Lesioned(NamedTuple):
    """A network that has answered, its units, and what is done to them."""

    heard: Heard
    units: Board
    lesion: Lesion

    @property
    def name(self) -> str:
        """The network's title, behind its letter where there are several."""
        return network_name(self.heard)

    @property
    def intact(self) -> bool:
        """Whether nothing is done to it."""
        return self.lesion == removal(self.units)

    @property
    def words(self) -> str:
        """What is done to it."""
        return lesion_words(self.units, self.lesion)


def several() -> bool:
    """Whether the tray holds several variants, so that each is told by its letter."""
    return len(state.shown()) > 1


def network_name(heard: Heard) -> str:
    """Return a network's title, behind its letter where there are several."""
    return heard.voice.name if several() else heard.voice.asked.variant.title


def mark(heard: Heard) -> str:
    """Return a network's title in bold, behind its letter on its colour where there are several."""
    title = f"**{heard.voice.asked.variant.title}**"
    return f"{swatch(heard.letter)} {title}" if several() else title


def unit_name(unit: BoardUnit) -> str:
    """Return what a unit is called on the page and in its link."""
    return f"{unit.stage} unit {unit.number}"


def lesion_words(units: Board, lesion: Lesion) -> str:
    """Say which units are off and which have changed places."""
    off = [unit_name(unit) for unit in units if unit.place in lesion.off]
    moved = [unit_name(unit) for unit in units if lesion.order[unit.place] != unit.place]
    parts = [f"{', '.join(off)} off"] if off else []
    parts += [f"{', '.join(moved)} in other places"] if moved else []
    return "; ".join(parts) or "intact"


def choose(heard: Sequence[Heard]) -> list[Lesioned]:
    """Draw a board for each network, and return what is done to them."""
    with st.grid(min(2, len(heard)), min_column_width=320, border=False, gap="large"):
        found = []
        for each in heard:
            with st.container(key=f"board-of-{each.letter}"):
                found.append(_choose_one(each))
    return found


def _choose_one(heard: Heard) -> Lesioned:
    spec, letter = heard.voice.asked.variant.spec, heard.letter
    units = board(spec)
    with st.container():  # always, so that what follows keeps its place
        if several():
            st.markdown(mark(heard))
    place = st.container()  # the board, which shows what is chosen below it
    removable = [unit_name(unit) for unit in units if unit.removable]
    off = st.multiselect(
        "Units that are off",
        removable,
        key=f"off-{letter}",
        placeholder="None. Click one above, or choose here." if removable else "None can be.",
        help=GLOSSARY["unit_off"],
        **_LINKED,
    )
    order = _order(units, letter)
    off_places = frozenset(unit.place for unit in units if unit_name(unit) in off)
    lesion = Lesion(order, off_places)
    with place:
        _draw_board(heard, units, lesion, removable)
    return Lesioned(heard, units, lesion)


def _order(units: Board, letter: str) -> tuple[int, ...]:
    """Draw the choice of two units that change places; return the unit at each place."""
    partners = {
        unit_name(unit): [unit_name(other) for other in units if _alike(unit, other)]
        for unit in units
    }
    first = [name for name, others in partners.items() if others]
    if not first:
        st.caption("No two of its units take and give the same shape, so none can be swapped.")
        return removal(units).order
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox(
            "Swap",
            [_NOTHING, *first],
            key=f"swap-{letter}",
            help=GLOSSARY["unit_swap"],
            width=190,
            **_LINKED,
        )
        if one == _NOTHING:
            return removal(units).order
        other = st.selectbox("with", partners[one], key=f"swap-with-{letter}", width=190, **_LINKED)
    places = {unit_name(unit): unit.place for unit in units}
    return swap(units, places[one], places[other]).order


def _alike(one: BoardUnit, other: BoardUnit) -> bool:
    shapes = (one.input_shape, one.output_shape), (other.input_shape, other.output_shape)
    return one.place != other.place and shapes[0] == shapes[1]


def _draw_board(heard: Heard, units: Board, lesion: Lesion, removable: Sequence[str]) -> None:
    variant = heard.voice.asked.variant
    stages = [
        (
            f"{stage}: {_shape(list(inside)[-1].output_shape)}",
            [_switch(units, lesion, unit.place) for unit in units if unit.stage == stage],
        )
        for stage, inside in groupby(units, key=lambda unit: unit.stage)
    ]
    unit_board.draw(
        stages,
        f"unit-board-{heard.letter}",
        f"Units of {variant.title}: switch them off and on",
        variant.colour,
        not variant.spec.residual,
        partial(_toggle, f"off-{heard.letter}", removable),
    )
    st.caption(_legend(heard, units))


def _switch(units: Board, lesion: Lesion, place: int) -> Switch:
    """Return the unit that stands at a place."""
    unit = units[lesion.order[place]]
    words = [f"{unit_name(unit)}: {_shape(unit.input_shape)} to {_shape(unit.output_shape)}"]
    if unit.reshapes:
        words.append("changes the shape")
    if unit.place != place:
        words.append(f"in the place of {unit_name(units[place])}")
    on = unit.place not in lesion.off
    words.append("cannot be removed" if not unit.removable else "on" if on else "off")
    number = f"{unit.number}↓" if unit.reshapes else f"{unit.number}"
    return Switch(
        unit_name(unit),
        f"⇄{number}" if unit.place != place else number,
        ", ".join(words),
        on,
        not unit.removable,
        unit.reshapes,
    )


def _shape(shape: Shape) -> str:
    return " × ".join(map(str, shape))


def _legend(heard: Heard, units: Board) -> str:
    """Say what the marks mean, and what switching off does in this kind of network."""
    spec = heard.voice.asked.variant.spec
    if spec.residual:
        said = (
            f"Click a unit: off, it adds nothing, and its shortcut alone goes on "
            f"({SHORTCUT_WORDS[spec.shortcut]})."
        )
        if any(unit.reshapes for unit in units):
            said += (
                " ↓: changes the shape. In a deep ResNet these are the units that matter (Veit et "
                "al. 2016). Off, their shortcut still subsamples or projects."
            )
        return said
    said = (
        "No shortcuts, so nothing goes past a unit: off, it is taken out altogether, and the next "
        "one gets what this one would have got."
    )
    fixed = sum(not unit.removable for unit in units)
    if fixed:
        said += (
            f" Hatched (↓): {fixed} of {len(units)} cannot be removed, for they change the shape, "
            "and what follows would not fit."
        )
    return said


def _toggle(key: str, removable: Sequence[str], name: str) -> None:
    """Switch a unit off, or on again."""
    off = state.held(key) or []
    state.fill(key, [each for each in removable if (each in off) != (each == name)])
