"""Where in a picture a network sees a class, asked another way: by covering parts of it."""

from dataclasses import dataclass
from math import nan

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import (
    Report,
    check_finite,
    check_images,
    check_label,
    pictures_at_once,
)
from explorer.spec import ArchitectureSpec

MOST_PATCHES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """What the class lost wherever the picture was covered.

    Args:
        probability: of the class for the whole picture, from 0 to 1.
        patch: side of the square that covers, in pixels of the network's input.
        stride: from one place of it to the next.
        drops: shape (rows, columns), one for each place: `probability` minus that of the covered
            picture; negative where covering helps.
        heat: shape (H, W), for each pixel the mean drop of the patches that cover it.
    """

    probability: float
    patch: int
    stride: int
    drops: NDArray[np.float32]
    heat: NDArray[np.float32]

    @property
    def lowest(self) -> float:
        """The class's probability where it suffers most, from 0 to 1."""
        return self.probability - float(self.drops.max())


def places(spec: ArchitectureSpec, patch: int, stride: int) -> int:
    """Return how many places a square has: as often `occlusion` asks the network again."""
    height, width = spec.input_shape[1:]
    return len(_starts(height, patch, stride)) * len(_starts(width, patch, stride))


def occlusion(
    spec: ArchitectureSpec,
    model: nn.Module,
    image: Tensor,
    label: int,
    patch: int | None = None,
    stride: int | None = None,
    report: Report = lambda done, message: None,
) -> Occlusion:
    """Slide a square over a picture and see how much of a class's probability goes.

    The square is 0 after normalisation: the mean of the pictures that the network learned from.
    Its last place in each direction ends at the picture's edge, so that every pixel is covered.

    Args:
        spec: the network.
        model: it, in eval mode.
        image: shape (C, H, W), normalised.
        label: index of the class.
        patch: side of the square in pixels; a seventh of the picture's if not given.
        stride: pixels from one place to the next, at most `patch`; half of it if not given.
        report: told how far the work is, after each batch; may raise to stop it.
    Raises:
        ExplanationError: if the network does not take such a picture or know such a class, or for
            a square that does not fit or has more than `MOST_PATCHES` places.
    Source:
        Zeiler & Fergus 2014, arXiv:1311.2901, Section 4.2.
    """
    check_images(spec, image[None])
    check_label(spec, label)
    height, width = image.shape[1:]
    patch = max(1, min(height, width) // 7) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    if not 1 <= patch <= min(height, width) or not 1 <= stride <= patch:
        raise ExplanationError(
            f"patch={patch}, stride={stride}: a square of 1 to {min(height, width)} pixels that "
            "moves by 1 to its own side is needed"
        )
    rows, columns = (_starts(size, patch, stride) for size in (height, width))
    corners = [(top, left) for top in rows for left in columns]
    if len(corners) > MOST_PATCHES:
        raise ExplanationError(
            f"patch={patch}, stride={stride} gives {len(corners):,} places, more than "
            f"{MOST_PATCHES:,}: choose a larger stride"
        )
    probability = float(_probabilities(model, image[None], label))
    drops = probability - _covered(spec, model, image, label, patch, corners, report)
    heat = _spread(drops, corners, patch, (height, width))
    return Occlusion(
        probability, patch, stride, drops.view(len(rows), len(columns)).numpy(), heat.numpy()
    )


def _starts(size: int, patch: int, stride: int) -> list[int]:
    last = size - patch
    return [*range(0, last, stride), last]


@torch.inference_mode()
def _probabilities(model: nn.Module, images: Tensor, label: int) -> Tensor:
    outputs = model(images)
    check_finite(outputs)
    probabilities: Tensor = outputs.softmax(1)[:, label]
    return probabilities


def _covered(
    spec: ArchitectureSpec,
    model: nn.Module,
    image: Tensor,
    label: int,
    patch: int,
    corners: list[tuple[int, int]],
    report: Report,
) -> Tensor:
    """Return the class's probability for each place of the square."""
    found: list[Tensor] = []
    batch = pictures_at_once(spec)
    for start in range(0, len(corners), batch):
        part = corners[start : start + batch]
        report(start / len(corners), f"square {start + 1} of {len(corners)}")
        images = image.repeat(len(part), 1, 1, 1)
        for covered, (top, left) in zip(images, part, strict=True):
            covered[:, top : top + patch, left : left + patch] = 0
        found.append(_probabilities(model, images, label))
    return torch.cat(found)


def _spread(
    drops: Tensor, corners: list[tuple[int, int]], patch: int, size: tuple[int, int]
) -> Tensor:
    """Return for each pixel the mean over the squares that cover it."""
    total, covers = torch.zeros(size), torch.zeros(size)
    for drop, (top, left) in zip(drops, corners, strict=True):
        window = (slice(top, top + patch), slice(left, left + patch))
        total[window] += drop
        covers[window] += 1
    return total / covers


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return Pearson's correlation of two maps of equal shape; nan if one of them is constant."""
    if not (one.std() and other.std()):
        return nan
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
