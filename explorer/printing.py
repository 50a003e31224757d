"""How the command line prints: JSON, and tables of aligned columns."""

import json
import math
from collections.abc import Sequence
from typing import Any


def print_json(value: Any) -> None:
    """Print plain data as JSON; numbers it has no word for become texts."""
    print(json.dumps(_finite(value), indent=2, allow_nan=False, ensure_ascii=False))


def _finite(value: Any) -> Any:
    """Replace what JSON has no number for by its name: NaN, Infinity, -Infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


def print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], numeric: int) -> None:
    """Print rows under a header; the last `numeric` columns are aligned to the right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    for row in [header, *rows]:
        cells = [
            cell.rjust(width) if n >= len(header) - numeric else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
