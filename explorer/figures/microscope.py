"""One unit under the microscope: layers from top to bottom, the skip connection beside them."""

from textwrap import wrap
from typing import NamedTuple, TypeAlias

from explorer.diagram_parts import Fork, Part, Parts, Pieces, Unit
from explorer.diagram_words import formula, parameters_words, shape_words
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
GAP = 22
RADIUS = 16
SPLIT = 12
BESIDE = 20
SKIP_WIDTH = 110
SHORT = 20  # signs of a line where there is little room


def unit_drawing(unit: Unit, title: str, theme: Theme = LIGHT) -> Drawing:
    """Draw one unit; each box says layer, what it does, its output's shape and its parameters.

    Args:
        unit: what to show.
        title: the unit's name and its network's.
        theme: colours of ground, lines and words.
    """
    sheet = Sheet(theme)
    before, branch, after = (
        _items(unit, pieces) for pieces in (unit.before, unit.branch, unit.after)
    )
    sides = _sides(unit)
    main, across = _width(before + branch + after), _card_width(before + branch + after)
    asides = [max(SKIP_WIDTH, _width(side)) for side in sides]
    needed = 2 * MARGIN + main + sum(BESIDE + aside for aside in asides)
    width = max(MIN_WIDTH, needed)
    edge = (width - needed) / 2 + MARGIN + main
    centre = edge - main / 2
    y = _words(sheet, centre, MARGIN, "x")
    y = _draw(sheet, before, centre, y, across)
    if unit.addition is None:
        y = _draw(sheet, branch, centre, y, across)
    else:
        centres = [
            edge + sum(asides[:place]) + place * BESIDE + BESIDE + aside / 2
            for place, aside in enumerate(asides)
        ]
        y = _residual(sheet, unit, (branch, *sides), (centre, *centres), y, across)
    y = _draw(sheet, after, centre, y, across)
    _arrow(sheet, centre, y, y + GAP)
    y = _words(sheet, centre, y + GAP + 2, "y")
    return sheet.finish(width, y + MARGIN, title, f"y = {formula(unit)}")


class _Card(NamedTuple):
    """What a layer's box says."""

    kind: str
    lines: tuple[str, ...]

    @property
    def width(self) -> float:
        return max(text_width(line, SIZE) for line in self.lines) + 12

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 10


_Cards: TypeAlias = tuple[_Card, ...]


class _Fan(NamedTuple):
    """Branches side by side, and the box that joins them."""

    columns: tuple[_Cards, ...]
    joint: _Card

    @property
    def width(self) -> float:
        return sum(_width(column) + BESIDE for column in self.columns) - BESIDE

    @property
    def height(self) -> float:
        return SPLIT + max(map(_height, self.columns)) + SPLIT + self.joint.height


_Items: TypeAlias = tuple[_Card | _Fan, ...]


def _items(unit: Unit, pieces: Pieces) -> _Items:
    return tuple(
        _fan(unit, piece) if isinstance(piece, Fork) else _Card(piece.kind, _lines(unit, piece))
        for piece in pieces
    )


def _fan(unit: Unit, fork: Fork) -> _Fan:
    columns = tuple(_short_cards(unit, branch) for branch in fork.branches)
    return _Fan(columns, _Card(fork.joint.kind, _lines(unit, fork.joint)))


def _sides(unit: Unit) -> tuple[_Items, ...]:
    """Return what stands beside the branch: the shortcut, and the gate if there is one."""
    if unit.addition is None:
        return ()
    if not unit.gate:
        return (_items(unit, unit.shortcut),)
    return (_short_cards(unit, unit.shortcut), _short_cards(unit, unit.gate))


def _lines(unit: Unit, part: Part) -> tuple[str, ...]:
    parameters = f", {parameters_words(part.parameters)}" if part.parameters else ""
    shape = shape_words(part.output_shape)
    return f"{_name(unit, part)}: {part.kind}", part.detail, f"{shape}{parameters}"


def _short_cards(unit: Unit, parts: Parts) -> _Cards:
    """Say the same in more and shorter lines, where there is little room."""
    return tuple(_Card(part.kind, _short_lines(unit, part)) for part in parts)


def _short_lines(unit: Unit, part: Part) -> tuple[str, ...]:
    parameters = (parameters_words(part.parameters),) if part.parameters else ()
    shape = shape_words(part.output_shape)
    return _name(unit, part), part.kind, *wrap(part.detail, SHORT), shape, *parameters


def _name(unit: Unit, part: Part) -> str:
    return part.name.removeprefix(f"{unit.name}.")


def _card_width(items: _Items) -> float:
    cards = (item.joint if isinstance(item, _Fan) else item for item in items)
    return max((card.width for card in cards), default=0)


def _width(items: _Items) -> float:
    fans = (item.width for item in items if isinstance(item, _Fan))
    return max(_card_width(items), max(fans, default=0))


def _height(items: _Items) -> float:
    return sum(GAP + item.height for item in items)


