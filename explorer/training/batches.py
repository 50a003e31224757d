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
from explorer.training.augmentation import crop_and_flip, rotate, vary_contrast
from explorer.training.recipe import Recipe
from explorer.training.workers import ALONE, Workers

_DIGITS = 12


def derived_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed for one purpose, unrelated to those of all others."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def measure(images: Tensor, normalisation: str) -> Preprocessing:
    """Return how pictures become inputs, by the statistics of the training pictures.

    Args:
        images: shape (N, C, H, H), uint8; C is 3, or 1 for grey.
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
        std[(shares == 1).any(1)] = 1.0  # one value throughout: nothing to divide by
    order = "RGB" if channels == 3 else "L"
    # Another number of threads adds up in another order, which the last digits would tell.
    means, deviations = (tuple(round(each, _DIGITS) for each in of.tolist()) for of in (mean, std))
    return Preprocessing(side, side, order, 255.0, means, deviations)


def normalise(images: Tensor, steps: Preprocessing) -> Tensor:
    """Return (N, C, H, W) values from 0 to 255 as inputs, float32: (value/divisor - mean)/std."""
    mean, std = (
        torch.tensor(value, device=images.device).view(images.shape[1], -1)
        for value in (steps.mean, steps.std)
    )
    values = images.flatten(2).to(torch.float32)
    return values.div_(steps.divisor).sub_(mean).div_(std).view(images.shape)


class Batches:
    """The training pictures, in the order and with the crops of one seed.

    Args:
        data: the training pictures; moved to `device`.
        recipe: batch size and augmentation.
        steps: how pictures become inputs.
        seed: of order, crops and flips.
        device: where the network is.
        workers: this process among those that share each batch; each sees the pictures, crops and
            flips that one alone would have seen in the same places.
    """

    def __init__(
        self,
        data: LabelledImages,
        recipe: Recipe,
        steps: Preprocessing,
        seed: int,
        device: torch.device,
        workers: Workers = ALONE,
    ) -> None:
        self.data = LabelledImages(data.images.to(device), data.labels.to(device))
        self.recipe, self.steps, self.seed, self.workers = recipe, steps, seed, workers
        self._epoch, self._order = -1, torch.empty(0)

    @property
    def per_epoch(self) -> int:
        """Batches in one pass over the pictures; the last may be smaller."""
        return -(-len(self.data) // self.recipe.batch)

    @property
    def smallest(self) -> int:
        """Pictures in the smallest batch of an epoch."""
        return len(self.data) - (self.per_epoch - 1) * self.recipe.batch

    def size(self, iteration: int) -> int:
        """Return the pictures of one iteration, those of all processes."""
        last = iteration % self.per_epoch == self.per_epoch - 1
        return self.smallest if last else self.recipe.batch

    def at(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Return the inputs, shape (N, C, H, W), and the labels, shape (N,), of one iteration.

        N counts this process's share.
        """
        epoch, place = divmod(iteration, self.per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derived_seed(self.seed, "order", epoch))
            self._epoch, self._order = epoch, torch.randperm(len(self.data), generator=generator)
        size = self.recipe.batch
        chosen = self._order[place * size : (place + 1) * size][self.workers.share]
        chosen = chosen.to(self.data.images.device)
        images = self.data.images[chosen]
        if self.recipe.contrast:
            factors = 1 + self.recipe.contrast * self._spread("contrast", iteration)
            images = vary_contrast(images, factors)
        images = self._cropped(normalise(images, self.steps), iteration)
        if self.recipe.rotation:
            images = rotate(images, self.recipe.rotation * self._spread("rotation", iteration))
        return images, self.data.labels[chosen]

    def _cropped(self, images: Tensor, iteration: int) -> Tensor:
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "crop", iteration))
        count, padding = self.size(iteration), self.recipe.crop_padding
        tops, lefts = torch.randint(2 * padding + 1, (2, count), generator=generator)
        mirrored = torch.randint(2, (count,), generator=generator) * self.recipe.flip > 0
        draws = (draw[self.workers.share].to(images.device) for draw in (tops, lefts, mirrored))
        windows = crop_and_flip(images, padding, *draws)
        return windows if self.recipe.channels_last else windows.contiguous()

    def _spread(self, purpose: str, iteration: int) -> Tensor:
        """Draw a number from -1 to 1 for each picture of this process's share."""
        generator = torch.Generator().manual_seed(derived_seed(self.seed, purpose, iteration))
        drawn = 2 * torch.rand(self.size(iteration), generator=generator) - 1
        return drawn[self.workers.share].to(self.data.images.device)
