"""Tables as CSV, and the layer table in the columns that people read."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.analysis import Analysis, Total
from explorer.rows import LayerRow, row_as_dict


def layers_csv(analysis: Analysis) -> str:
    """Return the layer table as CSV; shapes are written C x H x W, totals are not a row."""
    return to_csv([row_as_dict(row) for row in analysis.layers])


LAYER_COLUMNS = ("Layer", "Kind", "What it does", "Output", "Parameters", "MACs")
NUMERIC = 3
"""How many of them, from the end, are aligned to the right."""


def layer_cells(analysis: Analysis) -> list[tuple[str, tuple[str, ...]]]:
    """Return each layer's stage and cells, and last the whole network's."""
    rows = [
        (row.stage, (row.name, row.kind, row.detail, *_figures(row.output_shape, row)))
        for row in analysis.layers
    ]
    total = ("Total", "", f"{len(rows):,} layers", *_figures(analysis.output_shape, analysis.total))
    return [*rows, ("", total)]


def _figures(shape: Sequence[int], counted: LayerRow | Total) -> tuple[str, str, str]:
    return "×".join(map(str, shape)), f"{counted.parameters:,}", f"{counted.macs:,}"


def to_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records of equal keys as CSV with a header; lists are written as 64x56x56."""
    if not records:
        return ""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({key: _cell(value) for key, value in record.items()})
    return stream.getvalue()


def _cell(value: object) -> object:
    return "x".join(map(str, value)) if isinstance(value, list | tuple) else value
