"""The two ways of a gradient through a residual unit: the shortcut and the branch, measured apart.

Every path of a unit is handed its own alias of the tensor at which the unit splits. Values and
gradients stay what they are, but autograd now passes through the alias with each path's own
part before it adds the parts up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import acos, degrees, isnan, nan
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from explorer.gradients.norms import UNIT, norm
from explorer.gradients.preparation import Loss, drawing, prepare
from explorer.network import ResidualUnit
from explorer.plan import plan, units
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec

Check = Callable[[], None]


class UnitPathways(NamedTuple):
    """L2 norms, over the whole batch, of the loss's gradient on its way back through one unit.

    It arrives at the unit's output (`output_norm`), passes what follows the addition and is handed
    to both paths (`addition_norm`). They bring it back to the split: the tensor s that branch and
    shortcut read, behind whatever comes before it, such as a shared pre-activation. There the
    parts through the shortcut, the branch and, in gated units, the gate's own convolution
    (`gate_norm`, else 0) add up as vectors to `split_norm`.

    `cosine` is that of the angle between shortcut's and branch's parts, not a number where one of
    them is 0. `masked_share` is the share of the numbers that the ReLU behind the addition gets
    which are 0 or less: there it stops both paths, and `passed_norm` is what it lets through. Where
    no ReLU follows they are None and `output_norm`.
    """

    name: str
    stage: str
    unit: int
    output_norm: float
    masked_share: float | None
    passed_norm: float
    addition_norm: float
    shortcut_norm: float
    branch_norm: float
    gate_norm: float
    split_norm: float
    cosine: float

    @property
    def passed_share(self) -> float:
        """|gradient that the ReLU behind the addition lets through| / |what arrives|."""
        return self.passed_norm / self.output_norm if self.output_norm else nan

    @property
    def angle(self) -> float:
        """Degrees between the two parts: 90 if they have nothing to do with each other."""
        return nan if isnan(self.cosine) else degrees(acos(min(max(self.cosine, -1.0), 1.0)))

    @property
    def shortcut_share(self) -> float:
        """|shortcut's part| / |sum|. Shares of parts at an angle do not add up to 1."""
        return self.shortcut_norm / self.split_norm if self.split_norm else nan

    @property
    def branch_share(self) -> float:
        """|branch's part| / |sum|."""
        return self.branch_norm / self.split_norm if self.split_norm else nan

    @property
    def gate_share(self) -> float:
        """|gate's part| / |sum|."""
        return self.gate_norm / self.split_norm if self.split_norm else nan


