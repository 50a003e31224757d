"""What a lesion does to the accuracy on the bundled test pictures of CIFAR-10."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from explorer.explanation.board import removal
from explorer.spec import ArchitectureSpec
from explorer.ui import waiting
from explorer.ui.lesioning import work
from explorer.ui.lesioning.boards import Lesioned, mark, network_name
from explorer.ui.lesioning.work import Tally
from explorer.ui.predicting.voices import Heard

_SHAPE = (3, 32, 32)


def can_be_judged(heard: Heard) -> bool:
    """Whether a network knows CIFAR-10's classes, and takes its pictures."""
    return knows_cifar10(heard.labels, heard.voice.asked.variant.spec)


def knows_cifar10(labels: Sequence[str], spec: ArchitectureSpec) -> bool:
    """Whether a network of these classes, in index order, can be shown CIFAR-10's pictures."""
    from explorer.datasets import CIFAR10_CATEGORIES

    return tuple(labels) == CIFAR10_CATEGORIES and spec.input_shape == _SHAPE


def tell_others(heard: Sequence[Heard]) -> None:
    """Name the networks whose accuracy cannot be measured here."""
    others = "; ".join(network_name(each) for each in heard if not can_be_judged(each))
    if others:
        st.caption(
            f"Not for {others}: the labelled pictures that are bundled are CIFAR-10's, of 32 × 32 "
            "pixels and 10 classes."
        )


class _Judged(NamedTuple):
    """A network, what it named rightly without the lesion, and with it if there is one."""

    lesioned: Lesioned
    before: Tally
    after: Tally | None

    @property
    def ready(self) -> bool:
        """Whether there is anything to be told so far."""
        return bool(self.before.pictures and (self.after is None or self.after.pictures))

    @property
    def lost(self) -> float | None:
        """Points of accuracy that the lesion costs, once both are counted on the same pictures."""
        if self.after is None or self.after.pictures != self.before.pictures:
            return None
        return 100 * (self.before.correct[0] - self.after.correct[0]) / self.after.pictures


def draw(lesioned: Sequence[Lesioned], pictures: int) -> None:
    """Draw how many test pictures the networks name rightly, with and without the lesion.

    Args:
        lesioned: networks that can be judged.
        pictures: how many.
    """
    # The intact networks by themselves, so that they are counted once for all lesions.
    states = [
        (each.heard.voice.asked, lesion)
        for each in lesioned
        for lesion in dict.fromkeys((removal(each.units), each.lesion))
    ]
    asked = [each for each, _ in states]
    lesions = tuple((lesion,) for _, lesion in states)
    waiting.show(
        "lesion-accuracy",
        (tuple(each.key for each in asked), lesions, pictures),
        work.tallies(asked, lesions, pictures),
        partial(_draw, lesioned),
        "Naming test pictures",
        streams=True,
    )


def _draw(lesioned: Sequence[Lesioned], found: Sequence[Tally]) -> None:
    tallies = iter(found)
    judged = [
        _Judged(each, next(tallies), None if each.intact else next(tallies)) for each in lesioned
    ]
    ready = [each for each in judged if each.ready]
    st.markdown("\n".join(f"- {mark(each.lesioned.heard)}, {_told(each)}" for each in ready))
    lost = [(each, each.lost) for each in ready if each.lost is not None]
    if len(lost) > 1:
        words = ", ".join(f"{each.lesioned.heard.letter} **{loss:.1f}**" for each, loss in lost)
        st.markdown(f"What is done on the boards costs, in points of accuracy: {words}.")


def _told(judged: _Judged) -> str:
    if judged.after is None:
        return f"intact: {_right(judged.before)}."
    lost = f": **{_signed(-judged.lost)} points**" if judged.lost is not None else ""
    return (
        f"{judged.lesioned.words}: {_right(judged.after)}; intact, {_right(judged.before)}{lost}."
    )


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _right(tally: Tally) -> str:
    [correct] = tally.correct
    return f"**{correct} of {tally.pictures}** right ({correct / tally.pictures:.1%})"
