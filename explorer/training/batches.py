"""What a network is shown: each batch is a function of the seed and the iteration alone.

Nothing is drawn from a global random state, and no random state has to be kept: whoever continues
a run at iteration 5,000 sees the batches that an uninterrupted run sees, and networks trained with
the same seed see the same pictures, cropped and mirrored alike.
"""

import hashlib

import torch
from torch import Tensor

from explorer.cards import Preprocessing
from explorer.datasets import LabelledImages
from explorer.training.recipe import Recipe


def derived_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed for one purpose, unrelated to those of all others."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def measure(images: Tensor, normalisation: str) -> Preprocessing:
    """Return how pictures become inputs, by the statistics of the training pictures.

    Args:
        images: shape (N, 3, H, H), uint8.
        normalisation: `per_channel` or `per_pixel_mean`, see `Recipe`.
    """
    side, channels = images.shape[-1], images.shape[1]
    if normalisation == "per_pixel_mean":
        mean = images.sum(0, dtype=torch.int64).flatten() / (255 * len(images))
        std = torch.ones(channels)
    else:
        counts = [torch.bincount(images[:, c].flatten(), minlength=256) for c in range(channels)]
        shares = torch.stack(counts).double() / images[:, 0].numel()
        values = torch.arange(256, dtype=torch.float64) / 255
        mean = shares @ values
        std = (shares @ values**2 - mean**2).sqrt()
    return Preprocessing(side, side, "RGB", 255.0, tuple(mean.tolist()), tuple(std.tolist()))


def normalise(images: Tensor, steps: Preprocessing) -> Tensor:
    """Return (N, C, H, W) bytes as float32 inputs: (value / divisor - mean) / std."""
    mean, std = (
        torch.tensor(value, device=images.device).view(images.shape[1], -1)
        for value in (steps.mean, steps.std)
    )
    values = images.flatten(2).to(torch.float32)
    return values.div_(steps.divisor).sub_(mean).div_(std).view(images.shape)


def crop_and_flip(
    images: Tensor, padding: int, tops: Tensor, lefts: Tensor, mirrored: Tensor
) -> Tensor:
    """Pad each picture with zeros, cut a window of its first size out of it, mirror some.

    Args:
        images: shape (N, C, H, W).
        padding: zeros on each side.
        tops: shape (N,), first row of each window in the padded picture.
        lefts: shape (N,), first column of each window in the padded picture.
        mirrored: shape (N,), bool.
    Returns:
        Shape (N, C, H, W), its memory in channels-last order.
    """
    count, _, height, width = images.shape
    device = images.device
    padded = torch.nn.functional.pad(images, (padding,) * 4)
    across = torch.arange(width, device=device)
    columns = lefts[:, None] + torch.where(mirrored[:, None], across.flip(0), across)  # (N, W)
    rows = tops[:, None] + torch.arange(height, device=device)  # (N, H)
    which = torch.arange(count, device=device)[:, None, None]
    windows = padded[which, :, rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return windows.permute(0, 3, 1, 2)


class Batches:
    """The training pictures, in the order and with the crops of one seed.

    Args:
        data: the training pictures; moved to `device`.
        recipe: batch size and augmentation.
        steps: how pictures become inputs.
        seed: of order, crops and flips.
        device: where the network is.
    """

    def __init__(
        self,
        data: LabelledImages,
        recipe: Recipe,
        steps: Preprocessing,
        seed: int,
        device: torch.device,
    ) -> None:
        self.data = LabelledImages(data.images.to(device), data.labels.to(device))
        self.recipe, self.steps, self.seed = recipe, steps, seed
        self._epoch, self._order = -1, torch.empty(0)

    @property
    def per_epoch(self) -> int:
        """Batches in one pass over the pictures; the last may be smaller."""
        return -(-len(self.data) // self.recipe.batch)

    def at(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Return the inputs, shape (N, C, H, W), and the labels, shape (N,), of one iteration."""
        epoch, place = divmod(iteration, self.per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derived_seed(self.seed, "order", epoch))
            self._epoch, self._order = epoch, torch.randperm(len(self.data), generator=generator)
        size = self.recipe.batch
        chosen = self._order[place * size : (place + 1) * size].to(self.data.images.device)
        images = normalise(self.data.images[chosen], self.steps)
        return self._augment(images, iteration), self.data.labels[chosen]

    def _augment(self, images: Tensor, iteration: int) -> Tensor:
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "crop", iteration))
        count, padding = len(images), self.recipe.crop_padding
        tops, lefts = torch.randint(2 * padding + 1, (2, count), generator=generator)
        mirrored = torch.randint(2, (count,), generator=generator) * self.recipe.flip > 0
        draws = (draw.to(images.device) for draw in (tops, lefts, mirrored))
        windows = crop_and_flip(images, padding, *draws)
        return windows if self.recipe.channels_last else windows.contiguous()
