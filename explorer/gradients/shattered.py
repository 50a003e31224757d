"""Shattered gradients: how the gradient of the input changes along a line of inputs.

All inputs of the line are one batch, so that one backward pass gives all their gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explorer.gradients.autocorrelation import autocorrelation
from explorer.gradients.preparation import check_at_units, drawing, prepare
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec, SpecError

Scalar = Callable[[Tensor], Tensor]

FEWEST_POINTS = 3


@dataclass(frozen=True)
class GradientLine:
    """The gradients along one line of inputs.

    Args:
        spec: the network.
        settings: what it was measured with; `batch` is the number of inputs on the line.
        length: L2 norm of the last input less the first.
        correlations: the gradients' autocorrelation, for shifts of 0 to `batch` - 1 inputs.
        along: each gradient's component in the direction of the line.
    """

    spec: ArchitectureSpec
    settings: ProbeSettings
    length: float
    correlations: tuple[float, ...]
    along: tuple[float, ...]


def probe(
    variant: ArchitectureSpec | str,
    settings: ProbeSettings | None = None,
    ends: Tensor | None = None,
    check: Callable[[], None] = lambda: None,
    scalar: str = "direction",
) -> GradientLine:
    """Measure the autocorrelation of the input's gradient along a line of inputs.

    With x_i at equal distances from one end to the other, and s one number of a network's output,
    gradient i is that of the sum of all s(x_j) with respect to x_i. In eval mode, and without batch
    normalisation, that is the gradient of s(x_i). In train mode the batch's statistics, those of
    the whole line, tie its inputs together.

    Args:
        variant: a spec or its text form.
        settings: how; `batch` inputs on the line. The loss does not matter.
        ends: shape (2, C, H, W), float32, normalised; without them N(0, 1) noise.
        check: called at every unit, forward and back; may raise to stop the work.
        scalar: what s is, one of `SCALARS`.
    Raises:
        SpecError: if the variant or the settings allow no such measurement.
    Source:
        Balduzzi et al. 2017, arXiv:1702.08591, for the question; the line between two pictures,
        and how batch normalisation is set, are choices of this probe.
    """
    settings = settings or ProbeSettings(batch=128)
    if settings.batch < FEWEST_POINTS:
        raise SpecError(f"batch={settings.batch}: a line has {FEWEST_POINTS} inputs or more")
    if scalar not in SCALARS:
        raise SpecError(f"no scalar {scalar!r}; there are {', '.join(SCALARS)}")
    spec, model, ends, _ = prepare(variant, replace(settings, batch=2, loss="projection"), ends)
    way = ends[1] - ends[0]
    length = float(torch.linalg.vector_norm(way.double()))
    if not length:
        raise SpecError("both ends of the line are the same picture: choose another seed or input")
    check_at_units(model, spec, check)
    model.requires_grad_(False)
    inputs = line(ends, settings.batch).requires_grad_()
    with drawing(settings.seed):
        value = SCALARS[scalar](spec.classes, settings.seed)(model(inputs))
        (gradients,) = torch.autograd.grad(value.sum(), inputs)
    along = gradients.double().flatten(1) @ way.double().flatten() / length
    return GradientLine(spec, settings, length, autocorrelation(gradients), tuple(along.tolist()))


def line(ends: Tensor, points: int) -> Tensor:
    """Return inputs at equal distances on the straight line between two, both included.

    Args:
        ends: shape (2, ...).
        points: how many.
    Returns:
        Shape (points, ...).
    """
    places = torch.linspace(0, 1, points).view(-1, *[1] * (ends.dim() - 1))
    return torch.lerp(ends[0], ends[1], places)


def _direction(classes: int, seed: int) -> Scalar:
    """Return the product of each output with one random N(0, 1) direction, the same for all."""
    # Another stream than the weights' and the noise's.
    generator = torch.Generator().manual_seed((seed + 0x51ED270B) % 2**32)
    direction = torch.randn(classes, generator=generator)
    return lambda outputs: outputs @ direction


def _class(classes: int, seed: int) -> Scalar:
    """Return each output's number for the first class."""
    return lambda outputs: outputs[:, 0]


SCALARS: dict[str, Callable[[int, int], Scalar]] = {"direction": _direction, "class": _class}
