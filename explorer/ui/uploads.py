"""Pictures that people upload: a control, and what it holds as plain files."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explorer.archive import MAX_BYTES as MAX_ZIP_BYTES
from explorer.pictures import FORMATS, MAX_BYTES, MAX_PIXELS
from explorer.ui.plain import file_name
from explorer.ui.tasks import File

MAX_FILES = 24
_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff")
_LIMITS = (
    f"{', '.join(FORMATS)}, up to {MAX_BYTES // 2**20} MB and {MAX_PIXELS / 1e6:.0f} megapixels "
    "each. They are only held in this server's memory and are gone when you leave."
)


def pictures(key: str, limit: int = MAX_FILES, folder: bool = False) -> tuple[File, ...]:
    """Draw the control and return the pictures it holds.

    Args:
        key: stable and unique on the page.
        limit: how many pictures are returned at most.
        folder: whether whole folders are taken, whose names are then part of the files'.
    """
    uploads = st.file_uploader(
        "A folder of your pictures" if folder else "Your pictures",
        type=_SUFFIXES,
        accept_multiple_files="directory" if folder else True,
        key=key,
        max_upload_size=MAX_BYTES // 2**20,
        help=f"At most {limit} pictures: {_LIMITS}",
    )
    if len(uploads) > limit:
        st.warning(f"Only the first {limit} pictures are taken.")
    return tuple(_file(upload) for upload in uploads[:limit])


def archive(key: str) -> File | None:
    """Draw the control for a zip of pictures and return what it holds."""
    upload = st.file_uploader(
        "A zip with a folder for each class",
        type=["zip"],
        key=key,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        help="For instance a folder cats and a folder dogs, packed as a zip. It is read in this "
        "server's memory; nothing of it is written to disk.",
    )
    return None if upload is None else _file(upload)


def shot(key: str) -> tuple[File, ...]:
    """Draw the camera and return the picture it took, if it took one."""
    upload = st.camera_input("Take a picture", key=key)
    return () if upload is None else (_file(upload),)


def _file(upload: UploadedFile) -> File:
    # Its id instead of a digest: to read all of two hundred photographs takes a second each run.
    # A manipulated browser chooses the id; it must not become that of a picture all visitors share.
    return File(file_name(upload.name), f"upload {upload.file_id}", upload.getvalue())
