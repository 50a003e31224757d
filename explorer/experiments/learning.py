"""Networks that learn side by side for an experiment, and what is told of their curves."""

from collections.abc import Callable, Sequence
from math import isnan, nan
from statistics import median
from time import monotonic
from typing import NamedTuple

from explorer.experiments.experiment import Chart, Outcome, Settings, Watch
from explorer.figures.experiment import Curve, curves
from explorer.figures.style import VARIANT_COLOURS
from explorer.spec import parse
from explorer.training.live_history import History, moving_average
from explorer.training.live_settings import DATA, LiveSettings
from explorer.words import title

_SHOWN_EVERY_S = 1.0
_SMOOTHED = 20
"""Steps whose mean is a point of a curve, and the end of one."""

Runs = Sequence[Sequence[History]]
"""Of each seed so far, the history of each network."""


class End(NamedTuple):
    """Where a network stands: its name and, for each seed, the mean loss of its last steps."""

    name: str
    losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The median over the seeds; NaN if one of them came to none."""
        return middle(self.losses)


class Pace(NamedTuple):
    """How all networks of an experiment learn; the rest is `LiveSettings`'s.

    Args:
        width: channels of the first stage; None leaves each network its own.
        batch: pictures a step.
        learning_rate: of all steps.
    """

    width: int | None = 8
    batch: int = 32
    learning_rate: float = 0.02

    def live(self, settings: Settings, seed: int) -> LiveSettings:
        """Return the training of one seed."""
        return LiveSettings(
            variants=settings.networks,
            data=settings["data"],
            steps=settings.number("steps"),
            seed=seed,
            test_every=100,
            **self._asdict(),
        )


def train(settings: Settings, watch: Watch, told: Callable[[Runs], Outcome], pace: Pace) -> Outcome:
    """Train the networks of an experiment, one seed after the other, and show how far they are.

    Args:
        settings: the networks, `data`, `steps` and the seeds.
        watch: who waits.
        told: what is said of the histories so far.
        pace: how they learn.
    """
    from explorer.training.live import LiveTraining

    runs: list[tuple[History, ...]] = []
    shown = monotonic()
    for number, seed in enumerate(settings.seeds):
        training = LiveTraining(pace.live(settings, seed))
        runs.append(tuple(network.history for network in training.networks))

        def wanted(number: int = number, seed: int = seed) -> bool:
            nonlocal shown
            done = sum(len(history.points) for history in runs[number])
            share = done / (len(runs[number]) * settings.number("steps"))
            message = f"step {len(runs[number][0].points)} of {settings['steps']}, seed {seed}"
            watch.report((number + share) / len(settings.seeds), message)
            if done and monotonic() - shown > _SHOWN_EVERY_S:
                shown = monotonic()
                watch.show(told(runs))
            return True

        training.advance(wanted)
    return told(runs)


def middle(values: Sequence[float]) -> float:
    """Return the median; NaN if one of the values is no number."""
    return nan if any(map(isnan, values)) else median(values)


def ends(settings: Settings, runs: Runs) -> list[End]:
    """Return where each network stands: the mean loss of its last 20 steps."""
    return [
        End(title(parse(text)), tuple(map(_end, histories)))
        for text, histories in zip(settings.networks, zip(*runs, strict=True), strict=True)
    ]


def loss_chart(settings: Settings, runs: Runs) -> Chart:
    """Return the training loss against the steps."""
    several = len(runs) > 1
    names = [title(parse(text)) for text in settings.networks]
    return Chart(
        "loss",
        f"Training loss, mean of {_SMOOTHED} steps",
        "Lower is better; guessing among ten classes has 2.3."
        + (" Lines are medians, shaded from the least to the greatest seed." * several),
        curves(
            "experiment-loss",
            [
                _curve(name, colour, histories)
                for name, colour, histories in zip(
                    names, VARIANT_COLOURS, zip(*runs, strict=True), strict=False
                )
            ],
            "Step",
            "Cross-entropy of the batches",
        ),
        [
            {"seed": seed, **record}
            for seed, histories in zip(settings.seeds, runs, strict=False)
            for history in histories
            for record in history.records()
        ],
    )


def conditions(settings: Settings, pace: Pace) -> str:
    """Return what was trained, how, and on what."""
    live = pace.live(settings, settings.seeds[0])
    data = DATA[settings["data"]]
    adapted = ", ".join(str(live.adapted(parse(text))) for text in settings.networks)
    width = f", {live.width} channels in the first stage" if live.width else ""
    return (
        f"Trained on {data.train:,} pictures ({data.words}), {settings['steps']} steps of "
        f"{live.batch} pictures, SGD with momentum 0.9, rate {live.learning_rate:g}, "
        f"{settings.seed_words}{width}: {adapted}."
    )


def _curve(name: str, colour: str, histories: Sequence[History]) -> Curve:
    losses = [
        moving_average([point.loss for point in list(history.points)], _SMOOTHED)
        for history in histories
    ]
    # A seed that has only begun, or that ended early, leaves the rest to the others.
    rows = [
        [values[step] for values in losses if step < len(values)]
        for step in range(max(map(len, losses), default=0))
    ]
    return Curve(
        name=name,
        colour=colour,
        across=tuple(range(1, len(rows) + 1)),
        values=tuple(map(middle, rows)),
        lows=tuple(map(min, rows)) if len(losses) > 1 else (),
        highs=tuple(map(max, rows)) if len(losses) > 1 else (),
    )


def _end(history: History) -> float:
    if history.error or not history.points:
        return nan
    last = [point.loss for point in list(history.points)[-_SMOOTHED:]]
    return sum(last) / len(last)
