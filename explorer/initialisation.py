"""How weights start: the schemes that papers and libraries use, drawn from a private generator."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.layers import Conv1d, Conv2d, Linear

DEFAULT = "kaiming_fan_in"
Draw = Callable[[Tensor, torch.Generator], object]


class Scheme(NamedTuple):
    """How weights are drawn, and which biases are uniform instead of constant.

    A bias is drawn between -1/sqrt(fan-in) and 1/sqrt(fan-in), as PyTorch's layers do by
    themselves; else a linear layer's starts at 0, and a convolution's where the plan says.
    """

    convolution: Draw
    linear: Draw
    linear_bias: bool = True
    convolution_bias: bool = False


def initialise(
    module: nn.Module, generator: torch.Generator, scheme: str = DEFAULT, family: str = "residual"
) -> None:
    """Draw the weights of all convolutions and linear layers, times each layer's `init_scale`.

    Normalisations keep gamma = 1 (0 where the plan says so) and beta = 0.

    Args:
        module: as built from a plan.
        generator: what is drawn from.
        scheme: one of `SCHEMES`.
        family: of the network; decides what torchvision does.
    Source:
        `kaiming_fan_in`: He et al. 2015, arXiv:1502.01852, eq. 10, as used by arXiv:1512.03385.
        `kaiming_fan_out`: the same, eq. 14. `xavier`: Glorot and Bengio 2010, eq. 12, normal.
        `pytorch`: what PyTorch's layers do by themselves. `torchvision`: torchvision 0.28.0.
    """
    rule = _TORCHVISION.get(family, SCHEMES[scheme]) if scheme == "torchvision" else SCHEMES[scheme]
    for layer in module.modules():
        if isinstance(layer, Conv1d | Conv2d):
            rule.convolution(layer.weight, generator)
            _rescale(layer.weight, layer.init_scale)
            if layer.bias is not None and rule.convolution_bias:
                _uniform(layer.bias, generator, layer.weight)
            elif layer.bias is not None:
                nn.init.constant_(layer.bias, layer.bias_start)
        elif isinstance(layer, Linear):
            rule.linear(layer.weight, generator)
            _rescale(layer.weight, layer.init_scale)
            if rule.linear_bias:
                _uniform(layer.bias, generator, layer.weight)
                _rescale(layer.bias, layer.init_scale)
            else:
                nn.init.zeros_(layer.bias)


def _rescale(weights: Tensor, factor: float) -> None:
    if factor != 1:
        with torch.no_grad():
            weights.mul_(factor)


def _kaiming_fan_in(weights: Tensor, generator: torch.Generator) -> object:
    return nn.init.kaiming_normal_(weights, nonlinearity="relu", generator=generator)


def _kaiming_fan_out(weights: Tensor, generator: torch.Generator) -> object:
    return nn.init.kaiming_normal_(
        weights, mode="fan_out", nonlinearity="relu", generator=generator
    )


def _xavier(weights: Tensor, generator: torch.Generator) -> object:
    return nn.init.xavier_normal_(weights, generator=generator)


def _uniform(values: Tensor, generator: torch.Generator, weights: Tensor | None = None) -> object:
    bound = (values if weights is None else weights)[0].numel() ** -0.5
    return nn.init.uniform_(values, -bound, bound, generator)


def _normal(weights: Tensor, generator: torch.Generator) -> object:
    return nn.init.normal_(weights, 0, 0.01, generator)


def _truncated(weights: Tensor, generator: torch.Generator) -> object:
    return nn.init.trunc_normal_(weights, 0, 0.01, -2, 2, generator)


SCHEMES = {
    DEFAULT: Scheme(_kaiming_fan_in, _uniform),
    "kaiming_fan_out": Scheme(_kaiming_fan_out, _uniform),
    "xavier": Scheme(_xavier, _xavier, linear_bias=False),
    "pytorch": Scheme(_uniform, _uniform, convolution_bias=True),
    # Where the network is none of torchvision's other families.
    "torchvision": Scheme(_kaiming_fan_out, _uniform),
}
_TORCHVISION = {
    "alexnet": SCHEMES["pytorch"],
    "vgg": Scheme(_kaiming_fan_out, _normal, linear_bias=False),
    "googlenet": Scheme(_truncated, _truncated),
}
