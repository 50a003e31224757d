"""A plan as a `torch.nn.Module`.

Modules carry the plan's names, so a state dict is interchangeable with torchvision's
wherever torchvision has the network. The only residual code is `ResidualUnit.forward`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from explorer.plan import (
    Chain,
    Convolution,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Node,
    Normalisation,
    ReLU,
    Residual,
    SqueezeExcitation,
    ZeroPadding,
    plan,
)
from explorer.plan import Linear as PlannedLinear
from explorer.spec import ArchitectureSpec, parse


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` that leaves its weights to `initialise`, off the global random state."""

    def reset_parameters(self) -> None:
        """Do nothing: `initialise` draws the weights."""


class Linear(nn.Linear):
    """`nn.Linear` that leaves its weights to `initialise`, off the global random state."""

    def reset_parameters(self) -> None:
        """Do nothing: `initialise` draws the weights."""


class Addition(nn.Module):
    """branch + shortcut, as a module so that hooks can see it."""

    def forward(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        """Add two tensors of equal shape."""
        return branch + shortcut


class ZeroPaddedShortcut(nn.Module):
    """Shortcut A: subsample by `stride`, then append channels of zeros.

    Source:
        He et al. 2015, arXiv:1512.03385, Section 3.3, option A.
    """

    def __init__(self, stride: int, new_channels: int) -> None:
        super().__init__()
        self.stride, self.new_channels = stride, new_channels

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C + new, H / stride, W / stride), sizes rounded up."""
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, 0, self.new_channels))

    def extra_repr(self) -> str:
        """Show the two settings when the module is printed."""
        return f"stride={self.stride}, new_channels={self.new_channels}"


class SqueezeExcite(nn.Module):
    """x * sigmoid(fc2(relu(fc1(mean(x))))): each channel is weighted by all of them.

    Source:
        Hu et al. 2018, arXiv:1709.01507, Section 3.
    """

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.fc1 = Linear(channels, reduced)
        self.fc2 = Linear(reduced, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        means = x.mean(dim=(2, 3))
        hidden: Tensor = self.fc1(means).relu()
        weights: Tensor = self.fc2(hidden).sigmoid()
        return x * weights[:, :, None, None]


class ResidualUnit(nn.Module):
    """after(branch(s) + shortcut(s)), with s = before(x).

    All parts but the shortcut's are direct children, as in torchvision's blocks.
    """

    def __init__(self, unit: Residual) -> None:
        super().__init__()
        self._before, self._branch, self._after = (
            tuple(name for name, module in self._adopt(chain))
            for chain in (unit.before, unit.branch, unit.after)
        )
        self.add = Addition()
        self.downsample = _module(unit.shortcut) if unit.shortcut.children else None

    def _adopt(self, chain: Chain) -> Iterator[tuple[str, nn.Module]]:
        for name, node, *_ in chain.children:
            self.add_module(name, _module(node))
            yield name, getattr(self, name)

    def _run(self, names: tuple[str, ...], x: Tensor) -> Tensor:
        for name in names:
            x = self._modules[name](x)  # type: ignore[misc]
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the shape of the unit's output."""
        start = self._run(self._before, x)
        branch = self._run(self._branch, start)
        shortcut = start if self.downsample is None else self.downsample(start)
        return self._run(self._after, self.add(branch, shortcut))


def build(variant: ArchitectureSpec | str, seed: int = 0) -> nn.Module:
    """Build a network, in train mode, with its weights drawn from `seed`.

    The global random state is neither used nor changed.

    Raises:
        SpecError: if the text stands for no network.
    """
    spec = parse(variant) if isinstance(variant, str) else variant
    module = _module(plan(spec).root)
    initialise(module, torch.Generator().manual_seed(seed))
    return module


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights: He's normal, fan-in, for convolutions; torch's default for linear layers.

    Normalisations keep gamma = 1 (0 where the plan says so) and beta = 0.

    Source:
        He et al. 2015, arXiv:1502.01852, eq. 10, as used by arXiv:1512.03385. torchvision
        draws by fan-out instead.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
        elif isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            nn.init.uniform_(layer.weight, -bound, bound, generator)
            nn.init.uniform_(layer.bias, -bound, bound, generator)


def _module(node: Node) -> nn.Module:
    if isinstance(node, Chain):
        return nn.Sequential(OrderedDict((name, _module(part)) for name, part, *_ in node.children))
    if isinstance(node, Residual):
        return ResidualUnit(node)
    return LAYERS[type(node)](node)


def _convolution(layer: Convolution) -> nn.Module:
    return Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel,
        layer.stride,
        layer.padding,
        groups=layer.groups,
        bias=False,
    )


def _normalisation(layer: Normalisation) -> nn.Module:
    norm: nn.BatchNorm2d | nn.GroupNorm
    if layer.groups is None:
        norm = nn.BatchNorm2d(layer.channels)
    else:
        norm = nn.GroupNorm(layer.groups, layer.channels)
    if layer.zero_gamma:
        nn.init.zeros_(norm.weight)
    return norm


def _zero_padding(layer: ZeroPadding) -> nn.Module:
    return ZeroPaddedShortcut(layer.stride, layer.out_channels - layer.in_channels)


def _relu(layer: ReLU) -> nn.Module:
    return nn.ReLU(layer.in_place)


def _max_pool(layer: MaxPool) -> nn.Module:
    return nn.MaxPool2d(layer.kernel, layer.stride, layer.padding)


def _global_average_pool(layer: GlobalAveragePool) -> nn.Module:
    return nn.AdaptiveAvgPool2d(1)


def _flatten(layer: Flatten) -> nn.Module:
    return nn.Flatten()


def _squeeze_excitation(layer: SqueezeExcitation) -> nn.Module:
    return SqueezeExcite(layer.channels, layer.reduced)


def _linear(layer: PlannedLinear) -> nn.Module:
    return Linear(layer.in_features, layer.out_features)


LAYERS: Mapping[type[Layer], Callable[[Any], nn.Module]] = {
    Convolution: _convolution,
    Normalisation: _normalisation,
    ReLU: _relu,
    MaxPool: _max_pool,
    GlobalAveragePool: _global_average_pool,
    Flatten: _flatten,
    PlannedLinear: _linear,
    SqueezeExcitation: _squeeze_excitation,
    ZeroPadding: _zero_padding,
}
