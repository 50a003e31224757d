"""Counting exercises: is a number right, what was probably counted instead, and how it comes about.

Every answer comes from the analysis, every calculation from `formulas`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from explorer.analysis import sum_rows
from explorer.formulas import formulas
from explorer.lessons.parts import CountingPart
from explorer.words import title

WORDS = {"parameters": "Parameters", "macs": "MACs"}


class Term(NamedTuple):
    """What equal layers contribute: how many there are, of what sort, and the calculation."""

    times: int
    what: str
    written: str


def task(part: CountingPart) -> str:
    """Say what is to be counted."""
    what = "parameters" if part.count == "parameters" else "multiply-accumulates (MACs)"
    return f"How many {what} does {_subject(part)} have?"


def _subject(part: CountingPart) -> str:
    name = title(part.variant)
    if not part.part:
        return name
    kind = "the layer" if len(part.rows) == 1 else "the part"
    return f"{kind} `{part.part}` of {name}"


def verdict(part: CountingPart, counted: int) -> str:
    """Say whether a number is right, and of a wrong one what was probably counted."""
    if counted == part.answer:
        return f"Right: {part.answer:,}."
    for number, reason in _mistakes(part):
        if counted == number:
            return f"Not {counted:,}: {reason}"
    near = "a little " if abs(counted - part.answer) * 10 <= part.answer else ""
    return f"Not {counted:,}: there are {near}{'fewer' if counted > part.answer else 'more'}."


def _mistakes(part: CountingPart) -> Iterator[tuple[int, str]]:
    """Yield numbers that come out when something is overlooked, each with what it is."""
    rows, total = part.rows, sum_rows(part.rows)
    convolutions = [row for row in rows if row.kind == "convolution"]
    others = [row for row in rows if not row.name.endswith("downsample.0")]
    if part.count == "macs":
        yield 2 * total.macs, "these are FLOPs, with multiplication and addition counted apart."
        yield total.parameters, "these are the parameters; each is used at every place of the map."
    else:
        biases = sum(row.output_shape[0] for row in rows if row.kind == "linear")
        yield total.parameters - biases, "each output of a linear layer has a bias, too."
        yield total.macs, "these are MACs; a parameter counts once, however often it is used."
        yield (
            total.parameters + sum(row.buffers for row in rows),
            "running means and variances are not learned, and not counted.",
        )
        yield (
            sum_rows(convolutions).parameters,
            "these are the convolutions alone; gamma and beta of each normalisation are learned, "
            "too.",
        )
    yield (
        int(getattr(sum_rows(others), part.count)),
        "the projection on the shortcut is a layer, too.",
    )
    if len(rows) == 1 and rows[0].kernel and rows[0].kernel > 1:
        yield (
            part.answer // rows[0].kernel,
            "a kernel has a height and a width, so its size counts twice.",
        )


def calculation(part: CountingPart) -> tuple[Term, ...]:
    """Return how the number comes about: equal layers together, without those that add nothing."""
    written = Counter(
        (f"{row.kind}: {row.detail}", formula.written)
        for row in part.rows
        for formula in formulas(row)
        if formula.quantity == WORDS[part.count] and getattr(row, part.count)
    )
    return tuple(Term(count, what, formula) for (what, formula), count in written.items())
