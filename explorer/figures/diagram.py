"""The picture of a whole network: stages from top to bottom, layers from left to right."""

from collections.abc import Sequence
from math import log2

from explorer.diagram import Diagram, Group, Part, Unit
from explorer.diagram_words import outline, shape_words, skip_words, unit_label
from explorer.figures.drawing import (
    LIGHT,
    Area,
    Drawing,
    Sheet,
    Theme,
    ink_on,
    kind_colour,
    text_width,
)

MARGIN = 6
PADDING = 12
GAP = 6
SIZE = 14
HEADER_HEIGHT = 32
BETWEEN = 20
INSET = 16  # room for the way in, and the split on it
LEGEND_ROW = 24
ADDITION_RADIUS = 12
MIN_WIDTH = 400
MARK_HEIGHT = 16
SKIP_HEIGHT = MARK_HEIGHT + 6


def network_drawing(described: Diagram, title: str, theme: Theme = LIGHT) -> Drawing:
    """Draw a network.

    A box is the higher the larger its output's map, and the wider the more channels it has, both
    on a logarithmic scale. Skip connections run above the layers they skip. Each unit is an area
    that can be chosen, under its name.

    Args:
        described: what to show.
        title: the network's name.
        theme: colours of ground, lines and words.
    """
    sheet = Sheet(theme)
    strips = (_strip_width(unit.main_path) for group in described.groups for unit in group.units)
    width = max(MIN_WIDTH, 2 * (MARGIN + PADDING) + max(strips) + INSET + GAP)
    y = _caption(sheet, f"input: {shape_words(described.input_shape)}", width, MARGIN)
    for group in described.groups:
        _arrow_down(sheet, width / 2, y)
        y = _group(sheet, group, width, y + BETWEEN)
    y = _legend(sheet, described.kinds, width, y + 14)
    return sheet.finish(width, y + MARGIN, f"Picture of {title}", outline(described))


def _caption(sheet: Sheet, text: str, width: float, y: float) -> float:
    sheet.words(width / 2, y + SIZE, text, SIZE, anchor="middle", weight=600)
    return y + SIZE + 6


def _arrow_down(sheet: Sheet, x: float, y: float) -> None:
    sheet.line((x, y + 2), (x, y + BETWEEN - 2), arrow=True)


def _group(sheet: Sheet, group: Group, width: float, y: float) -> float:
    """Draw one stage in a panel and return where it ends."""
    height = HEADER_HEIGHT + sum(_strip_height(unit) for unit in group.units)
    sheet.box(MARGIN, y, width - 2 * MARGIN, height, sheet.theme.panel, 8)
    left, right = MARGIN + PADDING, width - MARGIN - PADDING
    count = f": {group.count} unit{'s' if group.count > 1 else ''}" if group.count else ""
    sheet.words(left, y + 22, group.name + count, SIZE + 2, weight=700)
    shape = shape_words(group.units[-1].output_shape)
    sheet.words(right, y + 22, shape, SIZE, sheet.theme.quiet, "end", 600)
    below = y + HEADER_HEIGHT
    for unit in group.units:
        strip = _strip_height(unit)
        below += strip
        _strip(sheet, unit, left, right, below)
        place = (MARGIN + 3, below - strip + 1, width - 2 * MARGIN - 6, strip - 3)
        sheet.area(Area(unit.name, unit_label(group, unit), *place))
    return y + height


def _strip_height(unit: Unit) -> float:
    tallest = max(_box_height(part) for part in unit.main_path)
    caption = 27 if unit.first else 0
    return caption + (SKIP_HEIGHT if unit.addition else 0) + tallest + 12


