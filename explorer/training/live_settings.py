"""What a live training is asked to do: plain settings, checked before torch is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from explorer.analysis import analyze
from explorer.spec import ArchitectureSpec, SpecError, parse
from explorer.training.recipe import OPTIMIZERS, Recipe

MAX_NETWORKS = 5
"""As many as there are orderings to be held against each other; the tray has four places."""
MAX_STEPS = 5_000
MAX_SEED = 2**31 - 1
MAX_RATE = 100.0
BATCHES = (8, 16, 32, 64, 128)
WIDTHS = (4, 8, 16, 32)
UNITS = (1, 2, 3, 5, 7, 9, 18)
"""Units in each stage; 3, 5, 7, 9 and 18 make the depths of He et al. 2015: 20, 32, 44, 56, 110."""

TEST_EVERY = (10, 25, 50, 100)

MAX_STEP_MACS = 50_000_000_000
"""Multiply-accumulates of one network's step, forward and back: some seconds on two cores."""

MAX_HELD_BYTES = 400_000_000
"""Weights, gradients and optimiser of a run's networks together."""

MAX_STEP_BYTES = 1_000_000_000
"""What autograd keeps during one step; networks take turns, so only one keeps it at a time."""

_COPIES = {"sgd": 3, "adam": 4}
"""Numbers held for each weight: itself, its gradient, and the optimiser's running sums."""


class LiveError(ValueError):
    """Why a live training cannot be had, in one sentence."""


class LiveData(NamedTuple):
    """Pictures to train on, by what is known of them before they are read.

    Args:
        words: what they are.
        side: height and width in pixels.
        channels: of a picture.
        train: pictures to learn from.
        test: pictures to be judged by.
    """

    words: str
    side: int
    channels: int
    train: int
    test: int


DATA = {
    "digits": LiveData("digits, 8×8", 8, 1, 1437, 360),
    "bundled": LiveData("CIFAR-10, 32×32", 32, 3, 2000, 1000),
}
CLASSES = 10

