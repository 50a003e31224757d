"""CIFAR-10's bundled test pictures as a probe's batch."""

from typing import TYPE_CHECKING

from explorer import weights
from explorer.spec import ArchitectureSpec, SpecError

if TYPE_CHECKING:
    from torch import Tensor


def labelled_batch(
    spec: ArchitectureSpec, batch: int, seed: int, trained: str = ""
) -> "tuple[Tensor, Tensor]":
    """Return pictures drawn at random, shape (batch, 3, 32, 32), and their classes.

    Args:
        spec: what they are for.
        batch: how many.
        seed: of the draw.
        trained: the name of weights, to normalise as they want it; else by the statistics of the
            bundled training pictures.
    Raises:
        SpecError: if the network takes others.
    """
    import torch

    from explorer.datasets import bundled_cifar10
    from explorer.training.batches import measure, normalise

    if spec.input_shape != (3, 32, 32):
        shape = " × ".join(map(str, spec.input_shape))
        raise SpecError(f"{spec} takes {shape}, CIFAR-10's pictures are 3 × 32 × 32")
    data = bundled_cifar10()
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(data.test), generator=generator)[:batch]
    steps = (
        weights.find(trained).preprocessing
        if trained
        else measure(data.train.images, "per_channel")
    )
    return normalise(data.test.images[chosen], steps), data.test.labels[chosen]
