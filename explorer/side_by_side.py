"""Two to four networks side by side: numbers, stages and published results, all against the first.

What differs in their choices says `conformance.differences`, in their layers `alignment`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from explorer import alignment, conformance
from explorer.alignment import by_position, joined_names
from explorer.analysis import Analysis, analyze
from explorer.catalog import published
from explorer.spec import ArchitectureSpec, SpecError
from explorer.tray import LETTERS, MAX_VARIANTS
from explorer.words import title

Specs: TypeAlias = Sequence[ArchitectureSpec]


class Quantity(NamedTuple):
    """A number of a network: an attribute of its analysis, and whether it is a cost."""

    name: str
    title: str
    unit: str
    is_cost: bool


QUANTITIES = (
    Quantity("parameters", "Parameters", "", True),
    Quantity("macs", "MACs (one picture)", "", True),
    Quantity("flops", "FLOPs (2 × MACs)", "", True),
    Quantity("weights_bytes", "Weights", "MB", True),
    Quantity("saved_for_backward_bytes", "Training keeps (one picture)", "MB", True),
    Quantity("peak_inference_bytes", "Prediction peak (one picture)", "MB", True),
    Quantity("arithmetic_intensity", "Intensity", "FLOPs/byte", False),
    Quantity("depth", "Depth (weighted layers)", "", False),
    Quantity("receptive_field", "Receptive field", "px", False),
    Quantity("layers", "Layers of all kinds", "", False),
)
"""What is put side by side, in this order."""


class Figure(NamedTuple):
    """A number of one network, what it has more than the first's, and whether it is the best.

    `share` is the difference as a share of the first's number. The smallest cost is the best;
    where all are equal, or the number is no cost, none is.
    """

    value: float
    difference: float
    share: float
    best: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of all networks."""

    quantity: Quantity
    figures: tuple[Figure, ...]


class StageFigures(NamedTuple):
    """What one network has in a stage.

    `output_bytes` are those of all its layers, for one picture; `receptive_field` is None where
    the whole picture is seen.
    """

    stage: str
    parameters: int
    macs: int
    output_bytes: int
    receptive_field: int | None


class StageRow(NamedTuple):
    """The stages of all networks in one place; None where a network has none there."""

    name: str
    figures: tuple[StageFigures | None, ...]


class PublishedRow(NamedTuple):
    """What is printed of each network for one quantity under the same conditions.

    `values` holds for each network its printed figures, each with its source.
    """

    quantity: str
    conditions: str
    values: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def is_accuracy(self) -> bool:
        """Whether it tells how often a network is right."""
        return "error" in self.quantity or "accuracy" in self.quantity


def check_count(specs: Specs) -> None:
    """Refuse too few or too many networks.

    Raises:
        SpecError: with the reason.
    """
    if not 2 <= len(specs) <= MAX_VARIANTS:
        raise SpecError(f"a comparison takes 2 to {MAX_VARIANTS} variants, not {len(specs)}")


def numbers(specs: Specs) -> tuple[Row, ...]:
    """Put the numbers of networks side by side."""
    found = [analyze(spec) for spec in specs]
    return tuple(_row(quantity, found) for quantity in QUANTITIES)


def _row(quantity: Quantity, found: Sequence[Analysis]) -> Row:
    values = [_value(analysis, quantity.name) for analysis in found]
    first, least = values[0], min(values)
    marked = quantity.is_cost and least < max(values)
    return Row(
        quantity,
        tuple(
            Figure(value, value - first, (value - first) / first, marked and value == least)
            for value in values
        ),
    )


def _value(analysis: Analysis, name: str) -> float:
    value: Any = getattr(analysis, name)
    return len(value) if name == "layers" else value


def value_words(quantity: Quantity, value: float, signed: bool = False) -> str:
    """Write a number with its unit; a difference with its sign."""
    sign = "+" if signed else ""
    if quantity.unit == "MB":
        return f"{value / 1e6:{sign},.2f} MB".replace("-", "−")
    number = f"{value:{sign},}" if isinstance(value, int) else f"{value:{sign},.1f}"
    return f"{number} {quantity.unit}".strip().replace("-", "−")


def difference_words(quantity: Quantity, figure: Figure) -> str:
    """Write what a number has more than the first one: `−8,448 (−0.04%)`, or `same`."""
    if not figure.difference:
        return "same"
    share = f"{figure.share:+.1%}" if abs(figure.share) >= 0.001 else f"{figure.share:+.2%}"
    told = value_words(quantity, figure.difference, signed=True)
    return f"{told} ({share.replace('-', '−')})"


def stages(specs: Specs) -> tuple[StageRow, ...]:
    """Put the stages of networks side by side, aligned by position and the last with the last."""
    places = by_position([_stage_figures(analyze(spec)) for spec in specs])
    return tuple(
        StageRow(joined_names(each and each.stage for each in place), place) for place in places
    )


