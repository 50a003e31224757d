"""Untrained networks whose batch normalisation has statistics of its own, as training gives it."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from explorer.network import build
from explorer.spec import ArchitectureSpec, parse

NORMALISATIONS = nn.BatchNorm1d | nn.BatchNorm2d


class Network(NamedTuple):
    """A spec, and the network built from it, in eval mode and without gradients of weights."""

    spec: ArchitectureSpec
    model: nn.Module


def settled(variant: ArchitectureSpec | str, seed: int = 0) -> Network:
    """Build a network, and let its statistics be those of noise."""
    spec = parse(variant) if isinstance(variant, str) else variant
    model = build(spec, seed).eval()
    generator = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, NORMALISATIONS):
            layer.momentum = None  # the statistics of all batches, here of one
            layer.train()
            nn.init.uniform_(layer.weight, 0.5, 1.5, generator)
            nn.init.normal_(layer.bias, 0, 0.2, generator)
    with torch.no_grad():
        model(pictures(spec, 8, seed))
    return Network(spec, model.eval().requires_grad_(False))


def pictures(spec: ArchitectureSpec, count: int = 1, seed: int = 0) -> Tensor:
    """Return noise as pictures for a network."""
    generator = torch.Generator().manual_seed(seed + 1)
    return torch.randn(count, *spec.input_shape, generator=generator)


def state(model: nn.Module) -> dict[str, Any]:
    """Return a copy of all weights and statistics."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_untouched(model: nn.Module, before: dict[str, Any]) -> None:
    """Hold a network to what it was: weights, statistics, mode, no gradients, no hooks."""
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None for parameter in model.parameters())
    for part in model.modules():
        assert not part.training
        assert not part._forward_hooks and not part._forward_pre_hooks
        assert not part._backward_hooks and not part._backward_pre_hooks
