"""Whose pictures are learned from: a zip or a folder of one's own, or an example."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from explorer.archive import read_zip
from explorer.collection import MAX_PICTURES, Collection, Found, arrange
from explorer.data import has_labelled_pictures, labelled_pictures
from explorer.ui import uploads
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.tasks import File

EXAMPLE_EACH = 50
"""Pictures of each class in an example."""

_FROM = {"zip": "my zip", "folder": "my folder", "example": "example"}
_EXAMPLES = 1000  # the bundled test pictures of CIFAR-10, a tenth of each class


class Chosen(NamedTuple):
    """Where pictures come from.

    Args:
        identity: tells them from any others.
        arrange: looks into them, in the job queue.
        public: whether they are the same for everybody.
    """

    identity: Hashable
    arrange: Callable[[], Collection]
    public: bool = False


def choose() -> Chosen | None:
    """Draw the sources, and return what was chosen, if anything was."""
    source = one_of(
        "Pictures from", list(_FROM), "zip", "own-from", GLOSSARY["own-from"], _FROM.__getitem__
    )
    with st.container(key=f"own-{source}-place"):
        if source == "example":
            return _example()
        return _zip() if source == "zip" else _folder()


def _zip() -> Chosen | None:
    file = uploads.archive("own-zip")
    return None if file is None else Chosen(("zip", file.identity), partial(_read_zip, file))


def _read_zip(file: File) -> Collection:
    return read_zip(file.content, file.name)


def _folder() -> Chosen | None:
    files = uploads.pictures("own-folder", MAX_PICTURES, folder=True)
    if not files:
        return None
    identities = tuple(file.identity for file in files)
    return Chosen(("folder", identities), partial(_read_files, "Your folder", files))


def _example() -> Chosen | None:
    if not has_labelled_pictures():
        st.info("The pictures of the example are missing or damaged in this installation.")
        return None
    labels = sorted({name.partition("/")[0] for name, _ in labelled_pictures(_EXAMPLES)})
    chosen = st.pills(
        "Classes of CIFAR-10",
        labels,
        default=["cat", "dog"],
        selection_mode="multi",
        key="own-classes",
        wrap=True,
        bind="query-params",
        persist_state="session",
    )
    st.caption(
        f"The first {EXAMPLE_EACH} of the bundled test pictures of each class, 32 × 32 pixels, "
        "enlarged (Krizhevsky 2009). ImageNet knows cats, dogs, birds, frogs, ships and more, in "
        "sharper pictures; its network has never seen these."
    )
    if len(chosen) < 2:
        st.info("Choose at least two classes.")
        return None
    classes = tuple(sorted(chosen))
    return Chosen(("example", classes), partial(_read_example, classes), public=True)


def _read_example(classes: Sequence[str]) -> Collection:
    files = []
    for wanted in classes:
        mine = [each for each in labelled_pictures(_EXAMPLES) if each[0].startswith(f"{wanted}/")]
        files += [File(name, name, content) for name, content in mine[:EXAMPLE_EACH]]
    return _read_files(f"CIFAR-10, {', '.join(classes)}", files)


def _read_files(name: str, files: Sequence[File]) -> Collection:
    found = [Found(each.name, len(each.content), partial(_content, each)) for each in files]
    return arrange(name, found)


def _content(file: File) -> bytes:
    return file.content
