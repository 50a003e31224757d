"""A drawing as PNG, large enough for a projector."""

from collections.abc import Callable, Mapping
from io import BytesIO
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from explorer import assets
from explorer.figures.drawing import Box, Dot, Drawing, Head, Line, Point, Words
from explorer.figures.font import NAME

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH = 2560
MAX_PIXELS = 24_000_000
FINER = 2
"""Pixels are averaged from so many rows and columns each."""
BAND = 1024
"""Rows drawn at once, which bounds the memory."""
CURVE_STEPS = 12


def to_png(drawing: Drawing) -> bytes:
    """Return a drawing as a PNG file.

    It is 2,560 pixels wide or twice the drawing's width, whichever is more; a drawing that would
    then have more than 24 million pixels is smaller.
    """
    from PIL import Image, ImageDraw

    scale = png_scale(drawing)
    width, height = round(drawing.width * scale), round(drawing.height * scale)
    image = Image.new("RGB", (width, height))
    fonts: _Fonts = {}
    for top in range(0, height, BAND):
        rows = min(BAND, height - top)
        band = Image.new("RGB", (width * FINER, rows * FINER), drawing.ground)
        pen = _Pen(ImageDraw.Draw(band), scale * FINER, top * FINER, band.height, fonts)
        for element in drawing.elements:
            _WRITERS[type(element)](pen, element)
        image.paste(band.reduce(FINER), (0, top))
    file = BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def png_scale(drawing: Drawing) -> float:
    """Return the pixels of the PNG for each unit of a drawing."""
    largest = sqrt(MAX_PIXELS / (drawing.width * drawing.height))
    return min(max(2.0, WIDTH / drawing.width), largest)


_Fonts: TypeAlias = "dict[tuple[float, int], FreeTypeFont]"


class _Pen(NamedTuple):
    """Draws on a band of the picture: so large, from this row on, so many rows."""

    draw: "ImageDraw"
    scale: float
    top: int
    rows: int
    fonts: _Fonts

    def at(self, x: float, y: float) -> Point:
        return x * self.scale, y * self.scale - self.top

    def font(self, size: float, weight: int) -> "FreeTypeFont":
        from PIL import ImageFont

        if (size, weight) not in self.fonts:
            font = ImageFont.truetype(BytesIO(assets.read(NAME)), size * self.scale)
            font.set_variation_by_axes([weight])
            self.fonts[size, weight] = font
        return self.fonts[size, weight]


def _box(pen: _Pen, box: Box) -> None:
    (left, top), radius = pen.at(box.x, box.y), box.radius * pen.scale
    right, bottom = pen.at(box.x + box.width, box.y + box.height)
    pen.draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius, box.fill)


def _words(pen: _Pen, words: Words) -> None:
    (x, y), height = pen.at(words.x, words.y), words.size * pen.scale
    if -height < y < pen.rows + height:
        font = pen.font(words.size, words.weight)
        pen.draw.text((x, y), words.text, words.fill, font, _ANCHORS[words.anchor])


_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def _line(pen: _Pen, line: Line) -> None:
    points = [line.points[0]]
    for bend in line.bends:
        points += [_on_curve(bend, step / CURVE_STEPS) for step in range(CURVE_STEPS + 1)]
    points.append(line.points[-1])
    way = [pen.at(*point) for point in points]
    pen.draw.line(way, line.colour, round(line.width * pen.scale), joint="curve")


def _on_curve(bend: tuple[Point, Point, Point], part: float) -> Point:
    """Return a point of the quadratic Bezier curve that SVG draws there."""
    (x0, y0), (x1, y1), (x2, y2) = bend
    a, b, c = (1 - part) ** 2, 2 * (1 - part) * part, part**2
    return a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2


def _head(pen: _Pen, head: Head) -> None:
    pen.draw.polygon([pen.at(*corner) for corner in head.corners], head.fill)


def _dot(pen: _Pen, dot: Dot) -> None:
    pen.draw.circle(pen.at(dot.x, dot.y), dot.radius * pen.scale, dot.fill)


_WRITERS: Mapping[type, Callable[[_Pen, Any], None]] = {
    Box: _box,
    Words: _words,
    Line: _line,
    Head: _head,
    Dot: _dot,
}
