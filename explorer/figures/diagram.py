"""The picture of a whole network, as SVG: stages from top to bottom, layers from left to right."""

from collections.abc import Sequence
from math import log2

from explorer.diagram import Diagram, Group, Part, Unit, outline, shape_words
from explorer.figures.svg import LIGHT, Sheet, Theme, ink_on, kind_colour, text_width

MARGIN = 12
PADDING = 12
GAP = 8
SIZE = 14
HEADER_HEIGHT = 32
BETWEEN = 20
INSET = 8  # room for the split in front of the first layer
LEGEND_ROW = 24
MIN_WIDTH = 430
MARK_HEIGHT = 16
SKIP_HEIGHT = MARK_HEIGHT + 6


def network_svg(described: Diagram, title: str, theme: Theme = LIGHT) -> str:
    """Draw a network.

    A box is the higher the larger its output's map, and the wider the more channels it has, both
    on a logarithmic scale. Skip connections run above the layers they skip.

    Args:
        described: what to show.
        title: the network's name.
        theme: colours of ground, lines and words.
    """
    sheet = Sheet(theme)
    strips = (_strip_width(unit.main_path) for group in described.groups for unit in group.units)
    width = max(MIN_WIDTH, 2 * (MARGIN + PADDING) + max(strips) + INSET)
    y = _caption(sheet, f"input  {shape_words(described.input_shape)}", width, MARGIN)
    for group in described.groups:
        _arrow_down(sheet, width / 2, y)
        y = _group(sheet, group, width, y + BETWEEN)
    y = _legend(sheet, described.kinds, width, y + 14)
    return sheet.finish(width, y + MARGIN, f"Picture of {title}", outline(described))


def _caption(sheet: Sheet, text: str, width: float, y: float) -> float:
    sheet.words(width / 2, y + SIZE, text, SIZE, anchor="middle", weight=600)
    return y + SIZE + 6


def _arrow_down(sheet: Sheet, x: float, y: float) -> None:
    sheet.path(f"M{x:g} {y + 2:g} V{y + BETWEEN - 2:g}", arrow=True)


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
        below += _strip_height(unit)
        _strip(sheet, unit, left, right, below)
    return y + height


def _strip_height(unit: Unit) -> float:
    tallest = max(_box_height(part) for part in unit.main_path)
    caption = 24 if unit.first else 0
    return caption + (SKIP_HEIGHT if unit.addition else 0) + tallest + 12


def _strip(sheet: Sheet, unit: Unit, left: float, right: float, bottom: float) -> None:
    """Draw the layers of one unit side by side, and its skip connection above them."""
    y = bottom - _strip_height(unit)
    half = max(_box_height(part) for part in unit.main_path) / 2
    middle = bottom - 12 - half
    if unit.first:
        skip = "no skip" if unit.skip == "none" else f"{unit.skip} skip"
        sheet.words(left, y + 14, f"{unit.caption}, {skip}", SIZE - 1, sheet.theme.quiet)
    if unit.count > 1:
        sheet.badge(right, y + 15, f"× {unit.count}", SIZE - 1)
    places = _places(unit.main_path, left + INSET)
    for part, x in zip(unit.main_path, places, strict=True):
        _layer(sheet, part, x, middle)
    for x in places[1:]:
        sheet.path(f"M{x - GAP:g} {middle:g} H{x:g}")
    if unit.addition is not None:
        split = places[len(unit.before)] - GAP / 2
        joined = len(unit.before) + len(unit.branch)
        end = places[joined] + _box_width(unit.addition) / 2
        _skip(sheet, unit, (split, end), middle, middle - half - SKIP_HEIGHT / 2)


def _skip(sheet: Sheet, unit: Unit, ends: tuple[float, float], middle: float, top: float) -> None:
    """Draw the arc over the branch, with a mark for each layer on the shortcut."""
    (start, end), target = ends, middle - 13
    sheet.dot(start, middle, 3.5, sheet.theme.line)
    bend = f"M{start:g} {middle:g} V{top + 8:g} Q{start:g} {top:g} {start + 8:g} {top:g}"
    over = f"H{end - 8:g} Q{end:g} {top:g} {end:g} {top + 8:g} V{target:g}"
    sheet.path(f"{bend} {over}", arrow=True)
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
        sheet.dot(x + width / 2, middle, 12, kind_colour(part.kind))
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
        return 24
    return max(text_width(part.label, SIZE - 1) + 10, 20 + 2.4 * log2(part.output_shape[0]))


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
