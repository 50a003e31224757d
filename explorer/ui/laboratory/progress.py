"""How far a measurement is, told by counting its own steps."""

from collections.abc import Callable

from explorer.ui.jobs import JobContext


def counting(
    context: JobContext, steps: int, message: str, before: float = 0.0, share: float = 1.0
) -> Callable[[], None]:
    """Return what a measurement calls at each of its steps: progress, and a place to stop.

    Args:
        context: what progress is told to.
        steps: how often it is called.
        message: what is happening.
        before: the part of all work that is done before this measurement.
        share: the part of all work that this measurement is.
    """
    seen = 0

    def check() -> None:
        nonlocal seen
        seen += 1
        context.report(before + share * min(seen / steps, 1.0), message)

    return check
