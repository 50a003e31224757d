"""The text of a lesson: Markdown without HTML, whose links lead to sources or to this app."""

import re

from explorer.lessons.quantities import fill
from explorer.rules import quote

PAGES = ("compare", "picture", "gradients", "train", "predict", "learn", "experiments", "landscape")
"""Pages that a link may lead to; `./` alone is Explore."""

_APART = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]+`", re.DOTALL)
_FORMULA = re.compile(r"\s*\$\$\s*(.*?)\s*\$\$[ \t]*\n?", re.DOTALL)
_HTML = re.compile(r"<[a-zA-Z/!?]")
_LINK = re.compile(r"\]\(([^)]*)\)")
_IMAGE = re.compile(r"!\[")
_REFERENCE = re.compile(r"\]:")  # in a quotation or list, too
_BARE = re.compile(r"(https?://|www\.)", re.IGNORECASE)
_SOURCE = re.compile(r"https://(arxiv\.org|doi\.org)/[\w./%()-]+")
_OWN = re.compile(rf"\./({'|'.join(PAGES)})?(\?[\w.,=;&%+|-]*)?")


def read_prose(text: str) -> str:
    """Return a text as it is shown, its numbers filled in, `$$` on lines of their own.

    Raises:
        ValueError: for HTML, pictures, or a link that leads elsewhere.
    """
    plain = _APART.sub("", text)
    if html := _HTML.search(plain):
        met = plain[html.start() :].split("\n")[0]
        raise ValueError(f"met {quote(met)}: a text is Markdown, without HTML")
    # In formulas and code, too: where these begin and end, a reader of Markdown may see otherwise.
    if _IMAGE.search(text):
        raise ValueError("a text holds no pictures; a live part draws")
    if _REFERENCE.search(text):
        raise ValueError("a link stands where it is used: [words](address)")
    for target in _LINK.findall(text):
        if not (_SOURCE.fullmatch(target) or _OWN.fullmatch(target)):
            raise ValueError(
                f"the link to {quote(target)} leads elsewhere; links go to https://arxiv.org/..., "
                "https://doi.org/... or to a page, as in ./?v=resnet50 or ./gradients?v=resnet50"
            )
    if bare := _BARE.search(_LINK.sub("", text)):
        raise ValueError(f"an address ({bare[0]}...) stands in a link: [words](address)")
    return _FORMULA.sub(r"\n\n$$\n\1\n$$\n\n", fill(text)).strip()
