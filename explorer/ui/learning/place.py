"""Where a learner is: lesson, step and answers so far, as they stand in the link.

Nothing else is kept of anybody.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

KEYS = ("lesson", "step", "answers", "view")
"""Parameters of the link that say where a learner is."""

PRESENT = "present"
MAX_STEP = 99
_LETTERS = "abcdefgh"
_ANSWER = re.compile(rf"([1-9]\d?)([{_LETTERS}])")
_NAME = re.compile(r"[\w-]{1,60}")


class Place(NamedTuple):
    """Where a learner is.

    Args:
        lesson: its short name; empty for the overview.
        step: from 1.
        answers: for each question that was answered, its step and the place of the answer.
        presented: whether it is shown to a class.
    """

    lesson: str = ""
    step: int = 1
    answers: tuple[tuple[int, int], ...] = ()
    presented: bool = False

    @property
    def given(self) -> int | None:
        """The answer to this step's question, or None."""
        return dict(self.answers).get(self.step)

    def answer(self, choice: int) -> "Place":
        """Answer this step's question."""
        return self._replace(
            answers=tuple(sorted({**dict(self.answers), self.step: choice}.items()))
        )

    def go(self, step: int) -> "Place":
        """Go to a step."""
        return self._replace(step=step)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """What the link says, key by key; an empty list where it says nothing."""
        answers = ".".join(f"{step}{_LETTERS[choice]}" for step, choice in self.answers)
        return {
            "lesson": [self.lesson] if self.lesson else [],
            "step": [str(self.step)] if self.lesson and self.step > 1 else [],
            "answers": [answers] if self.lesson and answers else [],
            "view": [PRESENT] if self.lesson and self.presented else [],
        }


def read_place(parameters: Mapping[str, Sequence[str]]) -> Place:
    """Read what a link says; what cannot be read is left out.

    Args:
        parameters: values of each of `KEYS`.
    """

    def first(key: str) -> str:
        return next(iter(parameters.get(key, ())), "")

    lesson = first("lesson")
    if not _NAME.fullmatch(lesson):
        return Place()
    step = first("step")
    answers = {
        int(match[1]): _LETTERS.index(match[2])
        for word in first("answers")[:400].split(".")
        if (match := _ANSWER.fullmatch(word))
    }
    return Place(
        lesson,
        min(max(int(step), 1), MAX_STEP) if re.fullmatch(r"[0-9]{1,4}", step) else 1,
        tuple(sorted(answers.items())),
        first("view") == PRESENT,
    )