def _stage_figures(analysis: Analysis) -> list[StageFigures]:
    fields: dict[str, int | None] = {}
    for row in analysis.layers:  # the last row of a stage sees the most
        fields[row.stage] = row.receptive_field
    return [
        StageFigures(name, total.parameters, total.macs, total.output_bytes, fields[name])
        for name, total in analysis.by("stage").items()
    ]


def published_rows(specs: Specs) -> tuple[PublishedRow, ...]:
    """Put printed figures side by side, a row for each way of measuring."""
    found: dict[tuple[str, str], list[list[tuple[str, str]]]] = {}
    for place, entry in enumerate(map(published, specs)):
        for result in entry.results if entry else ():
            key = (result.quantity, result.conditions)
            values = found.setdefault(key, [[] for _ in specs])
            values[place].append((result.value, result.source))
    rows = (PublishedRow(*key, tuple(map(tuple, values))) for key, values in found.items())
    return tuple(sorted(rows, key=lambda row: (not row.is_accuracy, row.values.count(()))))


def cautions(specs: Specs) -> tuple[str, ...]:
    """Say why published accuracies of some networks cannot simply be set against each other."""
    rows = [row for row in published_rows(specs) if row.is_accuracy]
    known = [n for n in range(len(specs)) if any(row.values[n] for row in rows)]
    told = []
    missing = [LETTERS[n] for n in range(len(specs)) if n not in known]
    if known and missing:
        told.append(f"No published accuracy of {_listed(missing)} is known here.")
    if len(known) < 2:
        return tuple(told)
    shared = [row for row in rows if all(row.values[n] for n in known)]
    if not shared:
        told.append(
            f"The evaluations of {_listed([LETTERS[n] for n in known])} differ: no figure of all "
            "of them was measured alike. Crops, picture size and training recipe move accuracy by "
            "as much as the network does."
        )
    elif len(shared) < len(rows):
        told.append(
            "Compare along a row only: evaluations differ from row to row in crops, picture size "
            "or training recipe."
        )
    if any(_sources_differ(row, known) for row in shared):
        told.append(
            "Where the sources in a row differ, so may the training: the same network is printed "
            "with different figures."
        )
    return tuple(told)


def _sources_differ(row: PublishedRow, known: Sequence[int]) -> bool:
    sources = [{source for _, source in row.values[n]} for n in known]
    return not set.intersection(*sources)


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def table(specs: Specs) -> list[tuple[str, ...]]:
    """Return the numbers as cells, a heading first: each network's, and what differs from A's."""
    header = ["", LETTERS[0]]
    for letter in LETTERS[1 : len(specs)]:
        header += [letter, f"{letter} − {LETTERS[0]}"]
    rows = [tuple(header)]
    for row in numbers(specs):
        first, *others = row.figures
        cells = [row.quantity.title, value_words(row.quantity, first.value)]
        for figure in others:
            cells += [value_words(row.quantity, figure.value)]
            cells += [difference_words(row.quantity, figure)]
        rows.append(tuple(cells))
    return rows


def words(specs: Specs) -> Iterator[str]:
    """Yield lines that say what turns the first network into each of the others."""
    first, *others = specs
    yield ""
    for letter, spec in zip(LETTERS, specs, strict=False):
        yield f"{letter}: {title(spec)} ({spec})"
    for letter, other in zip(LETTERS[1:], others, strict=False):
        yield f"\n{letter} instead of {LETTERS[0]}:"
        yield from (f"  {choice}" for choice in conformance.differences(first, other))
        found = alignment.differences(first, other)
        for stage in found:
            yield from (f"  {stage.name}, {line}" for line in stage.lines)
        if same := alignment.folded(found):
            yield f"  unchanged: {same}"


def as_dict(specs: Specs) -> dict[str, Any]:
    """Return the whole comparison as plain data, as `compare --json` prints it.

    Raises:
        SpecError: for too few or too many networks.
    """
    check_count(specs)
    first, *others = specs
    return {
        "variants": [str(spec) for spec in specs],
        "numbers": {
            row.quantity.name: [figure._asdict() for figure in row.figures]
            for row in numbers(specs)
        },
        "differences": [_difference(first, other) for other in others],
        "stages": [
            {"name": row.name, "variants": [each and each._asdict() for each in row.figures]}
            for row in stages(specs)
        ],
        "published": [
            {
                "quantity": row.quantity,
                "conditions": row.conditions,
                "values": [
                    [{"value": value, "source": source} for value, source in values]
                    for values in row.values
                ],
            }
            for row in published_rows(specs)
        ],
        "cautions": list(cautions(specs)),
    }


def _difference(first: ArchitectureSpec, other: ArchitectureSpec) -> dict[str, Any]:
    choices = conformance.differences(first, other)
    found = alignment.differences(first, other)
    return {
        "variant": str(other),
        "choices": [choice.words for choice in choices],
        "layers": [line for stage in found for line in stage.as_dicts()],
    }
