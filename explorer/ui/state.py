"""What a visitor has chosen, the only thing that touches the session's state and the URL.

The tray is kept once, as its link form; everything else on a page is derived from it, and the URL
is its mirror. Only a browser's back and forward are read from the URL again: any other run may
still carry an address that is older than the last choice.
"""

import re
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.figures.style import VARIANT_COLOURS
from explorer.spec import ArchitectureSpec
from explorer.tray import LETTERS, Tray, Variant, clean_name, read_variant, trusted
from explorer.tray import read as read_link
from explorer.ui.learning.place import KEYS, PRESENT, Place, read_place
from explorer.words import title

if TYPE_CHECKING:
    from explorer.training.features import Extracted
    from explorer.training.fine_tuning import FineTuned

PARAMETER = "v"
"""Query parameter that carries the variants, once for each."""

EDIT_PARAMETER = "edit"
"""Query parameter that carries the letter of the variant being edited, unless it is A."""

UNIT_PARAMETER = "unit"
"""Query parameter that carries the unit under the microscope, once one was chosen."""
RUN_PARAMETER = "run"
"""Query parameter that carries the token of a live training, once there is one."""

RESULT_PARAMETER = "result"
"""Query parameter that carries the mark of the experiment that was run, once one was."""

LEARN = "learn"
"""Path of the page whose link says where a learner is."""
EXPERIMENTS = "experiments"
"""Path of the page whose link says what was run."""
GUESS = "guess-"
"""What the query parameters of a viewer's guesses begin with."""
TUNED_PARAMETER = "tuned"
"""Query parameter that carries the name of the pictures a network was fine-tuned on."""

MAX_NAME = 60

_ENDLESS = re.compile(r"\s*[+-]?(inf(inity)?|nan|[\d._]+e\+?\d{3,}|\d{300,})\s*", re.IGNORECASE)
"""What reads as a number that is none, or too large to be one."""

_TRAY = "tray"
_UNIT = "chosen-unit"
_RUN = "live-run"
_RESULT = "experiment-result"
_PLACE = "place"
_EDITED = "edited"
_EXTRACTED = "own-features"
_SOURCE = "own-source"
_TUNED = "own-network"
_TUNED_ON = "own-name"
_NOTICES = "notices"


class Shown(NamedTuple):
    """A variant as all pages show it: its letter and colour are its place in the tray."""

    letter: str
    colour: str
    spec: ArchitectureSpec
    title: str
    edited: bool

    @property
    def label(self) -> str:
        """The letter and the title."""
        return f"{self.letter}: {self.title}"


def side_by_side(specs: Sequence[ArchitectureSpec]) -> tuple[Shown, ...]:
    """Return networks that are not those of the tray as pages show them, A first."""
    return tuple(
        Shown(letter, colour, spec, title(spec), False)
        for letter, colour, spec in zip(LETTERS, VARIANT_COLOURS, specs, strict=False)
    )


def load() -> None:
    """Read the tray from the URL, in a session's first run and when the browser goes back."""
    begins, moved = _TRAY not in st.session_state, _history_moved()
    if begins or moved:
        _drop_endless_numbers()
    links = st.query_params.get_all(PARAMETER)
    if not (begins or (links and moved)):
        return
    found = read_link(links, st.query_params.get(EDIT_PARAMETER, ""))
    keep(found.tray)
    choose_unit(st.query_params.get(UNIT_PARAMETER, ""))
    hold_run(st.query_params.get(RUN_PARAMETER, ""))
    hold_result(st.query_params.get(RESULT_PARAMETER, ""))
    go(read_place({key: st.query_params.get_all(key) for key in KEYS}))
    st.session_state.setdefault(_TUNED_ON, clean_name(st.query_params.get(TUNED_PARAMETER, "")))
    st.session_state[_NOTICES] = list(found.notices)


def _drop_endless_numbers() -> None:
    """Leave what no number field can hold out of the address; Streamlit stumbles over it."""
    for key in list(st.query_params):
        if any(_ENDLESS.fullmatch(value) for value in st.query_params.get_all(key)):
            del st.query_params[key]


def _history_moved() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write_url(page: str) -> None:
    """Make the URL say what the tray holds, so that a reload or a shared link shows the same.

    All of it is one message to the browser, which makes one step of its history of it.

    Args:
        page: path of the page that is shown; Learn's also says where the learner is, that of
            Experiments which one was run.
    """
    held = tray()
    wanted = {
        PARAMETER: list(held.links()),
        EDIT_PARAMETER: [LETTERS[held.edited]] if held.edited else [],
        UNIT_PARAMETER: [unit()] if unit() else [],
        RUN_PARAMETER: [run()] if run() else [],
        RESULT_PARAMETER: [result()] if result() and page == EXPERIMENTS else [],
        **(place().parameters if page == LEARN else {key: [] for key in _left_over()}),
        TUNED_PARAMETER: [tuned_on()] if tuned_on() else [],
    }
    if any(st.query_params.get_all(key) != values for key, values in wanted.items()):
        st.query_params.update(wanted)


def _left_over() -> list[str]:
    """Return Learn's parameters in another page's URL; a page may have a view of its own."""
    found = [key for key in KEYS if key in st.query_params]
    return [key for key in found if key != "view" or st.query_params["view"] == PRESENT]


def query() -> dict[str, list[str]]:
    """Return what the URL says of this page, its settings included, to be shown to others.

    A live training is left out, for who knows its token commands it, and so is what only this
    visitor's pictures gave. So is that somebody presents: the class sees the lesson, each at their
    own pace, and neither the answers nor the guesses that were given.
    """
    private = (RUN_PARAMETER, TUNED_PARAMETER, "answers")
    kept = {
        key: st.query_params.get_all(key)
        for key in st.query_params
        if key not in private and not key.startswith(GUESS)
    }
    if kept.get("view") == [PRESENT]:
        kept.pop("view")
    return kept