OPTIMIZER_WORDS = {"sgd": "SGD", "adam": "Adam"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """Networks that train side by side, and everything they have in common.

    The learning rate stays as it is, weight decay and momentum are those of He et al. 2015, and
    pictures are neither cropped nor mirrored.

    Args:
        variants: text forms of one to five networks, which `networks` adapts to the pictures.
        data: a key of `DATA`.
        batch: pictures a step.
        learning_rate: of all steps.
        optimizer: `sgd` (momentum 0.9) or `adam`.
        seed: of weights, order and crops.
        steps: after which the run ends.
        test_every: steps between two looks at the test pictures.
        test_pictures: how many of them, the first ones.
        width: channels of the stem and the first stage; None leaves each network's own.
        units: residual units in each stage; None leaves each network's own.
        norm: `batch`, `none`, or empty for each network's own.
    Raises:
        LiveError: for a value out of bounds.
    """

    variants: tuple[str, ...]
    data: str = "digits"
    batch: int = 32
    learning_rate: float = 0.02
    optimizer: str = "sgd"
    seed: int = 0
    steps: int = 300
    test_every: int = 25
    test_pictures: int = 200
    width: int | None = None
    units: int | None = None
    norm: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.variants) <= MAX_NETWORKS:
            raise LiveError(f"{len(self.variants)} networks: from 1 to {MAX_NETWORKS}")
        if not 0 < self.learning_rate <= MAX_RATE:  # a rate that is not a number fails too
            raise LiveError(
                f"learning_rate={self.learning_rate:g}: above 0 and at most {MAX_RATE:g}"
            )
        for field, (low, high) in _BOUNDS.items():
            if not low <= getattr(self, field) <= high:
                raise LiveError(f"{field}={getattr(self, field)}: from {low:,} to {high:,}")
        for field, known in _CHOICES.items():
            if getattr(self, field) not in known:
                raise LiveError(
                    f"{field}={getattr(self, field)!r}: one of {', '.join(map(str, known))}"
                )

    @property
    def tested(self) -> int:
        """Test pictures that are looked at: as many as wanted, if there are so many."""
        return min(self.test_pictures, DATA[self.data].test)

    @property
    def recipe(self) -> Recipe:
        """How each network is trained."""
        return Recipe(
            name="live",
            iterations=MAX_STEPS,
            batch=self.batch,
            learning_rate=self.learning_rate,
            schedule="step",
            milestones=(),
            optimizer=self.optimizer,
            channels_last=True,
            crop_padding=0,
            flip=False,
        )

    def adapted(self, spec: ArchitectureSpec) -> ArchitectureSpec:
        """Return a network as it is trained here: input, classes and what all have in common.

        A residual network gets the stem of CIFAR's, which does not shrink the picture.

        Raises:
            SpecError: if it cannot be built so.
        """
        data = DATA[self.data]
        if spec.dims != 2:
            raise SpecError("dims=1: a network for series takes no pictures")
        changes: dict[str, Any] = {
            "image_size": data.side,
            "in_channels": data.channels,
            "classes": CLASSES,
        }
        if spec.family == "residual":
            changes["stem"] = "cifar"
            if self.width:
                changes["width"] = self.width
        return self.chosen(spec).vary(**changes)

    def chosen(self, spec: ArchitectureSpec) -> ArchitectureSpec:
        """Return a network with the depth and the normalisation that all have in common.

        Raises:
            SpecError: if it cannot be built so.
        """
        if spec.family != "residual":
            return spec
        changes: dict[str, Any] = {}
        if self.units:
            changes["stages"] = (self.units,) * len(spec.stages)
        if self.norm:
            changes["norm"] = self.norm
        return spec.vary(**changes)

    def networks(self) -> tuple[ArchitectureSpec, ...]:
        """Return the networks as they are trained.

        Raises:
            LiveError: if one of them cannot be, or asks for too much; the message names it.
        """
        found = []
        for text in self.variants:
            try:
                found.append(self.adapted(parse(text)))
            except SpecError as error:
                raise LiveError(f"{text} cannot be trained on these pictures: {error}") from None
        self._check_cost(found)
        return tuple(found)

    def _check_cost(self, networks: Sequence[ArchitectureSpec]) -> None:
        for spec in networks:
            analysis = analyze(spec)
            macs = 3 * self.batch * analysis.macs
            if macs > MAX_STEP_MACS:
                raise LiveError(
                    f"{spec}: a step of {self.batch} pictures takes {macs / 1e9:.0f} billion "
                    f"multiply-accumulates, more than the {MAX_STEP_MACS / 1e9:.0f} billion that "
                    "may be trained live: choose a smaller width, depth or batch"
                )
            needed = self.batch * analysis.saved_for_backward_bytes
            if needed > MAX_STEP_BYTES:
                raise LiveError(
                    f"{spec}: a step of {self.batch} pictures takes {needed / 1e9:.1f} GB, more "
                    f"than {MAX_STEP_BYTES / 1e9:.1f} GB: choose a smaller width, depth or batch"
                )
        held = self.held_bytes(networks)
        if held > MAX_HELD_BYTES:
            raise LiveError(
                f"{', '.join(map(str, networks))}: weights, gradients and the optimiser's sums "
                f"take {held / 1e6:,.0f} MB, more than {MAX_HELD_BYTES / 1e6:,.0f} MB: "
                "choose smaller or fewer networks"
            )

    def held_bytes(self, networks: Sequence[ArchitectureSpec]) -> int:
        """Return the memory that networks hold between their steps."""
        return _COPIES[self.optimizer] * sum(analyze(spec).weights_bytes for spec in networks)

    def differences(self, other: "LiveSettings") -> dict[str, tuple[object, object]]:
        """Return each setting in which another differs: its value here, and there."""
        mine, theirs = asdict(self), asdict(other)
        return {
            field: (mine[field], theirs[field]) for field in mine if mine[field] != theirs[field]
        }


_BOUNDS = {
    "seed": (0, MAX_SEED),
    "steps": (1, MAX_STEPS),
    "test_every": (1, MAX_STEPS),
    "test_pictures": (1, 1_000),
}
_CHOICES: Mapping[str, Sequence[object]] = {
    "data": tuple(DATA),
    "batch": BATCHES,
    "optimizer": OPTIMIZERS,
    "width": (None, *WIDTHS),
    "units": (None, *UNITS),
    "norm": ("", "batch", "none"),
}
