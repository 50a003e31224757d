"""How printed tables are written down: each figure with its unit, conditions and source."""

from collections.abc import Iterator
from typing import NamedTuple


class Result(NamedTuple):
    """One printed figure: of what, its value with its unit, how it was measured, and where."""

    quantity: str
    value: str
    conditions: str
    source: str


class Paper(NamedTuple):
    """A paper; its identifier is that of arXiv, or a DOI where it is not there."""

    authors: str
    year: int
    name: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.authors} {self.year}, {self.name}, {self.identifier}"

    def at(self, place: str) -> str:
        """Return the source of what a table or a section prints."""
        return f"{self.authors} {self.year}, {place}, {self.identifier}"


class Column(NamedTuple):
    """What a table's column prints: of what, in which unit, and how it was measured."""

    quantity: str
    unit: str
    conditions: str


class Table(NamedTuple):
    """A printed table: a line for each network, its text form and a value for each column.

    A value of `-` is one that is not printed.
    """

    source: str
    columns: tuple[Column, ...]
    lines: str

    def results(self) -> Iterator[tuple[str, Result]]:
        """Yield the text form and the result of every figure."""
        for line in self.lines.strip().splitlines():
            text, *values = line.split()
            for column, value in zip(self.columns, values, strict=True):
                if value != "-":
                    quantity, unit, conditions = column
                    yield text, Result(quantity, value + unit, conditions, self.source)


def errors(conditions: str) -> tuple[Column, Column]:
    """Return the columns of both errors on ImageNet's validation set."""
    return (
        Column("top-1 error", " %", f"ImageNet validation, {conditions}"),
        Column("top-5 error", " %", f"ImageNet validation, {conditions}"),
    )


def accuracies(conditions: str) -> tuple[Column, Column]:
    """Return the columns of both accuracies on ImageNet's validation set."""
    return (
        Column("top-1 accuracy", " %", f"ImageNet validation, {conditions}"),
        Column("top-5 accuracy", " %", f"ImageNet validation, {conditions}"),
    )


def test_error(conditions: str) -> Column:
    """Return the column of an error on a test set."""
    return Column("test error", " %", conditions)


PARAMETERS = Column("parameters", " M", "the whole network")
MACS = Column("MACs", "e9", "one image of 224 × 224; printed as FLOPs (multiply-adds)")
LAYERS = Column("weighted layers", "", "as the paper counts depth")

KERAS = "github.com/keras-team/keras-applications, README"
TORCHVISION = "github.com/pytorch/vision, torchvision 0.28.0 weights"
