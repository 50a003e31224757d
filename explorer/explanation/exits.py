"""What a network would answer if it stopped early: each stage's features, and the nearest class.

Nothing is trained: a class is the mean of its training pictures' features. Stages of a network
that has learned tell classes apart better and better; what they could tell with a classifier of
their own is more than is measured here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import (
    Report,
    check_finite,
    check_images,
    pictures_at_once,
    stage_outputs,
    steps,
)
from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True, eq=False)
class EarlyExit:
    """One stage as the place where a network answers, by nearest class means.

    Args:
        stage: its name.
        layer: the module whose output is averaged over all places.
        means: shape (classes, channels), each class's mean over the training pictures.
        correct: test pictures whose nearest mean is that of their class.
        pictures: how many test pictures there were.
    """

    stage: str
    layer: str
    means: NDArray[np.float64]
    correct: int
    pictures: int

    @property
    def accuracy(self) -> float:
        """Share of the test pictures that are answered rightly, from 0 to 1."""
        return self.correct / self.pictures


@dataclass(frozen=True, slots=True)
class ExitAnswer:
    """What one stage answers for one picture.

    Args:
        stage: its name.
        classes: indices of all classes, nearest first.
        distances: Euclidean ones to their means, in that order; of different stages not to be
            compared.
    """

    stage: str
    classes: tuple[int, ...]
    distances: tuple[float, ...]


def early_exits(
    spec: ArchitectureSpec,
    model: nn.Module,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    report: Report = lambda done, message: None,
) -> tuple[EarlyExit, ...]:
    """Return every stage as an early exit, the stem first.

    Args:
        spec: the network.
        model: it, in eval mode.
        train: pictures, shape (N, C, H, W), normalised, and their classes, shape (N,).
        test: the same of those that judge.
        report: told how far the work is, before each batch; may raise to stop it.
    Raises:
        ExplanationError: if the network does not take such pictures or tells other classes apart,
            or a class has no picture to learn from.
    """
    _check(spec, train, test)
    total = len(train[0]) + len(test[0])
    known = _all_features(spec, model, train[0], lambda n: report(n / total, "training pictures"))
    asked = _all_features(
        spec, model, test[0], lambda n: report((len(train[0]) + n) / total, "test pictures")
    )
    exits = []
    for layer, stage in stage_outputs(steps(spec, model)).items():
        means = torch.stack([known[stage][train[1] == n].mean(0) for n in range(spec.classes)])
        nearest = torch.cdist(asked[stage], means, compute_mode=_EXACT).argmin(1)
        correct = int((nearest == test[1]).sum())
        exits.append(EarlyExit(stage, layer, means.numpy(), correct, len(test[1])))
    return tuple(exits)


_EXACT = "donot_use_mm_for_euclid_dist"


def _check(
    spec: ArchitectureSpec, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]
) -> None:
    for images, labels in (train, test):
        check_images(spec, images)
        if len(images) != len(labels):
            raise ExplanationError(f"{len(images):,} pictures and {len(labels):,} labels")
    classes = torch.arange(spec.classes)
    if not torch.equal(train[1].unique(), classes) or not torch.isin(test[1], classes).all():
        raise ExplanationError(
            f"{spec} tells {spec.classes} classes apart: each of them, and no other, needs a "
            "training picture"
        )


def exit_answers(
    spec: ArchitectureSpec, model: nn.Module, exits: tuple[EarlyExit, ...], image: Tensor
) -> tuple[ExitAnswer, ...]:
    """Return what each stage answers for one picture.

    Args:
        spec: the network.
        model: it, in eval mode.
        exits: those of this network and these weights.
        image: shape (C, H, W), normalised.
    Raises:
        ExplanationError: if the network does not take such a picture.
    """
    check_images(spec, image[None])
    features = stage_features(spec, model, image[None])
    return tuple(_answer(found, features[found.stage][0].numpy()) for found in exits)


def _answer(found: EarlyExit, features: NDArray[np.float64]) -> ExitAnswer:
    distances = np.linalg.norm(found.means - features, axis=1)
    order = np.argsort(distances, kind="stable")
    return ExitAnswer(found.stage, tuple(order.tolist()), tuple(distances[order].tolist()))


def _all_features(
    spec: ArchitectureSpec, model: nn.Module, images: Tensor, report: Callable[[int], None]
) -> dict[str, Tensor]:
    parts: list[dict[str, Tensor]] = []
    batch = pictures_at_once(spec)
    for start in range(0, len(images), batch):
        report(start)
        parts.append(stage_features(spec, model, images[start : start + batch]))
    return {stage: torch.cat([part[stage] for part in parts]) for stage in parts[0]}


@torch.inference_mode()
def stage_features(spec: ArchitectureSpec, model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Return each stage's features, averaged over all places: stage to (N, channels), float64.

    Args:
        spec: the network.
        model: it, in eval mode.
        images: shape (N, C, H, W), normalised.
    """
    walked = steps(spec, model)
    stages = stage_outputs(walked)
    features: dict[str, Tensor] = {}
    x = images
    for step in walked:
        x = step(x)
        if step.name in stages:
            features[stages[step.name]] = x.mean((2, 3), dtype=torch.float64)
            if len(features) == len(stages):
                break
    check_finite(x)
    return features
