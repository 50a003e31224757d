"""Gradient norms of a network at initialisation, layer by layer.

One forward and one backward pass on a private module: shared modules, the global random
state and other users' threads are untouched. Gradients are reduced to their norms as they
arrive and freed at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import hypot, nan, sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.gradients.preparation import Loss, drawing, prepare
from explorer.plan import plan, units
from explorer.probing import ProbeSettings
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec

_ASIDE = (".downsample.", ".gate.", ".se.", ".branch1.", ".branch3.", ".branch4.")
WEIGHTED_KINDS = ("convolution", "linear")
UNIT = "unit"


class LayerGradient(NamedTuple):
    """L2 norms at one convolution or linear layer, of the loss, a mean over the batch.

    `weight_gradient_norm` is |dL/dW| and `weight_norm` |W|; `output_gradient_norm` is |dL/dy|
    over the whole batch of the layer's outputs, `output_numbers` of them, before the
    normalisation that follows.
    """

    name: str
    kind: str
    stage: str
    unit: int | None
    weight_gradient_norm: float
    output_gradient_norm: float
    weight_norm: float
    output_numbers: int

    @property
    def relative_weight_gradient(self) -> float:
        """|dL/dW| / |W|: a step of plain descent changes the weights by this times its rate."""
        return self.weight_gradient_norm / self.weight_norm if self.weight_norm else nan

    @property
    def output_gradient_rms(self) -> float:
        """Root mean square of dL/dy: the norm per element, whatever the size of the map."""
        return self.output_gradient_norm / sqrt(self.output_numbers)


class UnitGradient(NamedTuple):
    """L2 norm of the gradient that arrives at the output of one unit, over the whole batch.

    A classic network's units are its convolutions, with their activation, or Inception modules.
    """

    name: str
    stage: str
    unit: int
    output_gradient_norm: float
    output_numbers: int

    @property
    def output_gradient_rms(self) -> float:
        """Root mean square of the gradient's numbers."""
        return self.output_gradient_norm / sqrt(self.output_numbers)


@dataclass(frozen=True)
class GradientProfile:
    """What one probe measured, and on what."""

    spec: ArchitectureSpec
    settings: ProbeSettings
    loss: float
    layers: tuple[LayerGradient, ...]
    units: tuple[UnitGradient, ...]

    @property
    def main_path(self) -> tuple[LayerGradient, ...]:
        """The layers that depth counts: all but projections, gates and squeeze-excitations.

        Of an Inception module's branches, its second is one of the two longest.
        """
        return tuple(layer for layer in self.layers if on_main_path(layer.name))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each layer, and one for each unit, which has no weights of its own."""
        layers = [
            layer._asdict()
            | {
                "relative_weight_gradient": layer.relative_weight_gradient,
                "output_gradient_rms": layer.output_gradient_rms,
            }
            for layer in self.layers
        ]
        lacking = dict.fromkeys(("weight_gradient_norm", "weight_norm", "relative_weight_gradient"))
        units = [
            {**lacking, **unit._asdict(), "kind": UNIT}
            | {"output_gradient_rms": unit.output_gradient_rms}
            for unit in self.units
        ]
        return layers + units

    @property
    def growth(self) -> float:
        """Gradient at the first unit's output over the last unit's: above 1, it grows backwards."""
        norms = [unit.output_gradient_norm for unit in self.units]
        return norms[0] / norms[-1] if norms[-1] else nan

    @property
    def weight_growth(self) -> float:
        """Weight gradient of the first convolution over the last one's on the main path."""
        path = [layer for layer in self.main_path if layer.kind == "convolution"]
        norms = [layer.weight_gradient_norm for layer in path]
        return norms[0] / norms[-1] if norms[-1] else nan


def on_main_path(name: str) -> bool:
    """Whether depth counts a layer of this name; of an Inception module, its second branch's."""
    return not any(part in name for part in _ASIDE)


def probe(
    variant: ArchitectureSpec | str,
    settings: ProbeSettings | None = None,
    images: Tensor | None = None,
    check: Callable[[], None] = lambda: None,
) -> GradientProfile:
    """Measure gradient norms at initialisation.

    Weights, random labels and, without `images`, N(0, 1) noise are drawn from the seed; for the
    same seed they are the same for every variant of the same input shape and classes.

    Args:
        variant: a spec or its text form.
        settings: how; without them, as `ProbeSettings()` says.
        images: shape (N, C, H, W), float32, normalised.
        check: called at every layer; may raise to stop the work.
    Raises:
        SpecError: if the variant or the batch allows no such measurement.
    """
    settings = settings or ProbeSettings()
    spec, model, images, loss = prepare(variant, settings, images)
    with drawing(settings.seed):
        measured = measure(model, spec, images, loss, check)
    return GradientProfile(spec, replace(settings, batch=len(images)), *measured)


