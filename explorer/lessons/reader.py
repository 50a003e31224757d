"""A lesson's file read: the head, the steps with their blocks, and the closing card."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from explorer.lessons.fields import Field, FieldError, check_keys, read_fields
from explorer.lessons.parts import Part, read_part
from explorer.lessons.prose import read_prose
from explorer.lessons.records import (
    GUESSES,
    Choice,
    Closing,
    Lesson,
    LessonError,
    Question,
    Step,
)
from explorer.lessons.values import Known, number_in, read_variants
from explorer.rules import no_such, quote

MAX_BYTES = 64_000
"""Size of a lesson's file."""
MAX_STEPS = 40
MAX_CHOICES = 6
MAX_MINUTES = 60
MAX_WORDS = 200
"""Words in the text of one step: it has to fit on one screen."""

BLOCKS = ("live", "question", "claim", "closing")
_FENCE = "```"
T = TypeVar("T")


class _Block(NamedTuple):
    """A fenced block: what it is, its lines, and the number of the line that opens it."""

    kind: str
    detail: str
    lines: tuple[str, ...]
    line: int


class _Section(NamedTuple):
    """A step before it is read: its heading, its text with line numbers, and its blocks."""

    title: str
    line: int
    text: list[tuple[int, str]]
    blocks: list[_Block]


def read_lesson(text: str, name: str, known: Known) -> Lesson:
    """Read a lesson.

    Args:
        text: of the file.
        name: of the file, for messages.
        known: what the lesson may name, beside networks.
    Raises:
        LessonError: at the first thing that is not understood.
    """
    try:
        lines = text.splitlines()
        head, behind = _head(lines)
        sections = _sections(lines, behind)
        closing = _closing(sections)
        steps = tuple(_step(section, known) for section in sections)
        return _lesson(key_of(name), head, steps, closing)
    except FieldError as error:
        raise LessonError(name, error.line, str(error)) from None


def key_of(name: str) -> str:
    """Return the short name of a file: `degradation` of `01-degradation.md`."""
    return re.sub(r"^\d+-", "", name.removesuffix(".md"))


def _head(lines: Sequence[str]) -> tuple[list[Field], int]:
    """Return the fields of the head, and the index of the line behind it."""
    if not lines or lines[0].strip() != "---":
        raise FieldError(1, "a lesson begins with a line '---', its head, and another '---'")
    for index, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return read_fields(lines[1:index], 2), index + 1
    raise FieldError(1, "the head is not closed by a second line '---'")


def _lesson(key: str, head: Sequence[Field], steps: tuple[Step, ...], closing: Closing) -> Lesson:
    check_keys(head, "head", 1, ("title", "aim", "minutes"), many=("wrong", "note"))
    values = {each.key: each for each in head}
    minutes = values["minutes"]
    return Lesson(
        key,
        _prose(values["title"]),
        _prose(values["aim"]),
        _at(minutes.line, lambda: number_in(1, MAX_MINUTES)(minutes.value, Known())),
        steps,
        closing,
        tuple(_prose(each) for each in head if each.key == "wrong"),
        tuple(_prose(each) for each in head if each.key == "note"),
    )


def _prose(field: Field) -> str:
    return _at(field.line, lambda: read_prose(field.value))


def _at(line: int, read: Callable[[], T]) -> T:
    """Read something, and say of what goes wrong on which line it stands."""
    try:
        return read()
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(line, str(error)) from None


def _sections(lines: Sequence[str], start: int) -> list[_Section]:
    """Split what follows the head at its headings."""
    found: list[_Section] = []
    index = start
    while index < len(lines):
        line, number = lines[index], index + 1
        index += 1
        if line.startswith("## "):
            found.append(_Section(line[3:].strip(), number, [], []))
        elif not line.strip():
            if found:
                found[-1].text.append((number, ""))
        elif not found:
            raise FieldError(number, f"met {quote(line)}, where the first step's '## title' stands")
        elif line.startswith(_FENCE):
            block = _block(lines, index)
            found[-1].blocks.append(block)
            index += len(block.lines) + 1
        elif re.match(r"#+ ", line):
            raise FieldError(number, f"met {quote(line)}; a step's heading begins with '## '")
        else:
            found[-1].text.append((number, line.rstrip()))
    if not found:
        raise FieldError(len(lines) or 1, "a lesson has at least one step, '## title'")
    if len(found) > MAX_STEPS:
        raise FieldError(found[MAX_STEPS].line, f"{len(found)} steps; there may be {MAX_STEPS}")
    return found


