"""How much the gradient grows on its way from a network's last unit to its first.

Two norms are all that is wanted, so nothing is recorded for autograd before the first unit's
output, and no gradient of a weight is computed.
"""

from collections.abc import Callable
from math import nan

import torch
from torch import Tensor, nn

from explorer.gradients.norms import norm
from explorer.gradients.preparation import check_at_units, prepare
from explorer.plan import plan, units
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec


def growth(
    variant: ArchitectureSpec | str,
    settings: ProbeSettings | None = None,
    images: Tensor | None = None,
    check: Callable[[], None] = lambda: None,
) -> float:
    """Measure |dL/dx| at the first unit's output over that at the last unit's.

    It is `GradientProfile.growth` of the same settings, at about half the price.

    Args:
        variant: a spec or its text form.
        settings: how; without them, as `ProbeSettings()` says.
        images: shape (N, C, H, W), float32, normalised; without them N(0, 1) noise.
        check: called at every unit, forward and back; may raise to stop the work.
    Returns:
        The ratio; NaN or infinite where a norm is, or where nothing arrives at the last unit.
    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    """
    settings = settings or ProbeSettings()
    spec, model, images, loss = prepare(variant, settings, images)
    ends = [name for name, *_ in units(plan(spec).root)]
    model.requires_grad_(False)
    starts = _restart(model.get_submodule(ends[0]))
    check_at_units(model, spec, check)
    lasts = _watch(model.get_submodule(ends[-1]))
    with torch.random.fork_rng(devices=()):  # of dropped units and numbers
        torch.default_generator.manual_seed(settings.seed)
        (first,) = torch.autograd.grad(loss(model(images)), starts)
    return norm(first) / lasts[0] if lasts[0] else nan


def _restart(module: nn.Module) -> list[Tensor]:
    """Let autograd begin at a module's output, and return the list that will hold it."""
    starts: list[Tensor] = []

    def hook(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        starts.append(output.detach().requires_grad_())
        return starts[0].clone()  # which the next layer may change in place

    module.register_forward_hook(hook)
    return starts


def _watch(module: nn.Module) -> list[float]:
    """Return the list that will hold the norm of the gradient at a module's output."""
    norms: list[float] = []

    def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
        output.register_hook(lambda gradient: norms.append(norm(gradient)))

    module.register_forward_hook(hook)
    return norms
