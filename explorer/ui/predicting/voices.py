"""Networks that have answered, and whether they agree."""

from collections.abc import Sequence
from typing import NamedTuple

from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.opening import Network
from explorer.ui.predicting.work import Said


class Voice(NamedTuple):
    """A network and its answers.

    Args:
        asked: the variant and its weights.
        network: how it was asked.
        said: for each picture, what it says or why it says nothing.
    """

    asked: Asked
    network: Network
    said: Sequence[Said | str]

    @property
    def letter(self) -> str:
        """Its variant's letter."""
        return self.asked.variant.letter

    @property
    def name(self) -> str:
        """Its variant's letter and title."""
        return self.asked.variant.label

    @property
    def weights(self) -> str:
        """What its weights are called."""
        asked = self.asked
        if asked.own is not None:
            return asked.own.name
        if asked.tuned is not None:
            return asked.tuned.title
        return asked.entry.name if asked.entry is not None else "untrained"

    @property
    def trained(self) -> bool:
        """Whether it has learned anything."""
        asked = self.asked
        return any(each is not None for each in (asked.own, asked.tuned, asked.entry))


class Heard(NamedTuple):
    """What a network said about one picture."""

    voice: Voice
    said: Said

    @property
    def letter(self) -> str:
        """Its variant's letter."""
        return self.voice.letter

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes it knows."""
        return self.voice.network.labels

    @property
    def places(self) -> dict[int, int]:
        """Place, from 1, of each class in its answer; of the first few."""
        return {label.index: place for place, label in enumerate(self.said.top, start=1)}

    @property
    def times(self) -> str:
        """How long it took."""
        return (
            f"{self.said.preprocess_ms:.0f} ms for preparing the picture, "
            f"{self.said.forward_ms:.0f} ms for the forward pass"
        )


def by_labels(heard: Sequence[Heard]) -> list[list[Heard]]:
    """Return the networks that know the same classes, group by group."""
    groups: dict[tuple[str, ...], list[Heard]] = {}
    for each in heard:
        groups.setdefault(each.labels, []).append(each)
    return list(groups.values())


def union(said: Sequence[Said], count: int) -> list[int]:
    """Return the classes among the first few of any network, the most probable of any first."""
    classes = {label.index for each in said for label in each.top[:count]}
    return sorted(
        classes, key=lambda index: (-max(float(s.probabilities[index]) for s in said), index)
    )


def agreement(first: Sequence[tuple[str, str]]) -> str:
    """Say who gives the same first answer and who another.

    Args:
        first: who, and which class; networks that know the same classes, at least two.
    """
    whose: dict[str, list[str]] = {}
    for who, label in first:
        whose.setdefault(label, []).append(who)
    parts = [f"{listed(names)} {_say(names)} **{label}**" for label, names in whose.items()]
    if len(parts) == 1:
        return f"Agreement: {parts[0]}."
    return f"Disagreement: {', '.join(parts)}."


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _say(names: Sequence[str]) -> str:
    return "say" if len(names) > 1 else "says"
