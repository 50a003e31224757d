"""Texts of other people's, shown as they are: nothing in them is a link, a picture or a formula."""

import re
from pathlib import PurePosixPath

from explorer.tray import clean_name

MAX_STEM = 100
"""Characters of a file's name before its suffix, and of a folder's; what is longer is cut."""
MAX_SUFFIX = 20

_JOINER = "\u2060"
"""A character that is not seen; what it stands in is no address and no name of a picture."""

_MARKS = re.compile(r"[\\`*~\[\]<>!#|$&]|(?<![^\W_])_|_(?![^\W_])")
_BEFORE_ADDRESS = re.compile(r":(?=\S)|@|www(?=\.)", re.IGNORECASE)


def plain(text: str) -> str:
    """Return a text in Markdown that shows it as it is, on one line."""
    line = _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(text.split()))
    return _BEFORE_ADDRESS.sub(lambda found: f"{found[0]}{_JOINER}", line)


def file_name(name: str) -> str:
    """Return a file's name, with its folders, in signs that Markdown and HTML do not read.

    It is shown in headings, tables and messages, and may say the class of a picture.
    """
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    path = PurePosixPath(last)
    last = clean_name(f"{clean_name(path.stem, MAX_STEM)}{path.suffix}", MAX_STEM + MAX_SUFFIX)
    parts = (*(clean_name(folder, MAX_STEM) for folder in folders), last)
    return "/".join(part for part in parts if part.strip("/.")) or "A file"
