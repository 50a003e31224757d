"""Pictures that people upload: a control, and what it holds as plain files."""

from collections.abc import Set

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explorer.archive import MAX_BYTES as MAX_ZIP_BYTES
from explorer.pictures import FORMATS, MAX_BYTES, MAX_PIXELS, MAX_SLOW_PIXELS, SUFFIXES
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.plain import file_name, plain
from explorer.ui.tasks import File

MAX_FILES = 24
_NAMED = 3
_LIMITS = (
    f"{', '.join(FORMATS)}, up to {MAX_BYTES // 2**20} MB and {MAX_PIXELS / 1e6:.0f} megapixels "
    f"each ({MAX_SLOW_PIXELS / 1e6:.0f} for QOI and what else is slow to read). They are only held "
    "in this server's memory, also while you visit other pages, and are gone when you leave. HEIC, "
    "which some phones write, is not read: export it as JPEG."
)


def pictures(key: str, limit: int = MAX_FILES, folder: bool = False) -> tuple[File, ...]:
    """Draw the control and return the pictures it holds, or held before its page was left.

    Args:
        key: stable and unique on the page.
        limit: how many pictures are returned at most.
        folder: whether whole folders are taken, whose names are then part of the files'.
    """
    uploads = st.file_uploader(
        "A folder of your pictures" if folder else "Your pictures: choose them, or drop them here",
        type=list(SUFFIXES),
        accept_multiple_files="directory" if folder else True,
        key=key,
        max_upload_size=MAX_BYTES // 2**20,
        help=f"At most {limit} pictures: {_LIMITS}",
        on_change=_let_go,
        args=(key,),
    )
    here = tuple(map(_file, uploads))
    earlier = _without(_kept(key), {file.identity for file in here})
    _keep(key, here, earlier)
    if earlier:
        _offer_to_forget(key, here, earlier)
    found = (*earlier, *here)
    if len(found) > limit:
        st.warning(f"Only the first {limit} pictures are taken.")
    return found[:limit]


def _offer_to_forget(key: str, here: tuple[File, ...], earlier: tuple[File, ...]) -> None:
    """Name the pictures that the control itself, being new on its page, does not list."""
    names = ", ".join(plain(file.name) for file in earlier[:_NAMED])
    more = f" and {len(earlier) - _NAMED} more" if len(earlier) > _NAMED else ""
    st.caption(f"Still here from before: {names}{more}.")
    st.button("Forget them", key=f"{key}-forget", on_click=_keep, args=(key, here, ()))


def _kept(key: str) -> tuple[File, ...]:
    found: tuple[File, ...] = state.held(f"{key}-kept") or ()
    return found


def _keep(key: str, here: tuple[File, ...], earlier: tuple[File, ...]) -> None:
    state.fill(f"{key}-kept", (*earlier, *here))
    state.fill(f"{key}-here", {file.identity for file in here})


def _let_go(key: str) -> None:
    """Forget what was just taken out of the control; a control that is new had nothing yet."""
    gone = state.held(f"{key}-here") - {_identity(upload) for upload in state.read(key)}
    state.fill(f"{key}-kept", _without(_kept(key), gone))


def _without(files: tuple[File, ...], identities: Set[str]) -> tuple[File, ...]:
    return tuple(file for file in files if file.identity not in identities)


def archive(key: str) -> File | None:
    """Draw the control for a zip of pictures and return what it holds."""
    upload = st.file_uploader(
        "A zip with a folder for each class",
        type=["zip"],
        key=key,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        help=GLOSSARY["own-zip"],
    )
    return None if upload is None else _file(upload)


def shot(key: str) -> tuple[File, ...]:
    """Draw the camera and return the picture it took, if it took one."""
    upload = st.camera_input("Take a picture", key=key)
    return () if upload is None else (_file(upload),)


def _file(upload: UploadedFile) -> File:
    return File(file_name(upload.name), _identity(upload), upload.getvalue())


def _identity(upload: UploadedFile) -> str:
    # Its id instead of a digest: to read all of two hundred photographs takes a second each run.
    # A manipulated browser chooses the id; it must not become that of a picture all visitors share.
    return f"upload {upload.file_id}"
