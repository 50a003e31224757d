"""How a network is trained: a recipe, and the learning rate it sets at each iteration."""

import math
from dataclasses import dataclass, replace

from explorer.spec import ArchitectureSpec

SCHEDULES = ("step", "cosine", "one_cycle")
NORMALISATIONS = ("per_channel", "per_pixel_mean")
BOUNDS = {
    "batch": (1, 65_536),
    "epochs": (1, 10_000),
    "iterations": (1, 100_000_000),
    "learning_rate": (0.0, 100.0),
    "momentum": (0.0, 0.999),
    "weight_decay": (0.0, 1.0),
    "label_smoothing": (0.0, 0.9),
    "warmup_iterations": (0, 1_000_000),
    "warmup_rate": (0.0, 100.0),
    "crop_padding": (0, 16),
}
_ONE_CYCLE_RISE, _ONE_CYCLE_START, _ONE_CYCLE_END = 0.3, 1 / 25, 1e-4 / 25


class RecipeError(ValueError):
    """Why a recipe cannot be followed, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Stochastic gradient descent with momentum on cross-entropy, and all of its settings.

    Weight decay applies to every parameter, as in the paper's Caffe recipe.

    Args:
        name: how it is called on the command line.
        epochs: passes over the training pictures; None where `iterations` says when to stop.
        iterations: steps; None where `epochs` says when to stop.
        batch: pictures a step; the last step of an epoch takes what is left.
        learning_rate: the highest rate of the schedule.
        momentum: of the running sum of gradients.
        nesterov: look ahead along that sum.
        weight_decay: of the L2 penalty.
        schedule: `step` (a tenth at each milestone), `cosine` (down to 0) or `one_cycle` (up over
            the first 30%, then down to almost 0, both along a cosine).
        milestones: where `step` divides by 10, as shares of the whole.
        warmup_iterations: first steps at `warmup_rate`, whatever the schedule says.
        warmup_rate: the rate of those steps.
        crop_padding: zeros around the normalised picture, from which it is cropped at random.
        flip: mirror every other picture, at random.
        normalisation: `per_channel` (mean and standard deviation of each colour) or
            `per_pixel_mean` (subtract the mean picture, divide by nothing).
        label_smoothing: share of the target spread over all classes.
        bfloat16: layers compute in bfloat16 where torch's autocast lets them; weights, their
            updates and the loss stay float32.
        channels_last: colours of a pixel side by side in memory; faster, the same mathematics.
    Raises:
        RecipeError: for a value out of bounds, or unless exactly one of epochs and iterations.
    """

    name: str
    epochs: int | None = None
    iterations: int | None = None
    batch: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    milestones: tuple[float, ...] = (0.5, 0.75)
    warmup_iterations: int = 0
    warmup_rate: float = 0.01
    crop_padding: int = 4
    flip: bool = True
    normalisation: str = "per_channel"
    label_smoothing: float = 0.0
    bfloat16: bool = False
    channels_last: bool = False

    def __post_init__(self) -> None:
        for field, (low, high) in BOUNDS.items():
            value = getattr(self, field)
            if value is not None and not low <= value <= high:
                raise RecipeError(f"{field}={value}: from {low:,} to {high:,}")
        if (self.epochs is None) == (self.iterations is None):
            raise RecipeError(f"{self.name}: give either epochs or iterations")
        if self.nesterov and not self.momentum:
            raise RecipeError("Nesterov's look ahead needs a momentum above 0")
        if self.schedule not in SCHEDULES:
            raise RecipeError(f"no schedule {self.schedule!r}; there are {', '.join(SCHEDULES)}")
        if self.normalisation not in NORMALISATIONS:
            raise RecipeError(
                f"no normalisation {self.normalisation!r}; there are {', '.join(NORMALISATIONS)}"
            )

    def steps(self, per_epoch: int) -> int:
        """Return the iterations of a whole run, for so many of them in an epoch."""
        return self.iterations or per_epoch * (self.epochs or 0)

    def rate(self, iteration: int, steps: int) -> float:
        """Return the learning rate of one iteration, counted from 0, of a run of `steps`."""
        if iteration < self.warmup_iterations:
            return self.warmup_rate
        if self.schedule == "step":
            passed = sum(iteration >= share * steps for share in self.milestones)
            return self.learning_rate * 0.1**passed
        if self.schedule == "cosine":
            return _along_cosine(self.learning_rate, 0.0, iteration / steps)
        top = self.learning_rate
        peak = _ONE_CYCLE_RISE * steps - 1
        if iteration <= peak:
            return _along_cosine(top * _ONE_CYCLE_START, top, iteration / peak)
        return _along_cosine(top, top * _ONE_CYCLE_END, (iteration - peak) / (steps - 1 - peak))

    def for_epochs(self, epochs: int) -> "Recipe":
        """Return the same recipe stretched or shortened to so many epochs."""
        return replace(self, epochs=epochs, iterations=None)


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="short",
            epochs=30,
            schedule="one_cycle",
            learning_rate=0.1,
            nesterov=True,
            weight_decay=5e-4,
            bfloat16=True,
            channels_last=True,
        ),
        # He et al. 2015, arXiv:1512.03385, Section 4.2, which prints all of these but the scale of
        # the pixels: here they go from 0 to 1.
        Recipe(
            name="he2015",
            iterations=64_000,
            schedule="step",
            normalisation="per_pixel_mean",
            channels_last=True,
        ),
    )
}
_WARMUP_DEPTH, _WARMUP_ITERATIONS = 110, 400


def find(name: str, spec: ArchitectureSpec) -> Recipe:
    """Return a recipe by name, as it applies to this network.

    With `he2015`, networks of 110 layers and more start with 400 iterations at 0.01; the paper
    says "until the training error is below 80% (about 400 iterations)".

    Raises:
        RecipeError: for an unknown name; the message lists the names.
    """
    if name not in RECIPES:
        raise RecipeError(f"no recipe {name[:60]!r}; there are {', '.join(RECIPES)}")
    if name == "he2015" and spec.depth >= _WARMUP_DEPTH:
        return replace(RECIPES[name], warmup_iterations=_WARMUP_ITERATIONS)
    return RECIPES[name]
