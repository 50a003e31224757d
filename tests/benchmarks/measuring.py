"""Two pieces of work measured against each other, in turns, so that both meet the same machine."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

Work = Callable[[], Any]


@dataclass(frozen=True)
class Benchmark:
    """One line of the speed budget.

    `measure` gives one ratio a round; `budget` bounds their median, from above unless `at_least`.
    """

    name: str
    what: str
    against: str
    budget: float
    measure: Callable[[], list[float]]
    at_least: bool = False

    @property
    def budget_text(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.budget:.2f}x"

    def met_by(self, ratio: float) -> bool:
        return ratio >= self.budget if self.at_least else ratio <= self.budget


def paired(
    ours: Work, theirs: Work, *, enough_s: float = 15, least: int = 5, most: int = 21
) -> list[float]:
    """Our time over theirs in each round; who goes first alternates.

    Rounds end after `most`, or after `enough_s` seconds once there are `least`.
    """
    seconds(ours), seconds(theirs)
    ratios: list[float] = []
    start = perf_counter()
    while len(ratios) < most and (len(ratios) < least or perf_counter() - start < enough_s):
        if len(ratios) % 2:
            reference = seconds(theirs)
            ratios.append(seconds(ours) / reference)
        else:
            own = seconds(ours)
            ratios.append(own / seconds(theirs))
    return ratios


def seconds(work: Work) -> float:
    """The time of one run; cleaning up before and after it does not count."""
    gc.collect()
    start = perf_counter()
    result = work()
    elapsed = perf_counter() - start
    del result
    return elapsed


def summary(benchmark: Benchmark, ratios: list[float]) -> tuple[str, ...]:
    ratio = median(ratios)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    verdict = "met" if benchmark.met_by(ratio) else "MISSED"
    return (
        f"{benchmark.name}: {benchmark.what}",
        benchmark.against,
        f"{ratio:.2f}x",
        spread,
        benchmark.budget_text,
        verdict,
    )
