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


def hold_out(part: LabelledImages, share: float) -> tuple[LabelledImages, LabelledImages]:
    """Split off a share of every class, drawn the same way each time.

    Args:
        part: the pictures.
        share: of each class that is held out, rounded; of two pictures and more at least one, and
            never all.
    Returns:
        What is kept and what is held out, both in their order.
    """
    generator = torch.Generator().manual_seed(0)
    held = torch.zeros(len(part), dtype=torch.bool)
    for label in part.labels.unique():
        places = (part.labels == label).nonzero()[:, 0]
        count = min(len(places) - 1, max(1, round(share * len(places))))
        held[places[torch.randperm(len(places), generator=generator)[:count]]] = True
    return (
        LabelledImages(part.images[~held], part.labels[~held]),
        LabelledImages(part.images[held], part.labels[held]),
    )
