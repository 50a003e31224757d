"""The loss around a network's weights, in two random directions with normalised filters.

Batch normalisation uses the running statistics, as in prediction and in the paper's own code: with
a batch's statistics, each layer would scale a part of the change away, and the loss of a picture
would depend on the others.

Source:
    Li et al. 2018, arXiv:1712.09913, Section 4.
"""

import copy
from collections.abc import Sequence
from itertools import product
from math import hypot, isfinite

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from explorer.explanation.errors import ExplanationError


def direction(model: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw a direction in which each filter is as long as the network's own.

    A filter is what makes one channel, or one output of a linear layer. Biases and what batch
    normalisation has learned do not move: their direction is 0.

    Args:
        model: the network.
        generator: draws N(0, 1) numbers.
    Returns:
        A tensor for each parameter, by its name.
    """
    return {name: _like(weight, generator) for name, weight in model.named_parameters()}


def _like(weight: Tensor, generator: torch.Generator) -> Tensor:
    if weight.dim() < 2:
        return torch.zeros_like(weight)
    drawn = torch.randn(weight.shape, generator=generator)
    dims = tuple(range(1, weight.dim()))
    lengths = [torch.linalg.vector_norm(each, dim=dims, keepdim=True) for each in (weight, drawn)]
    scaled: Tensor = drawn * (lengths[0] / lengths[1])
    return scaled


class LossSurface:
    """The mean cross-entropy of fixed pictures at weights + a first + b second direction.

    Args:
        model: the network, in eval mode; a private copy is moved.
        images: shape (N, C, H, W), normalised.
        labels: shape (N,), their classes.
        seed: of the two directions.
    Raises:
        ExplanationError: for a network in train mode.
    """

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor, seed: int) -> None:
        if model.training:
            raise ExplanationError("the network is in train mode: call its eval() first")
        self._model = copy.deepcopy(model).requires_grad_(False)
        self._images = images.contiguous(memory_format=torch.channels_last)
        self._labels = labels
        # Another stream than the weights', or the first filters would be those it started with.
        generator = torch.Generator().manual_seed((seed + 0xC2B2AE35) % 2**32)
        self._start = {name: each.clone() for name, each in self._model.named_parameters()}
        self._directions = [direction(self._model, generator) for _ in range(2)]

    @torch.inference_mode()
    def at(self, a: float, b: float) -> float:
        """Return the loss at a place; 0, 0 is the network itself. Infinite where it overflows."""
        first, second = self._directions
        for name, weight in self._model.named_parameters():
            weight.copy_(self._start[name] + a * first[name] + b * second[name])
        loss = float(cross_entropy(self._model(self._images), self._labels))
        return loss if isfinite(loss) else float("inf")


def not_convex(losses: Sequence[Sequence[float]]) -> float:
    """Return the share of a map's inner places where the surface bends down in some direction.

    At each place, that is where the matrix of second differences over its eight neighbours has a
    negative eigenvalue. Places with a neighbour that is not finite count as bending down.

    Args:
        losses: at equal distances in both directions, three or more in each.
    """
    rows, columns = len(losses), len(losses[0])
    inner = list(product(range(1, rows - 1), range(1, columns - 1)))
    return sum(not _least_curvature(losses, *place) >= 0 for place in inner) / len(inner)


def _least_curvature(z: Sequence[Sequence[float]], i: int, j: int) -> float:
    """Return the lower eigenvalue of the second differences at a place."""
    along = z[i + 1][j] - 2 * z[i][j] + z[i - 1][j]
    across = z[i][j + 1] - 2 * z[i][j] + z[i][j - 1]
    mixed = (z[i + 1][j + 1] + z[i - 1][j - 1] - z[i + 1][j - 1] - z[i - 1][j + 1]) / 4
    return (along + across) / 2 - hypot((along - across) / 2, mixed)
