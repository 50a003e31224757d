"""The degradation experiment of the Train page: its order for three seeds, and what it costs.

He et al. 2015, Figure 6: the deeper plain network has the higher training error, and residual
networks have a lower one. Losses are means over the last quarter of the steps.
"""

from dataclasses import replace
from functools import lru_cache
from statistics import fmean
from time import process_time

from explorer.training.live import LiveTraining
from explorer.training.live_experiments import EXPERIMENTS
from tests.benchmarks.measuring import Benchmark

SEEDS = (0, 1, 2)
SETTINGS = next(each.settings for each in EXPERIMENTS if each.key == "degradation")
PLAIN_20, PLAIN_56, *RESIDUAL = range(4)

_seconds: list[float] = []


@lru_cache
def losses(seed: int) -> tuple[float, ...]:
    """The networks' training losses."""
    live, last = LiveTraining(replace(SETTINGS, seed=seed)), SETTINGS.steps // 4
    start = process_time()
    live.advance(lambda: True)
    _seconds.append(process_time() - start)
    found = tuple(
        fmean(point.loss for point in network.history.points[-last:]) for network in live.networks
    )
    told = ", ".join(
        f"{text} {loss:.3f}" for text, loss in zip(SETTINGS.variants, found, strict=True)
    )
    print(f"seed {seed}, losses: {told}")
    return found


def deeper_plain() -> list[float]:
    """Plain-56's loss over plain-20's, of the seed in which that is least."""
    return [min(losses(seed)[PLAIN_56] / losses(seed)[PLAIN_20] for seed in SEEDS)]


def plain_and_residual() -> list[float]:
    """Plain-20's loss over the worse residual network's, of the seed in which that is least."""
    return [
        min(
            losses(seed)[PLAIN_20] / max(losses(seed)[place] for place in RESIDUAL)
            for seed in SEEDS
        )
    ]


def cost() -> list[float]:
    """Processor seconds of the experiment over the 60 that it may take, for each seed."""
    for seed in SEEDS:
        losses(seed)
    return [seconds / 60 for seconds in _seconds]


BENCHMARKS = [
    Benchmark(
        "live",
        "degradation: plain-56's loss, worst of seeds 0 to 2",
        "plain-20's",
        2.0,
        deeper_plain,
        at_least=True,
    ),
    Benchmark(
        "live",
        "degradation: plain-20's loss, worst of seeds 0 to 2",
        "the worse of ResNet-20's and -56's",
        2.0,
        plain_and_residual,
        at_least=True,
    ),
    Benchmark("live", "degradation: processor time, one thread", "60 s", 1.0, cost),
]
