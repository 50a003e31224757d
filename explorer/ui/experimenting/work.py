"""Experiments as work for the queue; what came out of the last ones is kept for everybody."""

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
