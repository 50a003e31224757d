"""The picture of a whole network: stages from top to bottom, layers from left to right."""

from collections.abc import Sequence
from math import log2
from typing import TypeAlias

from explorer.diagram_parts import Diagram, Fork, Group, Part, Parts, Piece, Pieces, Unit
from explorer.diagram_words import outline, shape_words, skip_words, unit_label
from explorer.figures.drawing import (
    LIGHT,
    Area,
    Drawing,
    Point,
    Sheet,
    Theme,
    ink_on,
    kind_colour,
    text_width,
)

MARGIN = 6
PADDING = 12
BESIDE = 20  # between units side by side
GAP = 6
SIZE = 14
HEADER_HEIGHT = 32
BETWEEN = 20
INSET = 16  # room for the way in, and the split on it
LEGEND_ROW = 24
ADDITION_RADIUS = 12
BUS = 14  # room for the ways to and from the lanes of a fork
LANE_SCALE = 0.6
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
    needed = (_needed(unit) for group in described.groups for unit in group.units)
    width = max(MIN_WIDTH, 2 * (MARGIN + PADDING) + max(needed))
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
    left, right = MARGIN + PADDING, width - MARGIN - PADDING
    rows = _rows(group.units, right - left)
    height = HEADER_HEIGHT + sum(map(_row_height, rows))
    sheet.box(MARGIN, y, width - 2 * MARGIN, height, sheet.theme.panel, 8)
    count = f": {group.counted}" if group.count else ""
    sheet.words(left, y + 22, group.name + count, SIZE + 2, weight=700)
    shape = shape_words(group.units[-1].output_shape)
    sheet.words(right, y + 22, shape, SIZE, sheet.theme.quiet, "end", 600)
    top = y + HEADER_HEIGHT
    for row in rows:
        _row(sheet, group, row, (left, right), top)
        top += _row_height(row)
    return y + height


_Units: TypeAlias = tuple[Unit, ...]


def _rows(units: _Units, room: float) -> list[_Units]:
    """Put units without a skip connection side by side as far as there is room."""
    rows: list[_Units] = []
    for unit in units:
        wider = (*rows[-1], unit) if rows else (unit,)
        needed = sum(_needed(each) + BESIDE for each in wider) - BESIDE
        if rows and needed <= room and all(each.addition is None for each in wider):
            rows[-1] = wider
        else:
            rows.append((unit,))
    return rows


def _needed(unit: Unit) -> float:
    """Return how wide a unit is, its layers or what stands above them."""
    badge = text_width(f"× {unit.count}", SIZE - 1) + 24 if unit.count > 1 else 0
    above = text_width(_above(unit), SIZE - 1) + badge
    return max(INSET + _strip_width(unit.main_path) + GAP, above)


def _above(unit: Unit) -> str:
    skip = f", {skip_words(unit)}" if unit.addition else ""
    return f"{unit.caption}{skip}" if unit.first else ""


def _row_height(row: _Units) -> float:
    caption = 27 if any(unit.first for unit in row) else 6
    arcs = (row[0].addition is not None) + bool(row[0].gate)
    return caption + arcs * SKIP_HEIGHT + _tallest(row) + 12


def _tallest(row: _Units) -> float:
    return max(_height(piece) for unit in row for piece in unit.main_path)


def _row(sheet: Sheet, group: Group, row: _Units, ends: Point, top: float) -> None:
    """Draw units side by side, and mark the area of each."""
    height = _row_height(row)
    middle = top + height - 12 - _tallest(row) / 2
    x, right = ends
    for unit in row:
        end = right if unit is row[-1] else x + _needed(unit)
        if unit.first:
            sheet.words(x, top + 18, _above(unit), SIZE - 1, sheet.theme.quiet)
        if unit.count > 1:
            sheet.badge(end, top + 19, f"× {unit.count}", SIZE - 1)
        tail = _strip(sheet, unit, x, middle, _tallest(row) / 2)
        if unit is not row[-1]:
            sheet.line((tail, middle), (end + BESIDE, middle))
        place = (x - BESIDE / 2 + 1, top + 1, end - x + BESIDE - 2, height - 3)
        sheet.area(Area(unit.name, unit_label(group, unit), *place))
        x = end + BESIDE


def _strip(sheet: Sheet, unit: Unit, left: float, middle: float, half: float) -> float:
    """Draw the layers of one unit side by side, its skip above them, and return their end."""
    places = _places(unit.main_path, left + INSET)
    before = left
    for piece, x in zip(unit.main_path, places, strict=True):
        sheet.line((before, middle), (x, middle))
        _piece(sheet, piece, x, middle)
        before = x + _width(piece)
    sheet.line((before, middle), (before + GAP, middle))
    if unit.addition is not None:
        split = places[len(unit.before)] - GAP / 2 if unit.before else left + INSET / 2
        joined = len(unit.before) + len(unit.branch)
        end = places[joined] + ADDITION_RADIUS
        _skip(sheet, unit, (split, end), middle, middle - half - SKIP_HEIGHT / 2)
    return before + GAP


