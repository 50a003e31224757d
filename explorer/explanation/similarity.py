"""How alike two layers represent the same pictures: linear centred kernel alignment (CKA).

Source:
    Kornblith et al. 2019, arXiv:1905.00414, Section 3, with the linear kernel.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import check_images, pictures_at_once, run, steps
from explorer.plan import plan, units
from explorer.spec import ArchitectureSpec

_CONSTANT = 1e-12
"""Spread over size, both squared, at which features are the same for all pictures, rounded."""


def linear_cka(one: Tensor, other: Tensor) -> float:
    """Return the linear CKA of two sets of features of the same pictures.

    With X and Y centred over the pictures, |Y'X|^2 / (|X'X| |Y'Y|), Frobenius norms: from 0 to 1.
    It stays as it is under rotations and equal scaling of either's features. All pictures count at
    once; the form that takes fewer operations is computed.

    Args:
        one: shape (N, ...), features of N pictures.
        other: shape (N, ...), of the same pictures in the same order.
    Returns:
        NaN where one of them is the same for all pictures, or not finite.
    Raises:
        ExplanationError: for different numbers of pictures.
    """
    if len(one) != len(other):
        raise ExplanationError(f"{len(one)} pictures and {len(other)}: they must be the same")
    pictures, widths = len(one), (one[0].numel(), other[0].numel())
    if sum(width**2 for width in widths) > pictures * sum(widths):
        return similarity(kernel(one), kernel(other))
    x, y = _centred(one), _centred(other)
    whole = torch.linalg.matrix_norm(x.T @ x) * torch.linalg.matrix_norm(y.T @ y)
    return float(torch.linalg.matrix_norm(y.T @ x) ** 2 / whole)


def kernel(features: Tensor) -> Tensor:
    """Return which pictures are alike by their features: products of the centred ones, norm 1.

    Args:
        features: shape (N, ...).
    Returns:
        Shape (N, N), float64; NaN where the features are the same for all, or not finite.
    """
    centred = _centred(features)
    products = centred @ centred.T
    normed: Tensor = products / torch.linalg.matrix_norm(products)
    return normed


def similarity(one: Tensor, other: Tensor) -> float:
    """Return the linear CKA of two kernels."""
    return float((one * other).sum())


@torch.inference_mode()
def unit_kernels(
    spec: ArchitectureSpec, model: nn.Module, images: Tensor
) -> Iterator[tuple[str, Tensor]]:
    """Yield each unit's name and the kernel of its output, in forward order.

    Args:
        spec: the network.
        model: it, in eval mode.
        images: shape (N, C, H, W), normalised.
    Raises:
        ExplanationError: if the network does not take such pictures.
    """
    check_images(spec, images)
    ends = {name for name, *_ in units(plan(spec).root)}
    x, part = images, []
    for step in steps(spec, model):
        part.append(step)
        if step.name in ends:
            x = torch.cat([run(part, each) for each in x.split(pictures_at_once(spec))])
            part = []
            yield step.name, kernel(x)


def similarities(rows: Sequence[Tensor], columns: Sequence[Tensor]) -> list[list[float]]:
    """Return the linear CKA of each row's kernel with each column's."""
    return [[similarity(row, column) for column in columns] for row in rows]


def _centred(features: Tensor) -> Tensor:
    """Return the features less their mean over the pictures: (N, numbers), float64.

    Those without spread are exactly 0, so that no rounding is taken for a likeness.
    """
    flat = features.flatten(1).double()
    centred = flat - flat.mean(0)
    if centred.square().sum() <= _CONSTANT * flat.square().sum():
        return torch.zeros_like(flat)
    return centred
