"""The long work on a network's depth: what its units add, and what its stages would answer."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from explorer.ui.explaining.opened import Looked, Shown, look_into
from explorer.ui.explaining.work import kept
from explorer.ui.predicting.asked import Asked
from explorer.ui.tasks import Kept, Work

if TYPE_CHECKING:
    from explorer.explanation.exits import EarlyExit
    from explorer.gradients.activations import UnitBranch


class Exit(NamedTuple):
    """What a stage would answer.

    Args:
        stage: its name.
        layer: the module whose output is averaged over all places.
        correct: bundled test pictures that it answers rightly.
        pictures: how many there are.
        classes: indices of all classes, those nearest to this picture first.
        distances: to their means, in that order.
    """

    stage: str
    layer: str
    correct: int
    pictures: int
    classes: tuple[int, ...]
    distances: tuple[float, ...]


_signals: "Kept[tuple[UnitBranch, ...] | str]" = kept()
_means: "Kept[tuple[EarlyExit, ...]]" = Kept(64)
_exits: Kept[tuple[Exit, ...] | str] = kept()


def signals(
    asked: Sequence[Asked], picture: Shown
) -> "Work[tuple[tuple[UnitBranch, ...] | str, ...]]":
    """Measure what each unit of each network adds to its signal."""
    return look_into(asked, picture, [None] * len(asked), _signals, _signal)


def _signal(looked: Looked, none: None) -> "tuple[UnitBranch, ...]":
    from explorer.explanation.walk import check_images, private
    from explorer.gradients.activations import measure_activations

    images = looked.image[None]
    check_images(looked.spec, images)
    _, added = measure_activations(
        private(looked.module),
        looked.spec,
        images,
        lambda: looked.report(0.5, "on the way forward"),
    )
    return added


def exits(asked: Sequence[Asked], picture: Shown) -> Work[tuple[tuple[Exit, ...] | str, ...]]:
    """Ask each stage of networks of CIFAR-10's classes, by nearest means of the bundled pictures.

    What belongs to the network alone is measured once, whatever pictures it is shown.
    """
    return look_into(asked, picture, [each.key for each in asked], _exits, _exit)


def _exit(looked: Looked, network: Hashable) -> tuple[Exit, ...]:
    from explorer.explanation.exits import exit_answers

    means = _means.get(network, lambda: _measure(looked))
    answers = exit_answers(looked.spec, looked.module, means, looked.image)
    return tuple(
        Exit(mean.stage, mean.layer, mean.correct, mean.pictures, answer.classes, answer.distances)
        for mean, answer in zip(means, answers, strict=True)
    )


def _measure(looked: Looked) -> "tuple[EarlyExit, ...]":
    from explorer.datasets import bundled_cifar10
    from explorer.explanation.exits import early_exits
    from explorer.training.batches import normalise

    data = bundled_cifar10()
    train, test = (
        (normalise(part.images, looked.steps), part.labels) for part in (data.train, data.test)
    )
    return early_exits(looked.spec, looked.module, train, test, looked.report)
