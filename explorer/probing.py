"""The choices of a probe of an untrained network, their words, and what it measured as data."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from explorer.spec import ArchitectureSpec, SpecError

MAX_SEED = 2**31 - 1
MAX_BATCH = 2**16
INITIALISATIONS = {
    "kaiming_fan_in": "He's normal, fan-in",
    "kaiming_fan_out": "He's normal, fan-out",
    "xavier": "Xavier's normal",
    "pytorch": "PyTorch's own",
    "torchvision": "torchvision's",
}
LOSSES = {
    "cross_entropy": "cross-entropy against random labels",
    "squared_error": "squared error against random one-hot labels",
    "projection": "outputs times random directions",
}
MODES = {
    "train": "the batch's statistics (training)",
    "eval": "running statistics (prediction)",
}
SOURCES = {
    "noise": "random noise",
    "pictures": "bundled photographs",
    "uploads": "uploaded pictures",
    "cifar10": "CIFAR-10 test pictures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """The choices of a probe; the same ones give every network of equal input the same batch.

    Args:
        batch: images in the batch, where none are given.
        seed: 0 to `MAX_SEED`: of the weights, of noise, and of random labels.
        source: what the images are, one of `SOURCES`.
        initialisation: how the weights are drawn, one of `INITIALISATIONS`.
        loss: one of `LOSSES`, of the mean over the batch.
        mode: one of `MODES`, of batch normalisation. Before any training the running statistics
            are mean 0 and variance 1, which change nothing.
    Raises:
        SpecError: for a value that is none of these.
    """

    batch: int = 8
    seed: int = 0
    source: str = "noise"
    initialisation: str = "kaiming_fan_in"
    loss: str = "cross_entropy"
    mode: str = "train"

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= MAX_BATCH:
            raise SpecError(
                f"batch={self.batch}: at least one image is needed, and at most {MAX_BATCH:,}"
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise SpecError(f"seed={self.seed}: a whole number from 0 to {MAX_SEED:,}")
        for field, known in _CHOICES.items():
            value = getattr(self, field)
            if value not in known:
                raise SpecError(f"no {field} {value!r}; there are {', '.join(known)}")

    @property
    def words(self) -> str:
        """All but the batch, as the end of a sentence."""
        return f"{self._start}, mean {LOSSES[self.loss]}, seed {self.seed}"

    @property
    def forward_words(self) -> str:
        """The same for a probe that sends nothing back, so that there is no loss."""
        return f"{self._start}, seed {self.seed}"

    @property
    def _start(self) -> str:
        return (
            f"untrained ({INITIALISATIONS[self.initialisation]}), batch normalisation by "
            f"{MODES[self.mode]}"
        )

    @property
    def fed(self) -> str:
        """What the network is shown."""
        return f"{self.batch} pictures ({SOURCES[self.source]})"


_CHOICES = {
    "source": SOURCES,
    "initialisation": INITIALISATIONS,
    "loss": LOSSES,
    "mode": MODES,
}


class Profile(Protocol):
    """What one probe measured, and on what."""

    @property
    def spec(self) -> ArchitectureSpec:
        """The network."""

    @property
    def settings(self) -> ProbeSettings:
        """How it was measured."""

    @property
    def loss(self) -> float | None:
        """The loss, where anything goes back."""

    def rows(self) -> list[dict[str, Any]]:
        """Return what was measured, a row for each layer or unit."""


def conditions(profile: Profile) -> dict[str, Any]:
    """Return on what a probe measured; the choice of a loss counts only where there is one."""
    settings = asdict(profile.settings)
    if profile.loss is None:
        del settings["loss"]
    return settings


def records(profiles: Iterable[Profile]) -> list[dict[str, Any]]:
    """Return every row of several profiles, each with its variant and conditions."""
    return [
        {"variant": str(profile.spec), **conditions(profile), **row}
        for profile in profiles
        for row in profile.rows()
    ]
