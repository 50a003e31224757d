"""What hostile input must not do: hang, swell, write, connect, run, or say too much.

`cases(n)` is how many examples a test of this folder takes; FUZZ=20 takes twenty times as many.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

TIMES = int(os.environ.get("FUZZ", "1"))
MAX_SECONDS = 5.0
MEGABYTE = 2**20

counted = 0
"""Cases that were tried so far."""

_FORBIDDEN = ("socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod")
_watching: dict[int, list[str]] = {}  # what the code that is watched in a thread did


def cases(count: int, slow: bool = False) -> hypothesis.settings:
    """Have a property tried so many times, or FUZZ times as many.

    Args:
        count: how often.
        slow: whether to leave out the search for a simpler case, which tries hundreds.
    """
    phases = [phase for phase in Phase if not (slow and phase in (Phase.shrink, Phase.explain))]
    return hypothesis.settings(
        max_examples=count * TIMES,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def harmless(limit_bytes: int = 300 * MEGABYTE, writes: bool = False) -> Iterator[None]:
    """Fail if the block takes 5 s of processor time, too much memory, or touches what is not its.

    Args:
        limit_bytes: what the process may need on top of what it has.
        writes: whether it may write files.
    """
    global counted
    counted += 1
    before = _memory("VmRSS")
    _forget_peak()
    start = time.thread_time()
    done = _watching[threading.get_ident()] = []
    try:
        yield
    finally:
        del _watching[threading.get_ident()]
    took = time.thread_time() - start
    assert took < MAX_SECONDS, f"{took:.1f} s of processor time"
    assert not [each for each in done if each.startswith(_FORBIDDEN) or not writes], done
    grown = _memory("VmHWM") - before
    assert grown < limit_bytes, f"{grown / MEGABYTE:,.0f} MB more at its peak"


def sentence(text: object, longest: int = 600) -> str:
    """Return what a person is told, once it is certain that it is fit to be told."""
    told = str(text)
    assert told.strip(), "nothing is said"
    assert len(told) <= longest, told
    assert "\n" not in told.strip(), told
    for inner in ("Traceback", "site-packages", 'File "', "object at 0x", "<class '"):
        assert inner not in told, told
    return told


def _memory(field: str) -> int:
    """Bytes of this process, as Linux counts them; 0 elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def _forget_peak() -> None:
    """Let the peak begin anew at what is in use."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    done = _watching.get(threading.get_ident())
    if done is None or "__pycache__" in str(arguments[:1]):  # of a module that is first imported
        return
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event in _CHANGES or event.startswith(_FORBIDDEN):
        done.append(f"{event} {arguments!r:.200}")


sys.addaudithook(_audit)
