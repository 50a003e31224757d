"""Which networks a probe measures: the variants, or the only one and its twins."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from explorer.figures.style import TWIN_COLOURS
from explorer.spec import ArchitectureSpec, SpecError
from explorer.ui import state, tasks
from explorer.ui.glossary import GLOSSARY
from explorer.words import ORDERING_WORDS, title


class Line(NamedTuple):
    """A network to be measured, and how its curve is drawn."""

    spec: ArchitectureSpec
    title: str
    letter: str
    colour: str
    dash: str = "solid"

    @property
    def name(self) -> str:
        """The title, behind the letter where there is one."""
        return f"{self.letter}: {self.title}" if self.letter else self.title


def choose(variants: Sequence[state.Shown]) -> list[Line]:
    """Return a line for each variant; for a single one, also for the twins that are wanted."""
    with st.container():  # always, so that what follows keeps its place
        if len(variants) > 1:
            return [Line(v.spec, v.title, v.letter, v.colour) for v in variants]
        return _with_twins(variants[0])


def _with_twins(variant: state.Shown) -> list[Line]:
    spec = variant.spec
    lines = [Line(spec, variant.title, "", variant.colour)]
    if spec.shortcut == "none":
        return lines
    plain = spec.plain()
    other = spec.vary(ordering="v1" if spec.ordering == "full_preactivation" else "v2")
    with st.container(horizontal=True):
        if _switch("Plain twin", "plain", GLOSSARY["plain_twin"]):
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


def those_that_fit(
    lines: Sequence[Line],
    batch: int,
    needed: Callable[[ArchitectureSpec, int], int] = tasks.probe_bytes,
) -> list[Line]:
    """Return what can be measured here, and name what cannot.

    Args:
        lines: the networks.
        batch: pictures.
        needed: bytes that the probe of a network takes at most, for a batch.
    """
    needs = [(line, needed(line.spec, batch)) for line in lines]
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
