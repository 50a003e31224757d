"""A small hand for SVG: boxes, lines and words on a ground of their own, light or dark."""

from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from explorer.figures.style import KIND_COLOURS

FONT = "'Source Sans 3', 'Source Sans Pro', 'Segoe UI', Helvetica, Arial, sans-serif"
OTHER_KIND = "#8C8CA6"
"""The colour of a kind that has none of its own."""


class Theme(NamedTuple):
    """Colours of what is not a layer."""

    ground: str
    panel: str
    line: str
    text: str
    quiet: str


LIGHT = Theme("#FFFFFF", "#F2F5F8", "#66727F", "#1B2530", "#4A5662")
DARK = Theme("#0E1318", "#1A222B", "#93A1B0", "#E9EEF3", "#B8C4CF")


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, rather too wide than too narrow."""
    return 0.54 * size * len(text)


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


class Sheet:
    """A drawing in the making; its size is known only at the end."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._elements: list[str] = []

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, radius: float = 4
    ) -> None:
        """Add a rounded rectangle."""
        self._elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'rx="{radius:g}" fill="{fill}"/>'
        )

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
        self._elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" '
            f'text-anchor="{anchor}" fill="{fill or self.theme.text}">{escape(text)}</text>'
        )

    def path(self, commands: str, arrow: bool = False, width: float = 2) -> None:
        """Add a line; an arrow ends in a head."""
        head = ' marker-end="url(#head)"' if arrow else ""
        self._elements.append(
            f'<path d="{commands}" fill="none" stroke="{self.theme.line}" '
            f'stroke-width="{width:g}" stroke-linejoin="round"{head}/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str) -> None:
        """Add a disc."""
        self._elements.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>')

    def badge(self, right: float, y: float, text: str, size: float) -> None:
        """Add a pill that ends at `right`, its text's baseline at y."""
        width = text_width(text, size) + 16
        self.box(right - width, y - size, width, size + 6, self.theme.text, (size + 6) / 2)
        self.words(right - width / 2, y, text, size, self.theme.ground, "middle", 700)

    def finish(self, width: float, height: float, title: str, description: str) -> str:
        """Return the drawing as an SVG that needs nothing else."""
        head = (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="5" '
            'markerHeight="5" orient="auto-start-reverse">'
            f'<path d="M0 0.5 L8 4 L0 7.5 z" fill="{self.theme.line}"/></marker></defs>'
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img" aria-labelledby="title desc" '
            f"font-family={quoteattr(FONT)}>"
            f'<title id="title">{escape(title)}</title><desc id="desc">{escape(description)}</desc>'
            f'{head}<rect width="100%" height="100%" fill="{self.theme.ground}"/>'
            f"{''.join(self._elements)}</svg>"
        )
