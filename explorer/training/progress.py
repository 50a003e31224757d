"""A line that says how far a run is and how long it still takes."""

from dataclasses import dataclass
from time import monotonic
from typing import TextIO

from explorer.cards import CurvePoint

_REDRAW_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: after `iteration` of `steps` iterations, in an epoch that has these means."""

    iteration: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    error_percent: float
    pictures_per_second: float
    seconds_left: float


def duration(seconds: float) -> str:
    """Write a time as a person would: 45 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class ProgressLine:
    """Writes progress to a stream: one line an epoch, and on a terminal a line that changes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._drawn = 0.0
        self._latest: Progress | None = None

    def step(self, progress: Progress) -> None:
        """Redraw the changing line, at most twice a second."""
        self._latest = progress
        if self.stream.isatty() and monotonic() - self._drawn >= _REDRAW_SECONDS:
            self._drawn = monotonic()
            share = progress.iteration / progress.steps
            self.stream.write(
                f"\r\033[K{share:4.0%}  epoch {progress.epoch}/{progress.epochs}  "
                f"loss {progress.loss:.3f}  training error {progress.error_percent:.1f}%  "
                f"{self._pace(progress)}"
            )
            self.stream.flush()

    def epoch(self, point: CurvePoint) -> None:
        """Write what the epoch came to, to stay."""
        start = "\r\033[K" if self.stream.isatty() else ""
        judged = "".join(
            f"  {name} error {error:.2f}%"
            for name, error in (
                ("held-out", point.validation_error_percent),
                ("test", point.test_error_percent),
            )
            if error is not None
        )
        of = f"/{self._latest.epochs}" if self._latest else ""
        pace = f"  {self._pace(self._latest)}" if self._latest else ""
        self.stream.write(
            f"{start}epoch {point.epoch}{of}  rate {point.learning_rate:.4g}  "
            f"loss {point.train_loss:.4f}  training error {point.train_error_percent:.2f}%{judged}"
            f"  in {duration(point.seconds)}{pace}\n"
        )
        self.stream.flush()

    def _pace(self, progress: Progress) -> str:
        speed, left = progress.pictures_per_second, duration(progress.seconds_left)
        return f"{speed:,.0f} pictures/s  {left} left"
