"""How often a network is right on pictures whose class is known."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from pathlib import PurePosixPath
from typing import NamedTuple, TypeAlias

from explorer import assets

_WNID = re.compile(r"(?<![a-z0-9])n\d{8}(?!\d)", re.IGNORECASE)
_Words: TypeAlias = tuple[str, ...]
_Z = 1.959964  # 95 % of a normal distribution lie within so many deviations


class Outcome(NamedTuple):
    """One picture: the index of its class, and those of the network's answers, best first."""

    truth: int
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """What a network's answers come to.

    Args:
        pictures: how many there were.
        right: those whose first answer is their class.
        right_in_top: those whose class is among the answers that were given.
        classes: those that the pictures are of, by index; the rows of `confusion`.
        answered: `classes`, then what else was answered first; the columns.
        confusion: pictures of each class that were first answered so.
    """

    pictures: int
    right: int
    right_in_top: int
    classes: tuple[int, ...]
    answered: tuple[int, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def accuracy_percent(self) -> float:
        """The share of pictures whose first answer is right."""
        return 100 * self.right / self.pictures

    @property
    def accuracy_interval_percent(self) -> tuple[float, float]:
        """Where the accuracy on endlessly many such pictures lies, with 95 % confidence.

        Source:
            Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
        """
        n, share = self.pictures, self.right / self.pictures
        middle = share + _Z**2 / (2 * n)
        reach = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        scale = 100 / (1 + _Z**2 / n)
        return max(0.0, scale * (middle - reach)), min(100.0, scale * (middle + reach))


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Return accuracy and confusion matrix of at least one picture, each with an answer.

    Raises:
        ValueError: if there is no picture, or one without an answer.
    """
    if not outcomes or not all(each.answers for each in outcomes):
        raise ValueError("a score needs at least one picture, and an answer to each")
    pairs = Counter((each.truth, each.answers[0]) for each in outcomes)
    classes = sorted({truth for truth, _ in pairs})
    answered = classes + sorted({answer for _, answer in pairs} - set(classes))
    return Scores(
        pictures=len(outcomes),
        right=sum(count for (truth, answer), count in pairs.items() if truth == answer),
        right_in_top=sum(each.truth in each.answers for each in outcomes),
        classes=tuple(classes),
        answered=tuple(answered),
        confusion=tuple(tuple(pairs[row, column] for column in answered) for row in classes),
    )


def class_of(name: str, categories: Sequence[str]) -> int | None:
    """Return the class that a picture's folder or else its file name says, or None.

    A name says a class if it is the label, whatever its capitals, blanks and signs, with numbers
    before or behind: `tabby/01.jpg`, `golden_retriever-12.png`, `003 Egyptian cat (2).jpg`. For
    ImageNet's classes a WordNet ID anywhere in it will do: `n02123045_1.JPEG`.

    Args:
        name: the file's, with or without folders.
        categories: labels in index order.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    for text in (path.parent.name, path.stem):
        found = _by_wnid(text, categories)
        if found is None:
            found = _by_label(text, categories)
        if found is not None:
            return found
    return None


def _by_wnid(text: str, categories: Sequence[str]) -> int | None:
    found = _WNID.search(text)
    if found is None or not _are_imagenets(categories):
        return None
    return _wnids().get(found.group().lower())


def _by_label(text: str, categories: Sequence[str]) -> int | None:
    words = _words(text)
    exact, folded = _by_words(tuple(categories))
    while words:
        found = exact.get(words, folded.get(_folded(words)))
        if found is not None:
            return found
        if words[-1].isdigit():
            words = words[:-1]
        elif words[0].isdigit():
            words = words[1:]
        else:
            return None
    return None


def _words(text: str) -> _Words:
    return tuple(re.sub(r"[\W_]+", " ", text).split())


def _folded(words: _Words) -> _Words:
    return tuple(word.casefold() for word in words)


@lru_cache(maxsize=8)
def _by_words(categories: tuple[str, ...]) -> tuple[dict[_Words, int], dict[_Words, int]]:
    """Return the index of each label by its words, and by these without capitals."""
    exact = [_words(label) for label in categories]
    return _unique(exact), _unique([_folded(words) for words in exact])


def _unique(spellings: list[_Words]) -> dict[_Words, int]:
    """Return the index of each but those of several: a Cardigan is a dog, a cardigan is knitted."""
    counts = Counter(spellings)
    return {words: index for index, words in enumerate(spellings) if counts[words] == 1}


def _are_imagenets(categories: Sequence[str]) -> bool:
    """Whether labels are those of ImageNet's 1000 classes, in their usual order."""
    return len(categories) == 1000 and (categories[0], categories[-1]) == (
        "tench",
        "toilet tissue",
    )


@lru_cache(maxsize=1)
def _wnids() -> dict[str, int]:
    return {
        wnid: index
        for index, wnid in enumerate(assets.read("data/imagenet_wnids.txt").decode("ascii").split())
    }