@dataclass(frozen=True)
class PathwayProfile:
    """What one probe measured, and on what; a network without residual units has none here."""

    spec: ArchitectureSpec
    settings: ProbeSettings
    loss: float
    units: tuple[UnitPathways, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each unit."""
        return [
            unit._asdict()
            | {
                "kind": UNIT,
                "shortcut_share": unit.shortcut_share,
                "branch_share": unit.branch_share,
                "gate_share": unit.gate_share,
                "passed_share": unit.passed_share,
                "angle_degrees": unit.angle,
            }
            for unit in self.units
        ]


def probe_pathways(
    variant: ArchitectureSpec | str,
    settings: ProbeSettings | None = None,
    images: Tensor | None = None,
    check: Check = lambda: None,
) -> PathwayProfile:
    """Measure the gradient through the shortcut and the branch of every unit, untrained.

    Args:
        variant: a spec or its text form.
        settings: how; without them, as `ProbeSettings()` says.
        images: shape (N, C, H, W), float32, normalised.
        check: called at every unit, forward and back; may raise to stop the work.
    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    Source:
        He et al. 2016, arXiv:1603.05027, eqs 1 to 5, with the ReLU's mask kept.
    """
    settings = settings or ProbeSettings()
    spec, model, images, loss = prepare(variant, settings, images)
    with drawing(settings.seed):
        measured = measure_pathways(model, spec, images, loss, check)
    return PathwayProfile(spec, replace(settings, batch=len(images)), *measured)


def measure_pathways(
    model: nn.Module,
    spec: ArchitectureSpec,
    images: Tensor,
    loss: Loss,
    check: Check = lambda: None,
) -> tuple[float, tuple[UnitPathways, ...]]:
    """Send one batch forward and back, and return the loss and what came through each path.

    The way back ends where the first unit splits, and no weight's gradient is computed.

    Args:
        model: the caller's own module of this spec, used up: it keeps hooks and its BN statistics
            move. Its weights stay.
        spec: what it was built from.
        images: shape (N, C, H, W).
        loss: of the outputs.
        check: called at every unit, forward and back; may raise to stop the work.
    """
    model.requires_grad_(False)
    watches: list[_UnitWatch] = []
    for place in units(plan(spec).root):
        unit = model.get_submodule(place[0])
        if isinstance(unit, ResidualUnit):
            if not watches:
                unit.register_forward_pre_hook(_begin_here)
            watches.append(_UnitWatch(unit, place, check))
    value = loss(model(images))
    if watches:
        value.backward()
    return value.item(), tuple(watch.found() for watch in watches)


def _begin_here(unit: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    """Make a unit's input what gradients are asked for."""
    return inputs[0].detach().requires_grad_()


class _UnitWatch:
    """Hooks on one unit that reduce what arrives to numbers, and let it go."""

    def __init__(self, unit: ResidualUnit, place: tuple[str, str, int], check: Check) -> None:
        self._place = place
        self._check = check
        self._norms: dict[str, float] = {}
        self._masked_share: float | None = None
        self._first_part: Tensor | None = None
        self._product = nan
        self._watch_paths(unit)
        self._watch_output(unit.add, "addition")
        for name in unit.after:
            part = unit.get_submodule(name)
            if isinstance(part, nn.ReLU):
                part.register_forward_pre_hook(self._see_mask)
        self._watch_output(unit, "output")

    def _watch_paths(self, unit: ResidualUnit) -> None:
        """Watch the split, and give each path an alias of it."""
        if unit.before:
            self._watch_output(unit.get_submodule(unit.before[-1]), "split")
        else:
            unit.register_forward_pre_hook(self._watch_input)
        self._alias(unit.get_submodule(unit.branch[0]), 0, "branch")
        if unit.gate is not None:
            self._alias(unit.gate, 0, "gate")
        if unit.downsample is not None:
            self._alias(unit.downsample, 0, "shortcut")
        elif unit.gated_shortcut is not None:
            self._alias(unit.gated_shortcut, 0, "shortcut")
        else:
            self._alias(unit.add, 1, "shortcut")

    def _alias(self, reader: nn.Module, place: int, path: str) -> None:
        """Have a module read an alias of its input at a place, whose gradient is a path's part."""

        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            alias = inputs[place].view_as(inputs[place])
            alias.register_hook(partial(self._arrive_at_split, path))
            return (*inputs[:place], alias, *inputs[place + 1 :])

        reader.register_forward_pre_hook(hook)

    def _watch_output(self, part: nn.Module, point: str) -> None:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            if point == "output":  # once a unit and way, so that the calls can be counted
                self._check()
            output.register_hook(partial(self._arrive, point))

        part.register_forward_hook(hook)

    def _watch_input(self, unit: nn.Module, inputs: tuple[Tensor]) -> None:
        inputs[0].register_hook(partial(self._arrive, "split"))

    def _see_mask(self, relu: nn.Module, inputs: tuple[Tensor]) -> None:
        """Look at what a ReLU gets, before it works in place."""
        stopped = (inputs[0] <= 0).view(torch.uint8).sum(dtype=torch.int64)
        self._masked_share = int(stopped) / inputs[0].numel()
        inputs[0].register_hook(partial(self._arrive, "passed"))

    def _arrive(self, point: str, gradient: Tensor) -> None:
        if point == "output":
            self._check()
        self._norms[point] = norm(gradient)

    def _arrive_at_split(self, path: str, gradient: Tensor) -> None:
        self._arrive(path, gradient)
        if path == "gate":
            return
        if self._first_part is None:
            self._first_part = gradient  # autograd holds it as well, until it has the sum
        else:
            self._product = _product(self._first_part, gradient)
            self._first_part = None

    def found(self) -> UnitPathways:
        """Return what was seen, after the way back."""
        norms = self._norms
        lengths = norms["shortcut"] * norms["branch"]
        return UnitPathways(
            *self._place,
            norms["output"],
            self._masked_share,
            norms.get("passed", norms["output"]),
            norms["addition"],
            norms["shortcut"],
            norms["branch"],
            norms.get("gate", 0.0),
            norms["split"],
            self._product / lengths if lengths else nan,
        )


def _product(a: Tensor, b: Tensor) -> float:
    """Return the inner product in double precision, image by image to save memory."""
    images = zip(a.flatten(1), b.flatten(1), strict=True)
    return sum(float(torch.dot(x.double(), y.double())) for x, y in images)
