"""The font of the pictures, which comes with the app and travels inside each of them."""

from base64 import b64encode
from functools import lru_cache
from pathlib import Path

FAMILY = "ExplorerSans"
PATH = Path(__file__).parents[2] / "assets" / "fonts" / f"{FAMILY}.woff2"
WEIGHTS = (400, 700)
"""The lightest and the heaviest."""


@lru_cache(maxsize=1)
def font_face() -> str:
    """Return the CSS rule that carries the font."""
    data = b64encode(PATH.read_bytes()).decode("ascii")
    lightest, heaviest = WEIGHTS
    return (
        f"@font-face{{font-family:'{FAMILY}';font-weight:{lightest} {heaviest};"
        f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
    )
