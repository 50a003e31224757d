"""Learning rates over the course of a training; the top rate is the first argument of each."""

import math
from collections.abc import Sequence

_ONE_CYCLE_RISE, _ONE_CYCLE_START, _ONE_CYCLE_END = 0.3, 1 / 25, 1e-4 / 25
_NOTICED = 1e-4
"""A loss counts as lower for the plateau when it fell by more than this share, as in PyTorch."""


def step(top: float, milestones: Sequence[float], iteration: int, steps: int) -> float:
    """Return a tenth of the rate for each milestone, a share of the whole, that is passed."""
    return top * 0.1 ** sum(iteration >= share * steps for share in milestones)


def cosine(start: float, end: float, share: float) -> float:
    """Return the rate on half a cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def one_cycle(top: float, iteration: int, steps: int) -> float:
    """Return the rate that rises over the first 30% and falls to almost 0.

    Source:
        Smith and Topin 2017, arXiv:1708.07120, with the ends of PyTorch's OneCycleLR.
    """
    peak = _ONE_CYCLE_RISE * steps - 1
    if iteration <= peak:
        return cosine(top * _ONE_CYCLE_START, top, iteration / peak)
    return cosine(top, top * _ONE_CYCLE_END, (iteration - peak) / (steps - 1 - peak))


def plateau(top: float, patience: int, losses: Sequence[float]) -> float:
    """Return a tenth of the rate for each time the loss stayed up for more than `patience` epochs.

    Source:
        PyTorch's ReduceLROnPlateau, whose defaults these are but for the patience.
    """
    best, stayed, drops = math.inf, 0, 0
    for loss in losses:
        if loss < best * (1 - _NOTICED):
            best, stayed = loss, 0
            continue
        stayed += 1
        if stayed > patience:
            stayed, drops = 0, drops + 1
    return top * 0.1**drops


def waiting(losses: Sequence[float]) -> int:
    """Return how many epochs have passed since the lowest loss, the first of equals."""
    numbers = [math.inf if math.isnan(loss) else loss for loss in losses]
    return len(numbers) - 1 - numbers.index(min(numbers)) if numbers else 0
