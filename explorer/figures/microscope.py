"""One unit under the microscope: layers from top to bottom, the skip connection beside them."""

from typing import NamedTuple, TypeAlias

from explorer.diagram import Part, Parts, Unit
from explorer.diagram_words import formula, shape_words
from explorer.figures.drawing import (
    LIGHT,
    Drawing,
    Point,
    Sheet,
    Theme,
    ink_on,
    kind_colour,
    text_width,
)

MARGIN = 6
MIN_WIDTH = 480  # so that the words of most units are of one size on the page
SIZE = 14
LINE = 18
BOX_HEIGHT = 3 * LINE + 10
GAP = 22
RADIUS = 16
SPLIT = 12
BESIDE = 20
SKIP_WIDTH = 110


def unit_drawing(unit: Unit, title: str, theme: Theme = LIGHT) -> Drawing:
    """Draw one unit; each box says layer, what it does, its output's shape and its parameters.

    Args:
        unit: what to show.
        title: the unit's name and its network's.
        theme: colours of ground, lines and words.
    """
    sheet = Sheet(theme)
    before, branch, shortcut, after = (
        _cards(unit, parts) for parts in (unit.before, unit.branch, unit.shortcut, unit.after)
    )
    main = _column_width(before + branch + after)
    aside = max(SKIP_WIDTH, _column_width(shortcut)) if unit.addition else 0
    needed = 2 * MARGIN + main + (BESIDE + aside if aside else 0)
    width = max(MIN_WIDTH, needed)
    centre = (width - needed) / 2 + MARGIN + main / 2
    y = _words(sheet, centre, MARGIN, "x")
    y = _column(sheet, before, centre, main, y)
    if unit.addition is None:
        y = _column(sheet, branch, centre, main, y)
    else:
        split, beside = y + SPLIT, centre + main / 2 + BESIDE + aside / 2
        sheet.line((centre, y), (centre, split + SPLIT))
        y = _column(sheet, branch, centre, main, split)
        least = split + GAP + len(shortcut) * (BOX_HEIGHT + GAP)
        y = _addition(sheet, unit.addition, centre, y, max(y, least))
        _skip(sheet, unit, shortcut, (centre, beside), (split, y - RADIUS))
    y = _column(sheet, after, centre, main, y)
    _arrow(sheet, centre, y, y + GAP)
    y = _words(sheet, centre, y + GAP + 2, "y")
    return sheet.finish(width, y + MARGIN, title, f"y = {formula(unit)}")


class _Card(NamedTuple):
    """What a layer's box says."""

    kind: str
    lines: tuple[str, str, str]


_Cards: TypeAlias = tuple[_Card, ...]


def _cards(unit: Unit, parts: Parts) -> _Cards:
    return tuple(_Card(part.kind, _lines(part, f"{unit.name}.")) for part in parts)


def _lines(part: Part, prefix: str) -> tuple[str, str, str]:
    parameters = f", {part.parameters:,} parameters" if part.parameters else ""
    shape = shape_words(part.output_shape)
    return f"{part.name.removeprefix(prefix)}: {part.kind}", part.detail, f"{shape}{parameters}"


def _words(sheet: Sheet, x: float, y: float, text: str) -> float:
    sheet.words(x, y + SIZE, text, SIZE + 3, anchor="middle", weight=700)
    return y + SIZE + 5


def _arrow(sheet: Sheet, x: float, start: float, end: float) -> None:
    sheet.line((x, start), (x, end), arrow=True)


def _column(sheet: Sheet, cards: _Cards, centre: float, width: float, y: float) -> float:
    """Draw layers below each other, from y on, and return where the last one ends."""
    for card in cards:
        _arrow(sheet, centre, y, y + GAP)
        _box(sheet, card, centre - width / 2, y + GAP, width)
        y += GAP + BOX_HEIGHT
    return y


def _box(sheet: Sheet, card: _Card, x: float, y: float, width: float) -> None:
    fill = kind_colour(card.kind)
    sheet.box(x, y, width, BOX_HEIGHT, fill, 6)
    for place, line in enumerate(card.lines):
        weight = 400 if place else 700
        baseline = y + LINE * (place + 1) + 1
        sheet.words(x + width / 2, baseline, line, SIZE, ink_on(fill), "middle", weight)


def _addition(sheet: Sheet, part: Part, centre: float, start: float, end: float) -> float:
    """Draw the plus sign and its shape, and return where it ends."""
    fill, middle = kind_colour(part.kind), end + GAP + RADIUS
    _arrow(sheet, centre, start, middle - RADIUS)
    sheet.dot(centre, middle, RADIUS, fill)
    sheet.words(centre, middle + 8, part.label, 24, ink_on(fill), "middle", 700)
    label = shape_words(part.output_shape)
    sheet.words(centre - RADIUS - 8, middle + 5, label, SIZE, sheet.theme.quiet, "end")
    return middle + RADIUS


def _skip(sheet: Sheet, unit: Unit, cards: _Cards, xs: Point, ys: Point) -> None:
    """Draw the way from the split to the addition, with its layers in the middle."""
    (centre, beside), (split, joined) = xs, ys
    if unit.before:
        sheet.words(centre - 12, split + 5, "s", SIZE + 3, anchor="end", weight=700)
    sheet.dot(centre, split, 4.5, sheet.theme.line)
    away, back = ((centre, split), (beside, split)), ((beside, joined), (centre + RADIUS, joined))
    if not cards:
        sheet.line(*away, *back, arrow=True)
        _on_line(sheet, unit.skip, beside, (split + joined) / 2)
        return
    height = len(cards) * (BOX_HEIGHT + GAP) - GAP
    first = (split + joined - height) / 2
    sheet.line(*away, (beside, first - GAP))
    last = _column(sheet, cards, beside, _column_width(cards), first - GAP)
    sheet.line((beside, last), *back, arrow=True)


def _on_line(sheet: Sheet, text: str, x: float, y: float) -> None:
    width = text_width(text, SIZE) + 12
    sheet.box(x - width / 2, y - 13, width, 26, sheet.theme.ground)
    sheet.words(x, y + 5, text, SIZE, anchor="middle", weight=600)


def _column_width(cards: _Cards) -> float:
    widths = (text_width(line, SIZE) for card in cards for line in card.lines)
    return max(widths, default=0) + 12
