"""A comparison as one HTML file that needs nothing else: to be read offline, printed, handed in."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from explorer import __version__, alignment, conformance, side_by_side
from explorer.diagram import diagram
from explorer.export.charts import gradient_chart, stage_charts
from explorer.figures.diagram import network_drawing
from explorer.figures.style import VARIANT_COLOURS
from explorer.figures.svg import to_svg
from explorer.tray import LETTERS, Variant
from explorer.words import change, sentence

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2430; max-width: 72rem; margin: 2rem auto;
       padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccd3db; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #dfe4ea; text-align: left;
         vertical-align: top; }
td.number, th.number { text-align: right; } td small { color: #54606e; }
th { white-space: nowrap; } code { font-size: .9em; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
.dot { display: inline-block; width: .8em; height: .8em; border-radius: 50%; }
.wide { overflow-x: auto; } figure { margin: 1rem 0; } figcaption { font-weight: 600; }
@media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; }
               figure, tr { break-inside: avoid; } }
"""


def report(
    variants: Sequence[Variant],
    profiles: "Sequence[GradientProfile]" = (),
    link: str = "",
    date: str = "",
) -> str:
    """Write a comparison, or a single network, as HTML.

    Args:
        variants: one to four; the first is what the others are held against.
        profiles: gradients that were measured, one of each variant, or none.
        link: address at which the comparison can be opened again.
        date: of the report, as it is to be printed.
    """
    heading = " | ".join(variant.title for variant in variants)
    sections = [
        ("Variants", _variants(variants)),
        ("What is chosen differently", _choices(variants)),
        ("Numbers", _numbers(variants)),
        ("What changes, stage by stage", _changes(variants)),
        ("By stage", "".join(stage_charts(variants))),
        ("Gradients at initialisation", _gradients(variants, profiles)),
        ("As published", _published(variants)),
        ("Pictures", _pictures(variants)),
        ("How the numbers are counted", _provenance(link, date)),
    ]
    body = "".join(f"<h2>{name}</h2>\n{content}\n" for name, content in sections if content)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(heading)}</h1>\n{body}</body>\n</html>\n"
    )


def _dot(place: int) -> str:
    return f'<span class="dot" style="background:{VARIANT_COLOURS[place]}"></span>'


def _table(header: Iterable[str], rows: Iterable[Iterable[str]], numeric: bool = False) -> str:
    """Write cells that are HTML already; a numeric table's are, but for the first column."""
    kind = ' class="number"' if numeric else ""

    def row(cells: Iterable[str], tag: str) -> str:
        first, *rest = cells
        return f"<tr><{tag}>{first}</{tag}>" + "".join(
            f"<{tag}{kind}>{cell}</{tag}>" for cell in rest
        )

    lines = [row(header, "th"), *(row(cells, "td") for cells in rows)]
    return f'<div class="wide"><table>{"</tr>".join(lines)}</tr></table></div>'


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _variants(variants: Sequence[Variant]) -> str:
    rows = (
        (
            f"{_dot(n)} {LETTERS[n]}",
            f"{escape(variant.title)}<br><code>{escape(str(variant.spec))}</code>",
            escape(sentence(variant.spec)),
        )
        for n, variant in enumerate(variants)
    )
    return _table(("", "Variant", "In words"), rows)


def _others(variants: Sequence[Variant]) -> Iterator[tuple[str, Variant]]:
    """Yield each variant but the first, with its heading."""
    for n, variant in enumerate(variants[1:], start=1):
        yield f"<h3>{_dot(n)} {LETTERS[n]} against A: {escape(variant.title)}</h3>", variant


def _choices(variants: Sequence[Variant]) -> str:
    first = variants[0].spec
    parts = []
    for heading, variant in _others(variants):
        found = [str(each) for each in conformance.differences(first, variant.spec)]
        parts.append(heading + (_list(found) or "<p>Nothing: the same choices.</p>"))
    return "".join(parts)


def _numbers(variants: Sequence[Variant]) -> str:
    rows = []
    for row in side_by_side.numbers([variant.spec for variant in variants]):
        cells = [escape(row.quantity.title)]
        for n, figure in enumerate(row.figures):
            value = escape(side_by_side.value_words(row.quantity, figure.value))
            value = f"<strong>{value}</strong>" if figure.best else value
            difference = escape(side_by_side.difference_words(row.quantity, figure))
            cells.append(f"{value}<br><small>{difference}</small>" if n else value)
        rows.append(cells)
    header = ("", *(f"{_dot(n)} {LETTERS[n]}" for n in range(len(variants))))
    note = "<p>Small print: the difference from A. Bold: the lowest cost.</p>"
    return _table(header, rows, numeric=True) + (note if len(variants) > 1 else "")


def _changes(variants: Sequence[Variant]) -> str:
    parts = []
    for heading, variant in _others(variants):
        found = alignment.differences(variants[0].spec, variant.spec)
        parts.append(heading)
        for stage in found:
            if stage.lines:
                kept = [f"{stage.unchanged}: unchanged"] if stage.unchanged else []
                parts.append(f"<h4>{escape(stage.name)}</h4>")
                parts.append(_list([*map(str, stage.lines), *kept]))
        same = alignment.folded(found)
        parts.append(f"<p>Nothing differs in: {escape(same)}.</p>" if same else "")
    return "".join(parts)


def _gradients(variants: Sequence[Variant], profiles: "Sequence[GradientProfile]") -> str:
    if not profiles:
        return ""
    first = profiles[0]
    findings = (
        f"{variant.title}: towards the input, the gradient at the outputs {change(profile.growth)}."
        for variant, profile in zip(variants, profiles, strict=True)
    )
    fed = f"One batch of {first.settings.fed}; {first.settings.words}."
    return gradient_chart(variants, profiles) + _list(findings) + f"<p>{escape(fed)}</p>"


def _published(variants: Sequence[Variant]) -> str:
    specs = [variant.spec for variant in variants]
    found = side_by_side.published_rows(specs)
    if not found:
        return ""
    rows = (
        (
            f"{escape(row.quantity)}<br><small>{escape(row.conditions)}</small>",
            *(
                "<br>".join(
                    f"{escape(value)} <small>{escape(source)}</small>" for value, source in values
                )
                for values in row.values
            ),
        )
        for row in found
    )
    header = ("", *(f"{_dot(n)} {LETTERS[n]}" for n in range(len(variants))))
    return _list(side_by_side.cautions(specs)) + _table(header, rows)


def _pictures(variants: Sequence[Variant]) -> str:
    parts = []
    for n, variant in enumerate(variants):
        drawing = network_drawing(diagram(variant.spec), variant.title)
        source = b64encode(to_svg(drawing).encode()).decode()
        caption = f"{_dot(n)} {LETTERS[n]}: {escape(variant.title)}"
        image = (
            f'<img alt="{escape(drawing.title, quote=True)}" '
            f'src="data:image/svg+xml;base64,{source}">'
        )
        parts.append(f"<figure><figcaption>{caption}</figcaption>{image}</figure>")
    return "".join(parts)


def _provenance(link: str, date: str) -> str:
    lines = [
        "Parameters are learnable numbers. MACs are multiply-accumulates, one "
        "multiplication and one addition each, of convolutions and linear layers for one picture, "
        "biases not counted; FLOPs are 2 × MACs. Memory is in "
        "float32, 1 MB is 1,000,000 bytes.",
        f"Computed by ResNet Explorer {__version__}{f' on {date}' if date else ''}.",
    ]
    opened = f'<p>Open it again: <a href="{escape(link, quote=True)}">{escape(link)}</a></p>'
    return _list(lines) + (opened if link else "")
