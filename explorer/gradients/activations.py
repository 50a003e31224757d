"""What a network's signal is on its way forward, before any training: no gradient is computed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import hypot, nan
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.gradients.norms import UNIT, WEIGHTED_KINDS, norm, on_main_path, weighted_rows
from explorer.gradients.preparation import drawing, prepare
from explorer.network import ResidualUnit
from explorer.plan import plan, units
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec

Check = Callable[[], None]
RELU = "ReLU"


class Activations(NamedTuple):
    """The numbers that one layer or unit gives for the whole batch.

    `kind` is that of a weighted layer, what an activation is called, such as `ReLU`, or `unit`.
    `mean` and `variance` are those of all numbers, of every channel and image together. `zeros` is
    the share of them that are exactly 0, `dead` the share of channels that are 0 everywhere, in
    every image: behind a ReLU, such a channel passes no gradient on for this batch.
    """

    name: str
    kind: str
    stage: str
    unit: int | None
    mean: float
    variance: float
    zeros: float
    dead: float

    @property
    def rms(self) -> float:
        """Root mean square of the numbers."""
        return hypot(self.mean, self.variance**0.5)


class UnitBranch(NamedTuple):
    """L2 norms, over the whole batch, of the two tensors that one residual unit adds.

    `branch_norm` is |F(x)|, of the branch's output, and `shortcut_norm` |x|, of the shortcut's:
    both as they are added, so behind any scaling, gating, projection or dropout.
    """

    name: str
    stage: str
    unit: int
    branch_norm: float
    shortcut_norm: float

    @property
    def ratio(self) -> float:
        """|F(x)| / |x|: how much the unit changes its signal."""
        return self.branch_norm / self.shortcut_norm if self.shortcut_norm else nan


@dataclass(frozen=True)
class ActivationProfile:
    """What one probe measured, and on what, in forward order."""

    spec: ArchitectureSpec
    settings: ProbeSettings
    activations: tuple[Activations, ...]
    branches: tuple[UnitBranch, ...]

    @property
    def loss(self) -> None:
        """There is none, as nothing goes back."""
        return None

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each layer, activation and unit; residual units have a branch."""
        branches = {unit.name: unit for unit in self.branches}
        rows = []
        for each in self.activations:
            unit = branches.get(each.name)
            rows.append(
                each._asdict()
                | {
                    "branch_norm": unit.branch_norm if unit else None,
                    "shortcut_norm": unit.shortcut_norm if unit else None,
                    "branch_over_shortcut": unit.ratio if unit else None,
                }
            )
        return rows

    @property
    def units(self) -> tuple[Activations, ...]:
        """What every unit gives; a classic network's units are those of its stages."""
        return self._of(UNIT)

    @property
    def layers(self) -> tuple[Activations, ...]:
        """What the weighted layers give that depth counts, before any normalisation."""
        return self._of(*WEIGHTED_KINDS)

    @property
    def relus(self) -> tuple[Activations, ...]:
        """What the ReLUs on the main path give."""
        return self._of(RELU)

    def _of(self, *kinds: str) -> tuple[Activations, ...]:
        found = (each for each in self.activations if each.kind in kinds)
        return tuple(each for each in found if on_main_path(each.name))


def probe_activations(
    variant: ArchitectureSpec | str,
    settings: ProbeSettings | None = None,
    images: Tensor | None = None,
    check: Check = lambda: None,
) -> ActivationProfile:
    """Measure the signal at every weighted layer, activation and unit, untrained.

    A squeeze-excitation's inner ReLU and sigmoid are not among them.

    Args:
        variant: a spec or its text form.
        settings: how; without them, as `ProbeSettings()` says. The loss plays no part.
        images: shape (N, C, H, W), float32, normalised.
        check: called at every weighted layer; may raise to stop the work.
    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    """
    settings = settings or ProbeSettings()
    any_classes = replace(settings, loss="projection")  # of a single class, there is none other
    spec, model, images, _ = prepare(variant, any_classes, images)
    with drawing(settings.seed):
        measured = measure_activations(model, spec, images, check)
    return ActivationProfile(spec, replace(settings, batch=len(images)), *measured)


@torch.no_grad()
def measure_activations(
    model: nn.Module, spec: ArchitectureSpec, images: Tensor, check: Check = lambda: None
) -> tuple[tuple[Activations, ...], tuple[UnitBranch, ...]]:
    """Send one batch forward, and return what passed.

    Args:
        model: the caller's own module of this spec, used up: it keeps hooks and its BN statistics
            move. Its weights stay.
        spec: what it was built from.
        images: shape (N, C, H, W).
        check: called at every weighted layer; may raise to stop the work.
    """
    recorder = _Recorder(model, spec, check)
    model(images)
    return tuple(recorder.passed), tuple(recorder.added)


class _Recorder:
    """Hooks that turn each tensor into its statistics before the next layer overwrites it."""

    def __init__(self, model: nn.Module, spec: ArchitectureSpec, check: Check) -> None:
        self._check = check
        self.passed: list[Activations] = []
        self.added: list[UnitBranch] = []
        places = [(row.name, row.kind, row.stage, row.unit) for row in weighted_rows(spec)]
        places += [
            (row.name, row.detail, row.stage, row.unit)
            for row in analyze(spec).layers
            if row.kind == "activation"
        ]
        ends = list(units(plan(spec).root))
        places += [(name, UNIT, stage, unit) for name, stage, unit in ends]
        for place in places:
            self._watch_output(model.get_submodule(place[0]), place)
        for end in ends:
            unit = model.get_submodule(end[0])
            if isinstance(unit, ResidualUnit):
                self._watch_addition(unit.add, end)

    def _watch_output(self, part: nn.Module, place: tuple[str, str, str, int | None]) -> None:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            if place[1] in WEIGHTED_KINDS:
                self._check()
            self.passed.append(Activations(*place, *_statistics(output)))

        part.register_forward_hook(hook)

    def _watch_addition(self, addition: nn.Module, place: tuple[str, str, int]) -> None:
        def hook(module: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
            branch, shortcut = inputs
            self.added.append(UnitBranch(*place, norm(branch), norm(shortcut)))

        addition.register_forward_pre_hook(hook)


def _statistics(output: Tensor) -> tuple[float, float, float, float]:
    """Return mean, variance, share of zeros and share of channels that are 0 throughout."""
    numbers = output.numel()
    mean = float(output.sum(dtype=torch.float64)) / numbers
    variance = norm(output - mean) ** 2 / numbers
    images, channels = output.shape[:2]
    is_zero = (output == 0).view(torch.uint8).reshape(images, channels, -1)
    zeros = is_zero.sum(2, dtype=torch.int32)
    dead = (zeros == is_zero.shape[2]).all(0)
    return mean, variance, int(zeros.sum()) / numbers, int(dead.sum()) / channels
