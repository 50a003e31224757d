"""How a probe of one batch is asked for: its settings, the networks that fit, the measurement."""

from collections.abc import Callable, Sequence

import streamlit as st

from explorer.spec import ArchitectureSpec
from explorer.ui import tasks, waiting
from explorer.ui.laboratory import choices, lines, work
from explorer.ui.laboratory.lines import Line

Draw = Callable[[Sequence[Line], work.Profiles, choices.Feed], object]


def ask(
    kind: str,
    wanted: Sequence[Line],
    draw: Draw,
    label: str,
    goes_back: bool = True,
    bytes_of: Callable[[ArchitectureSpec, int], int] = tasks.probe_bytes,
) -> None:
    """Draw the settings, and what is measured of the networks that can be.

    Args:
        kind: which probe, as `work.probes` names them.
        wanted: the networks; there may be none.
        draw: draws what was found, of those networks that are measured so far.
        label: what is happening, for the person who waits.
        goes_back: whether a loss does; else there is none to choose.
        bytes_of: an upper bound of what the measurement takes.
    """
    if not wanted:
        return
    fed = choices.feed([line.spec for line in wanted], goes_back=goes_back)
    with st.container():  # always, so that what follows keeps its place
        shown = lines.changed(wanted, fed.changes)
        shown = lines.those_that_fit(shown, fed.settings.batch, bytes_of)
    if not shown:
        return

    def draw_those_measured(profiles: work.Profiles) -> None:
        there = [each for each in zip(shown, profiles, strict=True) if each[1]]
        draw([line for line, _ in there], [found for _, found in there], fed)

    specs = tuple(line.spec for line in shown)
    waiting.show(
        kind,
        (specs, fed.key),
        work.probes(kind, specs, fed.settings, fed.seeds, fed.files),
        draw_those_measured,
        label,
        streams=True,
    )
