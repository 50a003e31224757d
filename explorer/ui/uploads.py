"""Pictures that people upload: a control, and what it holds as plain files."""

import hashlib

import streamlit as st

from explorer.pictures import FORMATS, MAX_BYTES, MAX_PIXELS
from explorer.ui.tasks import File

MAX_FILES = 24
_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff")


def pictures(key: str) -> tuple[File, ...]:
    """Draw the control and return the pictures it holds, the first `MAX_FILES` at most."""
    uploads = st.file_uploader(
        "Your pictures",
        type=_SUFFIXES,
        accept_multiple_files=True,
        key=key,
        help=f"{', '.join(FORMATS)}, up to {MAX_BYTES // 2**20} MB and {MAX_PIXELS / 1e6:.0f} "
        "megapixels each. They are only held in this server's memory and are gone when you leave.",
    )
    if len(uploads) > MAX_FILES:
        st.warning(f"Only the first {MAX_FILES} pictures are shown.")
    return tuple(file(upload.name, upload.getvalue()) for upload in uploads[:MAX_FILES])


def file(name: str, content: bytes, credit: str = "") -> File:
    """Return a file with the digest that tells it from others."""
    return File(name, hashlib.sha256(content).hexdigest(), content, credit)
