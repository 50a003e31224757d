"""The commands of a live training: start, pause, continue, one step, stop, rewind."""

from collections.abc import Callable

import streamlit as st

from explorer.training.live_settings import LiveError, LiveSettings
from explorer.ui import state, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.live_runs import LiveRun, Status
from explorer.ui.train_views import runs


def draw(run: LiveRun | None, settings: LiveSettings, possible: bool) -> None:
    """Draw the buttons; each stays in its place, disabled where it means nothing.

    Args:
        run: this visitor's, if there is one.
        settings: what the controls say now.
        possible: whether these settings can be trained.
    """
    label, icon, act = _main(run)
    waits = run is not None and run.status is Status.PAUSED
    ended = run is not None and not (waits or run.running)
    impossible = not possible and act is _begin
    with st.container(horizontal=True, width="content"):
        _button(label, "go", icon, (act, run, settings), impossible)
        off = impossible or ended or (run is not None and run.running)
        _button("One step", "step", "skip_next", (_step, run, settings), off)
        _button("Stop", "stop", "stop", (_stop, run, settings), run is None or ended)
        off = run is None or not possible
        _button("Rewind", "rewind", "fast_rewind", (_rewind, run, settings), off)


_Command = Callable[[LiveRun | None, LiveSettings], None]


def _main(run: LiveRun | None) -> tuple[str, str, _Command]:
    """Return what the first button says, its picture, and what it does."""
    if run is None or (run.status is Status.PAUSED and not run.steps):
        return "Start", "play_arrow", _begin
    if run.running:
        return "Pause", "pause", _pause
    if run.status is Status.PAUSED:
        return "Continue", "play_arrow", _continue
    return "Start again", "replay", _begin


def _button(
    label: str,
    key: str,
    icon: str,
    click: tuple[_Command, LiveRun | None, LiveSettings],
    disabled: bool,
) -> None:
    act, *arguments = click
    st.button(
        label,
        key=f"live-{key}",
        type="primary" if key == "go" else "secondary",
        icon=f":material/{icon}:",
        on_click=act,
        args=tuple(arguments),
        disabled=disabled,
        help=GLOSSARY[f"live-{key}"],
    )


def begin(settings: LiveSettings) -> None:
    """Start these networks from the beginning, in this visitor's run."""
    _begin(runs.held(), settings)


def _begin(run: LiveRun | None, settings: LiveSettings) -> None:
    if ready := _ready(run, settings):
        runs.registry().go(ready)


def _ready(run: LiveRun | None, settings: LiveSettings) -> LiveRun | None:
    """Return a run that waits at its start with these settings, or say why there is none."""
    try:
        if run is None:
            run = runs.registry().open(waiting.session_id(), settings)
            state.hold_run(run.token)
        elif run.steps or run.settings != settings or run.status is not Status.PAUSED:
            runs.registry().rewind(run, settings)
    except LiveError as error:
        _tell(error)
        return None
    return run


def _tell(error: LiveError) -> None:
    sentence = str(error)
    st.toast(f"{sentence[0].upper()}{sentence[1:]}.")


def _continue(run: LiveRun | None, _: LiveSettings) -> None:
    if run is not None:
        runs.registry().go(run)


def _pause(run: LiveRun | None, _: LiveSettings) -> None:
    if run is not None:
        runs.registry().pause(run)


def _stop(run: LiveRun | None, _: LiveSettings) -> None:
    if run is not None:
        runs.registry().stop(run)


def _rewind(run: LiveRun | None, settings: LiveSettings) -> None:
    if run is not None:
        try:
            runs.registry().rewind(run, settings)
        except LiveError as error:
            _tell(error)


def _step(run: LiveRun | None, settings: LiveSettings) -> None:
    ready = run if run is not None and run.steps else _ready(run, settings)
    if ready is not None:
        runs.registry().step(ready)
