"""What a plan costs: shapes, parameters, MACs, memory and receptive field, layer by layer.

One image is assumed throughout, in float32. Nothing is built or run.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from explorer import memory
from explorer.costs import BYTES_PER_NUMBER, Shape
from explorer.plan import plan
from explorer.rows import LayerRow, layer_rows, row_as_dict
from explorer.spec import ArchitectureSpec, parse

Key = TypeVar("Key", bound=Hashable)


class Total(NamedTuple):
    """Sums over some of a network's rows."""

    layers: int
    parameters: int
    macs: int
    output_bytes: int


@dataclass(frozen=True)
class Analysis:
    """A network's layer rows in forward order, and their totals."""

    spec: ArchitectureSpec
    layers: tuple[LayerRow, ...]

    @cached_property
    def total(self) -> Total:
        """Sums over all layers."""
        return sum_rows(self.layers)

    @property
    def parameters(self) -> int:
        """Learnable numbers: weights, biases, gamma and beta; no running statistics."""
        return self.total.parameters

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers for one image."""
        return self.total.macs

    @property
    def flops(self) -> int:
        """Floating-point operations of the same layers, two for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def depth(self) -> int:
        """Weighted layers on the main path: stem, branches, linear; projections excluded."""
        return self.spec.depth

    @property
    def weights_bytes(self) -> int:
        """Memory of the parameters in float32."""
        return BYTES_PER_NUMBER * self.parameters

    @property
    def activation_bytes(self) -> int:
        """Memory of every layer's output for one image in float32, if all were kept."""
        return self.total.output_bytes

    @cached_property
    def peak_inference_bytes(self) -> int:
        """Largest set of activations alive at once while one image is predicted, in float32."""
        return memory.peak_inference_bytes(self.spec)

    @cached_property
    def saved_for_backward_bytes(self) -> int:
        """Memory that training one image keeps for the backward pass, in float32."""
        return memory.saved_for_backward_bytes(self.spec)

    @cached_property
    def arithmetic_intensity(self) -> float:
        """Floating-point operations for each byte moved, for one image in float32."""
        return memory.arithmetic_intensity(self.spec)

    @cached_property
    def receptive_field(self) -> int:
        """Width in pixels of what one number of the last feature map depends on."""
        return max(row.receptive_field or 1 for row in self.layers)

    @cached_property
    def output_shape(self) -> Shape:
        """Shape of the network's output, without the batch."""
        return self.layers[-1].output_shape

    def by(self, field: str) -> dict[str, Total]:
        """Return the totals of each `stage` or `kind`, in forward order."""
        return self._grouped(attrgetter(field))

    def by_stage_and_kind(self) -> dict[tuple[str, str], Total]:
        """Return the totals of each kind of layer in each stage, in forward order."""
        return self._grouped(attrgetter("stage", "kind"))

    def _grouped(self, key: Callable[[LayerRow], Key]) -> dict[Key, Total]:
        groups: dict[Key, list[LayerRow]] = {}
        for row in self.layers:
            groups.setdefault(key(row), []).append(row)
        return {name: sum_rows(rows) for name, rows in groups.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as `describe --json` prints it."""
        names = ["parameters", "macs", "flops", "depth", "receptive_field", "arithmetic_intensity"]
        sizes = ("weights", "activation", "peak_inference", "saved_for_backward")
        return {
            "variant": str(self.spec),
            **{name: getattr(self, name) for name in names + [f"{size}_bytes" for size in sizes]},
            "input_shape": list(self.layers[0].input_shape),
            "layers": [row_as_dict(row) for row in self.layers],
        }


def analyze(variant: ArchitectureSpec | str) -> Analysis:
    """Analyse a variant, given as a spec or as its text form.

    Raises:
        SpecError: if the text stands for no network.
    """
    return _analyze(parse(variant) if isinstance(variant, str) else variant)


def sum_rows(rows: Iterable[LayerRow]) -> Total:
    """Add up rows."""
    kept = tuple(rows)
    return Total(len(kept), *(sum(map(attrgetter(field), kept)) for field in Total._fields[1:]))


@lru_cache(maxsize=64)
def _analyze(spec: ArchitectureSpec) -> Analysis:
    return Analysis(spec, layer_rows(plan(spec)))
