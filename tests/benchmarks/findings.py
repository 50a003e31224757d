"""What is measured of untrained networks, against the figures measured before by other code.

Each line is a distance: from the geometric mean of our seeds to the printed one, in standard errors
of their difference, which follow from the spread of our seeds and the number of theirs.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import exp, log, sqrt
from statistics import mean, stdev
from typing import NamedTuple

from explorer.depth_series import SERIES, per_convolution
from explorer.gradients import GradientProfile, ProbeSettings, probe
from tests.benchmarks.measuring import Benchmark

SEEDS = 8


class Finding(NamedTuple):
    """A number of one network's gradients, and what was printed for each series and depth."""

    words: str
    of: Callable[[GradientProfile], float]
    printed: Mapping[str, Mapping[int, float]]


def in_first_stage(profile: GradientProfile) -> float:
    """The growth per convolution between the outputs of the first stage's first and last unit."""
    norms = [unit.output_gradient_norm for unit in profile.units if unit.stage == "stage1"]
    return per_convolution(norms[0] / norms[-1], 2 * (len(norms) - 1))


# Batch of 64, noise of N(0, 1), He's initialisation.
FINDINGS = (
    Finding(
        "gradient, first unit over last",
        lambda profile: profile.growth,
        {
            "plain": {20: 17.3, 56: 8.9e3, 110: 3.1e7},
            "v1": {20: 4.7, 56: 19.6, 110: 45},
            "v2": {20: 5.2, 56: 23.0, 110: 53},
            "plain-bare": {20: 0.51, 56: 0.36, 110: 0.14},
            "v1-bare": {20: 8.9, 56: 9.3e3, 110: 4.6e8},
            "v2-bare": {20: 8.8, 56: 4.3e3, 110: 5.4e7},
        },
    ),
    Finding(
        "gradient per convolution in stage 1",
        in_first_stage,
        {
            "plain": {20: 1.209, 56: 1.207, 110: 1.202},
            "v1": {20: 1.189, 56: 1.118, 110: 1.077},
            "v2": {20: 1.185, 56: 1.110, 110: 1.069},
            "plain-bare": {20: 0.961, 56: 0.978, 110: 0.996},
            "v1-bare": {20: 1.172, 56: 1.201, 110: 1.211},
            "v2-bare": {20: 1.185, 56: 1.194, 110: 1.195},
        },
    ),
    Finding(
        "weights' gradient, first convolution over last",
        lambda profile: profile.weight_growth,
        {
            "plain": {20: 5.6, 56: 1.7e3, 110: 3.5e6},
            "v1": {20: 1.7, 56: 7.0, 110: 15},
            "v2": {20: 2.1, 56: 8.8, 110: 21},
            "plain-bare": {20: 0.07, 56: 0.22, 110: 0.93},
            "v1-bare": {20: 0.045, 56: 0.035, 110: 0.044},
            "v2-bare": {20: 0.071, 56: 0.046, 110: 0.082},
        },
    ),
)


@lru_cache(maxsize=1)
def profiles(series: str, depth: int) -> tuple[GradientProfile, ...]:
    """One network's, for each seed; its findings follow each other."""
    spec = SERIES[series].at(depth)
    return tuple(probe(spec, ProbeSettings(batch=64, seed=seed)) for seed in range(SEEDS))


def distance(finding: Finding, series: str, depth: int) -> Callable[[], list[float]]:
    """How far our mean is from the printed one, in standard errors."""

    def measure() -> list[float]:
        printed = finding.printed[series][depth]
        ours = [log(finding.of(profile)) for profile in profiles(series, depth)]
        theirs = 2 if depth == 110 else 3  # seeds of the printed figure
        error = stdev(ours) * sqrt(1 / SEEDS + 1 / theirs)
        print(f"  measured {exp(mean(ours)):.4g}, printed {printed:.4g}")
        return [abs(mean(ours) - log(printed)) / error]

    return measure


BENCHMARKS = [
    Benchmark(
        "growth",
        f"{SERIES[series].name}, depth {depth}: {finding.words}",
        f"{finding.printed[series][depth]:,g} as measured before (distance in standard errors)",
        3,
        distance(finding, series, depth),
    )
    for series in SERIES
    for depth in (20, 56, 110)
    for finding in FINDINGS
]