def _words(sheet: Sheet, x: float, y: float, text: str) -> float:
    sheet.words(x, y + SIZE, text, SIZE + 3, anchor="middle", weight=700)
    return y + SIZE + 5


def _arrow(sheet: Sheet, x: float, start: float, end: float) -> None:
    sheet.line((x, start), (x, end), arrow=True)


def _draw(
    sheet: Sheet, items: _Items, centre: float, y: float, width: float | None = None
) -> float:
    """Draw layers below each other, from y on, and return where the last one ends."""
    width = width or _card_width(items)
    for item in items:
        card = item.joint if isinstance(item, _Fan) else item
        if isinstance(item, _Fan):
            y = _draw_columns(sheet, item, centre, y)
        _arrow(sheet, centre, y, y + GAP)
        _box(sheet, card, centre - width / 2, y + GAP, width)
        y += GAP + card.height
    return y


def _draw_columns(sheet: Sheet, fan: _Fan, centre: float, y: float) -> float:
    """Draw branches side by side, from y on, and return where they have come together."""
    split, x = y + SPLIT, centre - fan.width / 2
    bottom = split + max(map(_height, fan.columns)) + SPLIT
    sheet.line((centre, y), (centre, split))
    for column in fan.columns:
        middle = x + _width(column) / 2
        sheet.line((centre, split), (middle, split), (middle, split + SPLIT))
        end = _draw(sheet, column, middle, split)
        sheet.line((middle, end), (middle, bottom), (centre, bottom))
        x += _width(column) + BESIDE
    sheet.dot(centre, split, 4.5, sheet.theme.line)
    return bottom


def _box(sheet: Sheet, card: _Card, x: float, y: float, width: float) -> None:
    fill = kind_colour(card.kind)
    sheet.box(x, y, width, card.height, fill, 6)
    for place, line in enumerate(card.lines):
        weight = 400 if place else 700
        baseline = y + LINE * (place + 1) + 1
        sheet.words(x + width / 2, baseline, line, SIZE, ink_on(fill), "middle", weight)


def _residual(
    sheet: Sheet,
    unit: Unit,
    columns: tuple[_Items, ...],
    xs: tuple[float, ...],
    y: float,
    width: float,
) -> float:
    """Draw the branch, what stands beside it and the addition, and return where that ends."""
    (branch, shortcut, *gates), (centre, beside, *further) = columns, xs
    split = y + SPLIT
    sheet.line((centre, y), (centre, split + SPLIT))
    if unit.before:
        sheet.words(centre - 12, split + 5, "s", SIZE + 3, anchor="end", weight=700)
    end = _draw(sheet, branch, centre, split, width)
    least = split + GAP + _height(shortcut)
    for gate, x in zip(gates, further, strict=True):
        least = max(least, _gate(sheet, gate, (centre, x), split))
    joined = max(end, least) + GAP + RADIUS
    _arrow(sheet, centre, end, joined - RADIUS)
    _skip(sheet, unit.skip, shortcut, (centre, beside), (split, joined))
    sheet.dot(centre, split, 4.5, sheet.theme.line)
    _plus(sheet, unit, centre, joined)
    return joined + RADIUS


def _plus(sheet: Sheet, unit: Unit, x: float, y: float) -> None:
    fill = kind_colour("addition")
    sheet.dot(x, y, RADIUS, fill)
    sheet.words(x, y + 8, "+", 24, ink_on(fill), "middle", 700)
    label = shape_words(unit.output_shape)
    sheet.words(x - RADIUS - 8, y + 5, label, SIZE, sheet.theme.quiet, "end")


def _skip(sheet: Sheet, name: str, items: _Items, xs: Point, ys: Point) -> None:
    """Draw the way from the split to the addition, with its layers in the middle."""
    (centre, beside), (split, joined) = xs, ys
    away, back = ((centre, split), (beside, split)), ((beside, joined), (centre + RADIUS, joined))
    if not items:
        sheet.line(*away, *back, arrow=True)
        _on_line(sheet, name, beside, (split + joined) / 2)
        return
    first = (split + joined - _height(items) - GAP) / 2
    sheet.line(*away, (beside, first + SPLIT))
    last = _draw(sheet, items, beside, first)
    sheet.line((beside, last), *back, arrow=True)


def _gate(sheet: Sheet, items: _Items, xs: Point, split: float) -> float:
    """Draw how g is made of what splits, and return where that ends."""
    centre, x = xs
    sheet.line((centre, split), (x, split), (x, split + SPLIT))
    end = _draw(sheet, items, x, split)
    _arrow(sheet, x, end, end + GAP)
    return _words(sheet, x, end + GAP + 2, "g")


def _on_line(sheet: Sheet, text: str, x: float, y: float) -> None:
    width = text_width(text, SIZE) + 12
    sheet.box(x - width / 2, y - 13, width, 26, sheet.theme.ground)
    sheet.words(x, y + 5, text, SIZE, anchor="middle", weight=600)
