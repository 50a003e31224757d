"""A variant's letter on its colour, as a small picture that stands in any text."""

from base64 import b64encode
from functools import lru_cache

from explorer.figures.style import VARIANT_COLOURS, on_variant_colour
from explorer.tray import LETTERS


@lru_cache(maxsize=len(LETTERS))
def swatch(letter: str) -> str:
    """Return the letter on its colour, in Markdown."""
    colour = VARIANT_COLOURS[LETTERS.index(letter)]
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="22" height="22" viewBox="0 0 22 22">'
        f'<rect width="22" height="22" rx="4" fill="{colour}"/><text x="11" y="16.5" '
        'font-family="Arial, Helvetica, sans-serif" font-weight="700" font-size="16" '
        f'text-anchor="middle" fill="{on_variant_colour(colour)}">{letter}</text></svg>'
    )
    return f"![{letter}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"
