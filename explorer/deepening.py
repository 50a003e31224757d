"""A trained network made deeper by units that change nothing: the solution by construction.

A residual unit changes nothing once its branch ends in zeros. A plain unit has to compute the
identity itself: kernels that copy each channel, and normalisations that neither shift nor scale,
which those of a batch do in eval mode alone.

Source:
    He et al. 2015, arXiv:1512.03385, Section 1: "the added layers are identity mapping, and the
    other layers are copied from the learned shallower model".
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import nn

from explorer.identity_units import exact_in_training, why_not
from explorer.network import ResidualUnit, build
from explorer.spec import ArchitectureSpec

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm)


class DeepeningError(ValueError):
    """Why a network cannot be made deeper without a change, in one sentence."""


class Deepened(NamedTuple):
    """A network with inserted units.

    Args:
        spec: of the deeper network.
        module: built anew, in the mode of the shallow one; on the same input it gives the same.
        inserted: names of the new units.
        in_training: whether that holds in training mode too, and not in eval mode alone.
    """

    spec: ArchitectureSpec
    module: nn.Module
    inserted: tuple[str, ...]
    in_training: bool


def deepen(
    module: nn.Module, spec: ArchitectureSpec, stages: Sequence[int], seed: int = 0
) -> Deepened:
    """Return a deeper network that computes what a network computes.

    The new units stand at the end of each stage.

    Args:
        module: the network; it is not changed.
        spec: its description.
        stages: units in each stage of the deeper one, nowhere fewer.
        seed: of the new units' other weights.
    Raises:
        DeepeningError: if its units cannot be the identity, or a stage would lose some.
    """
    if reason := why_not(spec):
        raise DeepeningError(f"{spec} cannot be made deeper without a change: {reason}")
    if len(stages) != len(spec.stages) or any(
        new < old for old, new in zip(spec.stages, stages, strict=True)
    ):
        raise DeepeningError(
            f"units {_joined(stages)}: at least the {_joined(spec.stages)} of {spec}, stage by "
            "stage"
        )
    deeper = spec.vary(stages=tuple(stages))
    built = build(deeper, seed)
    built.load_state_dict(module.state_dict(), strict=False)
    inserted = tuple(
        f"layer{stage}.{unit}"
        for stage, (old, new) in enumerate(zip(spec.stages, stages, strict=True), 1)
        for unit in range(old, new)
    )
    with torch.no_grad():
        for name in inserted:
            _neutralise(built.get_submodule(name), branch_is_zero=spec.skip_init)
    return Deepened(deeper, built.train(module.training), inserted, exact_in_training(spec))


def largest_difference(module: nn.Module, other: nn.Module, images: torch.Tensor) -> float:
    """Return the largest difference of any output of two networks, each in its own mode.

    Neither is changed, and both lie in memory in the same way: another way sums in another order.
    """
    with torch.no_grad():
        ours, theirs = (
            deepcopy(each).to(memory_format=torch.contiguous_format)(images)  # type: ignore[call-overload]
            for each in (module, other)
        )
    return float((ours - theirs).abs().max())


def _neutralise(unit: nn.Module, branch_is_zero: bool) -> None:
    """Make a new unit the identity, for inputs as its predecessor gives them."""
    if not isinstance(unit, ResidualUnit):
        for layer in unit.children():
            _pass_on(layer)
        return
    if not branch_is_zero:  # twice zero would never learn
        branch = [unit.get_submodule(name) for name in unit.branch]
        _end_in_zeros([each for each in branch if isinstance(each, _CONVOLUTIONS + _NORMS)][-1])
    for name in unit.after:
        _pass_on(unit.get_submodule(name))


def _end_in_zeros(layer: nn.Module) -> None:
    for values in layer.parameters():
        values.zero_()


def _pass_on(layer: nn.Module) -> None:
    """Make a layer the identity; ReLU is, for what came out of a ReLU."""
    if isinstance(layer, _CONVOLUTIONS):
        nn.init.dirac_(layer.weight)
        if layer.bias is not None:
            layer.bias.zero_()
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        assert layer.running_var is not None
        layer.running_var.fill_(1 - layer.eps)  # 1 / sqrt(variance + epsilon) is 1


def _joined(stages: Sequence[int]) -> str:
    return "-".join(map(str, stages))
