"""Gradients along chosen routes through residual units: back through a branch or a shortcut.

The network runs forward once. Then vector-Jacobian products lead a gradient back unit by unit,
through one of the two inputs of each addition; what a single path carries, and what all paths of
one length carry together, are both made of such steps. An identity shortcut costs nothing.
"""

import math
from collections.abc import Callable, Collection
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.gradients.norms import norm
from explorer.gradients.preparation import Prepared, drawing
from explorer.network import ResidualUnit
from explorer.spec import SpecError

Check = Callable[[], None]


class Scaled(NamedTuple):
    """numbers x 2^exponent: a gradient so small or large that float32 alone would lose it."""

    numbers: Tensor
    exponent: int = 0

    @property
    def norm(self) -> float:
        """The L2 norm."""
        try:
            return math.ldexp(norm(self.numbers), self.exponent)
        except OverflowError:
            return math.inf

    def within_range(self) -> "Scaled":
        """Return the same gradient with numbers that stand another step."""
        largest = float(self.numbers.abs().max())
        if largest == 0:
            return Scaled(self.numbers, _ZERO)
        if not math.isfinite(largest) or 2.0**-_ROOM < largest < 2.0**_ROOM:
            return self
        shift = max(-_SHIFT, min(math.frexp(largest)[1], _SHIFT))
        return Scaled(self.numbers * 2.0**-shift, self.exponent + shift)

    def plus(self, other: "Scaled") -> "Scaled":
        """Return the sum."""
        if self.exponent < other.exponent:
            return other.plus(self)
        factor = 2.0 ** max(other.exponent - self.exponent, -_SHIFT)
        return Scaled(self.numbers + other.numbers * factor, self.exponent)


_ROOM, _SHIFT, _ZERO = 40, 100, -(10**6)


class UnitGraph(NamedTuple):
    """The tensors of one unit, tied together by autograd: y = after(branch(x) + shortcut(x)).

    What a gate weighs comes with its gate: branch and shortcut are what the addition takes.
    """

    x: Tensor
    branch: Tensor
    shortcut: Tensor
    y: Tensor

    def to_addition(self, gradient: Scaled) -> Scaled:
        """Lead a gradient from the output back to the addition, through v1's ReLU for instance."""
        return self._back(self.y, self.branch, gradient)

    def through_branch(self, gradient: Scaled) -> Scaled:
        """Lead a gradient from the addition back to the input through the branch."""
        return self._back(self.branch, self.x, gradient).within_range()

    def through_shortcut(self, gradient: Scaled) -> Scaled:
        """Lead a gradient from the addition back to the input through the shortcut."""
        if self.shortcut is self.x:
            return gradient
        return self._back(self.shortcut, self.x, gradient).within_range()

    def _back(self, start: Tensor, end: Tensor, gradient: Scaled) -> Scaled:
        found = torch.autograd.grad(start, end, gradient.numbers, retain_graph=True)[0]
        return gradient._replace(numbers=found)


class Routes(NamedTuple):
    """A network that was run forward, and the gradient at both ends of its residual units.

    Args:
        units: in forward order.
        top: the gradient at the last unit's output.
        whole: the gradient at the first unit's input, of all paths, by one plain backward pass.
        loss: the loss.
    """

    units: tuple[UnitGraph, ...]
    top: Tensor
    whole: Tensor
    loss: float

    def along(self, branches: Collection[int], check: Check = lambda: None) -> Scaled:
        """Return what arrives at the first unit's input along a single path.

        Args:
            branches: the units, counted from 0, that the path goes through by their branch.
            check: called before every branch; may raise to stop the work.
        """
        gradient = Scaled(self.top)
        for number, unit in reversed([*enumerate(self.units)]):
            gradient = unit.to_addition(gradient)
            if number in branches:
                check()
                gradient = unit.through_branch(gradient)
            else:
                gradient = unit.through_shortcut(gradient)
        return gradient

    def summed(self, longest: int, check: Check = lambda: None) -> list[Scaled]:
        """Return what arrives at the first unit's input along all paths of one length, summed.

        All C(n, k) paths of length k are in the sum, which takes no more than n(n + 1) / 2 branches
        for all lengths: what went through k branches so far goes on through a shortcut, or through
        a branch to those with k + 1.

        Args:
            longest: the last length that is wanted.
            check: called before every branch; may raise to stop the work.
        Returns:
            One gradient for each length from 0 to `longest`, or to the number of units.
        """
        sums = [Scaled(self.top)]
        for unit in reversed(self.units):
            if len(sums) <= longest:
                sums.append(Scaled(torch.zeros_like(unit.x), _ZERO))
                lengths = range(len(sums) - 1)
            else:
                lengths = range(len(sums))
            for length in reversed(lengths):
                gradient = unit.to_addition(sums[length])
                sums[length] = unit.through_shortcut(gradient)
                if length < longest:
                    check()
                    sums[length + 1] = sums[length + 1].plus(unit.through_branch(gradient))
        return sums


def trace(prepared: Prepared, seed: int = 0, check: Check = lambda: None) -> Routes:
    """Run a network forward and make its residual units ready to be led back through.

    Args:
        prepared: a private module, used up: it keeps hooks, its BN statistics may move, and its
            weights no longer ask for gradients.
        seed: of what the network drops.
        check: called at every unit; may raise to stop the work.
    Raises:
        SpecError: for a network without residual units.
    """
    spec, model, images, loss = prepared
    modules = [module for module in model.modules() if isinstance(module, ResidualUnit)]
    if not modules:
        raise SpecError(f"{spec} has no residual units: a single path leads through it")
    model.requires_grad_(False)
    caught = [_catch(module, number == 0, check) for number, module in enumerate(modules)]
    with drawing(seed):
        value = loss(model(images))
    units = tuple(UnitGraph(**tensors) for tensors in caught)
    ends = (units[-1].y, units[0].x)
    top, whole = torch.autograd.grad(value, ends, retain_graph=True)
    return Routes(units, top, whole, value.item())


def _catch(unit: ResidualUnit, first: bool, check: Check) -> dict[str, Tensor]:
    """Return what will hold the unit's tensors; the first unit begins autograd's graph."""
    tensors: dict[str, Tensor] = {}

    def enter(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        check()
        x = inputs[0].detach().requires_grad_() if first else inputs[0]
        tensors["x"] = x
        return (x,)

    def add(module: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
        tensors["branch"], tensors["shortcut"] = inputs

    def leave(module: nn.Module, inputs: object, output: Tensor) -> None:
        tensors["y"] = output

    unit.register_forward_pre_hook(enter)
    unit.add.register_forward_pre_hook(add)
    unit.register_forward_hook(leave)
    return tensors
