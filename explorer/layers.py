"""The leaf layers of a plan as `torch.nn` modules: one function a kind.

`dims` is 2 for pictures (N, C, H, W) and 1 for series (N, C, L). Convolutions and linear layers
leave their weights to `initialisation.initialise`, off the global random state.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from explorer import nodes


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` whose weights start as `initialise` draws them, times `init_scale`."""

    init_scale = 1.0
    bias_start = 0.0

    def reset_parameters(self) -> None:
        """Do nothing: `initialise` draws the weights."""


class Conv1d(nn.Conv1d):
    """`nn.Conv1d` whose weights start as `initialise` draws them, times `init_scale`."""

    init_scale = 1.0
    bias_start = 0.0

    def reset_parameters(self) -> None:
        """Do nothing: `initialise` draws the weights."""


class Linear(nn.Linear):
    """`nn.Linear` whose weights start as `initialise` draws them, times `init_scale`."""

    init_scale = 1.0

    def reset_parameters(self) -> None:
        """Do nothing: `initialise` draws the weights."""


class ZeroPaddedShortcut(nn.Module):
    """Shortcut A: subsample by `stride`, then append channels of zeros.

    Source:
        He et al. 2015, arXiv:1512.03385, Section 3.3, option A.
    """

    def __init__(self, stride: int, new_channels: int, dims: int = 2) -> None:
        super().__init__()
        self.stride, self.new_channels, self.dims = stride, new_channels, dims

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C + new, H / stride, W / stride), sizes rounded up."""
        x = x[(slice(None), slice(None), *(slice(None, None, self.stride),) * self.dims)]
        return nn.functional.pad(x, (*(0, 0) * self.dims, 0, self.new_channels))

    def extra_repr(self) -> str:
        """Show the two settings when the module is printed."""
        return f"stride={self.stride}, new_channels={self.new_channels}"


class SqueezeExcite(nn.Module):
    """x * sigmoid(fc2(relu(fc1(mean(x))))): each channel is weighted by all of them.

    Source:
        Hu et al. 2018, arXiv:1709.01507, Section 3.
    """

    def __init__(self, channels: int, reduced: int, dims: int = 2) -> None:
        super().__init__()
        self.dims = dims
        self.fc1 = Linear(channels, reduced)
        self.fc2 = Linear(reduced, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        means = x.mean(dim=tuple(range(2, 2 + self.dims)))
        hidden: Tensor = self.fc1(means).relu()
        weights: Tensor = self.fc2(hidden).sigmoid()
        return x * weights[(..., *(None,) * self.dims)]


class Scale(nn.Module):
    """x times a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to the same shape."""
        return x * self.factor

    def extra_repr(self) -> str:
        """Show the factor when the module is printed."""
        return f"factor={self.factor:g}"


class LearnedScale(nn.Module):
    """x times one learned number that starts at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to the same shape."""
        return x * self.scale


class StochasticDepth(nn.Module):
    """Pass a branch on or drop it, with one draw a mini-batch; at test time, take its mean.

    Source:
        Huang et al. 2016, arXiv:1603.09382, Section 3.
    """

    def __init__(self, survival: float) -> None:
        super().__init__()
        self.survival = survival

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to the same shape; training draws from torch's random state."""
        if self.training:
            return x * float(torch.rand(()) < self.survival)
        return x * self.survival

    def extra_repr(self) -> str:
        """Show the probability when the module is printed."""
        return f"survival={self.survival:g}"


def _convolution(layer: nodes.Convolution, dims: int) -> nn.Module:
    kind = Conv2d if dims == 2 else Conv1d
    module = kind(
        layer.in_channels,
        layer.out_channels,
        layer.kernel,
        layer.stride,
        layer.padding,
        groups=layer.groups,
        bias=layer.bias,
    )
    module.init_scale, module.bias_start = layer.init_scale, layer.bias_start
    return module


