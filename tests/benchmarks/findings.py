"""What is measured of untrained networks, against the figures measured before by other code.

Each line is a distance: from the geometric mean of our seeds to the printed one, in standard errors
of their difference, which follow from the spread of our seeds and the number of theirs.
"""

from collections.abc import Callable
from math import exp, log, sqrt
from statistics import mean, stdev

from explorer.depth_series import SERIES
from explorer.gradients import ProbeSettings
from explorer.gradients.by_depth import growth
from tests.benchmarks.measuring import Benchmark

SEEDS = 8

# First unit's |dL/dx| over the last one's: batch of 64, noise of N(0, 1), He's initialisation.
GROWTH = {
    "plain": {20: 17.3, 56: 8.9e3, 110: 3.1e7},
    "v1": {20: 4.7, 56: 19.6, 110: 45},
    "v2": {20: 5.2, 56: 23.0, 110: 53},
    "plain-bare": {20: 0.51, 56: 0.36, 110: 0.14},
    "v1-bare": {20: 8.9, 56: 9.3e3, 110: 4.6e8},
    "v2-bare": {20: 8.8, 56: 4.3e3, 110: 5.4e7},
}


def distance(series: str, depth: int) -> Callable[[], list[float]]:
    """How far our mean is from the printed one, in standard errors."""

    def measure() -> list[float]:
        spec = SERIES[series].at(depth)
        ours = [log(growth(spec, ProbeSettings(batch=64, seed=seed))) for seed in range(SEEDS)]
        theirs = 2 if depth == 110 else 3  # seeds of the printed figure
        error = stdev(ours) * sqrt(1 / SEEDS + 1 / theirs)
        print(f"  measured {exp(mean(ours)):.3g}, printed {GROWTH[series][depth]:.3g}")
        return [abs(mean(ours) - log(GROWTH[series][depth])) / error]

    return measure


BENCHMARKS = [
    Benchmark(
        "growth",
        f"{SERIES[series].name}, depth {depth}: gradient, first unit over last",
        f"{printed:,g} as measured before (distance in standard errors)",
        3,
        distance(series, depth),
    )
    for series, depths in GROWTH.items()
    for depth, printed in depths.items()
]
