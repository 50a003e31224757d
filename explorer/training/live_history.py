"""What a live training has measured so far; plain data that pages read while it goes on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from explorer.spec import ArchitectureSpec


class Point(NamedTuple):
    """What one step of one network measured.

    Args:
        step: counted from 1.
        loss: mean cross-entropy of the batch, before the step.
        correct_percent: of the batch's pictures, before the step.
        first_gradient: L2 norm of the gradient of the first weighted layer's weights.
        last_gradient: of the last weighted layer's.
        seconds: that the step took, the look at test pictures excluded.
        test_correct_percent: of the test pictures looked at, after the step; None where none were.
    """

    step: int
    loss: float
    correct_percent: float
    first_gradient: float
    last_gradient: float
    seconds: float
    test_correct_percent: float | None = None


@dataclass(slots=True)
class History:
    """One network's steps, in order.

    Args:
        spec: the network as it is trained.
        points: one for each step so far; only ever added to, by the thread that trains.
        error: why it trains no further, if something went wrong.
    """

    spec: ArchitectureSpec
    points: list[Point] = field(default_factory=list)
    error: str = ""

    def records(self) -> list[dict[str, Any]]:
        """Return every step as a plain record, for the CSV."""
        variant = {"variant": str(self.spec)}
        return [variant | point._asdict() for point in list(self.points)]

    def tested(self) -> list[Point]:
        """Return the steps after which test pictures were looked at."""
        return [point for point in list(self.points) if point.test_correct_percent is not None]


def moving_average(values: Sequence[float], window: int) -> list[float]:
    """Return the mean of each value and those before it, at most `window` of them.

    A value that is not finite spoils only the windows it is in.
    """
    return list(_means(values, window))


def _means(values: Sequence[float], window: int) -> Iterator[float]:
    finite = [value if abs(value) < float("inf") else 0.0 for value in values]
    sums = list(accumulate(finite, initial=0.0))
    odd = list(accumulate((not abs(value) < float("inf") for value in values), initial=0))
    for end in range(1, len(values) + 1):
        start = max(0, end - window)
        if odd[end] > odd[start]:
            yield float("nan")
        else:
            yield (sums[end] - sums[start]) / (end - start)