def measure(
    model: nn.Module,
    spec: ArchitectureSpec,
    images: Tensor,
    loss: Loss,
    check: Callable[[], None] = lambda: None,
) -> tuple[float, tuple[LayerGradient, ...], tuple[UnitGradient, ...]]:
    """Send one batch forward and back, and return the loss and the norms on the way.

    Args:
        model: the caller's own module of this spec, used up: it keeps hooks and its BN statistics
            move. Its weights stay.
        spec: what it was built from.
        images: shape (N, C, H, W).
        loss: of the outputs.
        check: called at every layer; may raise to stop the work.
    """
    recorder = _Recorder(model, spec, check)
    value = loss(model(images))
    value.backward()
    return value.item(), recorder.layers(), recorder.units()


def weighted_rows(spec: ArchitectureSpec) -> list[LayerRow]:
    """Return a row for every convolution and linear layer, those inside others included."""
    rows: list[LayerRow] = []
    for row in analyze(spec).layers:
        if row.kind in WEIGHTED_KINDS:
            rows.append(row)
        elif row.kind == "squeeze-excitation":
            names = (f"{row.name}.fc1", f"{row.name}.fc2")
            rows += [row._replace(name=name, kind="linear") for name in names]
    return rows


class _Recorder:
    """Hooks that turn each gradient into its norm when it arrives, then let it go."""

    def __init__(self, model: nn.Module, spec: ArchitectureSpec, check: Callable[[], None]) -> None:
        self._rows = weighted_rows(spec)
        self._units = {name: (stage, unit) for name, stage, unit in units(plan(spec).root)}
        self._check = check
        self._norms: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self._weights: dict[str, float] = {}
        self._weight_gradients: dict[str, float] = {}
        weighted = {row.name for row in self._rows}
        for name, module in model.named_modules():
            if name in weighted or name in self._units:
                module.register_forward_hook(self._watch_output(name))
        for whole, parameter in model.named_parameters():
            name, _, kind = whole.rpartition(".")
            if name in weighted and kind == "weight":
                self._weights[name] = norm(parameter.detach())
                parameter.register_post_accumulate_grad_hook(self._watch_weight(name))
            else:
                parameter.requires_grad_(False)  # nobody asks for it

    def _watch_output(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def record(gradient: Tensor) -> None:
            self._check()
            self._norms[name] = norm(gradient)

        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            self._check()
            self._numbers[name] = output.numel()
            output.register_hook(record)

        return hook

    def _watch_weight(self, name: str) -> Callable[[Tensor], None]:
        def hook(parameter: Tensor) -> None:
            if parameter.grad is not None:
                self._weight_gradients[name] = norm(parameter.grad)
            parameter.grad = None

        return hook

    def layers(self) -> tuple[LayerGradient, ...]:
        """Return the norms of every weighted layer, in forward order."""
        return tuple(
            LayerGradient(
                row.name,
                row.kind,
                row.stage,
                row.unit,
                self._weight_gradients[row.name],
                self._norms[row.name],
                self._weights[row.name],
                self._numbers[row.name],
            )
            for row in self._rows
        )

    def units(self) -> tuple[UnitGradient, ...]:
        """Return the norm at every unit's output, in forward order."""
        return tuple(
            UnitGradient(name, stage, unit, self._norms[name], self._numbers[name])
            for name, (stage, unit) in self._units.items()
        )


def norm(tensor: Tensor) -> float:
    """Return the L2 norm of a tensor; in double precision but for large ones in float32's reach."""
    if tensor.numel() >= 32 * _ROW:
        value = _norm_by_rows(tensor.flatten())
        if 1e-15 < value < 1e15:  # beyond, squares leave float32
            return value
    exact: float = torch.linalg.vector_norm(tensor, dtype=torch.float64).item()
    return exact


_ROW = 1024


def _norm_by_rows(flat: Tensor) -> float:
    """Return the norm of the rows' norms, which float32 is exact enough for.

    Summed up in float32 in one go, the 102 million weights of a VGG's first linear layer are 1%
    off, and 4,000 numbers more than a millionth.
    """
    beyond = flat.numel() % _ROW
    whole = flat[:-beyond] if beyond else flat
    rows = torch.linalg.vector_norm(whole.view(-1, _ROW), dim=1)
    value: float = torch.linalg.vector_norm(rows, dtype=torch.float64).item()
    return hypot(value, torch.linalg.vector_norm(flat[-beyond:]).item()) if beyond else value
