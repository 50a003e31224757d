"""What a lesson consists of, as plain data, and what is wrong with a file that is none."""

from dataclasses import dataclass, field
from typing import NamedTuple

from explorer.lessons.parts import Part
from explorer.spec import ArchitectureSpec

GUESSES = ("True", "False", "It depends")
"""What may be guessed of a claim."""


class LessonError(ValueError):
    """What is wrong with a file, and where.

    Args:
        name: of the file.
        line: from 1.
        problem: what was met, and what would be understood.
    """

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name}, line {line}: {problem}")


class Choice(NamedTuple):
    """One answer to a question: its words, whether it is right, and what to say to it."""

    words: str
    right: bool
    feedback: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers.

    Args:
        ask: the question.
        choices: two or more, at least one of them right.
        is_claim: whether a claim is judged; it is guessed before anything is measured.
    """

    ask: str
    choices: tuple[Choice, ...]
    is_claim: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One screen of a lesson: a text, at most one live part and at most one question."""

    title: str
    text: str
    live: Part | None = None
    question: Question | None = None


class Closing(NamedTuple):
    """The last card: what to take away, and the state of Explore it leads to."""

    text: str
    variants: tuple[ArchitectureSpec, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson.

    Args:
        key: short name, which stands in the link.
        title: what it is called.
        aim: what one knows afterwards.
        minutes: how long it takes.
        steps: in order.
        closing: the card behind the last step.
        wrong: answers that are typically wrong, and what to say to them; for the teacher.
        notes: other things to keep in mind; for the teacher.
    """

    key: str
    title: str
    aim: str
    minutes: int
    steps: tuple[Step, ...]
    closing: Closing
    wrong: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def screens(self) -> int:
        """Steps, and the closing card."""
        return len(self.steps) + 1

    @property
    def is_claims(self) -> bool:
        """Whether it is a list of claims to be judged."""
        return all(step.question and step.question.is_claim for step in self.steps)
