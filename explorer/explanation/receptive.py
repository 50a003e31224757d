"""How much of a picture one place of a network's features really depends on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import Report, check_images, steps
from explorer.plan import plan, units
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec

_MOST_AT_ONCE = 16
_BYTES_AT_ONCE = 256 * 2**20


class Square(NamedTuple):
    """The theoretical receptive field of one place, in pixels of the picture.

    `side` is its full width, and (`y`, `x`) its centre, where the first pixel's centre is (0, 0).
    """

    y: float
    x: float
    side: int

    def within(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return (top, left, bottom, right) of the part on a picture, the last two excluded."""
        (top, left), (height, width) = self.corner, size
        bottom, right = top + self.side, left + self.side
        return max(0, top), max(0, left), min(height, bottom), min(width, right)

    @property
    def corner(self) -> tuple[int, int]:
        """First row and column; negative where it begins outside the picture."""
        return round(self.y - (self.side - 1) / 2), round(self.x - (self.side - 1) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveField:
    """How the gradient of one place's features is spread over the picture.

    Args:
        unit: the module that ends the unit.
        place: row and column in the unit's output, the middle one or the one behind the middle.
        square: the theoretical receptive field of that place.
        share: shape (H, W), each pixel's share of the absolute gradient; sums to 1.
        share_inside: sum of the shares in the square; below 1 where group normalisation or
            squeeze-excitation looks at the whole picture.
        radius_50: pixels from the square's centre within which half of the gradient lies.
        radius_95: the same for 95%.
        pictures: how many it is the mean of.
    """

    unit: str
    place: tuple[int, int]
    square: Square
    share: NDArray[np.float64]
    share_inside: float
    radius_50: float
    radius_95: float
    pictures: int

    def area(self, part: float) -> int:
        """Return the fewest pixels that hold a part of the gradient."""
        strongest = np.sort(self.share, axis=None)[::-1]
        return int(np.argmax(np.cumsum(strongest) >= part - 1e-9)) + 1

    @property
    def gaussian(self) -> NDArray[np.float64]:
        """The Gaussian of the same mean and deviation as the profile over columns; sums to 1."""
        places, profile = np.arange(self.share.shape[1]), self.share.sum(0)
        mean = (places * profile).sum()
        variance = max(((places - mean) ** 2 * profile).sum(), 1e-12)
        bell = np.exp(-((places - mean) ** 2) / (2 * variance))
        return np.asarray(bell / bell.sum())

    @property
    def gaussian_fit(self) -> float:
        """Share of the variance of the profile over columns that its Gaussian explains, R^2."""
        profile = self.share.sum(0)
        rest = np.square(profile - self.gaussian).sum()
        return float(1 - rest / np.square(profile - profile.mean()).sum())


def noise(spec: ArchitectureSpec, count: int, seed: int) -> Tensor:
    """Return N(0, 1) noise as pictures for a network: (count, C, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((count, *spec.input_shape), generator=generator)


def effective_field(
    spec: ArchitectureSpec,
    model: nn.Module,
    unit: str,
    images: Tensor,
    report: Report = lambda done, message: None,
) -> EffectiveField:
    """Measure which pixels the central place of a unit's output depends on, and how strongly.

    The gradient is that of the sum of all channels at that place; each pixel counts with the sum
    of the absolute values over its channels, as the mean over the pictures.

    Args:
        spec: the network.
        model: it, in eval mode.
        unit: the module that ends the unit, as `explorer.plan.units` names it.
        images: shape (N, C, H, W), normalised.
        report: told how far the work is, before each batch; may raise to stop it.
    Raises:
        ExplanationError: for an unknown unit or pictures that the network does not take, or where
            no gradient arrives.
    Source:
        Luo et al. 2016, arXiv:1701.04128, Sections 2 and 3.
    """
    check_images(spec, images)
    names = [name for name, *_ in units(plan(spec).root)]
    if unit not in names:
        raise ExplanationError(f"{spec} has no unit {unit[:60]!r}; the first is {names[0]}")
    _, height, width = _rows_until(spec, unit)[-1].output_shape
    place = height // 2, width // 2
    square = theoretical_square(spec, unit, place)
    total = torch.zeros(images.shape[2:], dtype=torch.float64)
    done = 0
    for part in images.split(_pictures_at_once(spec)):
        report(done / len(images), f"picture {done + 1} of {len(images)}")
        total += _gradient(spec, model, unit, part, place)
        done += len(part)
    if not 0 < float(total.sum()) < float("inf"):
        raise ExplanationError(f"no finite gradient other than 0 arrives from {unit}")
    share = (total / total.sum()).numpy()
    top, left, bottom, right = square.within(share.shape)
    return EffectiveField(
        unit,
        place,
        square,
        share,
        float(share[top:bottom, left:right].sum()),
        _radius(share, square, 0.5),
        _radius(share, square, 0.95),
        len(images),
    )


def _pictures_at_once(spec: ArchitectureSpec) -> int:
    """Return how many pictures go back together: all that they gave is kept until then."""
    return max(1, min(_MOST_AT_ONCE, _BYTES_AT_ONCE // analyze(spec).activation_bytes))


def theoretical_square(spec: ArchitectureSpec, unit: str, place: tuple[int, int]) -> Square:
    """Return what one place of a unit's output can depend on by its convolutions and poolings.

    Args:
        spec: the network.
        unit: the module that ends the unit.
        place: row and column in its output.
    """
    rows = _rows_until(spec, unit)
    offset, jump = 0.0, 1
    for row in rows:  # those on parallel paths too: their kernels are odd and padded by half
        offset += (((row.kernel or 1) - 1) / 2 - (row.padding or 0)) * jump
        jump = row.jump or jump
    side = rows[-1].receptive_field
    assert side is not None  # units come before the global pooling
    return Square(offset + place[0] * jump, offset + place[1] * jump, side)


def _rows_until(spec: ArchitectureSpec, unit: str) -> tuple[LayerRow, ...]:
    """Return the layers up to and with a unit's last."""
    rows = analyze(spec).layers
    last = max(n for n, row in enumerate(rows) if f"{row.name}.".startswith(f"{unit}."))
    return rows[: last + 1]


def _gradient(
    spec: ArchitectureSpec, model: nn.Module, unit: str, images: Tensor, place: tuple[int, int]
) -> Tensor:
    """Return the absolute gradient at each pixel, summed over channels and pictures: (H, W)."""
    with torch.enable_grad():
        x = start = images.detach().requires_grad_()
        for step in steps(spec, model):
            x = step(x)
            if step.name == unit:
                break
        central = x[:, :, place[0], place[1]].sum()
        (gradient,) = torch.autograd.grad(central, start)
    return gradient.abs().sum((0, 1), dtype=torch.float64)


def _radius(share: NDArray[np.float64], square: Square, part: float) -> float:
    """Return the distance from the square's centre within which a part of the gradient lies."""
    rows, columns = np.indices(share.shape)
    distances = np.hypot(rows - square.y, columns - square.x).ravel()
    nearest_first = np.argsort(distances, kind="stable")
    reached = np.cumsum(share.ravel()[nearest_first]) >= part - 1e-9
    return float(distances[nearest_first][np.argmax(reached)])
