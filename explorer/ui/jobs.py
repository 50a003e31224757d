"""Long work, one piece at a time: a queue for the whole process and the thread that empties it.

Transfers over the network, which need no processor, have a thread of their own, so that nobody's
computation waits for somebody's download; so has what other machines compute.

The queue lives in this module, not in a Streamlit cache, which any visitor could clear.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Hashable, Mapping
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, cast

from explorer.ui import allocator, faults

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class QueueFull(RuntimeError):
    """The queue takes no more work for now."""


class Cancelled(BaseException):
    """Ends work that nobody wants any more.

    Not an `Exception`, so that work which handles its own errors does not handle this too.
    """


class Status(StrEnum):
    """What has become of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """What work keeps busy."""

    PROCESSOR = "processor"
    NETWORK = "network"
    CLUSTER = "cluster"


AT_ONCE = {Lane.PROCESSOR: 1, Lane.NETWORK: 1, Lane.CLUSTER: 16}
"""Pieces of work at a time in each lane; a cluster has its own queue."""


IDLE_S = 5.0
"""How long a worker has nothing to do before the memory that its work took is given back."""


class MayPass(ValueError):
    """Why work failed, in a sentence, where another attempt may succeed."""


class Job(Generic[T]):
    """One piece of long work of one session.

    Attributes:
        session: whose job it is.
        kind: what sort of work; a session has one current job of each kind.
        key: what the result depends on; equal keys mean equal results.
        lane: what it keeps busy.
        status: queued, running, done, failed or cancelled.
        progress: from 0 to 1, as last reported.
        message: what the work last said about itself.
        result: what the work returned, once done.
        partial: what there is of the result while the work runs, if it shows any.
        error: what the work raised, if it failed.
        told: what to tell the person of an error that nobody foresaw; the log has its traceback.
    """

    def __init__(
        self,
        queue: "JobQueue",
        session: str,
        kind: str,
        work: "Callable[[JobContext], T]",
        key: Hashable,
        lane: Lane,
    ) -> None:
        self.session = session
        self.kind = kind
        self.key = key
        self.lane = lane
        self.status = Status.QUEUED
        self.progress = 0.0
        self.message = ""
        self.partial: T | None = None
        self.result: T | None = None
        self.error: BaseException | None = None
        self.told = ""
        self._queue = queue
        self._work: Callable[[JobContext], T] | None = work
        self._submitted_s = time.perf_counter()
        self._started_s: float | None = None
        self._finished_s: float | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.status not in (Status.QUEUED, Status.RUNNING)

    @property
    def place(self) -> int:
        """Place in the queue of its lane: 1 is next, 0 is no longer queued."""
        return self._queue._place(self)

    @property
    def queued_ms(self) -> float:
        """Milliseconds from submission to the start, so far if it has not started."""
        end_s = self._started_s or self._finished_s or time.perf_counter()
        return (end_s - self._submitted_s) * 1e3

    @property
    def run_ms(self) -> float:
        """Milliseconds from the start to the end, so far if it has not ended."""
        if self._started_s is None:
            return 0.0
        return ((self._finished_s or time.perf_counter()) - self._started_s) * 1e3

    def cancel(self) -> None:
        """Give the job up: at once for its owner, at its next check for the work itself."""
        self._queue._finish(self, Status.CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the job has finished.

        Args:
            timeout: seconds, or None for as long as it takes.
        Returns:
            Whether it has finished.
        """
        changed = self._queue._changed
        with changed:
            return changed.wait_for(lambda: self.finished, timeout)


class JobContext:
    """What a piece of work may ask and say while it runs."""

    def __init__(self, job: Job[Any]) -> None:
        self._job = job

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the result any more."""
        return self._job.finished

    def check(self) -> None:
        """Stop here if nobody wants the result any more.

        Raises:
            Cancelled: if so; let it pass.
        """
        if self.cancelled:
            raise Cancelled

    def report(self, done: float, message: str = "") -> None:
        """Say how far the work is; a good place to stop, so this also checks.

        Args:
            done: from 0 to 1.
            message: what is happening, for the person who waits.
        Raises:
            Cancelled: if nobody wants the result any more.
        """
        self.check()
        self._job.progress = min(max(done, 0.0), 1.0)
        self._job.message = message

    def show(self, partial: object) -> None:
        """Show what there is of the result so far; later changes of it must not be seen.

        Raises:
            Cancelled: if nobody wants the result any more.
        """
        self.check()
        self._job.partial = partial


class Census(NamedTuple):
    """What a queue holds.

    Args:
        waiting: jobs that wait, by lane.
        by_status: the latest job of each session and kind, by what has become of it.
        longest_wait_ms: of the job that waits longest.
    """

    waiting: Mapping[str, int]
    by_status: Mapping[str, int]
    longest_wait_ms: float


class JobQueue:
    """First come, first served, by as many threads as a lane has, which start with its jobs.

    Args:
        max_queued: jobs that may wait at a time, all sessions together.
        max_finished: finished jobs kept for each session.
    """

    def __init__(self, max_queued: int = 64, max_finished: int = 8) -> None:
        self._max_queued = max_queued
        self._max_finished = max_finished
        self._is_alive: Callable[[str], bool] = lambda session: True
        self._changed = threading.Condition()
        self._waiting: list[Job[Any]] = []
        self._running: dict[Lane, list[Job[Any]]] = {lane: [] for lane in Lane}
        self._current: dict[str, dict[str, Job[Any]]] = {}
        self._workers: dict[Lane, list[threading.Thread]] = {lane: [] for lane in Lane}

    def submit(
        self,
        session: str,
        kind: str,
        work: Callable[[JobContext], T],
        key: Hashable,
        lane: Lane = Lane.PROCESSOR,
    ) -> Job[T]:
        """Have the work done, unless it already is, or is on its way.

        A newer job takes the place of the session's queued one of that kind, and cancels its
        running one. A job with the key of a failed or cancelled one is a new attempt.

        Args:
            session: whose work it is.
            kind: what sort of work; one current job per session and kind.
            work: called on a thread of the lane, beside no more work than it has threads.
            key: what the result depends on.
            lane: what the work keeps busy.
        Returns:
            The job, new or already there.
        Raises:
            QueueFull: if too many jobs wait; what the session had running is cancelled anyway.
        """
        self.reap()
        with self._changed:
            old = self._current.get(session, {}).get(kind)
            if old and old.key == key and old.status not in (Status.FAILED, Status.CANCELLED):
                return cast(Job[T], old)
            place = self._waiting.index(old) if old in self._waiting else len(self._waiting)
            if old:
                self._finish(old, Status.CANCELLED)
            if len(self._waiting) >= self._max_queued:
                raise QueueFull("Too many people are computing just now. Try again in a minute.")
            job = Job(self, session, kind, work, key, lane)
            self._waiting.insert(place, job)
            kinds = self._current.setdefault(session, {})
            kinds.pop(kind, None)
            kinds[kind] = job
            self._start_worker(lane)
            self._changed.notify_all()
            return job

    def current(self, session: str, kind: str) -> Job[Any] | None:
        """Return the session's latest job of a kind, whatever its status, or None."""
        with self._changed:
            return self._current.get(session, {}).get(kind)

    def forget(self, session: str, kind: str | None = None) -> None:
        """Cancel a session's jobs and drop their results.

        Args:
            session: whose.
            kind: the only kind to forget; None for all, when the session has gone.
        """
        with self._changed:
            kinds = self._current.get(session, {})
            for each in list(kinds) if kind is None else [kind]:
                if job := kinds.pop(each, None):
                    self._finish(job, Status.CANCELLED)
            if not kinds:
                self._current.pop(session, None)

    def keep_only(self, session: str, kinds: Container[str]) -> None:
        """Forget a session's unfinished jobs of any other kind; results stay."""
        with self._changed:
            for kind, job in list(self._current.get(session, {}).items()):
                if kind not in kinds and not job.finished:
                    self.forget(session, kind)

    def watch(self, is_alive: Callable[[str], bool]) -> None:
        """Say how to tell whether a session is still there; asked often, so it must be quick."""
        self._is_alive = is_alive

    def reap(self) -> None:
        """Forget the sessions that have gone."""
        with self._changed:
            sessions = list(self._current)
        for session in sessions:
            if not self._seems_alive(session):
                self.forget(session)

    def census(self) -> Census:
        """Count the jobs, of whomever they are."""
        self.reap()
        with self._changed:
            known = [job for kinds in self._current.values() for job in kinds.values()]
            return Census(
                Counter(job.lane.value for job in self._waiting),
                Counter(job.status.value for job in known),
                max((job.queued_ms for job in self._waiting), default=0.0),
            )

    def _place(self, job: Job[Any]) -> int:
        with self._changed:
            if job not in self._waiting:
                return 0
            # A cancelled job that still runs is about to end, and is nobody's work.
            running = [each for each in self._running[job.lane] if not each.finished]
            ahead = len(running) >= AT_ONCE[job.lane]
            return 1 + ahead + self._waiting_in(job.lane).index(job)

    def _waiting_in(self, lane: Lane) -> list[Job[Any]]:
        return [job for job in self._waiting if job.lane is lane]

    def _seems_alive(self, session: str) -> bool:
        try:
            return self._is_alive(session)
        except Exception:
            _LOG.exception("Could not tell whether a session is alive")
            return True

    def _start_worker(self, lane: Lane) -> None:
        """Start a thread for a job that was put into a lane, unless there are enough."""
        workers = self._workers[lane]
        if len(workers) < min(
            AT_ONCE[lane], len(self._running[lane]) + len(self._waiting_in(lane))
        ):
            name = f"jobs-{lane}"
            worker = threading.Thread(target=self._serve, args=(lane,), name=name, daemon=True)
            workers.append(worker)
            worker.start()

    def _serve(self, lane: Lane) -> None:
        worked = False
        while True:
            with self._changed:
                idle_s = IDLE_S if worked else None
                came = self._changed.wait_for(lambda: self._waiting_in(lane), idle_s)
            if not came:
                allocator.give_back()
                worked = False
                continue
            self.reap()
            with self._changed:
                waiting = self._waiting_in(lane)
                if not waiting:
                    continue
                job = waiting.pop(0)
                self._running[lane].append(job)
                self._waiting.remove(job)
                job.status = Status.RUNNING
                job._started_s = time.perf_counter()
            self._run(job)
            worked = True
            with self._changed:
                self._running[lane].remove(job)
            # An idle worker must not keep a large result alive.
            del job, waiting

    def _run(self, job: Job[Any]) -> None:
        work = job._work
        if work is None:
            return
        try:
            result = work(JobContext(job))
        except Cancelled:
            self._finish(job, Status.CANCELLED)
        except BaseException as error:
            job.told = faults.note(error, f"A job of kind {job.kind}")
            # The frames of the failed work may hold gigabytes.
            error.__cause__ = error.__context__ = None
            self._finish(job, Status.FAILED, error=error.with_traceback(None))
        else:
            self._finish(job, Status.DONE, result)

    def _finish(
        self,
        job: Job[Any],
        status: Status,
        result: object = None,
        error: BaseException | None = None,
    ) -> None:
        """Settle a job once and for all."""
        with self._changed:
            if job.finished:
                return
            if job in self._waiting:
                self._waiting.remove(job)
            job.result, job.error, job._work, job.partial = result, error, None, None
            job._finished_s = time.perf_counter()
            job.status = status
            kinds = self._current.get(job.session, {})
            finished = [kind for kind, each in kinds.items() if each.finished]
            for kind in finished[: -self._max_finished]:
                del kinds[kind]
            self._changed.notify_all()


QUEUE = JobQueue()
submit = QUEUE.submit
current = QUEUE.current
forget = QUEUE.forget
keep_only = QUEUE.keep_only
watch = QUEUE.watch
reap = QUEUE.reap
