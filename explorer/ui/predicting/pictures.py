"""Which pictures are shown to the networks, and how each is brought to their size."""

from typing import NamedTuple

import streamlit as st

from explorer import assets
from explorer.cards import FITS, Fit
from explorer.data import (
    bundled_picture,
    bundled_pictures,
    has_labelled_pictures,
    labelled_pictures,
)
from explorer.ui import uploads
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.tasks import File

MAX_PICTURES = 200
"""How many pictures are asked about at a time, whatever their source."""

_FIT_WORDS = {
    "crop": "centre cut out",
    "stretch": "stretched",
    "pad": "whole, padded",
}


class Chosen(NamedTuple):
    """The pictures, own ones first, and how they are brought to a network's size."""

    files: tuple[File, ...]
    fit: Fit


def choose() -> Chosen:
    """Draw all sources of pictures, and return what they give."""
    folder, sources = st.columns([1, 1], gap="medium")
    with folder:
        own = _uploaded()
    with sources:
        chosen = st.pills(
            "Bundled photographs",
            [picture.name for picture in bundled_pictures()],
            default=[picture.name for picture in bundled_pictures()[:1]],
            selection_mode="multi",
            format_func=lambda name: bundled_picture(name).title,
            key="pictures",
            wrap=True,
            bind="query-params",
            persist_state="session",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            samples = st.number_input(
                "CIFAR-10 test pictures",
                0,
                MAX_PICTURES,
                0,
                step=50,
                key="samples",
                bind="query-params",
                persist_state="session",
                help=GLOSSARY["samples"],
                width=220,
                disabled=not has_labelled_pictures(),
            )
            fit: Fit = one_of(
                "Brought to the network's size",
                FITS,
                FITS[0],
                "fit",
                GLOSSARY["fit"],
                _FIT_WORDS.__getitem__,
            )
    files = [*own, *map(bundled_file, chosen), *_labelled(int(samples))]
    if len(files) > MAX_PICTURES:
        st.warning(f"Only the first {MAX_PICTURES} of {len(files)} pictures are asked about.")
    return Chosen(tuple(files[:MAX_PICTURES]), fit)


def _uploaded() -> tuple[File, ...]:
    """Draw what takes people's own pictures: files, a folder, the camera."""
    place = st.container()
    folder = st.toggle(
        "A whole folder",
        key="folder",
        help=GLOSSARY["whole_folder"],
    )
    camera = st.expander(
        "Camera", icon=":material/photo_camera:", key="camera-open", on_change="rerun"
    )
    taken: tuple[File, ...] = ()
    if camera.open:
        with camera:
            taken = uploads.shot("camera")
            st.caption(
                "The picture is asked about while this is open. Browsers give a camera only to "
                "pages of this computer or with https in their address."
            )
    with place:
        return (*uploads.pictures("uploads", MAX_PICTURES, folder), *taken)


def bundled_file(name: str) -> File:
    """Return a bundled photograph as a file, whose name tells no class."""
    picture = bundled_picture(name)
    remark = f"{picture.note} Photograph: {picture.credit}.".strip()
    return File(
        picture.title, f"bundled {name}", assets.read_path(picture.path), remark, named=False
    )


def _labelled(count: int) -> list[File]:
    if not has_labelled_pictures():  # a link may ask for them all the same
        return []
    remark = "CIFAR-10, test part (Krizhevsky 2009)."
    return [
        File(name, f"cifar10 {name}", content, remark) for name, content in labelled_pictures(count)
    ]
