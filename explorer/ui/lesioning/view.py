"""Lesion board: units of the networks are switched off or swapped, and what that does."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer import weights
from explorer.cards import Fit, WeightsEntry
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.lesioning import accuracy, answering, boards, curves
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.hearing import Hearing, answers_to, hear
from explorer.ui.predicting.pictures import Chosen
from explorer.words import title

_MOST_PICTURES = 1000
_METHOD = """
- **A unit of a residual network that is off** leaves its input as it is: the identity passes. Where
  the unit changes the shape, its shortcut does so alone (zero padding or a projection); what stands
  behind the addition, such as the ReLU of v1, or before the split, stays.
- **A plain network has no identity to fall back on.** The unit is taken out and its input handed to
  the next one. Units that change the shape cannot be taken out.
- **Two units that are swapped** keep their weights and change places. They must take and give the
  same shapes.
- Nothing is trained again: BatchNorm keeps the statistics of the intact network.
- **Published**: Veit, Wilber and Belongie 2016, *Residual Networks Behave Like Ensembles of
  Relatively Shallow Networks*, arXiv:1605.06431, Section 4. Deleting any one module of a ResNet
  hardly matters, except for downsampling ones; deleting a layer of a VGG takes it to chance;
  deleting or reordering many modules degrades a ResNet smoothly. Their reading: n units make 2ⁿ
  paths, and without one of the units half of these are left.
"""


def draw(asked: Sequence[Asked], chosen: Chosen) -> None:
    """Ask the networks about the pictures, and again without some of their units."""
    hear(asked, chosen, partial(_draw, chosen.fit))


def _draw(fit: Fit, hearing: Hearing) -> None:
    st.subheader(hearing.file.name, anchor=False)
    heard = answers_to(hearing)
    if not heard:
        return
    picture, words = st.columns([1, 5], vertical_alignment="center")
    picture.image(hearing.seen[hearing.place].thumbnail, width=112, alt=hearing.file.name)
    words.markdown(
        "Take units out of a trained network, or let two change places: does it still know what "
        "it sees? Which of them does it need?"
    )
    lesioned = boards.choose(heard)
    answering.draw(lesioned, hearing.file, fit)
    st.subheader("On test pictures", anchor="accuracy")
    judged = [each for each in lesioned if accuracy.can_be_judged(each.heard)]
    accuracy.tell_others(heard)
    if judged:
        pictures = _pictures()
        accuracy.draw(judged, pictures)
        curves.draw([each.heard for each in judged], pictures)
    else:
        _offer_pair()
    with st.expander("What off means, and what was published"):
        st.markdown(_METHOD)


def _pictures() -> int:
    return int(
        st.number_input(
            "Test pictures",
            50,
            _MOST_PICTURES,
            500,
            step=50,
            key="lesion-pictures",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["lesion_pictures"],
            width=200,
        )
    )


def _offer_pair() -> None:
    """Offer the deepest residual network of CIFAR-10's whose plain twin is bundled too."""
    pairs = [
        (entry, twin)
        for entry in weights.available()
        if entry.spec.residual
        and accuracy.knows_cifar10(entry.categories, entry.spec)
        and (twin := weights.for_spec(entry.spec.plain())) is not None
    ]
    if pairs:
        _offer(*max(pairs, key=lambda pair: pair[0].spec.depth))


def _offer(entry: WeightsEntry, twin: WeightsEntry) -> None:
    st.button(
        f"Compare {title(entry.spec)} with {title(twin.spec)}",
        on_click=state.compare,
        args=((entry.architecture, twin.architecture),),
    )
