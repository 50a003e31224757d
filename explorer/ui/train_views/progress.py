"""A live training as it goes: how far it is, whose turn it is, and what it has measured."""

from functools import partial
from math import isfinite
from statistics import fmean

import streamlit as st

from explorer.figures.style import VARIANT_COLOURS
from explorer.spec import parse
from explorer.training.live_history import History
from explorer.training.live_settings import DATA, OPTIMIZER_WORDS, LiveSettings
from explorer.tray import LETTERS
from explorer.ui import charts, jobs, turns, warmup
from explorer.ui.live_runs import LiveRun, Status
from explorer.ui.swatches import swatch
from explorer.ui.train_views import curves, runs
from explorer.ui.train_views.curves import Network
from explorer.words import title

REDRAW_S = 1.0
"""How often the curves of a run are drawn anew, in seconds, if no other run takes turns with it."""

MOST_PACES = 4
"""With so many runs, and with more, each is drawn this many times less often."""

_NUMBERS = ("no", "half", "a third", "a quarter", "a fifth")


def draw(run: LiveRun, window: int, before: bool) -> None:
    """Draw a run; while it trains, again and again.

    Args:
        run: this visitor's.
        window: steps that a value shown is the mean of.
        before: whether the curves from before the last rewinding are shown too.
    """
    settling = run.settling
    # Who shares the processor advances more slowly, and there are more to draw for.
    pace_s = REDRAW_S * min(max(runs.registry().turns(), 1), MOST_PACES)
    pace = pace_s if run.running or settling else None
    st.fragment(_draw, run_every=pace)(run, window, before, run.status, settling)


@turns.taken()
def _draw(run: LiveRun, window: int, before: bool, status: Status, settling: bool) -> None:
    if run.status is not status or (settling and not run.settling):
        st.rerun()
    _state(run, settling)
    networks = [
        _network(place, run.settings, history) for place, history in enumerate(run.histories)
    ]
    st.markdown("\n".join(_finding(each, window) for each in networks))
    if run.steps:
        mean = f"the last {window} steps" if window > 1 else "the last step"
        st.caption(f"Training: mean of {mean}. Test: {run.settings.tested:,} pictures.")
    for each in networks:
        if each.history.error:
            st.warning(f"{each.name} trains no further: {each.history.error}.")
    shown = [*_before(run), *networks] if before else networks
    if run.steps or any(each.faint for each in shown):
        curves.draw(shown, window)


def _before(run: LiveRun) -> list[Network]:
    if run.before is None:
        return []
    settings, histories = run.before
    return [
        _network(place, settings, history)._replace(faint=True)
        for place, history in enumerate(histories)
    ]


def _network(place: int, settings: LiveSettings, history: History) -> Network:
    letter, name = LETTERS[place], name_of(settings, place)
    return Network(f"{letter}: {name}", letter, VARIANT_COLOURS[place], history)


def name_of(settings: LiveSettings, place: int) -> str:
    """Return what a network is called, without what all have in common because of the pictures."""
    return title(settings.chosen(parse(settings.variants[place]))).replace(" (CIFAR)", "")


def _state(run: LiveRun, settling: bool) -> None:
    """Say what the run is doing."""
    steps, whole = run.steps, run.settings.steps
    if run.running:
        if not warmup.ready() and run.training is None:
            words = "loading PyTorch"
        elif run.training is None:
            words = "building the networks"
        else:
            words = f"step {steps:,} of {whole:,}"
        st.progress(min(steps / whole, 1.0), text=f"Training: {words}{_turns(run)}")
        return
    if settling:
        st.progress(min(steps / whole, 1.0), text="Finishing the step that is under way")
        return
    words = {
        Status.PAUSED: f"Held at step {steps:,} of {whole:,}",
        Status.STOPPED: f"Stopped at step {steps:,} of {whole:,}",
        Status.FINISHED: f"Finished after {steps:,} steps",
        Status.FAILED: "The training failed",
    }[run.status]
    (st.error if run.status is Status.FAILED else st.info)(f"{words}. {run.note}")


def _turns(run: LiveRun) -> str:
    """Say with how many others the run takes turns, and how long it waits."""
    others = runs.registry().turns() - 1
    words = ""
    if others > 0:
        share = _NUMBERS[others] if others < len(_NUMBERS) else f"one of {others + 1} parts"
        words = f"; {others + 1} trainings take turns on this server, this one gets {share}"
    job = jobs.current(run.session, "live")
    if job is not None and job.place > 1:
        words += f"; {job.place - 1} before it in the queue"
    return words


def _finding(network: Network, window: int) -> str:
    """Say how one network does: the mean of its latest steps, and its latest test."""
    start = f"- {swatch(network.letter)} **{network.name[3:]}**"
    points = list(network.history.points)[-window:]
    if not points:
        return f"{start}: not started"
    loss = fmean(point.loss for point in points)
    correct = fmean(point.correct_percent for point in points)
    words = f"loss {_number(loss)}, **{correct:.1f}%** of the training pictures right"
    if tested := network.history.tested():
        last = tested[-1]
        words += f", {last.test_correct_percent:.1f}% of the test pictures (step {last.step:,})"
    return f"{start}: {words}"


def _number(value: float) -> str:
    return f"{value:.3f}" if isfinite(value) and value < 1000 else f"{value:.3g}"


def downloads(run: LiveRun) -> None:
    """Offer each network's weights, and every step as CSV."""
    histories = run.histories
    networks = [_network(place, run.settings, each) for place, each in enumerate(histories)]
    with st.container(horizontal=True):
        charts.csv_button("live-training", lambda: curves.records(networks), "Every step (CSV)")
        for place, each in enumerate(networks):
            st.download_button(
                f"Weights of {each.letter}",
                partial(run.checkpoint, place),
                file_name=f"{each.history.spec}-step{len(each.history.points)}.safetensors",
                key=f"live-weights-{each.letter}",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
            )


def conditions(settings: LiveSettings) -> str:
    """Return what all networks have in common, as a sentence."""
    data = DATA[settings.data]
    return (
        f"{data.train:,} pictures ({data.words}), batches of {settings.batch}, "
        f"{OPTIMIZER_WORDS[settings.optimizer]} at a constant rate of {settings.learning_rate:g}, "
        f"seed {settings.seed}."
    )
