"""Work that takes a while, on a page: what is shown until it is done, and after.

A script that waits holds up its page: what comes after is not drawn, and no control in a fragment
answers, a cancel button included, because fragment reruns never preempt a script. Measured with
a job of 5 s: a click in a fragment was answered, and Cancel heard, after 5.4 s. So nobody waits
here: a fragment that reruns itself shows the progress, and the script ends. When the job is
finished that fragment reruns the app, which draws the result and, by not drawing the fragment
again, stops its timer. Now the clicks took 0.2 to 0.5 s, amid the import of torch, and 0.09 s. A
page that waits costs the server about 0.02 s of processor time a second.
"""

import sys
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar, cast

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui import cluster, jobs, live_runs, turns, visitors, warmup
from explorer.ui.jobs import Job, JobContext, Lane, MayPass, Status
from explorer.ui.plain import plain

T = TypeVar("T")

GRACE_S = 0.2
"""How long a script does wait, so that quick work shows nothing in between."""

POLL_S = 0.4
"""How often the progress is drawn."""

CROWD_POLL_S = 1.0
"""How often where many are choosing, who would wait for it to be drawn."""

FAR_POLL_S = 2.0
"""How often it is drawn for those who are not among the next two: there may be many."""

PAINT_S = 0.5
"""How long the browser takes to show a page's first numbers."""

FEW = 2
"""For how many visitors who are choosing no core is left free: one, with a second window.

With a class of 30 on two cores, of whom 8 were at work, work that left one to the pages was done as
soon: 7 probes in 35 s, as before. 95% of the pages came within 256 to 333 ms; before, within 340 to
494, both before pages took turns. A lower priority of the working threads did not help.
"""


_shown: ContextVar[set[str] | None] = ContextVar("shown", default=None)


def session_id() -> str:
    """Return what identifies the visitor whose script this is.

    Raises:
        RuntimeError: outside a script run.
    """
    context = get_script_run_ctx()
    if context is None:
        raise RuntimeError("There is no session outside a script run.")
    return context.session_id


@contextmanager
def only_shown() -> Iterator[None]:
    """Give up, after a run of the page, the work whose progress that run did not show.

    A run that is cut short gives nothing up.
    """
    shown: set[str] = set()
    token = _shown.set(shown)
    try:
        yield
    finally:
        _shown.reset(token)
    jobs.keep_only(session_id(), shown)


def let_paint() -> None:
    """Let the browser show what is drawn, before a process's first table imports pandas.

    That import and the browser's own start share the cores: without the pause the first numbers
    come after it. It happens once in the life of a server, in front of its first visitor.
    """
    if "pandas" not in sys.modules:
        with turns.given_back():
            time.sleep(PAINT_S)


def show(
    kind: str,
    key: Hashable,
    work: Callable[[JobContext], T],
    draw: Callable[[T], object],
    label: str,
    ask: str | None = None,
    hint: str = "",
    pressed: Callable[[], object] | None = None,
    streams: bool = False,
    lane: Lane = Lane.PROCESSOR,
    known: T | None = None,
) -> None:
    """Draw the result of long work, or how far it is, or why there is none.

    Call it in every run in which the result is wanted, not only where a button was pressed.

    Args:
        kind: what sort of work; at most once on a page.
        key: what the result depends on; another key gives the old work up.
        work: the computation, which checks its context often and does not use Streamlit.
        draw: draws the result, again in each later run until the key changes.
        label: what is happening, for the person who waits: "Training two networks".
        ask: if given, the work starts only when a button with this label is pressed.
        hint: said above that button.
        pressed: called when it is pressed.
        streams: the work shows what it has so far, which is drawn as the result will be.
        lane: what the work keeps busy.
        known: the result, if it is there already and nothing need be done.
    """
    start = partial(_start, kind, key, work, lane)
    shown = _shown.get()
    if shown is not None:
        shown.add(kind)
    # The container's key makes a kind that is shown twice an error.
    place = st.container(key=f"waiting-{kind}").empty()
    if known is not None:
        jobs.forget(session_id(), kind)
        with place.container():
            draw(known)
        return
    job = _wanted(kind, key)
    if job is None and ask is None:
        start()
        job = _wanted(kind, key)
    with place.container():
        if job is None:
            jobs.forget(session_id(), kind)
            if hint:
                st.info(hint)
            _start_button(ask or "Try again", kind, partial(_begin, start, pressed))
            return
        if job.place <= 1:
            with turns.given_back():
                job.wait(GRACE_S)
        if job.status is Status.DONE:
            draw(cast(T, job.result))
        elif job.status is Status.FAILED:
            _explain(job, start)
        elif job.status is Status.CANCELLED and not _replaced(job):
            st.info("Stopped.")
            _start_button("Start again", kind, start)
        else:
            pace_s = _pace_s(job)
            st.fragment(_progress, run_every=pace_s)(job, label, pace_s, draw if streams else None)


