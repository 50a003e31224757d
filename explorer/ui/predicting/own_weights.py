"""Weights that somebody brings along, for variants of the tray."""

from collections.abc import Mapping, Sequence

import streamlit as st

from explorer import weights
from explorer.cards import FileCard, WeightsEntry
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.plain import file_name
from explorer.ui.predicting.asked import Own

MAX_MB = 256
"""The largest file that is taken; the server's own limit is in .streamlit/config.toml."""

_ABOUT = (
    f"A safetensors file with exactly the variant's tensors, up to {MAX_MB} MB: half of them if "
    "it holds float16. `python -m explorer convert FILE.pt -o FILE.safetensors` makes one of a "
    "PyTorch file. It stays in this server's memory, answers in the place of other weights, and "
    "is gone when you remove it or leave this page."
)


def files(variants: Sequence[state.Shown]) -> Mapping[str, Own]:
    """Draw a control for each variant; return the files by the variants' letters.

    All are drawn in every run, or what they hold would be lost.
    """
    found = {}
    with st.expander("Your own weights", icon=":material/upload_file:", key="own-weights"):
        st.caption(_ABOUT)
        for variant in variants:
            upload = st.file_uploader(
                f"Weights for {variant.label}",
                type=["safetensors"],
                key=f"own-weights-{variant.letter}",
                max_upload_size=MAX_MB,
            )
            if upload is not None:
                content = upload.getvalue()
                card = _card(content)
                like = None if card else _like(variant)
                found[variant.letter] = Own(
                    file_name(upload.name), upload.file_id, content, like, card
                )
    return found


def _card(content: bytes) -> FileCard | None:
    """Return what a file says about its classes, if it is one that says anything."""
    from explorer.checkpoints import CheckpointError, card_of

    try:
        return card_of(content)
    except CheckpointError:  # what is wrong is told where the file is opened
        return None


def _like(variant: state.Shown) -> WeightsEntry | None:
    """Ask what the classes are called; a file of weights does not say."""
    spec = variant.spec
    alike = [
        entry
        for entry in weights.available()
        if (entry.spec.classes, entry.spec.image_size, entry.spec.in_channels)
        == (spec.classes, spec.image_size, spec.in_channels)
    ]
    if not alike:
        return None
    names = {entry.name: entry for entry in alike}
    chosen = st.selectbox(
        f"Classes and preprocessing of {variant.label}",
        ["", *names],
        format_func=lambda name: f"as {names[name].title}" if name else "numbered, ImageNet's mean",
        key=f"own-like-{variant.letter}",
        help=GLOSSARY["own-like"],
    )
    return names.get(chosen)
