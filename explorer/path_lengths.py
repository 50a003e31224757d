"""How many paths of each length lead through a residual network, and where most of a sum lies.

A signal takes the branch or the shortcut at each of n residual units: 2^n paths. A path's length
is the number of branches on it.

Source:
    Veit et al. 2016, arXiv:1605.06431, Section 3.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import comb, inf

LONGEST = 66
"""Length of the longest path that is measured unless said otherwise: that of ResNet-200."""


def shares(units: int) -> tuple[float, ...]:
    """Return the share of all paths that has each length, from 0 to `units`."""
    return tuple(comb(units, length) / 2**units for length in range(units + 1))


def share_between(units: int, shortest: int, longest: int) -> float:
    """Return the share of all paths whose length is from `shortest` to `longest`."""
    return float(sum(comb(units, length) for length in range(shortest, longest + 1)) / 2**units)


def narrowest_range(values: Sequence[float], part: float) -> tuple[int, int] | None:
    """Return the first and last place of the fewest neighbours that hold a part of the whole.

    Args:
        values: none negative.
        part: above 0, up to 1, of the sum of all.
    Returns:
        Of equally many neighbours those with the largest sum; None where no finite sum is there to
        be shared.
    """
    sums = (0.0, *accumulate(values))
    whole = sums[-1]
    if not 0 < whole < inf:
        return None
    for width in range(1, len(values) + 1):
        start = max(range(len(sums) - width), key=lambda at: sums[at + width] - sums[at])
        if sums[start + width] - sums[start] >= part * whole:
            return start, start + width - 1
    return 0, len(values) - 1  # rounding left the sum of all a little short of its part
