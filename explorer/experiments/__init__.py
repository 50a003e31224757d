"""Published findings on residual networks, made again live; one file each.

A new experiment is a file with an `EXPERIMENT`, and a place in the list below.
"""

from explorer.experiments import (
    budget,
    construction,
    degradation,
    initialisation,
    lesions,
    loss_surface,
    orderings,
    path_gradients,
    preactivation,
    receptive_field,
    shattered,
    shortcuts,
    similarity,
)
from explorer.experiments.experiment import Experiment, ExperimentError

EXPERIMENTS: tuple[Experiment, ...] = (
    degradation.EXPERIMENT,
    preactivation.EXPERIMENT,
    shortcuts.EXPERIMENT,
    orderings.EXPERIMENT,
    construction.EXPERIMENT,
    lesions.EXPERIMENT,
    path_gradients.EXPERIMENT,
    shattered.EXPERIMENT,
    loss_surface.EXPERIMENT,
    receptive_field.EXPERIMENT,
    similarity.EXPERIMENT,
    initialisation.EXPERIMENT,
    budget.EXPERIMENT,
)
"""In the order of the page."""


def find(key: str) -> Experiment:
    """Return the experiment of a key.

    Raises:
        ExperimentError: if there is none.
    """
    for each in EXPERIMENTS:
        if each.key == key:
            return each
    raise ExperimentError(
        f"no experiment {key!r}: there are {', '.join(each.key for each in EXPERIMENTS)}"
    )


__all__ = ["EXPERIMENTS", "Experiment", "ExperimentError", "find"]
