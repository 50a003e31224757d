"""How a network is trained: a recipe, its text form, and the recipes that have a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from explorer.spec import ArchitectureSpec
from explorer.training import recipe_text, schedules
from explorer.training.recipe_text import RecipeError

OPTIMIZERS = ("sgd", "adam")
SCHEDULES = ("step", "cosine", "one_cycle", "plateau")
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
    "rotation": (0.0, 180.0),
    "contrast": (0.0, 1.0),
    "validation": (0.0, 0.5),
    "plateau_patience": (0, 1_000),
    "patience": (1, 10_000),
}
CHOICES = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "normalisation": NORMALISATIONS,
}
_ADAM_RATE = 0.001
_PATIENT_VALIDATION = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Gradient descent on cross-entropy, and all of its settings.

    Weight decay applies to every parameter, as in the paper's Caffe recipe.

    Args:
        name: the recipe it began as, and each setting that was changed since: `short,batch=64`.
        epochs: passes over the training pictures; None where `iterations` says when to stop.
        iterations: steps; None where `epochs` says when to stop.
        batch: pictures a step; the last step of an epoch takes what is left.
        learning_rate: the highest rate of the schedule.
        momentum: of the running sum of gradients; Adam's first beta, whose second is 0.999.
        nesterov: look ahead along that sum.
        weight_decay: of the L2 penalty, whose gradient Adam scales with the rest.
        schedule: `step` (a tenth at each milestone), `cosine` (down to 0), `one_cycle` (up over
            the first 30%, then down to almost 0, both along a cosine) or `plateau` (a tenth once
            the watched loss has not fallen for more than `plateau_patience` epochs).
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
        optimizer: `sgd` or `adam`.
        rotation: turn each picture by up to so many degrees either way, at random.
        contrast: move each picture's values away from their mean or towards it, by up to this
            share, at random.
        validation: share of the training pictures that is held out and never learned from. The
            loss on it is the watched loss; without it that is the training loss. Test pictures
            decide nothing.
        plateau_patience: epochs that the watched loss may stay up before the rate falls.
        patience: epochs after which training stops if the loss on the held-out part has not
            fallen; None trains to the end.
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
    optimizer: str = "sgd"
    rotation: float = 0.0
    contrast: float = 0.0
    validation: float = 0.0
    plateau_patience: int = 5
    patience: int | None = None

    def __post_init__(self) -> None:
        for field, (low, high) in BOUNDS.items():
            value = getattr(self, field)
            if value is not None and not low <= value <= high:
                raise RecipeError(f"{field}={value}: from {low:,} to {high:,}")
        for field, known in CHOICES.items():
            if getattr(self, field) not in known:
                raise RecipeError(
                    f"no {field} {getattr(self, field)!r}; there are {', '.join(known)}"
                )
        if not all(0 <= share <= 1 for share in self.milestones):
            raise RecipeError("milestones are shares of the whole training, from 0 to 1")
        if (self.epochs is None) == (self.iterations is None):
            raise RecipeError(f"{self.name}: give either epochs or iterations")
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise RecipeError("Nesterov's look ahead needs sgd with a momentum above 0")
        if self.patience and not self.validation:
            raise RecipeError(
                "patience watches the loss on a held-out part: validation=0.1, for instance"
            )

    def steps(self, per_epoch: int) -> int:
        """Return the iterations of a whole run, for so many of them in an epoch."""
        return self.iterations or per_epoch * (self.epochs or 0)

    def rate(self, iteration: int, steps: int, watched: Sequence[float] = ()) -> float:
        """Return the learning rate of one iteration.

        Args:
            iteration: counted from 0.
            steps: of the whole run.
            watched: the watched loss after each epoch so far.
        """
        if iteration < self.warmup_iterations:
            return self.warmup_rate
        top = self.learning_rate
        if self.schedule == "step":
            return schedules.step(top, self.milestones, iteration, steps)
        if self.schedule == "plateau":
            return schedules.plateau(top, self.plateau_patience, watched)
        if self.schedule == "cosine":
            return schedules.cosine(top, 0.0, iteration / steps)
        return schedules.one_cycle(top, iteration, steps)

    def gives_up(self, watched: Sequence[float]) -> bool:
        """Say whether the watched loss has not fallen for `patience` epochs."""
        return self.patience is not None and schedules.waiting(watched) >= self.patience

    def vary(self, settings: Mapping[str, object]) -> "Recipe":
        """Return this recipe with some settings changed, which its name then tells.

        A setting brings along what it cannot do without, unless that is given too: epochs take the
        place of iterations and the other way round, `adam` comes without Nesterov and at a rate of
        0.001, and `patience` holds out a tenth of the training pictures.

        Raises:
            RecipeError: if the result cannot be followed.
        """
        along: dict[str, object] = {}
        if "epochs" in settings or "iterations" in settings:
            along |= {"epochs": None, "iterations": None}
        if settings.get("optimizer", self.optimizer) == "adam" != self.optimizer:
            along |= {"nesterov": False, "learning_rate": _ADAM_RATE}
        if settings.get("patience") and not self.validation:
            along["validation"] = _PATIENT_VALIDATION
        changes = {**along, **settings}
        base, told = recipe_text.split(self.name)
        told = {field: value for field, value in told.items() if field not in along}
        told |= {field: recipe_text.written(value) for field, value in settings.items()}
        return replace(self, **changes, name=recipe_text.join(base, told))  # type: ignore[arg-type]

    def suited(self, settings: Mapping[str, object]) -> "Recipe":
        """Return this recipe with the settings that nobody chose."""
        told = recipe_text.split(self.name)[1]
        return self.vary({key: value for key, value in settings.items() if key not in told})

    def for_epochs(self, epochs: int) -> "Recipe":
        """Return the same recipe stretched or shortened to so many epochs."""
        return self.vary({"epochs": epochs})


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
KINDS: Mapping[str, Any] = {field.name: field.type for field in fields(Recipe)[1:]}
"""Every setting but the name, with its type."""
_WARMUP_DEPTH, _WARMUP_ITERATIONS = 110, 400


def find(text: str, spec: ArchitectureSpec) -> Recipe:
    """Return a recipe by its text form, as it applies to this network.

    With `he2015`, networks of 110 layers and more start with 400 iterations at 0.01; the paper
    says "until the training error is below 80% (about 400 iterations)".

    Args:
        text: a name, then settings that differ, as in `short,batch=64`.
        spec: the network.
    Raises:
        RecipeError: for an unknown name, setting or value; the message lists the names.
    """
    name, settings = recipe_text.split(text)
    if name not in RECIPES:
        raise RecipeError(f"no recipe {name[:60]!r}; there are {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    if name == "he2015" and spec.depth >= _WARMUP_DEPTH:
        recipe = replace(recipe, warmup_iterations=_WARMUP_ITERATIONS)
    return recipe.vary(
        {field: recipe_text.read(field, value, KINDS) for field, value in settings.items()}
    )
