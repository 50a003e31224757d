"""Single values in a lesson's live part: how each is read, and what is refused."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from explorer.analysis import analyze
from explorer.rows import LayerRow
from explorer.rules import no_such
from explorer.spec import ArchitectureSpec, parse
from explorer.tray import MAX_VARIANTS


class Known(NamedTuple):
    """What a lesson may name, beside networks.

    Args:
        pictures: bundled photographs.
        trained: text forms of networks that have bundled weights.
        trainings: live trainings of one click.
        experiments: experiments of the page of that name.
    """

    pictures: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    trainings: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()


Read = Callable[[str, Known], Any]


def by(read: Read) -> dict[str, Read]:
    """Return what a field of a live part holds to say how it is read."""
    return {"read": read}


def a_variant(text: str, _: Known) -> ArchitectureSpec:
    """Read a text form."""
    return parse(text)


def some_variants(text: str, _: Known) -> tuple[ArchitectureSpec, ...]:
    """Read several text forms."""
    return read_variants(text)


def read_variants(text: str) -> tuple[ArchitectureSpec, ...]:
    """Read text forms that are separated by `|`.

    Raises:
        ValueError: if one is no network, or there are too many.
    """
    found = tuple(parse(each.strip()) for each in text.split("|"))
    if len(found) > MAX_VARIANTS:
        raise ValueError(f"{len(found)} variants, where there may be {MAX_VARIANTS}")
    return found


def number_in(low: int, high: int) -> Read:
    """Return what reads a whole number within bounds."""

    def read(text: str, _: Known) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"met {text[:40]!r}, where a whole number from {low} to {high} stands")
        return int(text)

    return read


def one_of(valid: Sequence[str], what: str) -> Read:
    """Return what reads one of some words."""

    def read(text: str, _: Known) -> str:
        return checked(text, valid, what)

    return read


def some_of(valid: Sequence[str], what: str) -> Read:
    """Return what reads some of some words, separated by `|`."""

    def read(text: str, _: Known) -> tuple[str, ...]:
        return tuple(checked(each.strip(), valid, what) for each in text.split("|"))

    return read


def named(attribute: str, what: str) -> Read:
    """Return what reads a name that is known."""

    def read(text: str, known: Known) -> str:
        return checked(text, getattr(known, attribute), what)

    return read


def checked(text: str, valid: Sequence[str], what: str) -> str:
    """Return a word that is one of some.

    Raises:
        ValueError: if it is not; the message names the nearest.
    """
    if text not in valid:
        raise ValueError(no_such(what, text, valid) if valid else f"there is no {what} yet")
    return text


def words(text: str, _: Known) -> str:
    """Read any text."""
    return text


def part_rows(spec: ArchitectureSpec, part: str) -> tuple[LayerRow, ...]:
    """Return the layers of a part of a network: a layer, a unit or a stage; of all without one.

    Raises:
        ValueError: if the network has no such part; the message names the nearest.
    """
    rows = analyze(spec).layers
    found = tuple(
        row
        for row in rows
        if not part or part == row.stage or f"{row.name}.".startswith(f"{part}.")
    )
    if not found:
        names = dict.fromkeys(name for row in rows for name in (row.stage, *_prefixes(row.name)))
        raise ValueError(no_such(f"part of {spec}", part, list(names)))
    return found


def _prefixes(name: str) -> list[str]:
    words = name.split(".")
    return [".".join(words[:length]) for length in range(1, len(words) + 1)]
