"""Tables as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.analysis import Analysis
from explorer.rows import row_as_dict


def layers_csv(analysis: Analysis) -> str:
    """Return the layer table as CSV; shapes are written C x H x W, totals are not a row."""
    return to_csv([row_as_dict(row) for row in analysis.layers])


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