def _skip(sheet: Sheet, unit: Unit, ends: Point, middle: float, top: float) -> None:
    """Draw the arc over the branch with a mark for each layer on it, and above it the gate."""
    (start, end), target = ends, middle - ADDITION_RADIUS
    sheet.dot(start, middle, 3, sheet.theme.line)
    sheet.line((start, middle), (start, top), (end, top), (end, target), arrow=True)
    _marks(sheet, unit.shortcut, (start + end) / 2, top)
    if unit.gate:
        over, stop = top - SKIP_HEIGHT, end - ADDITION_RADIUS
        sheet.line((start, top + 8), (start, over), (stop, over), arrow=True)
        _marks(sheet, unit.gate, (start + stop) / 2, over)
        sheet.words(stop + 5, over + 5, "g", SIZE, weight=700)


def _marks(sheet: Sheet, parts: Parts, centre: float, y: float) -> None:
    widths = [text_width(part.label, SIZE - 3) + 10 for part in parts]
    x = centre - (sum(widths) + GAP * (len(widths) - 1)) / 2
    for part, width in zip(parts, widths, strict=True):
        _labelled(sheet, part, (x, y - MARK_HEIGHT / 2, width, MARK_HEIGHT), SIZE - 3)
        x += width + GAP


def _piece(sheet: Sheet, piece: Piece, x: float, middle: float) -> None:
    if isinstance(piece, Fork):
        _fork(sheet, piece, x, middle)
    elif piece.kind == "addition":
        fill = kind_colour(piece.kind)
        sheet.dot(x + ADDITION_RADIUS, middle, ADDITION_RADIUS, fill)
        words = (x + ADDITION_RADIUS, middle + 6, piece.label, SIZE + 4)
        sheet.words(*words, ink_on(fill), "middle", 700)
    else:
        width, height = _width(piece), _height(piece)
        _labelled(sheet, piece, (x, middle - height / 2, width, height), SIZE - 1)


def _fork(sheet: Sheet, fork: Fork, x: float, middle: float) -> None:
    """Draw each branch on a lane of its own, and behind them what joins them."""
    joint = x + _width(fork) - _width(fork.joint)
    end = joint - GAP
    y = middle - _height(fork) / 2
    for branch in fork.branches:
        lane = y + _lane_height(branch) / 2
        sheet.line((x, middle), (x, lane), (end, lane), (end, middle), radius=5)
        for part, place in zip(branch, _places(branch, x + BUS), strict=True):
            height = LANE_SCALE * _height(part)
            _labelled(sheet, part, (place, lane - height / 2, _width(part), height), SIZE - 2)
        y += _lane_height(branch)
    sheet.line((end, middle), (joint, middle))
    _piece(sheet, fork.joint, joint, middle)


def _labelled(
    sheet: Sheet, part: Part, place: tuple[float, float, float, float], size: float
) -> None:
    x, y, width, height = place
    fill = kind_colour(part.kind)
    sheet.box(x, y, width, height, fill)
    baseline = y + height / 2 + 0.35 * size
    sheet.words(x + width / 2, baseline, part.label, size, ink_on(fill), "middle", 600)


def _width(piece: Piece) -> float:
    """Return a width that grows by a little with each doubling of the channels."""
    if isinstance(piece, Fork):
        widest = max(_strip_width(branch) for branch in piece.branches)
        return BUS + widest + BUS + GAP + _width(piece.joint)
    if piece.kind == "addition":
        return 2 * ADDITION_RADIUS
    label = text_width(piece.label, SIZE - 1) + 6
    return max(label, 14 + 2.4 * log2(piece.output_shape[0]))


def _height(piece: Piece) -> float:
    """Return a height that grows with each doubling of the map, between 20 and 50."""
    if isinstance(piece, Fork):
        return sum(_lane_height(branch) for branch in piece.branches)
    size = piece.output_shape[1] if len(piece.output_shape) > 1 else 1
    return min(50.0, 20 + 4 * log2(size))


def _lane_height(branch: Parts) -> float:
    return 6 + LANE_SCALE * max((_height(part) for part in branch), default=0)


def _places(pieces: Pieces, left: float) -> list[float]:
    places = []
    for piece in pieces:
        places.append(left)
        left += _width(piece) + GAP
    return places


def _strip_width(pieces: Pieces) -> float:
    return sum(_width(piece) + GAP for piece in pieces) - GAP


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
