"""One residual unit under the microscope, as SVG: layers from top to bottom, the skip beside."""

from explorer.diagram import Part, Parts, Unit, formula, shape_words
from explorer.figures.svg import LIGHT, Sheet, Theme, ink_on, kind_colour, text_width

MARGIN = 16
SIZE = 14
LINE = 18
BOX_HEIGHT = 3 * LINE + 10
GAP = 22
RADIUS = 16
SKIP_WIDTH = 110


def unit_svg(unit: Unit, title: str, theme: Theme = LIGHT) -> str:
    """Draw one unit; each box says layer, what it does, its output's shape and its parameters.

    Args:
        unit: what to show.
        title: the unit's name and its network's.
        theme: colours of ground, lines and words.
    """
    sheet = Sheet(theme)
    main = _column_width(unit.main_path)
    centre = MARGIN + main / 2
    aside = max(SKIP_WIDTH, _column_width(unit.shortcut)) if unit.addition else 0
    y = _words(sheet, centre, MARGIN, "x")
    y = _column(sheet, unit.before, centre, main, y)
    split = y
    y = _column(sheet, unit.branch, centre, main, y)
    if unit.addition is not None:
        beside = MARGIN + main + 20 + aside / 2
        skip_width = _column_width(unit.shortcut)
        least = split + GAP + len(unit.shortcut) * (BOX_HEIGHT + GAP)
        y = _addition(sheet, unit.addition, centre, y, max(y, least))
        _skip(sheet, unit, (centre, beside), (split, y - RADIUS), skip_width)
    y = _column(sheet, unit.after, centre, main, y)
    _arrow(sheet, centre, y, y + GAP)
    y = _words(sheet, centre, y + GAP + 2, "y")
    width = 2 * MARGIN + main + (20 + aside if aside else 0)
    return sheet.finish(width, y + MARGIN, title, f"y = {formula(unit)}")


def _words(sheet: Sheet, x: float, y: float, text: str) -> float:
    sheet.words(x, y + SIZE, text, SIZE + 3, anchor="middle", weight=700)
    return y + SIZE + 5


def _arrow(sheet: Sheet, x: float, start: float, end: float) -> None:
    sheet.path(f"M{x:g} {start:g} V{end:g}", arrow=True)


def _column(sheet: Sheet, parts: Parts, centre: float, width: float, y: float) -> float:
    """Draw layers below each other, from y on, and return where the last one ends."""
    for part in parts:
        _arrow(sheet, centre, y, y + GAP)
        _box(sheet, part, centre - width / 2, y + GAP, width)
        y += GAP + BOX_HEIGHT
    return y


def _box(sheet: Sheet, part: Part, x: float, y: float, width: float) -> None:
    fill = kind_colour(part.kind)
    sheet.box(x, y, width, BOX_HEIGHT, fill, 6)
    for place, line in enumerate(_lines(part)):
        weight = 400 if place else 700
        baseline = y + LINE * (place + 1) + 1
        sheet.words(x + width / 2, baseline, line, SIZE, ink_on(fill), "middle", weight)


def _lines(part: Part) -> tuple[str, str, str]:
    name = ".".join(part.name.split(".")[2:]) or part.name
    parameters = f", {part.parameters:,} parameters" if part.parameters else ""
    return f"{name}: {part.kind}", part.detail, f"{shape_words(part.output_shape)}{parameters}"


def _addition(sheet: Sheet, part: Part, centre: float, start: float, end: float) -> float:
    """Draw the plus sign and its shape, and return where it ends."""
    fill, middle = kind_colour(part.kind), end + GAP + RADIUS
    _arrow(sheet, centre, start, middle - RADIUS)
    sheet.dot(centre, middle, RADIUS, fill)
    sheet.words(centre, middle + 8, part.label, 24, ink_on(fill), "middle", 700)
    label = shape_words(part.output_shape)
    sheet.words(centre - RADIUS - 8, middle + 5, label, SIZE, sheet.theme.quiet, "end")
    return middle + RADIUS


def _skip(
    sheet: Sheet, unit: Unit, xs: tuple[float, float], ys: tuple[float, float], width: float
) -> None:
    """Draw the way from the split to the addition, with its layers in the middle."""
    (centre, beside), (split, joined) = xs, ys
    turn = split + GAP / 2
    sheet.dot(centre, turn, 4.5, sheet.theme.line)
    height = len(unit.shortcut) * (BOX_HEIGHT + GAP) - GAP
    first = (turn + joined - height) / 2
    if unit.shortcut:
        sheet.path(f"M{centre:g} {turn:g} H{beside:g} V{first:g}", arrow=True)
        last = _column(sheet, unit.shortcut, beside, width, first - GAP)
        sheet.path(f"M{beside:g} {last:g} V{joined:g} H{centre + RADIUS:g}", arrow=True)
        return
    sheet.path(f"M{centre:g} {turn:g} H{beside:g} V{joined:g} H{centre + RADIUS:g}", arrow=True)
    label = unit.skip
    across = text_width(label, SIZE) + 12
    sheet.box(beside - across / 2, (turn + joined) / 2 - 14, across, 24, sheet.theme.ground)
    sheet.words(beside, (turn + joined) / 2 + 3, label, SIZE, anchor="middle", weight=600)


def _column_width(parts: Parts) -> float:
    lines = [line for part in parts if part.kind != "addition" for line in _lines(part)]
    return max((text_width(line, SIZE) for line in lines), default=0) + 20
