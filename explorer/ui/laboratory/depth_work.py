"""The growth of the gradient in networks of many depths, as work for the queue, point by point."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from explorer.depth_series import Series
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui.jobs import JobContext
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
            report = _reporting(context, (done / layers, depth / layers), spec, message)
            value = _kept.get((spec, one), lambda: _growth(spec, one, report))  # noqa: B023
            found.append(Point(series.name, depth, one.seed, value))
            done += depth
            context.show(tuple(found))
        return tuple(found)

    return work


def _reporting(
    context: JobContext, share: tuple[float, float], spec: ArchitectureSpec, message: str
) -> Callable[[], None]:
    """Return what a measurement calls at every unit, forward and back.

    Args:
        context: what progress is told to.
        share: of all work, what is done before this measurement, and what this one is.
        spec: the network.
        message: says which it is.
    """
    steps, seen = 2 * sum(spec.stages), 0

    def check() -> None:
        nonlocal seen
        seen += 1
        context.report(share[0] + share[1] * min(seen / steps, 1.0), message)

    return check


def _growth(spec: ArchitectureSpec, settings: ProbeSettings, check: Callable[[], None]) -> float:
    from explorer.gradients.by_depth import growth

    return growth(spec, settings, None, check)
