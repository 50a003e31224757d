"""The PNG of a drawing, pixel by pixel against the drawing's own record."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageFont

from explorer import assets
from explorer.diagram import diagram
from explorer.figures.diagram import network_drawing
from explorer.figures.drawing import (
    DARK,
    LIGHT,
    Box,
    Dot,
    Drawing,
    Head,
    Line,
    Sheet,
    Words,
    text_width,
)
from explorer.figures.font import NAME, WEIGHTS
from explorer.figures.microscope import unit_drawing
from explorer.figures.png import MAX_PIXELS, to_png
from explorer.spec import parse

DRAWINGS = {
    "network": network_drawing(diagram(parse("resnet50v2")), "any", LIGHT),
    "folded": network_drawing(diagram(parse("resnet1202-cifar")), "any", DARK),
    "unit": unit_drawing(diagram(parse("seresnet50")).find("layer2.0")[1], "any", DARK),
}


def picture(drawing: Drawing) -> Image.Image:
    image = Image.open(BytesIO(to_png(drawing)))
    assert image.format == "PNG" and image.mode == "RGB"
    return image


def elements(drawing, kind):
    return [element for element in drawing.elements if isinstance(element, kind)]


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_it_is_as_wide_as_a_projector_and_has_the_drawings_shape(drawing):
    image = picture(drawing)
    assert image.width == 2560
    assert abs(image.height - 2560 * drawing.height / drawing.width) <= 1


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(1500, 900, (3000, 1800)), (400, 400, (2560, 2560)), (500, 8000, (1225, 19596))],
)
def test_a_wide_drawing_is_doubled_and_a_tall_one_kept_small(width, height, size):
    image = picture(Sheet(LIGHT).finish(width, height, "", ""))
    assert image.size == size
    assert image.width * image.height <= 1.001 * MAX_PIXELS
    assert image.getcolors() == [(image.width * image.height, rgb(LIGHT.ground))]


@pytest.mark.parametrize("drawing", DRAWINGS.values(), ids=DRAWINGS)
def test_shapes_are_where_the_record_says(drawing):
    image = picture(drawing)
    scale = image.width / drawing.width

    def at(x, y):
        return image.getpixel((round(x * scale), round(y * scale)))

    for box in elements(drawing, Box):
        middle, right = box.y + box.height / 2, box.x + box.width
        for x in (box.x + 1, right - 1):
            assert at(x, middle) == rgb(box.fill) or covered(drawing, box, x, middle)
        for x in (box.x - 1, right + 1):
            assert at(x, middle) != rgb(box.fill)
    for dot in elements(drawing, Dot):
        assert at(dot.x, dot.y - 0.8 * dot.radius) == rgb(dot.fill)
        assert at(dot.x + 0.8 * dot.radius, dot.y + 0.8 * dot.radius) != rgb(dot.fill)
    for head in elements(drawing, Head):
        x, y = (sum(corner[axis] for corner in head.corners) / 3 for axis in (0, 1))
        assert at(x, y) == rgb(head.fill)


def covered(drawing, below, x, y):
    """Whether something drawn after a box lies over it there."""
    later = drawing.elements[drawing.elements.index(below) + 1 :]
    boxes = [other for other in later if isinstance(other, Box)]
    lines = [other for other in later if isinstance(other, Line)]
    return any(
        other.x <= x <= other.x + other.width and other.y <= y <= other.y + other.height
        for other in boxes
    ) or any(abs(y - point[1]) <= 2 for line in lines for point in line.points)


@pytest.mark.parametrize("arrow", [False, True])
def test_a_line_turns_its_corners(arrow):
    sheet = Sheet(LIGHT)
    sheet.line((20, 80), (20, 20), (80, 20), (80, 60), arrow=arrow)
    image = picture(sheet.finish(100, 100, "", ""))
    line, ground = rgb(LIGHT.line), rgb(LIGHT.ground)
    for x, y in ((20, 60), (50, 20), (80, 35)):
        assert image.getpixel((x * 25.6, y * 25.6)) == line
    assert image.getpixel((20.2 * 25.6, 20.2 * 25.6)) == ground  # rounded
    assert image.getpixel((22.3 * 25.6, 22.3 * 25.6)) == line  # where the curve is half-way round
    assert image.getpixel((78 * 25.6, 52.5 * 25.6)) == (line if arrow else ground)
    assert image.getpixel((80 * 25.6, 61 * 25.6)) == ground


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("weight", WEIGHTS)
def test_words_stand_on_their_line_and_keep_to_their_width(anchor, weight):
    sheet = Sheet(LIGHT)
    sheet.words(200, 60, "ReLU 64 × 56", 20, anchor=anchor, weight=weight)
    image = picture(sheet.finish(400, 100, "", ""))
    left, top, right, bottom = (edge / 6.4 for edge in ink(image, LIGHT.ground))
    width = text_width("ReLU 64 × 56", 20)
    before = {"start": 0, "middle": 0.5, "end": 1}[anchor]
    assert 200 - before * width <= left < right <= 200 + (1 - before) * width
    assert abs((left - 200) * (1 - before) + (right - 200) * before) < 3
    assert right - left > 0.8 * width
    assert 44 < top < 48 and 59 < bottom < 61


def ink(image, ground):
    """Left, top, right and bottom of what is not ground."""
    return ImageChops.difference(image, Image.new("RGB", image.size, ground)).getbbox()


def test_the_font_has_every_sign_and_none_is_wider_than_thought():
    signs = {sign for d in DRAWINGS.values() for words in elements(d, Words) for sign in words.text}
    for weight in WEIGHTS:
        font = ImageFont.truetype(assets.FOLDER / NAME, 1000)
        font.set_variation_by_axes([weight])
        unknown = bytes(font.getmask("\N{SNOWMAN}"))
        for sign in signs | {chr(code) for code in range(33, 127)} | set("×·−–→°²αβσ"):
            assert bytes(font.getmask(sign)) != unknown or sign == " ", sign
            assert font.getlength(sign) <= text_width(sign, 1000), sign
