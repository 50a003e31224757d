"""Every experiment of the page at its default size: what it costs, and what three seeds answer.

The claimed direction need not hold at this scale; where it does not, the page says so. What has
to be met is the time.
"""

from collections.abc import Callable
from time import process_time

import torch

from explorer.experiments import EXPERIMENTS, Experiment
from tests.benchmarks.measuring import Benchmark

SEEDS = ("0", "1", "2")
SECONDS = 60


class Nobody:
    """Waits for nothing."""

    def report(self, progress: float, message: str = "") -> None:
        pass

    def show(self, partial: object) -> None:
        pass


def seconds(experiment: Experiment) -> list[float]:
    """Processor seconds of each seed's run, on one thread; prints what the runs found."""
    torch.set_num_threads(1)
    spent = []
    for seed in SEEDS:
        start = process_time()
        found = experiment.run(experiment.settings(seed=seed), Nobody())
        spent.append(process_time() - start)
        published = experiment.guess.published
        answer = "none" if found.answer is None else experiment.guess.answers[found.answer]
        held = "as claimed" if found.answer == published else "not as claimed"
        print(f"{experiment.key}, seed {seed}, {spent[-1]:.0f} s, {held}: {answer}", flush=True)
    return spent


def cost(experiment: Experiment) -> Callable[[], list[float]]:
    """Processor time over what an experiment may take, for each seed."""
    return lambda: [spent / SECONDS for spent in seconds(experiment)]


BENCHMARKS = [
    Benchmark(
        "experiments",
        f"{each.title}: processor time, one thread",
        f"{SECONDS} s",
        1.0,
        cost(each),
    )
    for each in EXPERIMENTS
]
