"""The layer table as a Markdown table."""

import re

from explorer.analysis import Analysis
from explorer.export.table import LAYER_COLUMNS, NUMERIC, layer_cells
from explorer.words import sentence, title


def layers_markdown(analysis: Analysis) -> str:
    """Return the layer table under a heading, as GitHub's Markdown; the last row is the total."""
    left = len(LAYER_COLUMNS) - NUMERIC
    lines = [
        f"## Layers of {_escaped(title(analysis.spec))}",
        "",
        f"`{analysis.spec}`: {_escaped(sentence(analysis.spec))} For one picture.",
        "",
        _line(LAYER_COLUMNS),
        _line(("---",) * left + ("---:",) * NUMERIC),
    ]
    for _, cells in layer_cells(analysis):
        lines.append(_line(tuple(map(_escaped, cells))))
    return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    r"""Return a text that means itself: `conv2_x` is `conv2\_x`."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", text)
