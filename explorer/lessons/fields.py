"""Lines of `key: value`, as they stand in the head of a lesson and in its blocks."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from explorer.rules import no_such, quote

_FIELD = re.compile(r"([a-z]+):\s*(.*)")


class FieldError(ValueError):
    """What is wrong with a field, and in which line."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class Field(NamedTuple):
    """A key and its value, and the line on which it begins."""

    key: str
    value: str
    line: int


def read_fields(lines: Sequence[str], first: int) -> list[Field]:
    """Read `key: value` lines; an indented line continues the value before it.

    Args:
        lines: what stands between the fences.
        first: number of the first of them in its file.
    Raises:
        FieldError: for a line that is neither.
    """
    found: list[Field] = []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        match = _FIELD.fullmatch(line.rstrip())
        if match:
            found.append(Field(match[1], match[2], number))
        elif line[0].isspace() and found:
            last = found[-1]
            found[-1] = last._replace(value=f"{last.value} {line.strip()}".strip())
        else:
            raise FieldError(
                number,
                f"met {quote(line)}, where a line 'key: value' stands, or an indented one that "
                "continues the line before it",
            )
    return found


def check_keys(
    fields: Sequence[Field],
    what: str,
    line: int,
    needed: Sequence[str],
    others: Sequence[str] = (),
    many: Sequence[str] = (),
) -> None:
    """Refuse unknown, doubled, empty and missing fields.

    Args:
        fields: as read.
        what: they belong to.
        line: where that begins.
        needed: keys that must be there.
        others: keys that may be.
        many: keys that may be there several times.
    Raises:
        FieldError: for the first that is wrong.
    """
    met = set()
    for field in fields:
        if field.key not in (*needed, *others, *many):
            known = (*needed, *others, *many)
            raise FieldError(field.line, f"{what}: {no_such('field', field.key, known)}")
        if field.key in met and field.key not in many:
            raise FieldError(field.line, f"{what}: {field.key!r} stands here a second time")
        if not field.value:
            raise FieldError(field.line, f"{what}: {field.key!r} is empty")
        met.add(field.key)
    for key in needed:
        if key not in met:
            raise FieldError(line, f"{what}: {key!r} is missing; needed: {', '.join(needed)}")
