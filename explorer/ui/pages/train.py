"""Train: networks learn side by side while one watches, or one learns one's own pictures."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from explorer.spec import parse
from explorer.training.live_settings import DATA, LiveError, LiveSettings
from explorer.ui import share, state
from explorer.ui.choice import one_of
from explorer.ui.live_runs import LiveRun
from explorer.ui.train_views import (
    choices,
    commands,
    curves,
    experiments,
    full,
    own,
    progress,
    runs,
)


def draw() -> None:
    """Draw the choice between the two ways to train, and the one that was chosen."""
    st.title("Train")
    view = one_of(
        "View",
        list(_VIEWS),
        "live",
        "train-view",
        words=lambda key: _VIEWS[key].name,
        titled=False,
    )
    with st.container(key=f"train-view-{view}"):
        _VIEWS[view].draw()


def _draw_live() -> None:
    """Draw experiments, settings and commands, and this visitor's training beneath."""
    st.markdown(
        "The variants learn side by side while you watch: same start, same pictures in the same "
        "order, same settings."
    )
    experiments.draw()
    run = runs.held()
    try:
        settings = choices.draw([str(spec) for spec in state.variants()], opened=run is None)
    except LiveError as error:
        st.error(f"{error}.")
        return
    refusal = _refusal(settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        commands.draw(run, settings, not refusal)
        window = curves.smoothing()
    with st.container():  # always, so that what follows keeps its place
        if refusal:
            st.error(f"{refusal}.")
        if run is None and state.run():
            st.info(
                "The training of this address is no longer here: it was left for more than five "
                "minutes, or the server has been started anew. The settings are still there."
            )
        if run is not None and (changed := _changed(run, settings)):
            st.caption(f"Changed since this training began: {changed}. Rewind takes it over.")
    if run is not None:
        _draw_run(run, window)
    _say_what_is_trained(run.settings if run else settings)
    experiments.explain(run.settings if run else settings)
    full.draw()


def _refusal(settings: LiveSettings) -> str:
    try:
        settings.networks()
    except LiveError as error:
        return str(error)
    return ""


def _changed(run: LiveRun, settings: LiveSettings) -> str:
    differences = run.settings.differences(settings)
    return ", ".join(
        "other variants" if field == "variants" else f"{field.replace('_', ' ')} {old} → {new}"
        for field, (old, new) in differences.items()
    )


def _draw_run(run: LiveRun, window: int) -> None:
    with st.container():
        before = run.before is not None and st.toggle(
            "Curves from before the rewinding (faint)", True, key="live-before"
        )
    progress.draw(run, window, before)
    with st.container(horizontal=True):
        progress.downloads(run)
        with st.popover("Link to the settings", icon=":material/link:", type="tertiary"):
            st.code(share.link(st.context.url or "", state.query()), language=None, wrap_lines=True)
            st.caption("It holds networks and settings, not this training itself.")


def _say_what_is_trained(settings: LiveSettings) -> None:
    """Say how the variants were adapted to the pictures."""
    data = DATA[settings.data]
    st.caption(
        f"{progress.conditions(settings)} Variants are adapted to pictures of {data.side}×"
        f"{data.side} in {data.channels} channel{'s' if data.channels > 1 else ''} and to ten "
        f"classes; residual networks get the stem of CIFAR's"
        f"{f' and a width of {settings.width}' if settings.width else ''}. What is trained: "
        f"{'; '.join(_trained(settings))}."
    )


def _trained(settings: LiveSettings) -> list[str]:
    try:
        return [f"`{settings.adapted(parse(text))}`" for text in settings.variants]
    except ValueError:
        return ["nothing, for the reason above"]


class _View(NamedTuple):
    """What a view is called, and what draws it."""

    name: str
    draw: Callable[[], None]


_VIEWS = {
    "live": _View("from scratch, live", _draw_live),
    "own": _View("fine-tune on own pictures", own.draw),
}

draw()
