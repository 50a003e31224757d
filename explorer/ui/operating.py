"""What this server is doing, in numbers for whoever runs it; nothing about what anybody does."""

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from explorer import weights
from explorer.ui import jobs, live_runs, tasks, visitors, warmup

VARIABLE = "EXPLORER_OPERATOR"
"""Environment variable that opens the operator's page, with the value 1."""

_STATUS = Path("/proc/self/status")
_STARTED_S = time.monotonic()


class Figures(NamedTuple):
    """How the server stands.

    Args:
        uptime_s: seconds since the app was loaded.
        sessions: visitors who are connected.
        waiting: jobs in the queue, by lane.
        jobs: of visitors who are connected, by what has become of them.
        longest_wait_s: how long the job that waits longest has waited.
        trainings: live trainings by what they are doing.
        training_bytes: what their networks and optimisers may take.
        results: results that are kept for all visitors, in all caches.
        networks: trained networks that are loaded.
        network_bytes: their weights.
        memory_bytes: of this process; 0 where the system does not say.
        peak_bytes: the most it has had.
        threads: of this process.
        cores: that it may use.
        ready: whether torch and the bundled networks are loaded.
    """

    uptime_s: float
    sessions: int
    waiting: Mapping[str, int]
    jobs: Mapping[str, int]
    longest_wait_s: float
    trainings: Mapping[str, int]
    training_bytes: int
    results: int
    networks: int
    network_bytes: int
    memory_bytes: int
    peak_bytes: int
    threads: int
    cores: int
    ready: bool


def is_on() -> bool:
    """Say whether whoever started the server wants the operator's page."""
    return os.environ.get(VARIABLE) == "1"


def figures() -> Figures:
    """Count everything, now."""
    census = jobs.QUEUE.census()
    loaded = weights.loaded_bytes()
    process = _process()
    return Figures(
        uptime_s=time.monotonic() - _STARTED_S,
        sessions=visitors.count(),
        waiting=census.waiting,
        jobs=census.by_status,
        longest_wait_s=census.longest_wait_ms / 1e3,
        trainings=Counter(run.status.value for run in live_runs.RUNS.all()),
        training_bytes=live_runs.RUNS.held_bytes(),
        results=tasks.results_kept(),
        networks=len(loaded),
        network_bytes=sum(loaded),
        memory_bytes=1024 * process.get("VmRSS", 0),
        peak_bytes=1024 * process.get("VmHWM", 0),
        threads=process.get("Threads", 0),
        cores=warmup.cores(),
        ready=warmup.ready(),
    )


def _process() -> dict[str, int]:
    """Return the whole numbers that Linux tells of this process; none elsewhere."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines)
    return {
        words[0].removesuffix(":"): int(words[1])
        for words in fields
        if len(words) > 1 and words[1].isdecimal()
    }
