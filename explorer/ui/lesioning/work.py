"""The long work of the lesion board, as functions for the job queue.

Test pictures are counted in parts of equal size, for all networks in turn: every curve is soon
there and gets more exact. What was counted is kept, so that more pictures, another network or a
new attempt compute only what is not known.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from explorer.cards import FITS, Fit
from explorer.explanation.board import Lesion
from explorer.spec import ArchitectureSpec
from explorer.ui.jobs import JobContext
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.opening import Opened, open_network
from explorer.ui.predicting.work import Opening
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.datasets import LabelledImages

PART = 50
"""Test pictures that are counted at a time."""

Lesions = tuple[Lesion, ...]


class Tally(NamedTuple):
    """How many pictures a network named rightly, for each of its lesions, of those seen so far."""

    correct: tuple[int, ...]
    pictures: int


_answers: Kept[tuple[float, ...] | str] = Kept(512)
_counts: Kept[tuple[int, ...]] = Kept(8192)


def answers(
    asked: Sequence[Asked], lesions: Lesions, file: File, fit: Fit
) -> Work[tuple[tuple[float, ...] | str, ...]]:
    """Ask lesioned networks about a picture.

    Args:
        asked: the networks.
        lesions: what is done to each.
        file: the picture.
        fit: how it is brought to a network's size.
    Returns:
        Work that gives for each network the probabilities of its classes, in index order, or a
        sentence that says why there are none.
    """

    def work(context: JobContext) -> tuple[tuple[float, ...] | str, ...]:
        opening, found = Opening(file), []
        for number, (each, lesion) in enumerate(zip(asked, lesions, strict=True)):
            context.report(number / len(asked), "asking again")
            key = (each.key, fit, file.identity, lesion)
            found.append(_answers.get(key, partial(_answer, each, lesion, opening, fit)))
        return tuple(found)

    return work


def _answer(asked: Asked, lesion: Lesion, opening: Opening, fit: Fit) -> tuple[float, ...] | str:
    from explorer.explanation.lesions import answer
    from explorer.preprocessing import preprocess

    opened, spec = open_network(asked, fit), asked.variant.spec
    if opened.network.steps is None or opened.module is None:
        return opened.network.error
    image, _ = preprocess(opening.picture().image, opened.network.steps)
    guesses = answer(spec, opened.module, image, lesion, spec.classes)
    if not guesses:
        return "without these units its output overflows, so it answers nothing."
    return tuple(guess.probability for guess in sorted(guesses, key=lambda guess: guess.index))


def tallies(
    asked: Sequence[Asked], lesions: Sequence[Lesions], pictures: int
) -> Work[tuple[Tally, ...]]:
    """Count what lesioned networks name rightly of the bundled test pictures of CIFAR-10.

    Args:
        asked: networks of CIFAR-10's classes and size.
        lesions: of each of them.
        pictures: how many.
    """

    def work(context: JobContext) -> tuple[Tally, ...]:
        found = [Tally((0,) * len(each), 0) for each in lesions]
        opened: dict[int, Opened] = {}
        progress = _Progress(context, pictures, sum(map(len, lesions)))
        for start in range(0, pictures, PART):
            part = slice(start, min(start + PART, pictures))
            for place, (each, wanted) in enumerate(zip(asked, lesions, strict=True)):
                if place not in opened:
                    opened[place] = open_network(each, FITS[0])
                progress.begin(start, sum(map(len, lesions[:place])))
                count = partial(
                    _count, each.variant.spec, opened[place], wanted, part, progress.step
                )
                key = (each.key, wanted, part.start, part.stop)
                counted = _counts.get(key, count)
                sums = zip(found[place].correct, counted, strict=True)
                found[place] = Tally(tuple(map(sum, sums)), part.stop)
                context.show(tuple(found))
        return tuple(found)

    return work


class _Progress:
    """How far a count is, in lesions and parts."""

    def __init__(self, context: JobContext, pictures: int, lesions: int) -> None:
        self._context = context
        self._pictures = pictures
        self._lesions = lesions
        self._start = self._done = 0

    def begin(self, start: int, done: int) -> None:
        """Note the first picture of a part, and the lesions that are done in it."""
        self._start, self._done = start, done
        self._report()

    def step(self) -> None:
        """Note a further lesion."""
        self._done += 1
        self._report()

    def _report(self) -> None:
        whole = (self._start + PART * self._done / self._lesions) / self._pictures
        end = min(self._start + PART, self._pictures)
        self._context.report(whole, f"pictures {self._start + 1} to {end} of {self._pictures}")


def _count(
    spec: ArchitectureSpec,
    opened: Opened,
    lesions: Lesions,
    part: slice,
    step: Callable[[], None],
) -> tuple[int, ...]:
    from explorer.explanation.lesions import sweep
    from explorer.training.batches import normalise

    steps, module = opened.network.steps, opened.module
    if steps is None or module is None:
        raise ValueError(opened.network.error)
    test = _test_pictures()
    images: Tensor = normalise(test.images[part], steps)
    correct = {}
    for outcome in sweep(spec, module, lesions, images, test.labels[part]):
        correct[outcome.lesion] = outcome.correct
        step()
    return tuple(correct[lesion] for lesion in lesions)


@lru_cache(maxsize=1)
def _test_pictures() -> "LabelledImages":
    from explorer.datasets import bundled_cifar10

    return bundled_cifar10().test
