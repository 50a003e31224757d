"""Bundled pictures of CIFAR-10 as a batch for a network, trained or not."""

import torch
from torch import Tensor

from explorer import weights
from explorer.datasets import bundled_cifar10
from explorer.spec import ArchitectureSpec, SpecError
from explorer.training.batches import measure, normalise


def labelled_batch(
    spec: ArchitectureSpec, batch: int, seed: int, trained: str = "", part: str = "test"
) -> tuple[Tensor, Tensor]:
    """Return pictures drawn at random, shape (batch, 3, 32, 32), and their classes.

    Args:
        spec: what they are for.
        batch: how many.
        seed: of the draw.
        trained: the name of weights, to normalise as they want it; else by the statistics of the
            bundled training pictures.
        part: `test` or `train`, of the bundled pictures.
    Raises:
        SpecError: if the network takes others.
    """
    if spec.input_shape != (3, 32, 32):
        shape = " × ".join(map(str, spec.input_shape))
        raise SpecError(f"{spec} takes {shape}, CIFAR-10's pictures are 3 × 32 × 32")
    data = bundled_cifar10()
    pictures = data.train if part == "train" else data.test
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(pictures), generator=generator)[:batch]
    steps = (
        weights.find(trained).preprocessing
        if trained
        else measure(data.train.images, "per_channel")
    )
    return normalise(pictures.images[chosen], steps), pictures.labels[chosen]
