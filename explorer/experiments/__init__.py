"""Published findings on residual networks, made again live; one file each.

A new experiment is a file with an `EXPERIMENT`, and a place in the list below.
"""

from explorer.experiments import (
    degradation,
    lesions,
    loss_surface,
    path_gradients,
    receptive_field,
    shattered,
    similarity,
)
from explorer.experiments.experiment import Experiment, ExperimentError

EXPERIMENTS: tuple[Experiment, ...] = (
    degradation.EXPERIMENT,
    lesions.EXPERIMENT,
    path_gradients.EXPERIMENT,
    shattered.EXPERIMENT,
    loss_surface.EXPERIMENT,
    receptive_field.EXPERIMENT,
    similarity.EXPERIMENT,
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
