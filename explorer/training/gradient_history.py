"""Norms of every layer's weight gradient while a network trains, step by step.

Each gradient is reduced to its norm when it arrives. The training is not changed: a hook looks at
the gradient and at the weights, and lets both go.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import nan
from typing import NamedTuple

from torch import Tensor

from explorer.datasets import LabelledImages
from explorer.gradients.norms import norm, on_main_path, weighted_rows
from explorer.spec import ArchitectureSpec
from explorer.training.loop import Training, TrainingError
from explorer.training.recipe import Recipe


class Moment(NamedTuple):
    """L2 norms at one step, before it changed the weights: |dL/dW| and |W| of every layer."""

    step: int
    gradient_norms: tuple[float, ...]
    weight_norms: tuple[float, ...]

    @property
    def relative(self) -> tuple[float, ...]:
        """|dL/dW| / |W| of every layer; not a number where all weights are 0."""
        pairs = zip(self.gradient_norms, self.weight_norms, strict=True)
        return tuple(gradient / weight if weight else nan for gradient, weight in pairs)


@dataclass(frozen=True)
class GradientHistory:
    """A training so far.

    Args:
        spec: the network.
        recipe: how it is trained.
        seed: of weights, order and crops.
        layers: names of the weighted layers, in forward order.
        first: place among them of the first convolution on the main path.
        last: place of the last one.
        losses: of every step's batch, before the step.
        moments: the steps that were recorded.
        stopped: why the training ended before its last step, as a sentence; else empty.
    """

    spec: ArchitectureSpec
    recipe: Recipe
    seed: int
    layers: tuple[str, ...]
    first: int
    last: int
    losses: tuple[float, ...] = ()
    moments: tuple[Moment, ...] = ()
    stopped: str = ""

    def growth(self, moment: Moment) -> float:
        """Weight gradient of the first convolution over the last one's, on the main path."""
        base = moment.gradient_norms[self.last]
        return moment.gradient_norms[self.first] / base if base else nan


def record(
    spec: ArchitectureSpec,
    recipe: Recipe,
    data: LabelledImages,
    seed: int = 0,
    every: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Iterator[GradientHistory]:
    """Train a network by its recipe and record the norms of its weight gradients.

    Networks trained with one seed see the same batches.

    Args:
        spec: the network.
        recipe: how it is trained.
        data: what it learns from.
        seed: of weights, order and crops.
        every: record each so-many-th step from the first on, and the last one.
        check: called before every step; may raise to stop the work.
    Yields:
        The history after each step that was recorded. Where the loss is no longer a number, that
        step is the last, and the history says so.
    Raises:
        TrainingError: if the network does not take these pictures, or the seed is out of bounds.
    """
    training = Training(spec, recipe, data, seed)
    rows = weighted_rows(spec)
    path = [
        place
        for place, row in enumerate(rows)
        if row.kind == "convolution" and on_main_path(row.name)
    ]
    layers = tuple(row.name for row in rows)
    history = GradientHistory(spec, recipe, seed, layers, path[0], path[-1])
    recorder = _Recorder(training, layers)
    while not (training.finished or history.stopped):
        check()
        step = training.iteration
        history = _one_step(training, history)
        if step % every == 0 or training.finished or history.stopped:
            moment = Moment(step, *recorder.norms())
            history = replace(history, moments=(*history.moments, moment))
            yield history


def _one_step(training: Training, history: GradientHistory) -> GradientHistory:
    try:
        loss = training.step().loss
    except TrainingError as error:
        return replace(history, losses=(*history.losses, nan), stopped=str(error))
    return replace(history, losses=(*history.losses, loss))


class _Recorder:
    """Hooks on the weights of a network in training."""

    def __init__(self, training: Training, layers: tuple[str, ...]) -> None:
        self._layers = layers
        self._found: dict[str, tuple[float, float]] = {}
        for layer in layers:
            weights = training.model.get_parameter(f"{layer}.weight")
            weights.register_post_accumulate_grad_hook(self._watch(layer))

    def _watch(self, layer: str) -> Callable[[Tensor], None]:
        def hook(weights: Tensor) -> None:
            if weights.grad is not None:
                self._found[layer] = norm(weights.grad), norm(weights.detach())

        return hook

    def norms(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the gradients' and the weights' norms of the last step, layer by layer."""
        gradients, weights = zip(*(self._found[layer] for layer in self._layers), strict=True)
        return gradients, weights
