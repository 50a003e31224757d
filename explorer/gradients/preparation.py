"""The network, the batch and the loss that a probe's settings stand for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.network import build
from explorer.plan import plan, units
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec, SpecError, parse

Loss = Callable[[Tensor], Tensor]


class Prepared(NamedTuple):
    """A private module, the batch it is shown, and the loss of its outputs."""

    spec: ArchitectureSpec
    model: nn.Module
    images: Tensor
    loss: Loss


def prepare(
    variant: ArchitectureSpec | str, settings: ProbeSettings, images: Tensor | None = None
) -> Prepared:
    """Build the network and the batch that a probe needs.

    Args:
        variant: a spec or its text form.
        settings: what everything is drawn by.
        images: shape (N, C, H, W), float32, normalised; without them N(0, 1) noise.
    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    """
    spec = parse(variant) if isinstance(variant, str) else variant
    batch = settings.batch if images is None else len(images)
    check_batch(spec, batch, settings)
    model = build(spec, settings.seed, settings.initialisation).train(settings.mode == "train")
    # Another stream than the weights', or the first filters would be the first pixels.
    generator = torch.Generator().manual_seed((settings.seed + 0x9E3779B9) % 2**32)
    if images is None:
        images = torch.randn((batch, *spec.input_shape), generator=generator)
    labels = torch.randint(spec.classes, (batch,), generator=generator)
    directions = torch.randn((batch, spec.classes), generator=generator)
    return Prepared(spec, model, images, LOSSES[settings.loss](labels, directions))


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Draw dropped units and numbers from a seed; the global random state stays as it was."""
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)
        yield


def check_batch(spec: ArchitectureSpec, batch: int, settings: ProbeSettings) -> None:
    """Refuse what cannot be measured.

    Raises:
        SpecError: with the reason.
    """
    if batch < 1:
        raise SpecError(f"batch={batch}: at least one image is needed")
    if spec.classes < 2 and settings.loss == "cross_entropy":
        raise SpecError(
            "classes=1: the cross-entropy of a single class is always 0; choose 2, or another loss"
        )
    if settings.mode == "eval":
        return
    normalised = [row for row in analyze(spec).layers if row.buffers]
    pixels = min((prod(row.output_shape[1:]) for row in normalised), default=2)
    if batch * pixels < 2:
        raise SpecError(
            "batch=1 leaves batch normalisation a single value per channel in the last stage; "
            "choose a batch of 2 or more, or a larger image_size"
        )


def check_at_units(model: nn.Module, spec: ArchitectureSpec, check: Callable[[], None]) -> None:
    """Have `check` called at the output of every unit, forward and, where a gradient comes, back.

    Args:
        model: the caller's own module, which keeps the hooks.
        spec: what it was built from.
        check: may raise to stop the work.
    """

    def watch(module: nn.Module, inputs: object, output: Tensor) -> None:
        check()
        if output.requires_grad:
            output.register_hook(lambda gradient: check())

    for name, *_ in units(plan(spec).root):
        model.get_submodule(name).register_forward_hook(watch)


def _cross_entropy(labels: Tensor, directions: Tensor) -> Loss:
    """Return the mean cross-entropy against random labels."""
    return lambda outputs: nn.functional.cross_entropy(outputs, labels)


def _squared_error(labels: Tensor, directions: Tensor) -> Loss:
    """Return the mean over the batch of |outputs - one-hot label|^2."""

    def loss(outputs: Tensor) -> Tensor:
        wanted = nn.functional.one_hot(labels, outputs.shape[1]).to(outputs.dtype)
        return (outputs - wanted).square().sum(1).mean()

    return loss


def _projection(labels: Tensor, directions: Tensor) -> Loss:
    """Return the mean over the batch of the outputs' product with random N(0, 1) directions."""
    return lambda outputs: (outputs * directions).sum(1).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Loss]] = {
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
    "projection": _projection,
}
