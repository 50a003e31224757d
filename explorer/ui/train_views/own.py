"""Fine-tuning on one's own pictures: a new last layer for the bundled ResNet-50."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from explorer import pictures
from explorer.archive import MAX_BYTES, MAX_ENTRIES
from explorer.collection import MAX_CLASSES, MAX_PICTURES, MAX_TOTAL_BYTES, MIN_EACH
from explorer.training.head_settings import (
    HELD_OUT_PERCENT,
    MAX_SEED,
    WEIGHT_DECAYS,
    HeadSettings,
)
from explorer.ui import jobs, state, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.plain import plain
from explorer.ui.train_views import own_results, own_sources, own_work
from explorer.ui.train_views.own_sources import Chosen

if TYPE_CHECKING:
    from explorer.training.features import Extracted

_MB = 2**20
_DECAYS = tuple(f"{each:g}" for each in WEIGHT_DECAYS)
_LIMITS = (
    f"Limits: a zip of {MAX_BYTES // _MB} MB with {MAX_ENTRIES:,} entries, unpacked "
    f"{MAX_TOTAL_BYTES // _MB} MB; {MAX_PICTURES} pictures of {pictures.MAX_BYTES // _MB} MB and "
    f"{pictures.MAX_PIXELS // 10**6} megapixels each; 2 to {MAX_CLASSES} classes of at least "
    f"{MIN_EACH} pictures. Everything stays in this server's memory, is seen by nobody else, and "
    "is gone when you leave or reload."
)


def draw() -> None:
    """Draw where pictures come from, and all that becomes of them."""
    st.markdown(
        "**Teach ResNet-50 classes of your own.** The bundled network, trained on ImageNet, looks "
        "at each picture once: the 2,048 numbers before its last layer are kept, and a new last "
        "layer learns your classes from them in seconds. All other layers stay as they are."
    )
    chosen = own_sources.choose()
    st.caption(_LIMITS)
    settings = _settings()
    held = state.extracted()
    with st.container():  # always, so that what follows keeps its place
        if held is not None and (chosen is None or chosen.identity == state.extracted_from()):
            _draw(held, settings, forgettable=chosen is None)
        elif chosen is not None:
            _extract(chosen)
        elif name := state.tuned_on():
            st.info(
                f"The pictures of this address, {name}, are not here any more: they were kept for "
                "one visit, and a reload begins another. Choose them again; the settings are still "
                "there."
            )
            _offer_forgetting()
        else:
            st.info("Choose pictures, or the example, to begin.")


def _extract(chosen: Chosen) -> None:
    waiting.show(
        "features",
        chosen.identity,
        own_work.features(chosen),
        partial(_keep, chosen),
        "Looking at the pictures",
        ask="Learn the example" if chosen.public else None,
    )


def _keep(chosen: Chosen, extracted: "Extracted") -> None:
    """Begin anew with the features, which stay when the visitor goes to another page."""
    state.keep_extracted(extracted, chosen.identity)
    st.rerun()


def _draw(extracted: "Extracted", settings: HeadSettings, forgettable: bool) -> None:
    """Draw what is made of pictures that have been looked at."""
    _say_what_is_there(extracted, forgettable)
    waiting.show(
        "head",
        (extracted.identity, settings),
        own_work.head(extracted, settings),
        partial(own_results.draw, extracted),
        "Training the last layer",
    )


def _say_what_is_there(extracted: "Extracted", forgettable: bool) -> None:
    counts = [int((extracted.labels == label).sum()) for label in range(len(extracted.classes))]
    each = ", ".join(
        f"{name} {count}" for name, count in zip(extracted.classes, counts, strict=True)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{extracted.name}**: {sum(counts)} pictures of {len(counts)} classes ({each}).",
            width="stretch",
        )
        if forgettable:
            _offer_forgetting()
    if extracted.left_out:
        with st.expander(f"What is left out ({len(extracted.left_out)})", key="own-left-out"):
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in extracted.left_out))


def _offer_forgetting() -> None:
    st.button("Forget them", key="own-forget", icon=":material/delete:", on_click=_forget)


def _forget() -> None:
    for kind in ("features", "head"):
        jobs.forget(waiting.session_id(), kind)
    state.forget_tuned()


def _settings() -> HeadSettings:
    """Draw the settings of the head."""
    held_out, seed, decay = st.columns(3)
    with held_out:
        percent = st.select_slider(
            "Held out of each class (%)",
            tuple(map(str, HELD_OUT_PERCENT)),
            "25",
            key="own-held",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["own-held"],
        )
    with seed:
        drawn = st.number_input(
            "Seed",
            0,
            MAX_SEED,
            0,
            key="own-seed",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["own-seed"],
        )
    with decay:
        strength = st.select_slider(
            "Weight decay",
            _DECAYS,
            "0.01",
            key="own-decay",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["own-decay"],
        )
    return HeadSettings(int(percent), int(drawn), float(strength))
