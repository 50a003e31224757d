"""This visitor's live training, found by the token of the address."""

from explorer.ui import live_runs, state
from explorer.ui.live_runs import LiveRun, LiveRuns


def registry() -> LiveRuns:
    """Return all runs of this process."""
    return live_runs.RUNS


def held() -> LiveRun | None:
    """Return this visitor's run, or None if there is none any more."""
    return registry().find(state.run()) if state.run() else None
