"""Gradients through single paths of a residual network, by the paths' length.

Source:
    Veit et al. 2016, arXiv:1605.06431, Section 5: for a path of length k, k units are drawn; the
    gradient goes back through their branches, and through the shortcuts of all others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations
from math import comb, exp, fsum, inf, isnan, log, nan
from typing import NamedTuple

import torch

from explorer.gradients.preparation import Prepared
from explorer.gradients.routes import Check, Routes, Scaled, trace
from explorer.path_lengths import LONGEST, shares
from explorer.spec import ArchitectureSpec


class PathNorms(NamedTuple):
    """Norms of the gradient along single paths of one length, at the first unit's input."""

    length: int
    norms: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The arithmetic mean: times the number of paths, it estimates the sum of their norms."""
        return fsum(self.norms) / len(self.norms)

    @property
    def geometric_mean(self) -> float:
        """The middle on a log axis; 0 if any norm is."""
        if any(isnan(norm) for norm in self.norms):
            return nan
        if 0 in self.norms:
            return 0.0
        return inf if inf in self.norms else exp(fsum(map(log, self.norms)) / len(self.norms))


@dataclass(frozen=True)
class PathProfile:
    """What was measured so far.

    Args:
        spec: the network.
        batch: images.
        loss: of the batch.
        units: residual units, n.
        whole_norm: of the gradient at the first unit's input, all 2^n paths together.
        sum_norms: for each length from 0, the norm of the sum over all paths of that length.
        rest_norm: of what these sums lack of the whole: that of all longer paths, or rounding.
        sampled: norms along single paths, for each length from 0.
    """

    spec: ArchitectureSpec
    batch: int
    loss: float
    units: int
    whole_norm: float
    sum_norms: tuple[float, ...]
    rest_norm: float
    sampled: tuple[PathNorms, ...] = ()

    @property
    def lengths(self) -> int:
        """How many lengths are measured in the end, from 0 on."""
        return len(self.sum_norms)

    @property
    def finished(self) -> bool:
        """Whether every length has its samples."""
        return len(self.sampled) == self.lengths

    @property
    def products(self) -> tuple[float, ...]:
        """Share of all paths that has a length, times the mean norm along one of them.

        In proportion to the sum of the norms along all paths of that length.
        """
        return tuple(
            share * found.mean
            for share, found in zip(shares(self.units), self.sampled, strict=False)
        )


def measure(
    prepared: Prepared,
    samples: int = 5,
    seed: int = 0,
    longest: int = LONGEST,
    check: Check = lambda: None,
) -> Iterator[PathProfile]:
    """Measure gradients through paths, length by length.

    The norm is that of the gradient that arrives at the first residual unit's input, over the whole
    batch. Equal numbers of units and equal seeds mean equal paths.

    Args:
        prepared: a private module with its batch and loss; used up.
        samples: different paths of each length, or all of them where there are no more.
        seed: of the choice of paths, and of what the network drops.
        longest: length of the longest path to be measured.
        check: called at every unit on the way forward and before every branch on the way back, of
            which there are `branch_steps`; may raise to stop the work.
    Yields:
        A profile with the sums, then one more for each further length that has its samples.
    Raises:
        SpecError: for a network without residual units.
    """
    routes = trace(prepared, seed, check)
    profile = _sums(prepared, routes, longest, check)
    yield profile
    for length in range(profile.lengths):
        chosen = draw(profile.units, length, samples, seed)
        norms = tuple(routes.along(branches, check).norm for branches in chosen)
        profile = replace(profile, sampled=(*profile.sampled, PathNorms(length, norms)))
        yield profile


def branch_steps(units: int, samples: int, longest: int = LONGEST) -> int:
    """Return how many times `measure` goes back through a branch."""
    last = min(units, longest)
    in_sums = sum(min(done + 1, longest) for done in range(units))
    return in_sums + sum(min(samples, comb(units, k)) * k for k in range(last + 1))


def draw(units: int, length: int, samples: int, seed: int) -> list[tuple[int, ...]]:
    """Return different sets of `length` units: as many as wanted, or all that there are.

    Units in random order stand in a ring. The sets are arcs of it that begin at equal distances:
    each is a random one, but together they use all units about equally often. Which units a path
    goes through matters much, so the mean of a few varies less, up to half as much. The ring is
    the same for all lengths: a path and the next longer one differ in one unit.
    """
    if comb(units, length) <= samples:
        return list(combinations(range(units), length))
    generator = torch.Generator().manual_seed(seed)
    found: dict[tuple[int, ...], None] = {}
    while len(found) < samples:
        ring: list[int] = 2 * torch.randperm(units, generator=generator).tolist()
        arcs = min(samples, units)
        for start in (number * units // arcs for number in range(arcs)):
            found[tuple(sorted(ring[start : start + length]))] = None
    return list(found)[:samples]


def _sums(prepared: Prepared, routes: Routes, longest: int, check: Check) -> PathProfile:
    sums = routes.summed(longest, check)
    total = reduce(Scaled.plus, sums)
    rest = Scaled(routes.whole).plus(total._replace(numbers=-total.numbers))
    return PathProfile(
        prepared.spec,
        len(prepared.images),
        routes.loss,
        len(routes.units),
        Scaled(routes.whole).norm,
        tuple(each.norm for each in sums),
        rest.norm,
    )
