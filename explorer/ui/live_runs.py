"""Live trainings of all visitors: who holds which, whose turn it is, and when one ends.

A run belongs to whoever knows its token, which stands in the address, so it is found again after a
reload. It trains in short slices, each a job of the one queue that goes to the queue's end again:
runs take turns, and everyone's other work comes in between. A run whose holder has left pauses, and
is forgotten some minutes later.
"""

import secrets
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from explorer.training.live_history import History
from explorer.training.live_settings import LiveError, LiveSettings
from explorer.ui import faults, jobs, warmup
from explorer.ui.jobs import JobQueue, QueueFull

if TYPE_CHECKING:
    from explorer.training.live import LiveTraining

SLICE_S = 0.5
"""How long a run trains at a time, but at least one step of one network."""

PATIENCE_S = 20.0
"""How long a run goes on when no connected visitor holds it: time for a reload."""

FORGET_S = 300.0
"""How long a run that nobody holds is kept."""

MAX_RUNS = 12
MAX_BYTES = 1_500_000_000
"""Weights, gradients and optimisers of all runs together."""

_FULL = (
    "as many trainings are open on this server as it has room for: choose smaller networks, or try "
    "again when somebody has left"
)
_LEFT = "Paused: whoever started it had left."


class Status(StrEnum):
    """What a run is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


class Past(NamedTuple):
    """What was trained before a run was rewound, to compare with."""

    settings: LiveSettings
    histories: tuple[History, ...]


class LiveRun:
    """One visitor's networks in training; made and commanded by `LiveRuns`.

    Attributes:
        token: known to its holder alone.
        settings: of the networks.
        status: running, paused, stopped, finished or failed.
        note: a sentence on why it does not run, or an empty text.
        training: the networks; None until the first slice has built them.
        before: what was trained before the last rewinding; None at first.
        learning: whether a step is under way just now.
    """

    def __init__(self, token: str, settings: LiveSettings, now: float) -> None:
        self.token = token
        self.settings = settings
        self.status = Status.PAUSED
        self.note = ""
        self.training: LiveTraining | None = None
        self.before: Past | None = None
        self.attended = now
        self.slices = 0
        self.learning = False
        self.lock = threading.Lock()
        """Held while a network learns, and by whoever reads its weights."""

    @property
    def session(self) -> str:
        """The name of the run's jobs in the queue."""
        return f"live:{self.token}"

    @property
    def running(self) -> bool:
        """Whether it trains, or waits for its turn to."""
        return self.status is Status.RUNNING

    @property
    def settling(self) -> bool:
        """Whether it is to rest, but a step that had begun is still under way."""
        return self.learning and not self.running

    @property
    def histories(self) -> tuple[History, ...]:
        """What each network has measured; none before they are built."""
        training = self.training
        return tuple(network.history for network in training.networks) if training else ()

    @property
    def steps(self) -> int:
        """Steps that the network which is furthest has made."""
        return max((len(history.points) for history in self.histories), default=0)

    def checkpoint(self, place: int) -> bytes:
        """Return the weights of one network as a safetensors file, between two steps."""
        with self.lock:
            if self.training is None:
                raise LiveError("the networks are not built yet")
            return self.training.networks[place].checkpoint()

    def rewind(self, settings: LiveSettings) -> None:
        """Go back to the start, with these settings; keep the curves that were trained."""
        with self.lock:
            if self.steps:
                self.before = Past(self.settings, self.histories)
            self.training, self.settings = None, settings

    def train(self, wanted: Callable[[], bool]) -> None:
        """Train for as long as more is wanted; build the networks first."""
        from explorer.training.live import LiveTraining

        with self.lock:
            self.learning = True
            try:
                if self.training is None:
                    self.training = LiveTraining(self.settings)
                self.training.advance(wanted)
                if self.training.finished and self.running:
                    self.status = Status.FINISHED
            finally:
                self.learning = False


