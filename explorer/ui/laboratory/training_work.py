"""Trainings side by side, as work for the queue: all networks make a step, then the next."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from explorer.analysis import analyze
from explorer.spec import ArchitectureSpec
from explorer.training.recipe import Recipe
from explorer.ui.jobs import JobContext
from explorer.ui.tasks import Work

if TYPE_CHECKING:
    from explorer.training.gradient_history import GradientHistory

_MOST_MOMENTS = 120


def every(steps: int) -> int:
    """Return which so-many-th step of a training is drawn."""
    return -(-steps // _MOST_MOMENTS)


def needed_bytes(specs: Sequence[ArchitectureSpec], batch: int) -> int:
    """Return an upper bound of the memory that training several networks side by side takes."""
    found = [analyze(spec) for spec in specs]
    held = sum(3 * analysis.weights_bytes for analysis in found)  # with gradients and momentum
    return held + batch * max(analysis.activation_bytes for analysis in found)


def histories(
    specs: Sequence[ArchitectureSpec], recipe: Recipe, seed: int
) -> "Work[tuple[GradientHistory, ...]]":
    """Train networks on the same batches of CIFAR-10's bundled pictures, and show every step."""

    def run(context: JobContext) -> "tuple[GradientHistory, ...]":
        from explorer.datasets import bundled_cifar10
        from explorer.training.gradient_history import record

        data, stride, steps = bundled_cifar10().train, every(recipe.steps(1)), recipe.steps(1)
        running = [record(spec, recipe, data, seed, stride, context.check) for spec in specs]
        found: tuple[GradientHistory, ...] = ()
        for latest in zip_longest(*running):  # None where a training has ended before others
            found = tuple(new or old for new, old in zip_longest(latest, found))
            done = max(len(history.losses) for history in found)
            context.report(done / steps, f"step {done} of {steps}")
            context.show(found)
        return found

    return run
