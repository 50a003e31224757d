"""How a new last layer is trained and judged: choices without torch, for pages and commands."""

from dataclasses import dataclass

HELD_OUT_PERCENT = (10, 20, 25, 33, 50)
"""The shares that a page offers."""
WEIGHT_DECAYS = (0.0001, 0.001, 0.01, 0.1, 1.0)
"""The weight decays that a page offers."""
MAX_SEED = 9_999


class FineTuningError(ValueError):
    """Why a head cannot be trained so, in one sentence."""


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a head is trained and judged.

    Args:
        held_out_percent: share of each class that is not learned from and is judged by.
        seed: draws that share.
        weight_decay: how much the squares of the weights count against the loss.
    Raises:
        FineTuningError: for values out of bounds.
    """

    held_out_percent: int = 25
    seed: int = 0
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        if not 1 <= self.held_out_percent <= 90:
            raise FineTuningError(f"held out={self.held_out_percent}: from 1 to 90 percent")
        if not 0 <= self.seed <= MAX_SEED:
            raise FineTuningError(f"seed={self.seed}: from 0 to {MAX_SEED:,}")
        if not 1e-6 <= self.weight_decay <= 1e3:
            raise FineTuningError(f"weight decay={self.weight_decay:g}: from 0.000001 to 1,000")