def tray() -> Tray:
    """Return the tray."""
    return trusted(tuple(st.session_state[_TRAY]), st.session_state[_EDITED])


def keep(changed: Tray) -> None:
    """Put another tray in place of the present one; older notices have had their time."""
    st.session_state[_TRAY] = list(changed.links())
    st.session_state[_EDITED] = changed.edited
    st.session_state[_NOTICES] = []


def shown() -> tuple[Shown, ...]:
    """Return all variants as pages show them, A first."""
    held = tray()
    return tuple(
        Shown(letter, colour, variant.spec, variant.title, place == held.edited)
        for place, (letter, colour, variant) in enumerate(
            zip(LETTERS, VARIANT_COLOURS, held.variants, strict=False)
        )
    )


def variants() -> tuple[ArchitectureSpec, ...]:
    """Return the networks of the tray, A first."""
    return tuple(variant.spec for variant in tray().variants)


def edited() -> Shown:
    """Return the variant that the sidebar edits, as pages show it."""
    return shown()[tray().edited]


def current() -> ArchitectureSpec:
    """Return the network that the sidebar edits."""
    return tray().current.spec


def choose(spec: ArchitectureSpec, place: int | None = None) -> None:
    """Put other choices in a place of the tray; without one, in that of the edited variant."""
    held = tray()
    keep(held.choose(spec, held.edited if place is None else place))


def compare(texts: tuple[str, ...]) -> None:
    """Fill the tray with a comparison."""
    keep(Tray(tuple(map(read_variant, texts))))


def unit() -> str:
    """Return the name of the unit that was chosen, or an empty text."""
    return str(st.session_state[_UNIT])


def choose_unit(name: object) -> None:
    """Put a unit under the microscope; whether the variant has it is the picture's affair."""
    st.session_state[_UNIT] = str(name)[:MAX_NAME]


def run() -> str:
    """Return the token of this visitor's live training, or an empty text."""
    return str(st.session_state[_RUN])


def hold_run(token: object) -> None:
    """Keep the token of a live training; whether there is one is the registry's affair."""
    st.session_state[_RUN] = str(token)[:MAX_NAME]


def result() -> str:
    """Return the mark of the experiment that was run last, here or by who sent the link."""
    return str(st.session_state[_RESULT])


def hold_result(mark: object) -> None:
    """Keep the mark of an experiment; whether its result is kept is the server's affair."""
    st.session_state[_RESULT] = str(mark)[:MAX_NAME]


def extracted() -> "Extracted | None":
    """Return the features of this visitor's pictures, if there are any."""
    return cast("Extracted | None", st.session_state.get(_EXTRACTED))


def tuned() -> "FineTuned | None":
    """Return the network that was fine-tuned on them, if there is one."""
    return cast("FineTuned | None", st.session_state.get(_TUNED))


def tuned_on() -> str:
    """Return the name of the pictures, which outlives a reload; or an empty text."""
    return str(st.session_state[_TUNED_ON])


def keep_extracted(found: "Extracted", source: Hashable) -> None:
    """Keep the features of this visitor's pictures, in the place of others.

    Args:
        found: the features.
        source: tells the file that they are of from any other.
    """
    if extracted() is not found:
        st.session_state[_EXTRACTED] = found
        st.session_state[_TUNED] = None
        st.session_state[_TUNED_ON] = found.name
    st.session_state[_SOURCE] = source


def extracted_from() -> Hashable:
    """Return what the features are of."""
    return cast(Hashable, st.session_state.get(_SOURCE))


def keep_tuned(network: "FineTuned") -> None:
    """Keep the network that was fine-tuned on them."""
    st.session_state[_TUNED] = network


def forget_tuned() -> None:
    """Forget this visitor's pictures and what was learned from them."""
    st.session_state.update({_EXTRACTED: None, _TUNED: None, _TUNED_ON: ""})


def take_in(spec: ArchitectureSpec, bare: bool) -> None:
    """Have a network in the tray: edit it if it is there, else add it.

    Args:
        spec: the network.
        bare: whether the variant being edited may make room for it, as it must in a full tray.
    """
    held = tray()
    if spec in variants():
        keep(held.edit(variants().index(spec)))
    elif bare or held.full:
        choose(spec)
    else:
        keep(held.add(Variant(spec)))


def look(letter: str, name: object) -> None:
    """Put a unit of a variant under the microscope, and edit that variant."""
    keep(tray().edit(LETTERS.index(letter)))
    choose_unit(name)


def notify(sentence: str) -> None:
    """Tell the person something, until the next choice."""
    st.session_state[_NOTICES] = [sentence]


def notices() -> tuple[str, ...]:
    """Return what is to be told to the person."""
    return tuple(st.session_state[_NOTICES])


def place() -> Place:
    """Return where the learner is."""
    return read_place(st.session_state[_PLACE])


def go(place: Place) -> None:
    """Go to another place."""
    st.session_state[_PLACE] = place.parameters


def presenting() -> bool:
    """Whether a lesson is shown to a class."""
    return place().presented


def fill(key: str, value: object) -> None:
    """Set what a control shows, before it is drawn."""
    st.session_state[key] = value


def read(key: str) -> Any:
    """Return what a control was set to, in its callback."""
    return st.session_state[key]


def held(key: str) -> Any:
    """Return what was filled in, or None."""
    return st.session_state.get(key)


def holds(key: str) -> bool:
    """Return whether something was filled in that is not empty."""
    return bool(st.session_state.get(key))
