"""What networks' trainings came to: their curves in one chart, and sentences that compare them."""

from collections.abc import Sequence
from math import isnan, log, nan
from statistics import median
from typing import NamedTuple

from explorer.experiments.experiment import Chart, Settings
from explorer.figures.experiment import Curve, curves
from explorer.spec import parse
from explorer.training.live_history import History, moving_average
from explorer.words import title

CLOSE = 0.05
"""Share of a loss within which another counts as about the same."""

GUESSING = log(10)
"""Cross-entropy of guessing among ten classes."""

_SMOOTHED = 20
"""Steps whose mean is a point of a curve, and the end of one."""

Runs = Sequence[Sequence[History]]
"""Of each seed so far, the history of each network."""


class Track(NamedTuple):
    """A network, and the histories of its trainings, one a seed.

    Args:
        name: as the legend has it.
        histories: in the order of the seeds.
        colour: of its curve.
        dash: of its curve.
    """

    name: str
    histories: tuple[History, ...]
    colour: str
    dash: str = "solid"

    @property
    def loss(self) -> float:
        """The mean loss of the last 20 steps, the median of the seeds; NaN if one has none."""
        return middle([end_of(history) for history in self.histories])


def tracks(settings: Settings, runs: Runs, names: Sequence[str] = ()) -> list[Track]:
    """Return the track of each of the settings' networks.

    Args:
        settings: the networks.
        runs: what they have measured.
        names: of the networks; their titles, without.
    """
    names = names or [title(parse(text)) for text in settings.networks]
    by_network = zip(*runs, strict=True)
    return [
        Track(name, histories, colour)
        for name, histories, colour in zip(names, by_network, settings.colours, strict=False)
    ]


def end_of(history: History) -> float:
    """Return the mean loss of a history's last steps; NaN if it broke off or has not begun."""
    if history.error or not history.points:
        return nan
    last = [point.loss for point in list(history.points)[-_SMOOTHED:]]
    return sum(last) / len(last)


def middle(values: Sequence[float]) -> float:
    """Return the median; NaN if one of the values is no number."""
    return nan if any(map(isnan, values)) else median(values)


def order(loss: float, other: float) -> int:
    """Return 0 for a lower loss, 1 for about the same, 2 for a higher one.

    A loss that is no number is the higher.
    """
    if isnan(loss) or isnan(other):
        return 1 + isnan(loss) - isnan(other)
    if abs(loss - other) < CLOSE * other:
        return 1
    return 0 if loss < other else 2


def compared(track: Track, other: Track) -> str:
    """Say which of two networks ends with the lower training loss, in a sentence."""
    words = ("lower than", "about as high as", "higher than")[order(track.loss, other.loss)]
    return (
        f"The training loss of **{track.name}** ends {words} that of **{other.name}**: "
        f"{_written(track.loss)} against {_written(other.loss)}."
    )


def each_end(found: Sequence[Track]) -> tuple[str, ...]:
    """Say with what loss each network ends."""
    return tuple(
        f"**{track.name}** ends with a training loss of {_written(track.loss)}." for track in found
    )


def ranking(found: Sequence[Track]) -> str:
    """Name networks from the lowest loss to the highest, in a sentence."""
    ranked = sorted(found, key=lambda track: (isnan(track.loss), track.loss))
    told = "; ".join(f"**{track.name}** {_written(track.loss)}" for track in ranked)
    return f"From the lowest training loss to the highest: {told}."


def lowest(found: Sequence[Track]) -> int | None:
    """Return the place of the network with the lowest loss; None if no loss is a number."""
    losses = [track.loss for track in found]
    numbers = [loss for loss in losses if not isnan(loss)]
    return losses.index(min(numbers)) if numbers else None


def loss_chart(settings: Settings, found: Sequence[Track]) -> Chart:
    """Return the training loss against the steps."""
    several = any(len(track.histories) > 1 for track in found)
    return Chart(
        "loss",
        f"Training loss, mean of {_SMOOTHED} steps",
        "Lower is better; guessing among ten classes has 2.3."
        + (" Lines are medians, shaded from the least to the greatest seed." * several),
        curves(
            "experiment-loss",
            [_curve(track) for track in found],
            "Step",
            "Cross-entropy of the batches",
        ),
        [
            {"network": track.name, "seed": seed, **record}
            for track in found
            for seed, history in zip(settings.seeds, track.histories, strict=False)
            for record in history.records()
        ],
    )


def _curve(track: Track) -> Curve:
    points = [list(history.points) for history in track.histories]
    losses = [moving_average([point.loss for point in each], _SMOOTHED) for each in points]
    longest = max(points, key=len, default=[])
    # A seed that has only begun, or that ended early, leaves the rest to the others.
    rows = [
        [values[place] for values in losses if place < len(values)] for place in range(len(longest))
    ]
    return Curve(
        name=track.name,
        colour=track.colour,
        across=tuple(point.step for point in longest),
        values=tuple(map(middle, rows)),
        lows=tuple(map(min, rows)) if len(losses) > 1 else (),
        highs=tuple(map(max, rows)) if len(losses) > 1 else (),
        dash=track.dash,
    )


def _written(loss: float) -> str:
    return "no number" if isnan(loss) else f"{loss:.3g}"