def _wanted(kind: str, key: Hashable) -> Job[Any] | None:
    """Return the visitor's job of this kind if it is the one for this key."""
    job = jobs.current(session_id(), kind)
    return job if job is not None and job.key == key else None


def _replaced(job: Job[Any]) -> bool:
    return jobs.current(job.session, job.kind) is not job


def _start(kind: str, key: Hashable, work: Callable[[JobContext], object], lane: Lane) -> None:
    def warmed(context: JobContext) -> object:
        if not warmup.ready():
            context.report(0.0, "loading PyTorch")
        warmup.wait()
        warmup.leave_cores(1 if visitors.choosing() > FEW else 0)
        context.report(0.0)
        return work(context)

    there = cluster.address() and lane is Lane.PROCESSOR
    try:
        if there:
            jobs.submit(session_id(), kind, cluster.elsewhere(work), key, Lane.CLUSTER)
        else:
            jobs.submit(session_id(), kind, warmed, key, lane)
    except jobs.QueueFull as full:
        st.toast(str(full))


def _begin(start: Callable[[], None], pressed: Callable[[], object] | None) -> None:
    if pressed is not None:
        pressed()
    start()


def _start_button(label: str, kind: str, start: Callable[[], None]) -> None:
    st.button(label, key=f"waiting-{kind}-start", on_click=start)


def _explain(job: Job[Any], start: Callable[[], None]) -> None:
    if isinstance(job.error, ValueError):
        st.error(plain(str(job.error)))
        if not isinstance(job.error, MayPass):
            return  # what was chosen does not work, and would not work a second time
    else:
        st.error(job.told)
    _start_button("Try again", job.kind, start)


def _pace_s(job: Job[Any]) -> float:
    if job.place > 2:
        return FAR_POLL_S
    return CROWD_POLL_S if visitors.choosing() > FEW else POLL_S


@turns.taken()
def _progress(
    job: Job[Any], label: str, pace_s: float, draw: Callable[[Any], object] | None
) -> None:
    came_near = pace_s == FAR_POLL_S and _pace_s(job) < FAR_POLL_S
    if job.finished or _replaced(job) or came_near:
        st.rerun()
    st.progress(job.progress, text=f"{label}: {_state(job)}")
    st.button("Cancel", key=f"waiting-{job.kind}-cancel", on_click=job.cancel)
    partial = job.partial
    if draw is not None and partial is not None:
        draw(partial)


def _state(job: Job[Any]) -> str:
    ahead = job.place - 1
    if ahead > 0:
        return f"waiting for {ahead} other {'job' if ahead == 1 else 'jobs'} in the queue"
    seconds = f"{job.run_ms / 1e3:.0f} s"
    return f"{job.message}, {seconds}" if job.message else seconds


def _is_connected(session: str) -> bool:
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


def _is_alive(session: str) -> bool:
    return live_runs.RUNS.keeps(session) or _is_connected(session)


live_runs.RUNS.watch(_is_connected)
jobs.watch(_is_alive)
