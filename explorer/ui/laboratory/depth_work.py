"""The growth of the gradient in networks of many depths, as work for the queue, point by point."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from explorer.depth_series import Series
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui.jobs import JobContext
from explorer.ui.laboratory.progress import counting
from explorer.ui.tasks import Kept, Work


class Point(NamedTuple):
    """One measurement: of which series, at what depth and seed."""

    series: str
    depth: int
    seed: int
    growth: float


_kept: Kept[float] = Kept(4096)


def growths(
    wanted: Sequence[tuple[Series, Sequence[int]]], settings: ProbeSettings, seeds: int
) -> Work[tuple[Point, ...]]:
    """Measure series of networks, and show each point as it comes.

    The first seed's points come first, the shallow ones before the deep.

    Args:
        wanted: the series and, for each, its depths.
        settings: of the first seed; the others count up from it.
        seeds: how many.
    """
    turns = [
        (number, depth, series)
        for number in range(seeds)
        for depth in sorted({depth for _, depths in wanted for depth in depths})
        for series, depths in wanted
        if depth in depths
    ]
    layers = sum(depth for _, depth, _ in turns)

    def work(context: JobContext) -> tuple[Point, ...]:
        found: list[Point] = []
        done = 0
        for number, depth, series in turns:
            one, spec = replace(settings, seed=settings.seed + number), series.at(depth)
            message = f"{series.name}, {depth} layers, seed {one.seed}"
            steps = 2 * sum(spec.stages)  # at every unit, forward and back
            report = counting(context, steps, message, done / layers, depth / layers)
            value = _kept.get((spec, one), lambda: _growth(spec, one, report))  # noqa: B023
            found.append(Point(series.name, depth, one.seed, value))
            done += depth
            context.show(tuple(found))
        return tuple(found)

    return work


def _growth(spec: ArchitectureSpec, settings: ProbeSettings, check: Callable[[], None]) -> float:
    from explorer.gradients.by_depth import growth

    return growth(spec, settings, None, check)
