"""The autocorrelation of a sequence of vectors, and two noises to hold it against."""

from collections.abc import Sequence
from math import isnan

import torch
from torch import Tensor

NOISES = ("white", "brown")

_CONSTANT = 1e-10
"""Spread over size, both squared, at which a sequence of float32 numbers is a constant rounded."""


def autocorrelation(sequence: Tensor) -> tuple[float, ...]:
    """Return how alike a sequence is to itself, shifted, for shifts of 0 to its length - 1.

    With c_i the vectors less their mean over the sequence: r(k) is the sum over i of the products
    (c_i, c_(i+k)), over the sum of (c_i, c_i). The pairs grow fewer with k and the divisor does
    not, as is usual: then |r(k)| is at most 1, and noisy far shifts weigh little.

    A constant sequence, to float32's precision, has no spread to speak of. It is as alike to itself
    as can be, and r(k) is 1 for every k.

    Args:
        sequence: shape (n, ...).
    Returns:
        n numbers; NaN where the sequence is not finite.
    Source:
        Box and Jenkins 1976, Section 2.1.5, with products of vectors in place of numbers.
    """
    vectors = sequence.detach().flatten(1).double()
    centred = vectors - vectors.mean(0)
    products = centred @ centred.T
    spread = products.trace()
    if spread <= _CONSTANT * vectors.square().sum():
        return (1.0,) * len(vectors)
    sums = [products.diagonal(shift).sum() for shift in range(len(vectors))]
    return tuple(float(each / spread) for each in sums)


def first_below(correlations: Sequence[float], level: float) -> int | None:
    """Return the shift at which a correlation first falls below a level; None if it never does."""
    below = (shift for shift, value in enumerate(correlations) if value < level)
    return next(below, None)


def told(
    correlations: Sequence[float], near: tuple[float, float] | None = None, silent: bool = False
) -> str:
    """Say how alike neighbouring gradients are, and how far one must go for another.

    Args:
        correlations: the autocorrelation, for shifts from 0 on; a mean over seeds, perhaps.
        near: least and greatest of several seeds at a shift of 1; None for one seed.
        silent: whether the gradient is 0 everywhere, and not just constant.
    """
    if isnan(correlations[1]):
        return "the gradient is not finite, so it has no autocorrelation."
    if min(correlations) == 1 and silent:
        return "the gradient is 0 all along the line: nothing comes back to the input."
    if min(correlations) == 1:
        return "the gradient is the same all along the line: there, the network is linear."
    ends = [f"{each:z.2f}" for each in near or ()]
    spread = f" ({ends[0]} to {ends[1]})" if len(set(ends)) > 1 else ""
    half, fifth = (first_below(correlations, level) for level in (0.5, 0.2))
    last = len(correlations) - 1
    falls = f"below 1/2 {_at(half, last)}, below 0.2 {_at(fifth, last)}"
    if half == fifth:
        falls = f"below 1/2, and below 0.2, {_at(half, last)}"
    return (
        f"neighbours correlate by **{correlations[1]:z.2f}**{spread}; the correlation first falls "
        f"{falls}."
    )


def _at(shift: int | None, last: int) -> str:
    if shift is None:
        return "nowhere"
    return f"at a shift of **{shift}** ({100 * shift / last:.2g}% of the way)"


def noise(kind: str, points: int, size: int, seed: int) -> Tensor:
    """Draw a sequence of vectors: independent N(0, 1) numbers, or their sums so far.

    Args:
        kind: `white` or `brown`.
        points: length of the sequence.
        size: numbers in each vector.
        seed: of the numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn((points, size), generator=generator)
    return steps if kind == "white" else steps.cumsum(0)