def _strip(sheet: Sheet, unit: Unit, left: float, right: float, bottom: float) -> None:
    """Draw the layers of one unit side by side, and its skip connection above them."""
    y = bottom - _strip_height(unit)
    half = max(_box_height(part) for part in unit.main_path) / 2
    middle = bottom - 12 - half
    if unit.first:
        caption = f"{unit.caption}, {skip_words(unit)}"
        sheet.words(left, y + 18, caption, SIZE - 1, sheet.theme.quiet)
    if unit.count > 1:
        sheet.badge(right, y + 19, f"× {unit.count}", SIZE - 1)
    places = _places(unit.main_path, left + INSET)
    end = places[-1] + _box_width(unit.main_path[-1])
    sheet.line((left, middle), (end + GAP, middle))
    for part, x in zip(unit.main_path, places, strict=True):
        _layer(sheet, part, x, middle)
    if unit.addition is not None:
        split = places[len(unit.before)] - GAP / 2 if unit.before else left + INSET / 2
        joined = len(unit.before) + len(unit.branch)
        end = places[joined] + _box_width(unit.addition) / 2
        _skip(sheet, unit, (split, end), middle, middle - half - SKIP_HEIGHT / 2)


def _skip(sheet: Sheet, unit: Unit, ends: tuple[float, float], middle: float, top: float) -> None:
    """Draw the arc over the branch, with a mark for each layer on the shortcut."""
    (start, end), target = ends, middle - ADDITION_RADIUS
    sheet.dot(start, middle, 3, sheet.theme.line)
    sheet.line((start, middle), (start, top), (end, top), (end, target), arrow=True)
    width = sum(_mark_width(part) + GAP for part in unit.shortcut) - GAP
    x = (start + end - width) / 2
    for part in unit.shortcut:
        across = _mark_width(part)
        _labelled(sheet, part, (x, top - MARK_HEIGHT / 2, across, MARK_HEIGHT), SIZE - 3)
        x += across + GAP


def _mark_width(part: Part) -> float:
    return text_width(part.label, SIZE - 3) + 10


def _layer(sheet: Sheet, part: Part, x: float, middle: float) -> None:
    width, height = _box_width(part), _box_height(part)
    if part.kind == "addition":
        sheet.dot(x + width / 2, middle, ADDITION_RADIUS, kind_colour(part.kind))
        ink = ink_on(kind_colour(part.kind))
        sheet.words(x + width / 2, middle + 6, part.label, SIZE + 4, ink, "middle", 700)
    else:
        _labelled(sheet, part, (x, middle - height / 2, width, height), SIZE - 1)


def _labelled(
    sheet: Sheet, part: Part, place: tuple[float, float, float, float], size: float
) -> None:
    x, y, width, height = place
    fill = kind_colour(part.kind)
    sheet.box(x, y, width, height, fill)
    baseline = y + height / 2 + 0.35 * size
    sheet.words(x + width / 2, baseline, part.label, size, ink_on(fill), "middle", 600)


def _box_width(part: Part) -> float:
    """Return a width that grows by a little with each doubling of the channels."""
    if part.kind == "addition":
        return 2 * ADDITION_RADIUS
    return max(text_width(part.label, SIZE - 1) + 6, 14 + 2.4 * log2(part.output_shape[0]))


def _box_height(part: Part) -> float:
    """Return a height that grows with each doubling of the map, between 20 and 50."""
    size = part.output_shape[1] if len(part.output_shape) > 1 else 1
    return min(50.0, 20 + 4 * log2(size))


def _places(parts: Sequence[Part], left: float) -> list[float]:
    places = []
    for part in parts:
        places.append(left)
        left += _box_width(part) + GAP
    return places


def _strip_width(parts: Sequence[Part]) -> float:
    return sum(_box_width(part) + GAP for part in parts) - GAP


def _legend(sheet: Sheet, kinds: Sequence[str], width: float, y: float) -> float:
    """Explain the colours, as many a row as fit, and return where the last row ends."""
    x: float = MARGIN
    for kind in kinds:
        needed = 20 + text_width(kind, SIZE - 1) + 12
        if x + needed > width - MARGIN and x > MARGIN:
            x, y = MARGIN, y + LEGEND_ROW
        sheet.box(x, y, 14, 14, kind_colour(kind), 3)
        sheet.words(x + 20, y + 12, kind, SIZE - 1, sheet.theme.quiet)
        x += needed
    return y + LEGEND_ROW - 6
