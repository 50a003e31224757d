"""Which networks a probe measures: the variants, or the only one and its twins."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from explorer.figures.style import TWIN_COLOURS
from explorer.spec import ArchitectureSpec, SpecError, parse
from explorer.tray import LETTERS, Variant
from explorer.ui import state, tasks
from explorer.ui.glossary import GLOSSARY
from explorer.words import ORDERING_WORDS, title

_BESIDE = parse("resnet18")


class Line(NamedTuple):
    """A network to be measured, and how its curve is drawn."""

    spec: ArchitectureSpec
    title: str
    letter: str
    colour: str
    dash: str = "solid"

    @property
    def is_twin(self) -> bool:
        """Whether it is in no place of the tray."""
        return self.colour in TWIN_COLOURS.values()

    @property
    def name(self) -> str:
        """The title, behind the letter where there is one."""
        return f"{self.letter}: {self.title}" if self.letter else self.title


def choose(variants: Sequence[state.Shown], plain_twin: bool = True) -> list[Line]:
    """Return a line for each variant; for a single one, also for the twins that are wanted.

    Args:
        variants: of the tray.
        plain_twin: whether a twin without shortcuts has anything to show.
    """
    with st.container():  # always, so that what follows keeps its place
        if len(variants) > 1:
            return [Line(v.spec, v.title, v.letter, v.colour) for v in variants]
        return _with_twins(variants[0], plain_twin)


def _with_twins(variant: state.Shown, plain_twin: bool) -> list[Line]:
    spec = variant.spec
    lines = [Line(spec, variant.title, "", variant.colour)]
    if spec.shortcut == "none":
        return lines
    plain = spec.plain()
    other = spec.vary(ordering="v1" if spec.ordering == "full_preactivation" else "v2")
    with st.container(horizontal=True):
        if plain_twin and _switch("Plain twin", "plain", GLOSSARY["plain_twin"]):
            lines.append(Line(plain, title(plain), "", TWIN_COLOURS["plain"], "dash"))
        name = ORDERING_WORDS[other.ordering]
        if _switch(f"Other ordering ({name})", "other", GLOSSARY["ordering"]):
            lines.append(Line(other, title(other), "", TWIN_COLOURS["ordering"], "dot"))
    return lines


def _switch(label: str, key: str, explanation: str) -> bool:
    return st.toggle(
        label, True, key=key, bind="query-params", persist_state="session", help=explanation
    )


def changed(lines: Sequence[Line], changes: Mapping[str, object]) -> list[Line]:
    """Return the lines with some choices made otherwise; name those that do not allow it."""
    found = []
    for line in lines:
        try:
            spec = line.spec.vary(**changes) if changes else line.spec
        except SpecError as error:
            st.warning(f"{line.name} is left out: {error}")
            continue
        found.append(line._replace(spec=spec))
    return found


def with_shortcuts(lines: Sequence[Line], lacking: str) -> list[Line]:
    """Return the networks that have shortcuts; of the variants that have none, offer what has.

    Args:
        lines: the networks.
        lacking: what those without have not got, as the end of a sentence.
    """
    without = [line for line in lines if not line.spec.residual and not line.is_twin]
    with st.container():  # always, so that what follows keeps its place
        if without:
            names = ", ".join(line.name for line in without)
            st.info(f"{names}: no unit adds a shortcut, so there {lacking}.")
            with st.container(horizontal=True):
                for line in without:
                    _offer_shortcuts(line)
    return [line for line in lines if line.spec.residual]


def _offer_shortcuts(line: Line) -> None:
    """Draw a button that gives a plain network shortcuts, or puts a ResNet beside a classic one."""
    held, place = state.tray(), LETTERS.index(line.letter or "A")
    spec = held.variants[place].spec
    if spec.family == "residual":
        twin = spec.vary(shortcut="A" if spec.stem.startswith("cifar") else "B")
        label, then = f"Make it {title(twin)}", held.choose(twin, place)
    else:
        label, then = f"Put {title(_BESIDE)} beside it", held.add(Variant(_BESIDE))
    st.button(
        label,
        key=f"shortcuts-{line.letter}",
        on_click=state.keep,
        args=(then,),
        disabled=then == held,
    )


def those_that_fit(
    lines: Sequence[Line],
    batch: int,
    bytes_of: Callable[[ArchitectureSpec, int], int] = tasks.probe_bytes,
) -> list[Line]:
    """Return what can be measured here, and name what cannot.

    Args:
        lines: the networks.
        batch: pictures in the batch.
        bytes_of: an upper bound of what the measurement takes.
    """
    needs = [(line, bytes_of(line.spec, batch)) for line in lines]
    fit = [line for line, need in needs if need <= tasks.MAX_PROBE_BYTES]
    large = [
        f"{line.name} needs up to {need / 1e9:.1f} GB" for line, need in needs if line not in fit
    ]
    if large:
        (st.warning if fit else st.error)(
            f"{'; '.join(large)}: more than the {tasks.MAX_PROBE_BYTES / 1e9:.0f} GB one "
            "measurement may take here. Choose a smaller batch or a smaller input."
        )
    return fit
