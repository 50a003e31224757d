"""The live parts of a lesson: what each can be told, and what it understands."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import ClassVar

from explorer.analysis import sum_rows
from explorer.diagram import diagram
from explorer.lessons.fields import Field, FieldError, check_keys
from explorer.lessons.values import (
    Known,
    a_variant,
    by,
    checked,
    named,
    number_in,
    one_of,
    part_rows,
    some_of,
    some_variants,
    words,
)
from explorer.probing import ProbeSettings
from explorer.rows import LayerRow
from explorer.rules import no_such
from explorer.side_by_side import QUANTITIES
from explorer.spec import ArchitectureSpec

COUNTS = ("parameters", "macs")
"""What can be counted by hand."""

GRADIENTS = ("unit", "output", "weight", "relative", "unit-rms", "output-rms")
"""Whose gradients are drawn; the first is drawn where nothing is said."""

PATHWAYS = ("share", "norm", "angle", "masked", "passed")
"""What is drawn of both pathways; the first is drawn where nothing is said."""

LAYER_KINDS = ("all", "weighted")
MAX_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A live part, whose fields are what its lines say."""

    kind: ClassVar[str]

    def check(self, known: Known) -> None:
        """Refuse fields that do not go together.

        Raises:
            ValueError: with the reason.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagramPart(Part):
    """The picture of a network, or of one of its units in detail."""

    kind: ClassVar[str] = "diagram"
    variant: ArchitectureSpec = field(metadata=by(a_variant))
    unit: str = field(metadata=by(words), default="")

    def check(self, known: Known) -> None:
        """Refuse a unit that the network has not got."""
        if self.unit:
            groups = diagram(self.variant).groups
            names = [name for group in groups for unit in group.units for name in unit.members]
            checked(self.unit, names, "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersPart(Part):
    """The layer table of a network, or of one of its parts."""

    kind: ClassVar[str] = "layers"
    variant: ArchitectureSpec = field(metadata=by(a_variant))
    part: str = field(metadata=by(words), default="")
    kinds: str = field(metadata=by(one_of(LAYER_KINDS, "kinds")), default=LAYER_KINDS[0])

    def check(self, known: Known) -> None:
        """Refuse a part that the network has not got."""
        part_rows(self.variant, self.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersPart(Part):
    """What networks cost, a column each, with what differs from the first."""

    kind: ClassVar[str] = "numbers"
    variants: tuple[ArchitectureSpec, ...] = field(metadata=by(some_variants))
    quantities: tuple[str, ...] = field(
        metadata=by(some_of([quantity.name for quantity in QUANTITIES], "quantity")),
        default=("depth", "parameters", "macs"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePart(Part):
    """A measurement of untrained networks on one batch of noise."""

    variants: tuple[ArchitectureSpec, ...] = field(metadata=by(some_variants))
    batch: int = field(metadata=by(number_in(1, MAX_BATCH)), default=16)
    seed: int = field(metadata=by(number_in(0, 1_000_000)), default=0)

    @property
    def settings(self) -> ProbeSettings:
        """How it is measured."""
        return ProbeSettings(batch=self.batch, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientsPart(ProbePart):
    """The norm of the gradient, from the first layer to the last."""

    kind: ClassVar[str] = "gradients"
    quantity: str = field(metadata=by(one_of(GRADIENTS, "quantity")), default=GRADIENTS[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwaysPart(ProbePart):
    """The gradient through shortcut and branch, apart."""

    kind: ClassVar[str] = "pathways"
    quantity: str = field(metadata=by(one_of(PATHWAYS, "quantity")), default=PATHWAYS[0])

    def check(self, known: Known) -> None:
        """Refuse networks that have one pathway only."""
        _need_shortcuts(self.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsPart(Part):
    """How many paths of each length lead through networks."""

    kind: ClassVar[str] = "paths"
    variants: tuple[ArchitectureSpec, ...] = field(metadata=by(some_variants))

    def check(self, known: Known) -> None:
        """Refuse networks that have one path only."""
        _need_shortcuts(self.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPart(Part):
    """A live training, opened ready on its page."""

    kind: ClassVar[str] = "train"
    training: str = field(metadata=by(named("trainings", "training")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictPart(Part):
    """What networks with bundled weights say about a bundled photograph."""

    kind: ClassVar[str] = "predict"
    variants: tuple[ArchitectureSpec, ...] = field(metadata=by(some_variants))
    picture: str = field(metadata=by(named("pictures", "picture")))

    def check(self, known: Known) -> None:
        """Refuse networks without bundled weights."""
        for spec in self.variants:
            checked(str(spec), known.trained, "network with bundled weights")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingPart(Part):
    """An exercise: parameters or MACs of a layer, a unit, a stage or a whole network."""

    kind: ClassVar[str] = "counting"
    variant: ArchitectureSpec = field(metadata=by(a_variant))
    part: str = field(metadata=by(words), default="")
    count: str = field(metadata=by(one_of(COUNTS, "count")))

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """The layers that are counted."""
        return part_rows(self.variant, self.part)

    @property
    def answer(self) -> int:
        """The right number."""
        return int(getattr(sum_rows(self.rows), self.count))

    def check(self, known: Known) -> None:
        """Refuse a part that the network has not got, or that has nothing to count."""
        if not self.answer:
            raise ValueError(f"{self.part or self.variant} has no {self.count} to count")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPart(Part):
    """An experiment, with its own networks and choices."""

    kind: ClassVar[str] = "experiment"
    experiment: str = field(metadata=by(named("experiments", "experiment")))


PARTS: dict[str, type[Part]] = {
    part.kind: part
    for part in (
        DiagramPart,
        LayersPart,
        NumbersPart,
        GradientsPart,
        PathwaysPart,
        PathsPart,
        TrainPart,
        PredictPart,
        CountingPart,
        ExperimentPart,
    )
}
"""Every live part, by what it is called in a lesson."""


def _need_shortcuts(specs: Sequence[ArchitectureSpec]) -> None:
    for spec in specs:
        if not spec.residual:
            raise ValueError(f"{spec} has no shortcuts, so a single path leads through it")


def read_part(kind: str, given: Sequence[Field], line: int, known: Known) -> Part:
    """Read a live part.

    Args:
        kind: what it is called.
        given: its lines.
        line: where it begins.
        known: what it may name.
    Raises:
        FieldError: if anything is not understood.
    """
    if kind not in PARTS:
        raise FieldError(line, no_such("live part", kind, list(PARTS)))
    described = {each.name: each for each in fields(PARTS[kind])}
    needed = [name for name, each in described.items() if each.default is MISSING]
    check_keys(given, kind, line, needed, [name for name in described if name not in needed])
    values = {}
    for each in given:
        try:
            values[each.key] = described[each.key].metadata["read"](each.value, known)
        except ValueError as error:
            raise FieldError(each.line, f"{each.key}: {error}") from None
    try:
        part = PARTS[kind](**values)
        part.check(known)
    except ValueError as error:
        raise FieldError(line, f"{kind}: {error}") from None
    return part
