"""Experiments as work for the queue; what came out of the last ones is kept for everybody."""

from hashlib import blake2s

from explorer.experiments import Experiment
from explorer.experiments.experiment import Outcome, Settings
from explorer.ui.jobs import JobContext
from explorer.ui.tasks import Kept, Work

_outcomes: Kept[Outcome] = Kept(64)


def run(experiment: Experiment, settings: Settings) -> Work[Outcome]:
    """Make an experiment, unless it was made with these settings before."""

    def work(context: JobContext) -> Outcome:
        return _outcomes.get((experiment.key, settings), lambda: experiment.run(settings, context))

    return work


def known(experiment: Experiment, settings: Settings) -> bool:
    """Say whether the outcome is there already."""
    return _outcomes.holds((experiment.key, settings))


def mark(experiment: Experiment, settings: Settings) -> str:
    """Return what tells a run from any other in a link, on every server."""
    return blake2s(repr((experiment.key, settings)).encode(), digest_size=5).hexdigest()
