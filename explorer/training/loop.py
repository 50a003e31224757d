"""One network in training, step by step, and the judgement of what it has learned."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from explorer.cards import Preprocessing
from explorer.datasets import LabelledImages, hold_out
from explorer.network import build
from explorer.spec import ArchitectureSpec, SpecError
from explorer.training.batches import Batches, derived_seed, measure, normalise
from explorer.training.recipe import Recipe
from explorer.training.workers import ALONE, Workers

MAX_SEED = 2**31 - 1
_JUDGED_AT_ONCE, _NUMBERS_AT_ONCE = 500, 500 * 3 * 32 * 32


class TrainingError(ValueError):
    """Why a network cannot be trained, or not any further, in one sentence."""


class Step(NamedTuple):
    """What one iteration saw, before it changed the weights."""

    loss: float
    wrong: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Score:
    """How a network did on pictures: mean cross-entropy, and pictures whose class was missed.

    `wrong_top5` counts those whose class is not even among the five most probable.
    """

    loss: float
    wrong: int
    wrong_top5: int
    pictures: int

    @property
    def error_percent(self) -> float:
        """Share of the pictures whose most probable class is wrong."""
        return 100 * self.wrong / self.pictures


class Training:
    """A network and everything that its exact continuation needs.

    Weights, order, crops and flips come from `seed`, each from its own stream: the global random
    state is left as it was found. On one CPU and with one number of threads, the same arguments
    give the same weights, bit for bit. Several processes share each batch and sum up in another
    order: the same within rounding, unless layers mix pictures (BatchNorm, see `Workers`) or drop
    numbers at random (each process draws the same for its first picture, and so on).

    Args:
        spec: the network.
        recipe: how it is trained.
        data: what it learns from, but for the part that the recipe holds out.
        seed: of the weights and of all that is drawn later.
        device: where it is trained.
        workers: this process among those that train the network together.
        compiled: let torch.compile fuse the layers: faster steps after minutes of compiling (a C++
            compiler is needed on a CPU), the same mathematics in another order of rounding.
    Attributes:
        held_out: pictures that are never learned from; None where the recipe holds out none.
        watched: after each epoch, the loss that schedule and patience go by.
    Raises:
        TrainingError: if the network does not take these pictures, the seed is out of bounds, or
            a batch has fewer pictures than there are processes.
    """

    def __init__(
        self,
        spec: ArchitectureSpec,
        recipe: Recipe,
        data: LabelledImages,
        seed: int = 0,
        device: torch.device | str = "cpu",
        workers: Workers = ALONE,
        compiled: bool = False,
    ) -> None:
        _check(spec, data, seed)
        self.spec, self.recipe, self.seed, self.workers = spec, recipe, seed, workers
        self.device = torch.device(device)
        self.held_out: LabelledImages | None = None
        if recipe.validation:
            data, self.held_out = _hold_out(data, recipe.validation)
        self.preprocessing = measure(data.images, recipe.normalisation)
        self.batches = Batches(data, recipe, self.preprocessing, seed, self.device, workers)
        if self.batches.smallest < workers.count:
            raise TrainingError(
                f"{len(data):,} pictures in batches of {recipe.batch} leave "
                f"{self.batches.smallest} for the last, too few for {workers.count} processes: "
                "choose another batch"
            )
        self.steps = recipe.steps(self.batches.per_epoch)
        self.iteration = 0
        self.watched: list[float] = []
        model = build(spec, seed).to(self.device)
        if recipe.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model = workers.synchronise(model, self.device)
        self.optimizer = _optimizer(self.model, recipe)
        self._network = workers.together(self.model, self.device)
        self.compiled = compiled
        if compiled:  # a graph for full batches, and one for the last of an epoch
            self._network = torch.compile(self._network, dynamic=False)  # type: ignore[assignment]

    @property
    def finished(self) -> bool:
        """Whether the recipe is at its end, or its patience."""
        return self.iteration >= self.steps or self.recipe.gives_up(self.watched)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self.recipe.rate(self.iteration, self.steps, self.watched)

    def step(self) -> Step:
        """Learn from one batch.

        Raises:
            TrainingError: if the loss is no longer a number.
        """
        self.model.train()
        images, labels = self.batches.at(self.iteration)
        pictures = self.batches.size(self.iteration)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        with _drawing_from(derived_seed(self.seed, "layers", self.iteration), self.device):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bfloat16):
                outputs = self._network(images)
            outputs = outputs.float()
            loss = cross_entropy(outputs, labels, label_smoothing=self.recipe.label_smoothing)
            # The mean over the processes is then the mean over the pictures, however they share.
            loss = loss * (self.workers.count * len(labels) / pictures)
            self.optimizer.zero_grad()
            loss.backward()
        self.optimizer.step()
        self.iteration += 1
        wrong = (outputs.argmax(1) != labels).sum().to(loss.dtype)
        means = self.workers.mean(torch.stack([loss.detach(), wrong]))
        mean_loss, mean_wrong = means.tolist()
        if not math.isfinite(mean_loss):
            raise TrainingError(
                f"{self.spec}: the loss is {mean_loss} at iteration {self.iteration}; "
                "a lower learning rate may help"
            )
        return Step(mean_loss, round(mean_wrong * self.workers.count), pictures)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs: weights, statistics, momentum, and the iteration."""
        return {
            "iteration": self.iteration,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "watched": list(self.watched),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken; everything drawn follows from seed and iteration."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.iteration = state["iteration"]
        self.watched = list(state.get("watched", ()))  # earlier checkpoints know no such loss


def evaluate(model: nn.Module, data: LabelledImages, steps: Preprocessing) -> Score:
    """Judge a network on pictures as they are, in float32 and in eval mode.

    Args:
        model: any mode; returned to it.
        data: the pictures.
        steps: how they become inputs.
    """
    training, device = model.training, next(model.parameters()).device
    loss, wrong, wrong_top5 = 0.0, 0, 0
    model.eval()
    at_once = min(_JUDGED_AT_ONCE, max(1, _NUMBERS_AT_ONCE // data.images[0].numel()))
    with torch.inference_mode():
        for start in range(0, len(data), at_once):
            part = slice(start, start + at_once)
            images = normalise(data.images[part].to(device), steps)
            labels = data.labels[part].to(device)
            outputs = model(images.contiguous(memory_format=torch.channels_last))
            loss += cross_entropy(outputs, labels, reduction="sum").item()
            best = outputs.topk(min(5, outputs.shape[1])).indices == labels[:, None]
            wrong += len(labels) - int(best[:, 0].sum())
            wrong_top5 += len(labels) - int(best.sum())
    model.train(training)
    return Score(loss / len(data), wrong, wrong_top5, len(data))


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    weights, rate, decay = model.parameters(), recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adam":
        return torch.optim.Adam(weights, rate, betas=(recipe.momentum, 0.999), weight_decay=decay)
    return torch.optim.SGD(
        weights, rate, recipe.momentum, nesterov=recipe.nesterov, weight_decay=decay
    )


def _hold_out(data: LabelledImages, share: float) -> tuple[LabelledImages, LabelledImages]:
    kept, held = hold_out(data, share)
    if not len(held):
        raise TrainingError(f"{len(data):,} pictures are too few to hold any out for validation")
    return kept, held


def _check(spec: ArchitectureSpec, data: LabelledImages, seed: int) -> None:
    if not 0 <= seed <= MAX_SEED:
        raise TrainingError(f"seed={seed}: a whole number from 0 to {MAX_SEED:,}")
    if data.images.shape[1:] != spec.input_shape:
        wanted, found = ("x".join(map(str, n)) for n in (spec.input_shape, data.images.shape[1:]))
        raise TrainingError(
            f"{spec} takes pictures of {wanted}, these are {found}{_fitting(spec, data)}"
        )
    if spec.classes <= int(data.labels.max()):
        raise TrainingError(
            f"{spec} tells {spec.classes} classes apart, the pictures show "
            f"{int(data.labels.max()) + 1}"
        )


def _fitting(spec: ArchitectureSpec, data: LabelledImages) -> str:
    """Name the same network for pictures of this shape, if it can be built."""
    channels, side = data.images.shape[1:3]
    try:
        return (
            f": train {spec.vary(image_size=side, in_channels=channels)}" if spec.dims == 2 else ""
        )
    except SpecError as error:
        return f"; {error}"


@contextmanager
def _drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Let layers that drop at random draw from `seed`, and leave torch's random state as it was."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    states = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(seed)
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
