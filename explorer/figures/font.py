"""The font of the pictures, which comes with the app and travels inside each of them."""

from base64 import b64encode
from functools import lru_cache

from explorer import assets

FAMILY = "ExplorerSans"
NAME = f"fonts/{FAMILY}.woff2"
WEIGHTS = (400, 700)
"""The lightest and the heaviest."""


@lru_cache(maxsize=1)
def font_face() -> str:
    """Return the CSS rule that carries the font; an empty text if its file is damaged."""
    if not assets.is_whole(NAME):
        return ""
    data = b64encode(assets.read(NAME)).decode("ascii")
    lightest, heaviest = WEIGHTS
    return (
        f"@font-face{{font-family:'{FAMILY}';font-weight:{lightest} {heaviest};"
        f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
    )
