"""Numbers in a lesson's text: `{{macs resnet50}}` is replaced by what the analysis says."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from explorer.analysis import analyze, sum_rows
from explorer.lessons.values import part_rows
from explorer.path_lengths import share_between
from explorer.rules import no_such
from explorer.spec import ArchitectureSpec, parse

PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")
_LONGEST = 80  # signs of a placeholder that a message repeats

Value: TypeAlias = float


def _of_rows(name: str) -> Callable[[ArchitectureSpec, str], Value]:
    def value(spec: ArchitectureSpec, part: str) -> Value:
        return int(getattr(sum_rows(part_rows(spec, part)), name))

    return value


def _of_network(name: str) -> Callable[[ArchitectureSpec, str], Value]:
    def value(spec: ArchitectureSpec, part: str) -> Value:
        if part:
            raise ValueError(f"{name} is that of a whole network, not of {part!r}")
        return int(getattr(analyze(spec), name))

    return value


def _convolutions(spec: ArchitectureSpec, part: str) -> Value:
    return sum(row.kind == "convolution" for row in part_rows(spec, part))


def _units(spec: ArchitectureSpec, part: str) -> Value:
    return len({(row.stage, row.unit) for row in part_rows(spec, part) if row.unit})


QUANTITIES: Mapping[str, Callable[[ArchitectureSpec, str], Value]] = {
    "parameters": _of_rows("parameters"),
    "buffers": _of_rows("buffers"),
    "macs": _of_rows("macs"),
    "flops": lambda spec, part: 2 * _of_rows("macs")(spec, part),
    "depth": _of_network("depth"),
    "field": _of_network("receptive_field"),
    "convolutions": _convolutions,
    "units": _units,
    "paths": lambda spec, part: 2 ** _units(spec, part),
}


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


COMPARISONS: Mapping[str, Callable[[Value, Value], str]] = {
    "difference": lambda one, other: f"{one - other:,}".replace("-", "−"),
    "times": lambda one, other: f"{one / other:.3g} times",
    "fewer": lambda one, other: _percent(1 - one / other),
    "more": lambda one, other: _percent(one / other - 1),
    "share": lambda one, other: _percent(one / other),
}
"""What can be said of two numbers, the first against the second."""


def fill(text: str) -> str:
    """Return a text with every placeholder replaced.

    Raises:
        ValueError: for a placeholder that is not understood.
    """
    return PLACEHOLDER.sub(lambda match: evaluate(match[1]), text)


def evaluate(written: str) -> str:
    """Return what a placeholder stands for.

    Args:
        written: what stands between its braces.
    Raises:
        ValueError: if it is not understood.
    """
    first, *rest = written.split() or [""]
    try:
        if first == "about":
            return _about(_value(*_operands(rest[0] if rest else "", rest[1:])))
        if first == "between":
            return _between(rest)
        if first in COMPARISONS:
            return _compared(first, rest)
        return f"{_value(*_operands(first, rest)):,}"
    except ZeroDivisionError:
        problem = "the second number is 0, so it cannot be compared with"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{{{{{' '.join(written.split())[:_LONGEST]}}}}}: {problem}")


def _compared(how: str, words: list[str]) -> str:
    if words.count("|") != 1:
        raise ValueError("two networks are compared, with a | between them")
    bar = words.index("|")
    one = _value(*_operands(words[0], words[1:bar]))
    other = _value(*_operands(words[0], words[bar + 1 :]))
    return COMPARISONS[how](one, other)


def _operands(quantity: str, words: list[str]) -> tuple[str, str, str]:
    if quantity not in QUANTITIES:
        known = [*QUANTITIES, *COMPARISONS, "about", "between"]
        raise ValueError(no_such("quantity", quantity, known))
    if not 1 <= len(words) <= 2:
        raise ValueError("a network is named behind the quantity, and a part of it if wanted")
    return quantity, words[0], words[1] if len(words) > 1 else ""


def _value(quantity: str, variant: str, part: str) -> Value:
    return QUANTITIES[quantity](parse(variant), part)


def _about(value: Value) -> str:
    """Write a number with three figures and a word: `3.86 billion`."""
    for size, word in ((1e15, ""), (1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:.3g}{word}" if word else f"{value:.2g}"
    return f"{float(f'{value:.3g}'):,g}"


def _between(words: list[str]) -> str:
    """Write the share of all paths whose length is between two bounds."""
    if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
        raise ValueError("a network and two lengths stand behind 'between'")
    units = int(_units(parse(words[0]), ""))
    return f"{100 * share_between(units, int(words[1]), int(words[2])):.3g}%"
