"""A drawing as data: boxes, lines and words on a ground of their own, light or dark.

`svg.py` and `png.py` write the same drawing as a file.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from explorer.figures.style import KIND_COLOURS

OTHER_KIND = "#8C8CA6"
"""The colour of a kind that has none of its own."""
HEAD_LENGTH, HEAD_WIDTH = 9.0, 9.0
"""Of an arrow."""

Point: TypeAlias = tuple[float, float]


class Theme(NamedTuple):
    """Colours of what is not a layer."""

    ground: str
    panel: str
    line: str
    text: str
    quiet: str


LIGHT = Theme("#FFFFFF", "#F2F5F8", "#66727F", "#1B2530", "#4A5662")
DARK = Theme("#0E1318", "#1A222B", "#93A1B0", "#E9EEF3", "#B8C4CF")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text whose baseline is at y; x is its start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: str
    weight: int


@dataclass(frozen=True, slots=True)
class Line:
    """A way along the axes from point to point, its corners rounded."""

    points: tuple[Point, ...]
    colour: str
    width: float
    radius: float

    @property
    def bends(self) -> tuple[tuple[Point, Point, Point], ...]:
        """Where each corner's curve begins, the corner that it turns to, and where it ends."""
        inner = zip(self.points, self.points[1:], self.points[2:], strict=False)
        return tuple(
            (_towards(corner, before, self.radius), corner, _towards(corner, after, self.radius))
            for before, corner, after in inner
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an arrow: a triangle."""

    corners: tuple[Point, Point, Point]
    fill: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc."""

    x: float
    y: float
    radius: float
    fill: str


Element: TypeAlias = Box | Words | Line | Head | Dot


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a drawing that can be chosen: what it shows, and what that is called."""

    name: str
    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished drawing, its elements from back to front."""

    width: float
    height: float
    title: str
    description: str
    ground: str
    elements: tuple[Element, ...]
    areas: tuple[Area, ...]


class Sheet:
    """A drawing in the making; its size is known only at the end."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._elements: list[Element] = []
        self._areas: list[Area] = []

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, radius: float = 4
    ) -> None:
        """Add a rectangle with rounded corners."""
        self._elements.append(Box(x, y, width, height, fill, radius))

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        fill: str = "",
        anchor: str = "start",
        weight: int = 400,
    ) -> None:
        """Add a line of text whose baseline is at y."""
        self._elements.append(Words(x, y, text, size, fill or self.theme.text, anchor, weight))

    def line(self, *points: Point, arrow: bool = False, radius: float = 8) -> None:
        """Add a way along the axes; an arrow's point is its end."""
        if arrow:
            head = _head(points[-2], points[-1])
            self._elements.append(Head(head, self.theme.line))
            points = (*points[:-1], _middle(head[1], head[2]))
        self._elements.append(Line(points, self.theme.line, 2, radius))

    def dot(self, x: float, y: float, radius: float, fill: str) -> None:
        """Add a disc."""
        self._elements.append(Dot(x, y, radius, fill))

    def badge(self, right: float, y: float, text: str, size: float) -> None:
        """Add a pill that ends at `right`, its text's baseline at y."""
        width = text_width(text, size) + 16
        self.box(right - width, y - size, width, size + 6, self.theme.text, (size + 6) / 2)
        self.words(right - width / 2, y, text, size, self.theme.ground, "middle", 700)

    def area(self, area: Area) -> None:
        """Mark a part that can be chosen."""
        self._areas.append(area)

    def finish(self, width: float, height: float, title: str, description: str) -> Drawing:
        """Return the drawing."""
        elements, areas = tuple(self._elements), tuple(self._areas)
        return Drawing(width, height, title, description, self.theme.ground, elements, areas)


def _head(start: Point, end: Point) -> tuple[Point, Point, Point]:
    """Return the corners of an arrow's head, its point first."""
    (x, y), half = end, HEAD_WIDTH / 2
    if start[0] == x:
        back = y - HEAD_LENGTH if start[1] < y else y + HEAD_LENGTH
        return end, (x - half, back), (x + half, back)
    back = x - HEAD_LENGTH if start[0] < x else x + HEAD_LENGTH
    return end, (back, y - half), (back, y + half)


def _towards(start: Point, end: Point, length: float) -> Point:
    """Return the point that is so far on the way from start to end, or half the way at most."""
    whole = abs(end[0] - start[0]) + abs(end[1] - start[1])
    part = min(length / whole, 0.5) if whole else 0
    return start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def text_width(text: str, size: float) -> float:
    """Return how wide a text is at most, in the heaviest weight of the pictures' font."""
    return size * sum(_ADVANCES.get(sign, 0.59) for sign in text)


_ADVANCES = {
    sign: advance
    for signs, advance in (
        (" ", 0.2),
        ("|ijlI',.:;·", 0.31),
        ("-/\\!f()[]{}°²t", 0.39),
        ("rscz?*–", 0.48),
        ("BDGHKNOPQRU&→αβμ", 0.69),
        ("MWmw%@…", 0.98),
    )
    for sign in signs
}


def kind_colour(kind: str) -> str:
    """Return the fill of a layer's box."""
    return KIND_COLOURS.get(kind, OTHER_KIND)


def ink_on(fill: str) -> str:
    """Return black or white, whichever is easier to read on a fill (WCAG contrast)."""
    light = _luminance(fill) + 0.05
    return "#FFFFFF" if 1.05 / light > light / 0.05 else "#000000"


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
