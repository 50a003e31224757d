"""A plan as a `torch.nn.Module`.

Modules carry the plan's names, so a state dict is interchangeable with torchvision's
wherever torchvision has the network. The only code that joins paths is `ResidualUnit.forward`
and `ParallelBranches.forward`.
"""

from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from explorer.initialisation import DEFAULT, initialise
from explorer.layers import LAYERS
from explorer.nodes import Chain, Concat, Node, Residual
from explorer.plan import plan
from explorer.spec import ArchitectureSpec, parse


class Addition(nn.Module):
    """branch + shortcut, as a module so that hooks can see it."""

    def forward(self, branch: Tensor, shortcut: Tensor) -> Tensor:
        """Add two tensors of equal shape."""
        return branch + shortcut


class Gating(nn.Module):
    """x weighted number by number, as a module so that hooks can see it."""

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Multiply two tensors of equal shape."""
        return x * weights


class Concatenation(nn.Module):
    """Channels of several maps, stacked, as a module so that hooks can see it."""

    def forward(self, *maps: Tensor) -> Tensor:
        """Join tensors of equal size along their channels."""
        return torch.cat(maps, dim=1)


class ResidualUnit(nn.Module):
    """after(branch(s) + shortcut(s)), with s = before(x); gated where the plan says so.

    All parts but the shortcut's and the gate's are direct children, as in torchvision's blocks;
    `before`, `branch` and `after` name them, in order.
    """

    def __init__(self, unit: Residual, dims: int) -> None:
        super().__init__()
        self.before, self.branch, self.after = (
            tuple(name for name, module in self._adopt(chain, dims))
            for chain in (unit.before, unit.branch, unit.after)
        )
        self.add = Addition()
        self.downsample = _module(unit.shortcut, dims) if unit.shortcut.children else None
        self.gate = _module(unit.gate, dims) if unit.gate.children else None
        self.gated_branch = Gating() if unit.gates_branch else None
        self.gated_shortcut = Gating() if unit.gate.children else None

    def _adopt(self, chain: Chain, dims: int) -> Iterator[tuple[str, nn.Module]]:
        for name, node, *_ in chain.children:
            self.add_module(name, _module(node, dims))
            yield name, getattr(self, name)

    def _run(self, names: tuple[str, ...], x: Tensor) -> Tensor:
        for name in names:
            x = self._modules[name](x)  # type: ignore[misc]
        return x

    def shortcut_alone(self, x: Tensor) -> Tensor:
        """Map x as `forward` does where the branch gives nothing but zeros."""
        start = self._run(self.before, x)
        shortcut = start if self.downsample is None else self.downsample(start)
        if self.gate is not None and self.gated_shortcut is not None:
            shortcut = self.gated_shortcut(shortcut, 1 - self.gate(start))
        return self._run(self.after, shortcut.clone())  # for what comes after works in place

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the shape of the unit's output."""
        start = self._run(self.before, x)
        weights = None if self.gate is None else self.gate(start)
        branch = self._run(self.branch, start)
        if self.gated_branch is not None:
            branch = self.gated_branch(branch, weights)
        shortcut = start if self.downsample is None else self.downsample(start)
        if self.gated_shortcut is not None and weights is not None:
            shortcut = self.gated_shortcut(shortcut, 1 - weights)
        return self._run(self.after, self.add(branch, shortcut))


class ParallelBranches(nn.Module):
    """The outputs of several branches, their channels stacked."""

    def __init__(self, node: Concat, dims: int) -> None:
        super().__init__()
        self._branches = tuple(branch.name for branch in node.branches)
        for name, branch, *_ in node.branches:
            self.add_module(name, _module(branch, dims))
        self.concat = Concatenation()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, sum of the branches' channels, H', W')."""
        maps = [self._modules[name](x) for name in self._branches]  # type: ignore[misc]
        joined: Tensor = self.concat(*maps)
        return joined


def build(
    variant: ArchitectureSpec | str, seed: int = 0, initialisation: str = DEFAULT
) -> nn.Module:
    """Build a network, in train mode, with its weights drawn from `seed`.

    The global random state is neither used nor changed.

    Args:
        variant: a spec or its text form.
        seed: of the weights.
        initialisation: how they are drawn, one of `explorer.initialisation.SCHEMES`.
    Raises:
        SpecError: if the text stands for no network.
    """
    spec = parse(variant) if isinstance(variant, str) else variant
    network = plan(spec)
    module = _module(network.root, len(network.input_shape) - 1)
    initialise(module, torch.Generator().manual_seed(seed), initialisation, spec.family)
    return module


def _module(node: Node, dims: int) -> nn.Module:
    if isinstance(node, Chain):
        parts = ((name, _module(part, dims)) for name, part, *_ in node.children)
        return nn.Sequential(OrderedDict(parts))
    if isinstance(node, Residual):
        return ResidualUnit(node, dims)
    if isinstance(node, Concat):
        return ParallelBranches(node, dims)
    return LAYERS[type(node)](node, dims)
