"""Long work on other machines, where `EXPLORER_CLUSTER` names the scheduler of a Dask cluster.

Work and its result cross the network pickled, so only this installation's own machines should be
on that cluster. What a worker says of its work is one value under the work's name, of which the
server reads the latest; that the value under `wanted` is there means that somebody waits.
"""

import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any, NamedTuple, TypeVar, cast

from explorer.ui import warmup
from explorer.ui.jobs import Cancelled, JobContext, MayPass

T = TypeVar("T")
Work = Callable[[Any], T]

VARIABLE = "EXPLORER_CLUSTER"
CONNECT_S = 5.0
POLL_S = 0.1
SAY_S = 0.2
"""How often a worker tells how far it is, and asks whether anybody waits."""

MOST_ATTEMPTS = 2

_lock = Lock()
_clients: dict[str, Any] = {}


class Said(NamedTuple):
    """What a worker last said.

    Args:
        attempt: counted from 1; 0 before a worker has begun.
        progress: from 0 to 1.
        message: what is happening.
        partial: the result so far, pickled, as the scheduler need not know what is in it.
    """

    attempt: int
    progress: float = 0.0
    message: str = ""
    partial: bytes = b""


def address() -> str:
    """Return where the scheduler is; an empty text if there is none."""
    return os.environ.get(VARIABLE, "")


def elsewhere(work: Work[T]) -> Work[T]:
    """Return work that has this work done on the cluster, and hands on what it says.

    Raises:
        MayPass: when it is done, if the cluster does not answer, or has lost two workers over it.
    """

    def relay(context: JobContext) -> T:
        from distributed import KilledWorker, Variable

        client, name = _client(), f"explorer-{uuid.uuid4().hex}"
        wanted, said = (Variable(f"{name}-{of}", client) for of in ("wanted", "said"))
        future: Any = None
        try:
            wanted.set(True)
            said.set(tuple(Said(0)))
            context.report(0.0, _WAITING)
            future = client.submit(_attempt, _pickled(work), name, key=name, pure=False)
            _follow(future, said, context)
            return cast(T, _unpickled(future.result()))
        except KilledWorker as lost:
            raise MayPass(_LOST) from lost
        except Exception as error:
            of_the_work = future is not None and future.status == "error"
            if of_the_work or (_connected(client) and not isinstance(error, OSError)):
                raise
            _forget(client)
            raise MayPass(f"The cluster at {address()} no longer answers.") from error
        finally:
            if _connected(client):
                _give_up(future, wanted, said)

    return relay


_WAITING = "waiting for a machine of the cluster"
_LOST = "The machine that computed this was lost, and so was the next one."


def _client() -> Any:
    """Return the connection to the cluster, made when it is first needed."""
    from distributed import Client

    where = address()
    with _lock:
        found = _clients.get(where)
        if found is None or not _connected(found):
            try:
                found = Client(where, timeout=CONNECT_S, set_as_default=False, loop=_loop())
            except (OSError, ValueError) as error:
                raise MayPass(f"The cluster at {where} does not answer.") from error
            _clients[where] = found
        return found


@cache
def _loop() -> Any:
    """Return the event loop of every connection, which runs in a thread of its own.

    A client that makes its own and does not reach the scheduler leaves that thread behind.
    """
    from distributed.utils import LoopRunner

    runner = LoopRunner()
    runner.start()
    return runner.loop


def _connected(client: Any) -> bool:
    return bool(client.status == "running")


def _forget(client: Any) -> None:
    """Close a connection that is lost, which would otherwise be tried again and again."""
    with _lock:
        for where in [where for where, each in _clients.items() if each is client]:
            del _clients[where]
    with suppress(OSError):
        client.close(timeout=CONNECT_S)


def _follow(future: Any, said: Any, context: JobContext) -> None:
    """Hand on what the worker says until it is done."""
    heard = Said(0)
    while not future.done():
        latest = Said(*said.get(timeout=CONNECT_S))
        if latest.attempt and latest != heard:
            again = "once more, on another machine: " if latest.attempt > 1 else ""
            context.report(latest.progress, again + latest.message)
            if latest.partial and latest.partial != heard.partial:
                context.show(_unpickled(latest.partial))
            heard = latest
        context.check()
        time.sleep(POLL_S)


def _give_up(future: Any, wanted: Any, said: Any) -> None:
    """Leave nothing of a piece of work on the cluster."""
    with suppress(OSError):
        if future is not None and not future.done():
            future.cancel()
        wanted.delete()
        said.delete()


def _attempt(work: bytes, name: str) -> bytes:
    """Do work on a worker of the cluster; this runs there.

    Raises:
        MayPass: if it is the third attempt.
    """
    from distributed import Variable, get_client

    client = get_client()
    wanted, said = (Variable(f"{name}-{of}", client) for of in ("wanted", "said"))
    before = Said(*said.get(timeout=CONNECT_S))
    if before.attempt >= MOST_ATTEMPTS:
        raise MayPass(_LOST)
    context = _Far(wanted, said, before.attempt + 1)
    warmup.wait()
    try:
        return _pickled(_unpickled(work)(context))
    except Cancelled:
        return _pickled(None)  # nobody reads it


class _Far:
    """What work may say and ask on a worker; the same as a `JobContext` here."""

    def __init__(self, wanted: Any, said: Any, attempt: int) -> None:
        self._wanted, self._said = wanted, said
        self._latest = Said(attempt)
        self._told_s = 0.0
        self._cancelled = False
        self._tell()

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the result any more."""
        self._tell()
        return self._cancelled

    def check(self) -> None:
        """Stop here if nobody wants the result any more."""
        if self.cancelled:
            raise Cancelled

    def report(self, done: float, message: str = "") -> None:
        """Say how far the work is."""
        self._latest = self._latest._replace(progress=done, message=message)
        self.check()

    def show(self, partial: object) -> None:
        """Show what there is of the result so far."""
        self._latest = self._latest._replace(partial=_pickled(partial))
        self.check()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told_s < SAY_S:
            return
        self._told_s = now
        try:
            self._wanted.get(timeout=SAY_S)
        except OSError:  # it is not there, or the scheduler is not
            self._cancelled = True
        else:
            self._said.set(tuple(self._latest))


def _pickled(value: object) -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps(value))


def _unpickled(content: bytes) -> Any:
    import cloudpickle

    return cloudpickle.loads(content)