def _block(lines: Sequence[str], index: int) -> _Block:
    """Return the block whose fence is the line before an index."""
    kind, _, detail = lines[index - 1].removeprefix(_FENCE).strip().partition(" ")
    if kind not in BLOCKS:
        raise FieldError(index, no_such("block", kind, BLOCKS))
    for end in range(index, len(lines)):
        if lines[end].strip() == _FENCE:
            return _Block(kind, detail.strip(), tuple(lines[index:end]), index)
    raise FieldError(index, f"the block {kind!r} is not closed by a line {_FENCE}")


def _closing(sections: Sequence[_Section]) -> Closing:
    """Take the closing card out of the last step, and read it."""
    for section in sections:
        for block in section.blocks:
            if block.kind == "closing" and section is not sections[-1]:
                raise FieldError(block.line, "the closing card stands in the last step")
    found = [block for block in sections[-1].blocks if block.kind == "closing"]
    if len(found) != 1:
        line = found[1].line if found else sections[-1].line
        raise FieldError(line, "the last step holds one block 'closing'")
    sections[-1].blocks.remove(found[0])
    fields = read_fields(found[0].lines, found[0].line + 1)
    check_keys(fields, "closing", found[0].line, ("text", "variants"))
    values = {each.key: each for each in fields}
    variants = values["variants"]
    specs = _at(variants.line, lambda: read_variants(variants.value))
    return Closing(_prose(values["text"]), specs)


def _step(section: _Section, known: Known) -> Step:
    if not section.title:
        raise FieldError(section.line, "the step has no title")
    live = _only(section, ("live",), "live part")
    asked = _only(section, ("question", "claim"), "question")
    part = _live(live, known) if live else None
    question = _question(asked) if asked else None
    title = _at(section.line, lambda: read_prose(section.title))
    return Step(title, _text(section), part, question)


def _only(section: _Section, kinds: Sequence[str], what: str) -> _Block | None:
    found = [block for block in section.blocks if block.kind in kinds]
    if len(found) > 1:
        raise FieldError(found[1].line, f"a second {what} in this step; there may be one")
    return found[0] if found else None


def _text(section: _Section) -> str:
    """Return a step's text; it is read paragraph by paragraph, so that a message names its line."""
    paragraphs: list[str] = []
    lines: list[str] = []
    first = section.line
    for number, line in [*section.text, (0, "")]:
        if line:
            first = first if lines else number
            lines.append(line)
        elif lines:
            written = "\n".join(lines)
            paragraphs.append(_at(first, partial(read_prose, written)))
            lines = []
    words = sum(len(paragraph.split()) for paragraph in paragraphs)
    if words > MAX_WORDS:
        raise FieldError(section.line, f"{words} words in one step; there may be {MAX_WORDS}")
    return "\n\n".join(paragraphs)


def _live(block: _Block, known: Known) -> Part:
    fields = read_fields(block.lines, block.line + 1)
    return read_part(block.detail, fields, block.line, known)


def _question(block: _Block) -> Question:
    fields = read_fields(block.lines, block.line + 1)
    return _claim(fields, block.line) if block.kind == "claim" else _asked(fields, block.line)


def _asked(fields: Sequence[Field], line: int) -> Question:
    check_keys(fields, "question", line, ("ask",), many=("right", "wrong", "because"))
    choices: list[Choice] = []
    answers = [each for each in fields if each.key != "ask"]
    for answer, because in zip(answers[::2], [*answers[1::2], None], strict=False):
        if answer.key == "because" or because is None or because.key != "because":
            raise FieldError(
                answer.line, "question: behind each 'right:' or 'wrong:' stands one 'because:'"
            )
        choices.append(Choice(_prose(answer), answer.key == "right", _prose(because)))
    if not 2 <= len(choices) <= MAX_CHOICES:
        raise FieldError(line, f"question: {len(choices)} answers; from 2 to {MAX_CHOICES}")
    if not any(choice.right for choice in choices):
        raise FieldError(line, "question: no answer is right; one at least begins with 'right:'")
    if len({choice.words for choice in choices}) < len(choices):
        raise FieldError(line, "question: two answers are the same")
    return Question(_prose(fields[0] if fields[0].key == "ask" else _ask(fields)), tuple(choices))


def _ask(fields: Sequence[Field]) -> Field:
    return next(each for each in fields if each.key == "ask")


def _claim(fields: Sequence[Field], line: int) -> Question:
    """Return the question whether a step's title is true."""
    check_keys(fields, "claim", line, ("answer", "verdict"))
    values = {each.key: each for each in fields}
    answer = values["answer"]
    known = {guess.lower(): guess for guess in GUESSES}
    if answer.value not in known:
        raise FieldError(answer.line, f"claim: {no_such('answer', answer.value, list(known))}")
    verdict = _prose(values["verdict"])
    right = known[answer.value]
    choices = tuple(Choice(guess, guess == right, verdict) for guess in GUESSES)
    return Question("What do you say?", choices, is_claim=True)
