"""Cut the font of the app's pictures out of Source Sans 3: the signs they use, and kerning.

Usage:
    python assets/fonts/make_explorer_sans.py SourceSansVF-Upright.ttf.BsWL4Kly.woff2

The argument is Source Sans 3 as the wheel of Streamlit 1.67.0 carries it, in
streamlit/static/static/media. ExplorerSans.woff2 is written beside this script. Needs fonttools
4.68.0 and brotli 1.2.1. The same input gives the same bytes.

Source:
    Source Sans 3.052, Adobe, SIL Open Font License 1.1. "Source" is a reserved name, which is
    why the smaller font has another.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FAMILY = "ExplorerSans"
SIGNS = "×·−–…→≤≥≈±²°∥∘σγαβμ"
WEIGHTS = (400, 700)
KEPT_NAMES = (0, 1, 2, 3, 4, 5, 6, 13, 14)  # copyright, names, version, licence


def main() -> None:
    """Write the font."""
    font = TTFont(sys.argv[1], recalcTimestamp=False)
    options = Options()
    options.layout_features = ["kern"]
    options.name_IDs = list(KEPT_NAMES)
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[*range(ord(" "), ord("~") + 1), *map(ord, SIGNS)])
    subsetter.subset(font)
    font = instantiateVariableFont(font, {"wght": WEIGHTS})
    for record in font["name"].names:
        record.string = record.toUnicode().replace("SourceSans3VF", FAMILY)
    font.flavor = "woff2"
    font.save(Path(__file__).with_name(f"{FAMILY}.woff2"))


main()
