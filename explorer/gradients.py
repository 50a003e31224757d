"""Gradient norms of a network at initialisation, layer by layer.

One forward and one backward pass on a private module: shared modules, the global random
state and other users' threads are untouched. Gradients are reduced to their norms as they
arrive and freed at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.network import build
from explorer.plan import plan, units
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec, SpecError, parse

_ASIDE = (".downsample.", ".gate.", ".se.", ".branch1.", ".branch3.", ".branch4.")
WEIGHTED_KINDS = ("convolution", "linear")
MAX_SEED = 2**31 - 1


class LayerGradient(NamedTuple):
    """L2 norms at one convolution or linear layer, of the mean loss over the batch.

    `weight_gradient_norm` is |dL/dW|; `output_gradient_norm` is |dL/dy| over the whole batch
    of the layer's outputs, before the normalisation that follows.
    """

    name: str
    kind: str
    stage: str
    unit: int | None
    weight_gradient_norm: float
    output_gradient_norm: float


class UnitGradient(NamedTuple):
    """L2 norm of the gradient that arrives at the output of one unit, over the whole batch.

    A classic network's units are its convolutions, with their activation, or Inception modules.
    """

    stage: str
    unit: int
    output_gradient_norm: float


@dataclass(frozen=True)
class GradientProfile:
    """What one probe measured, and on what."""

    spec: ArchitectureSpec
    seed: int
    batch: int
    source: str
    loss: float
    layers: tuple[LayerGradient, ...]
    units: tuple[UnitGradient, ...]

    @property
    def main_path(self) -> tuple[LayerGradient, ...]:
        """The layers that depth counts: all but projections, gates and squeeze-excitations.

        Of an Inception module's branches, its second is one of the two longest.
        """
        return tuple(layer for layer in self.layers if not any(a in layer.name for a in _ASIDE))

    @property
    def growth(self) -> float:
        """Gradient at the first unit's output over the last unit's: above 1, it grows backwards."""
        norms = [unit.output_gradient_norm for unit in self.units]
        return norms[0] / norms[-1] if norms[-1] else float("nan")

    @property
    def weight_growth(self) -> float:
        """Weight gradient of the first convolution over the last one's on the main path."""
        path = [layer for layer in self.main_path if layer.kind == "convolution"]
        norms = [layer.weight_gradient_norm for layer in path]
        return norms[0] / norms[-1] if norms[-1] else float("nan")


def probe(
    variant: ArchitectureSpec | str,
    batch: int = 8,
    seed: int = 0,
    images: Tensor | None = None,
    source: str = "noise",
    check: Callable[[], None] = lambda: None,
) -> GradientProfile:
    """Measure gradient norms at initialisation, in train mode, under cross-entropy.

    Weights, random labels and, without `images`, N(0, 1) noise are drawn from `seed`; for the
    same seed they are the same for every variant of the same input shape and classes.

    Args:
        variant: a spec or its text form.
        batch: images in the batch, when `images` are not given.
        seed: 0 to `MAX_SEED`.
        images: shape (N, C, H, W), float32, normalised.
        source: what the images are, kept in the result.
        check: called at every layer; may raise to stop the work.
    Raises:
        SpecError: if the variant, the batch or the seed allows no such measurement.
    """
    spec = parse(variant) if isinstance(variant, str) else variant
    batch = len(images) if images is not None else batch
    check_settings(spec, batch, seed)
    model = build(spec, seed)
    # Another stream than the weights', or the first filters would be the first pixels.
    generator = torch.Generator().manual_seed((seed + 0x9E3779B9) % 2**32)
    if images is None:
        size = (batch, *spec.input_shape)
        images = torch.randn(size, generator=generator)
    labels = torch.randint(spec.classes, (batch,), generator=generator)
    with torch.random.fork_rng(devices=()):  # of dropped units and numbers
        torch.default_generator.manual_seed(seed)
        measured = measure(model, spec, images, labels, check)
    return GradientProfile(spec, seed, batch, source, *measured)


def measure(
    model: nn.Module,
    spec: ArchitectureSpec,
    images: Tensor,
    labels: Tensor,
    check: Callable[[], None] = lambda: None,
) -> tuple[float, tuple[LayerGradient, ...], tuple[UnitGradient, ...]]:
    """Send one batch forward and back, and return the loss and the norms on the way.

    Args:
        model: the caller's own module of this spec, used up: it keeps hooks and its BN statistics
            move. Its weights stay.
        spec: what it was built from.
        images: shape (N, C, H, W).
        labels: shape (N,), whole numbers below `spec.classes`.
        check: called at every layer; may raise to stop the work.
    """
    recorder = _Recorder(model.train(), spec, check)
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item(), recorder.layers(), recorder.units()


def check_settings(spec: ArchitectureSpec, batch: int, seed: int) -> None:
    """Refuse what cannot be measured.

    Raises:
        SpecError: with the reason.
    """
    if batch < 1:
        raise SpecError(f"batch={batch}: at least one image is needed")
    if not 0 <= seed <= MAX_SEED:
        raise SpecError(f"seed={seed}: a whole number from 0 to {MAX_SEED:,}")
    if spec.classes < 2:
        raise SpecError("classes=1: the cross-entropy of a single class is always 0; choose 2")
    normalised = [row for row in analyze(spec).layers if row.buffers]
    pixels = min((prod(row.output_shape[1:]) for row in normalised), default=2)
    if batch * pixels < 2:
        raise SpecError(
            "batch=1 leaves batch normalisation a single value per channel in the last stage; "
            "choose a batch of 2 or more, or a larger image_size"
        )


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
        for name in [row.name for row in self._rows] + list(self._units):
            model.get_submodule(name).register_forward_hook(self._watch_output(name))
        weights = {f"{row.name}.weight" for row in self._rows}
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.register_post_accumulate_grad_hook(self._watch_weight(name))
            else:
                parameter.requires_grad_(False)  # nobody asks for it

    def _watch_output(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def record(gradient: Tensor) -> None:
            self._check()
            self._norms[name] = norm(gradient)

        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            self._check()
            output.register_hook(record)

        return hook

    def _watch_weight(self, name: str) -> Callable[[Tensor], None]:
        def hook(parameter: Tensor) -> None:
            if parameter.grad is not None:
                self._norms[name] = norm(parameter.grad)
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
                self._norms[f"{row.name}.weight"],
                self._norms[row.name],
            )
            for row in self._rows
        )

    def units(self) -> tuple[UnitGradient, ...]:
        """Return the norm at every unit's output, in forward order."""
        return tuple(
            UnitGradient(stage, unit, self._norms[name])
            for name, (stage, unit) in self._units.items()
        )


def norm(tensor: Tensor) -> float:
    """Return the L2 norm of a tensor; in double precision where squares leave float32."""
    value = _norm32(tensor)
    if 1e-15 < value < 1e15:
        return value
    return float(torch.linalg.vector_norm(tensor, dtype=torch.float64))


_ROW = 4096


def _norm32(tensor: Tensor) -> float:
    """Return the norm in float32; of a large tensor, of the norms of its rows.

    Summed up in one go, the 102 million weights of a VGG's first linear layer are 1% off.
    """
    flat = tensor.flatten()
    if len(flat) < 64 * _ROW:
        return float(torch.linalg.vector_norm(flat))
    whole = len(flat) - len(flat) % _ROW
    rows = torch.linalg.vector_norm(flat[:whole].view(-1, _ROW), dim=1)
    rest = torch.linalg.vector_norm(flat[whole:])
    return hypot(float(torch.linalg.vector_norm(rows)), float(rest))
