"""The files that come with the app, and whether they are whole.

`assets/SUMS` has their sums, as `sha256sum` writes them; weights have theirs in their model cards.
Lessons are not listed: teachers may change them.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "assets"
SUMS = "SUMS"


class AssetError(ValueError):
    """Why a file that came with the app cannot be used, in one sentence."""


def read(name: str) -> bytes:
    """Return a file that came with the app.

    Args:
        name: its path below `assets`, as `data/digits.png`.
    Raises:
        AssetError: if it is missing, altered or not listed.
    """
    try:
        content = (FOLDER / name).read_bytes()
    except OSError:
        raise AssetError(_sentence(name, "missing")) from None
    if hashlib.sha256(content).hexdigest() != _sums().get(name):
        raise AssetError(_sentence(name, "damaged"))
    return content


def read_path(path: Path) -> bytes:
    """Return any file's bytes, those of one that came with the app only as it was published.

    Raises:
        AssetError: if it came with the app, and is missing or altered.
        OSError: if it is another one that cannot be read.
    """
    if path.is_relative_to(FOLDER):
        return read(path.relative_to(FOLDER).as_posix())
    return path.read_bytes()


def is_whole(name: str) -> bool:
    """Say whether a file that came with the app is there, and as it was published."""
    try:
        read(name)
    except AssetError:
        return False
    return True


@lru_cache(maxsize=1)
def damaged() -> tuple[str, ...]:
    """Return the files that are missing or altered, found out once in the life of a process."""
    return tuple(name for name in _sums() or (SUMS,) if not is_whole(name))


@lru_cache(maxsize=1)
def _sums() -> dict[str, str]:
    try:
        lines = (FOLDER / SUMS).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _sentence(name: str, state: str) -> str:
    return f"assets/{name} is {state}: restore it from where this app was installed from"
