"""A drawing as SVG, which needs nothing else: its font is inside."""

from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from explorer.figures.drawing import Box, Dot, Drawing, Head, Line, Point, Words
from explorer.figures.font import FAMILY, font_face


def to_svg(drawing: Drawing) -> str:
    """Return a drawing as the text of an SVG file."""
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    title, description = escape(drawing.title), escape(drawing.description)
    elements = "".join(_WRITERS[type(element)](element) for element in drawing.elements)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title desc" '
        f"font-family=\"{FAMILY}, 'Source Sans 3', 'Segoe UI', Helvetica, Arial, sans-serif\">"
        f'<title id="title">{title}</title><desc id="desc">{description}</desc>'
        f"<style>{font_face()}</style>"
        f'<rect width="100%" height="100%" fill="{drawing.ground}"/>{elements}</svg>'
    )


def _box(box: Box) -> str:
    return (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" '
        f'rx="{box.radius:g}" fill="{box.fill}"/>'
    )


def _words(words: Words) -> str:
    return (
        f'<text x="{words.x:g}" y="{words.y:g}" font-size="{words.size:g}" '
        f'font-weight="{words.weight}" text-anchor="{words.anchor}" fill="{words.fill}">'
        f"{escape(words.text)}</text>"
    )


def _line(line: Line) -> str:
    start, end = line.points[0], line.points[-1]
    bends = (f"L{_at(a)} Q{_at(corner)} {_at(b)} " for a, corner, b in line.bends)
    return (
        f'<path d="M{_at(start)} {"".join(bends)}L{_at(end)}" fill="none" '
        f'stroke="{line.colour}" stroke-width="{line.width:g}"/>'
    )


def _head(head: Head) -> str:
    corners = " ".join(map(_at, head.corners))
    return f'<polygon points="{corners}" fill="{head.fill}"/>'


def _at(point: Point) -> str:
    return f"{point[0]:g} {point[1]:g}"


def _dot(dot: Dot) -> str:
    return f'<circle cx="{dot.x:g}" cy="{dot.y:g}" r="{dot.radius:g}" fill="{dot.fill}"/>'


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    Box: _box,
    Words: _words,
    Line: _line,
    Head: _head,
    Dot: _dot,
}