class LiveRuns:
    """All runs of a process.

    Args:
        queue: where slices wait for their turn.
        clock: seconds that only grow.
        slice_s: how long a run trains at a time.
    """

    def __init__(
        self,
        queue: JobQueue,
        clock: Callable[[], float] = time.monotonic,
        slice_s: float = SLICE_S,
    ) -> None:
        self._queue, self._clock, self._slice_s = queue, clock, slice_s
        self._lock = threading.RLock()
        self._runs: dict[str, LiveRun] = {}
        self._holders: dict[str, str] = {}
        self._is_connected: Callable[[str], bool] = lambda session: True

    def watch(self, is_connected: Callable[[str], bool]) -> None:
        """Say how to tell whether a visitor's session is connected; it must be quick."""
        self._is_connected = is_connected

    def hold(self, session: str, token: str) -> None:
        """Note which run a session holds, if any; call it in every run of a page."""
        with self._lock:
            self._holders[session] = token
            if run := self._runs.get(token):
                run.attended = self._clock()
            self._sweep()

    def find(self, token: str) -> LiveRun | None:
        """Return the run of a token, or None if there is none any more."""
        with self._lock:
            self._sweep()
            return self._runs.get(token)

    def open(self, session: str, settings: LiveSettings) -> LiveRun:
        """Open a run that a session holds from now on; it waits for a command.

        Raises:
            LiveError: if the networks cannot be trained, or there is no room for them.
        """
        with self._lock:
            self._sweep()
            if len(self._runs) >= MAX_RUNS:
                raise LiveError(_FULL)
            self._check_room(settings)
            run = LiveRun(secrets.token_urlsafe(16), settings, self._clock())
            self._runs[run.token] = run
            self._holders[session] = run.token
        return run

    def rewind(self, run: LiveRun, settings: LiveSettings) -> None:
        """Take a run back to its start, with these settings, and let it wait there.

        Raises:
            LiveError: if the networks cannot be trained, or need too much memory.
        """
        with self._lock:
            self._check_room(settings, run)
        self._rest(run, Status.PAUSED)
        run.rewind(settings)

    def go(self, run: LiveRun) -> None:
        """Train, or go on."""
        if run.status is Status.PAUSED:
            run.status, run.note = Status.RUNNING, ""
            self._submit(run)

    def pause(self, run: LiveRun) -> None:
        """Let a run wait where it is."""
        if run.running:
            self._rest(run, Status.PAUSED)

    def stop(self, run: LiveRun) -> None:
        """End a run: its curves stay, and it can be rewound, not continued."""
        if run.status in (Status.RUNNING, Status.PAUSED):
            self._rest(run, Status.STOPPED)

    def step(self, run: LiveRun) -> None:
        """Have each network of a waiting run make one step."""
        if run.status is Status.PAUSED:
            run.status, run.note = Status.RUNNING, ""
            self._submit(run, single=True)

    def all(self) -> tuple[LiveRun, ...]:
        """Return all runs there are."""
        with self._lock:
            self._sweep()
            return tuple(self._runs.values())

    def held_bytes(self) -> int:
        """Return what the networks and optimisers of all runs may take."""
        return sum(run.settings.held_bytes(run.settings.networks()) for run in self.all())

    def turns(self) -> int:
        """Return how many runs take turns just now."""
        with self._lock:
            return sum(run.running for run in self._runs.values())

    def keeps(self, session: str) -> bool:
        """Say whether a session of the queue is a run that is still wanted."""
        with self._lock:
            self._sweep()
            return any(run.session == session and run.running for run in self._runs.values())

    def _check_room(self, settings: LiveSettings, instead_of: LiveRun | None = None) -> None:
        others = [run.settings for run in self._runs.values() if run is not instead_of]
        needs = [each.held_bytes(each.networks()) for each in (settings, *others)]
        if sum(needs) > MAX_BYTES:
            raise LiveError(_FULL)

    def _rest(self, run: LiveRun, status: Status, note: str = "") -> None:
        run.status, run.note = status, note
        self._queue.forget(run.session)

    def _submit(self, run: LiveRun, single: bool = False) -> None:
        run.slices += 1
        number = run.slices
        try:
            self._queue.submit(
                run.session, "live", lambda context: self._slice(run, number, single), number
            )
        except QueueFull as full:
            self._rest(run, Status.PAUSED, str(full))

    def _slice(self, run: LiveRun, number: int, single: bool) -> None:
        """Train for one turn, and line up for the next; this runs on the queue's thread."""

        def mine() -> bool:
            """Whether this is the latest turn that the run was given, and it still wants it."""
            return run.running and run.slices == number

        warmup.wait()
        until = self._clock() + self._slice_s
        made = 0

        def wanted() -> bool:
            nonlocal made
            made += 1
            if single:
                return mine() and (made == 1 or not (run.training and run.training.level))
            return mine() and (made == 1 or self._clock() < until)

        try:
            run.train(wanted)
        except Exception as error:
            run.status = Status.FAILED
            foreseen = isinstance(error, ValueError)
            run.note = str(error) if foreseen else faults.note(error, "A live training")
        if mine() and single:
            run.status = Status.PAUSED
        elif mine():
            self._submit(run)

    def _sweep(self) -> None:
        """Pause runs whose holders have left, and forget those that were left long ago."""
        now = self._clock()
        self._holders = {
            session: token
            for session, token in self._holders.items()
            if token in self._runs and self._is_connected(session)
        }
        held = set(self._holders.values())
        for token, run in list(self._runs.items()):
            if token in held:
                run.attended = now
            elif now - run.attended > FORGET_S:
                del self._runs[token]
                self._rest(run, Status.STOPPED)
            elif run.running and now - run.attended > PATIENCE_S:
                self._rest(run, Status.PAUSED, _LEFT)


RUNS = LiveRuns(jobs.QUEUE)
