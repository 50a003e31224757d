"""How much the gradient grows on its way from a network's last unit to its first.

Two norms are all that is wanted, so nothing is recorded for autograd before the first unit's
output, and no gradient of a weight is computed.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from explorer.gradients.norms import norm
from explorer.gradients.preparation import prepare
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
    with torch.random.fork_rng(devices=()):  # of dropped units and numbers
        torch.default_generator.manual_seed(settings.seed)
        first, last = _norms(model, ends, lambda: loss(model(images)), check)
    return first / last if last else float("nan")


def _norms(
    model: nn.Module, ends: list[str], forward: Callable[[], Tensor], check: Callable[[], None]
) -> tuple[float, float]:
    """Return the gradient's norm at the first and at the last of the modules named."""
    starts: list[Tensor] = []
    lasts: list[float] = []

    def begin(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        starts.append(output.detach().requires_grad_())
        return starts[0].clone()  # which the next layer may change in place

    def watch(module: nn.Module, inputs: object, output: Tensor) -> None:
        check()
        output.register_hook(lambda gradient: check())

    def end(module: nn.Module, inputs: object, output: Tensor) -> None:
        output.register_hook(lambda gradient: lasts.append(norm(gradient)))

    model.requires_grad_(False)
    model.get_submodule(ends[0]).register_forward_hook(begin)
    for name in ends:
        model.get_submodule(name).register_forward_hook(watch)
    model.get_submodule(ends[-1]).register_forward_hook(end)
    (gradient,) = torch.autograd.grad(forward(), starts)
    return norm(gradient), lasts[0]