def _normalisation(layer: nodes.Normalisation, dims: int) -> nn.Module:
    norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm
    if layer.groups is not None:
        norm = nn.GroupNorm(layer.groups, layer.channels, layer.epsilon)
    else:
        norm = (nn.BatchNorm2d if dims == 2 else nn.BatchNorm1d)(layer.channels, layer.epsilon)
    if layer.zero_gamma:
        nn.init.zeros_(norm.weight)
    return norm


def _local_response(layer: nodes.LocalResponseNormalisation, dims: int) -> nn.Module:
    return nn.LocalResponseNorm(layer.size, layer.alpha, layer.beta, layer.k)


def _relu(layer: nodes.ReLU, dims: int) -> nn.Module:
    return nn.ReLU(layer.in_place)


def _tanh(layer: nodes.Tanh, dims: int) -> nn.Module:
    return nn.Tanh()


def _sigmoid(layer: nodes.Sigmoid, dims: int) -> nn.Module:
    return nn.Sigmoid()


def _max_pool(layer: nodes.MaxPool, dims: int) -> nn.Module:
    kind = nn.MaxPool2d if dims == 2 else nn.MaxPool1d
    return kind(layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil)


def _average_pool(layer: nodes.AveragePool, dims: int) -> nn.Module:
    if dims == 2:
        return nn.AvgPool2d(layer.kernel, layer.stride)
    return nn.AvgPool1d(layer.kernel, layer.stride)


def _adaptive_average_pool(layer: nodes.AdaptiveAveragePool, dims: int) -> nn.Module:
    return (nn.AdaptiveAvgPool2d if dims == 2 else nn.AdaptiveAvgPool1d)(layer.size)


def _global_average_pool(layer: nodes.GlobalAveragePool, dims: int) -> nn.Module:
    return (nn.AdaptiveAvgPool2d if dims == 2 else nn.AdaptiveAvgPool1d)(1)


def _flatten(layer: nodes.Flatten, dims: int) -> nn.Module:
    return nn.Flatten()


def _linear(layer: nodes.Linear, dims: int) -> nn.Module:
    module = Linear(layer.in_features, layer.out_features)
    module.init_scale = layer.init_scale
    return module


def _dropout(layer: nodes.Dropout, dims: int) -> nn.Module:
    return nn.Dropout(layer.rate)


def _stochastic_depth(layer: nodes.StochasticDepth, dims: int) -> nn.Module:
    return StochasticDepth(layer.survival)


def _scaling(layer: nodes.Scaling, dims: int) -> nn.Module:
    return Scale(layer.factor)


def _learned_scale(layer: nodes.LearnedScale, dims: int) -> nn.Module:
    return LearnedScale()


def _squeeze_excitation(layer: nodes.SqueezeExcitation, dims: int) -> nn.Module:
    return SqueezeExcite(layer.channels, layer.reduced, dims)


def _zero_padding(layer: nodes.ZeroPadding, dims: int) -> nn.Module:
    return ZeroPaddedShortcut(layer.stride, layer.out_channels - layer.in_channels, dims)


LAYERS: Mapping[type[nodes.Layer], Callable[[Any, int], nn.Module]] = {
    nodes.Convolution: _convolution,
    nodes.Normalisation: _normalisation,
    nodes.LocalResponseNormalisation: _local_response,
    nodes.ReLU: _relu,
    nodes.Tanh: _tanh,
    nodes.Sigmoid: _sigmoid,
    nodes.MaxPool: _max_pool,
    nodes.AveragePool: _average_pool,
    nodes.AdaptiveAveragePool: _adaptive_average_pool,
    nodes.GlobalAveragePool: _global_average_pool,
    nodes.Flatten: _flatten,
    nodes.Linear: _linear,
    nodes.Dropout: _dropout,
    nodes.StochasticDepth: _stochastic_depth,
    nodes.Scaling: _scaling,
    nodes.LearnedScale: _learned_scale,
    nodes.SqueezeExcitation: _squeeze_excitation,
    nodes.ZeroPadding: _zero_padding,
}
