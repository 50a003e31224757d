"""What a data set is: pictures with their classes, in two parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


class DatasetError(ValueError):
    """Why a data set cannot be read, in one sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Pictures and their classes.

    Args:
        images: shape (N, C, H, W), uint8; RGB, or one channel of grey.
        labels: shape (N,), int64, indices of the data set's categories.
    Raises:
        DatasetError: if there is not one label for each picture.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise DatasetError(f"{len(self.images):,} pictures and {len(self.labels):,} labels")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set in its two parts.

    Args:
        name: how a page and a model card call it.
        categories: class labels in index order.
        train: pictures to learn from.
        test: pictures to be judged by.
        suits: settings of a recipe that these pictures ask for, unless somebody says otherwise.
    """

    name: str
    categories: tuple[str, ...]
    train: LabelledImages
    test: LabelledImages
    suits: Mapping[str, object] = field(default_factory=dict)


def held_out(labels: Tensor, share: float, seed: int = 0) -> Tensor:
    """Draw a share of every class, the same for a seed each time.

    Args:
        labels: shape (N,), indices of classes.
        share: of each class, rounded; of two pictures and more at least one, and never all.
        seed: of the draw.
    Returns:
        Shape (N,), bool: what is held out.
    """
    generator = torch.Generator().manual_seed(seed)
    held = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        places = (labels == label).nonzero()[:, 0]
        count = min(len(places) - 1, max(1, round(share * len(places))))
        held[places[torch.randperm(len(places), generator=generator)[:count]]] = True
    return held


def hold_out(part: LabelledImages, share: float) -> tuple[LabelledImages, LabelledImages]:
    """Split off a share of every class, drawn the same way each time.

    Args:
        part: the pictures.
        share: of each class that is held out, see `held_out`.
    Returns:
        What is kept and what is held out, both in their order.
    """
    held = held_out(part.labels, share)
    return (
        LabelledImages(part.images[~held], part.labels[~held]),
        LabelledImages(part.images[held], part.labels[held]),
    )
