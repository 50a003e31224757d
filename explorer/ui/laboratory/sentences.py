"""Findings in words, computed from the curves that are drawn."""

from collections.abc import Callable, Iterable
from math import isnan, nan
from statistics import median

from explorer.figures.gradients import Curve
from explorer.ui.laboratory.lines import Line
from explorer.ui.swatches import swatch
from explorer.words import change, three_figures


def about(line: Line, told: str) -> str:
    """Return a sentence about a network, as an item of a list."""
    mark = f"{swatch(line.letter)} " if line.letter else ""
    return f"- {mark}**{line.title}**: {told}"


def losses(found: Iterable[tuple[Line, float]]) -> str:
    """Return each network's loss, for a caption."""
    return "; ".join(f"{line.name} {three_figures(loss)}" for line, loss in found)


def percent(share: float) -> str:
    """Return a share in whole per cent, a small one with two figures."""
    return f"{100 * share:.0f}%" if share >= 0.095 or not share else f"{100 * share:.2g}%"


def growth(curve: Curve, subject: str, point: str) -> str:
    """Say what becomes of a signal from the first point of a curve to the last."""
    first, last = curve.values[0], curve.values[-1]
    sizes = f"from {three_figures(first)} to {three_figures(last)}"
    return (
        f"from the first {point} ({curve.layers[0]}) to the last ({curve.layers[-1]}), {subject} "
        f"**{change(last / first if first else nan)}**, {sizes}."
    )


def spread(
    curve: Curve, subject: str, point: str, form: Callable[[float], str] = three_figures
) -> str:
    """Say what the median of a curve is, and where its least and greatest values are."""
    known = [place for place, value in enumerate(curve.values) if not isnan(value)]
    if not known:
        return f"{subject} is not a number at any {point}."
    least = min(known, key=curve.values.__getitem__)
    most = max(known, key=curve.values.__getitem__)
    low, high = form(curve.values[least]), form(curve.values[most])
    lacking = len(curve.values) - len(known)
    rest = f" At {lacking} {point}s it is not a number." if lacking else ""
    if low == high:
        return f"{subject} is **{low}** at each of {len(known)} {point}s.{rest}"
    middle = form(median(curve.values[place] for place in known))
    return (
        f"{subject} is **{middle}** at the median of {len(known)} {point}s; the least is {low} "
        f"({curve.layers[least]}), the greatest {high} ({curve.layers[most]}).{rest}"
    )
