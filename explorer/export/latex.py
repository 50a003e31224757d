"""The layer table for a paper: a LaTeX longtable with the rules of booktabs."""

import re

from explorer.analysis import Analysis
from explorer.export.table import LAYER_COLUMNS, NUMERIC, layer_cells
from explorer.words import title

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "×": r"$\times$",
    "−": r"$-$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}

_FRAME = r"""% Layers of {text}; in the preamble: \usepackage{{booktabs,longtable}}
\begingroup
\footnotesize
\setlength{{\tabcolsep}}{{3pt}}
\setlength{{\LTleft}}{{0pt plus 1fill minus 1fill}} % a wide table stands out on both sides
\setlength{{\LTright}}{{\LTleft}}
\begin{{longtable}}{{{columns}}}
\caption{{Layers of {title} (\texttt{{{escaped_text}}}), for one picture.}}
\label{{tab:{label}}}\\
\toprule
{head}
\midrule
\endfirsthead
\toprule
{head}
\midrule
\endhead
\midrule
\multicolumn{{{count}}}{{r@{{}}}}{{continued on the next page}}\\
\endfoot
\bottomrule
\endlastfoot
{body}
\midrule
{total}
\end{{longtable}}
\endgroup
"""


def layers_latex(analysis: Analysis) -> str:
    """Return the layer table, a little apart between stages; the last row is the total."""
    *layers, (_, total) = layer_cells(analysis)
    body: list[str] = []
    previous = layers[0][0]
    for stage, (name, *cells) in layers:
        if stage != previous:
            body.append(r"\addlinespace")
        body.append(_row([f"\\texttt{{{escaped(name)}}}", *map(escaped, cells)]))
        previous = stage
    left = len(LAYER_COLUMNS) - NUMERIC
    return _FRAME.format(
        text=analysis.spec,
        columns="@{}" + "l" * left + "r" * NUMERIC + "@{}",
        title=escaped(title(analysis.spec)),
        escaped_text=escaped(str(analysis.spec)),
        label=re.sub(r"[^a-z0-9]+", "-", str(analysis.spec)),
        head=_row(list(LAYER_COLUMNS)),
        count=len(LAYER_COLUMNS),
        body="\n".join(body),
        total=_row(list(map(escaped, total))),
    )


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """Return a text that LaTeX prints as it stands."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
