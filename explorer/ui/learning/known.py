"""What lessons may name, and the lessons that could be read."""

from explorer import experiments, weights
from explorer.data import bundled_pictures
from explorer.lessons.shelf import Shelf, shelf
from explorer.lessons.values import Known
from explorer.training.live_experiments import EXPERIMENTS


def lessons() -> Shelf:
    """Return all lessons as their files are now."""
    return shelf(
        Known(
            pictures=tuple(picture.name for picture in bundled_pictures()),
            trained=tuple(str(entry.spec) for entry in weights.available()),
            trainings=tuple(experiment.key for experiment in EXPERIMENTS),
            experiments=tuple(each.key for each in experiments.EXPERIMENTS),
        )
    )
