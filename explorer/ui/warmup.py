"""Load what is slow to load after the first page has been served, in the background.

Two threads may import torch at the same time only if each begins with `import torch` itself. Where
one began with `torch.nn` or `torch.nn.functional`, whose import lock is taken before torch's own,
the process crashed in 12 trials of 12; with `import torch` first, in none of 16.
"""

import gc
import importlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

_LOG = logging.getLogger(__name__)
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")

_lock = threading.Lock()
_started = False
_hurry = threading.Event()
_finished = threading.Event()


def start(
    modules: Sequence[str], then: Sequence[Callable[[], object]] = (), delay_s: float = 1.0
) -> None:
    """Begin loading, once per process; later calls do nothing.

    Args:
        modules: names to import after torch.
        then: called one after another after the imports, for instance to load models.
        delay_s: seconds left to the browser to fetch the first page, unless somebody waits.
    """
    global _started
    with _lock:
        if _started:
            return
        _started = True
    work = (tuple(modules), tuple(then), delay_s)
    threading.Thread(target=_load, args=work, name="warmup", daemon=True).start()


def ready() -> bool:
    """Whether loading is over."""
    return _finished.is_set()


def wait() -> None:
    """Block until torch can be used, and everything else if its loading has begun."""
    if _started:
        _hurry.set()
        _finished.wait()
    else:
        _import_torch()


def _load(modules: Sequence[str], then: Sequence[Callable[[], object]], delay_s: float) -> None:
    _hurry.wait(delay_s)
    try:
        _import_torch()
        for name in modules:
            importlib.import_module(name)
        for step in then:
            step()
    except Exception:
        # What is needed is loaded again where it is needed, and fails there, visibly.
        _LOG.exception("The warm-up did not finish")
    finally:
        # A collection holds everybody up; what is frozen is not visited by it.
        gc.collect()
        gc.freeze()
        _finished.set()


def _import_torch() -> None:
    import torch

    torch.set_num_threads(cores())


def leave_cores(count: int) -> None:
    """Have what torch computes on this thread leave some cores to others, and take at least one."""
    import torch

    torch.set_num_threads(max(1, cores() - count))


def cores() -> int:
    """Return how many processor cores this process may use, a container's share included."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        allowed = os.cpu_count() or 1
    try:
        quota, period = _CPU_QUOTA.read_text().split()
        return max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max": no limit
        return allowed
