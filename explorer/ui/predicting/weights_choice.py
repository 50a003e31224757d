"""Whose weights answer: for each variant what there is, and what can be fetched."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from explorer import torchvision_weights, weights
from explorer.analysis import analyze
from explorer.cards import WeightsEntry
from explorer.downloads import megabytes
from explorer.spec import ArchitectureSpec
from explorer.tray import LETTERS
from explorer.ui import state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.jobs import Lane
from explorer.ui.predicting import own_weights, tuned_network, weights_table, work
from explorer.ui.predicting.asked import Asked, Own
from explorer.ui.predicting.voices import listed
from explorer.ui.swatches import swatch
from explorer.words import title

if TYPE_CHECKING:
    from explorer.training.fine_tuning import FineTuned


def choose(variants: Sequence[state.Shown]) -> list[Asked]:
    """Draw whose weights answer for each variant; return those that can be asked."""
    rows = st.container()  # always, so that what follows keeps its place
    table = st.expander(
        "All weights, with accuracy, licence and source",
        icon=":material/table:",
        key="weights-table",
        on_change="rerun",
    )
    own = own_weights.files(variants)
    shared = any(torchvision_weights.has_network(variant.spec) for variant in variants)
    if (shared or table.open) and not torchvision_weights.are_listed():
        waiting.show(
            "list-weights",
            "",
            work.list_weights,
            lambda none: None,
            "Listing torchvision's weights",
        )
    if table.open:
        with table:
            weights_table.draw(_known())
    with rows:
        tuned_network.offer(variants)
        return _rows(variants, own)


def credit(asked: Sequence[Asked]) -> None:
    """Draw where the weights that answered come from and under which licence."""
    credited = [(each.variant, each.entry) for each in asked if each.entry is not None]
    if credited:
        st.markdown("**The weights that answered**")
    for variant, entry in credited:
        st.caption(f"{_mark(variant)}{_provenance(entry)}")


def _known() -> tuple[WeightsEntry, ...]:
    """Return the bundled weights, and torchvision's once they are listed."""
    return weights.offered() if torchvision_weights.are_listed() else weights.available()


def _rows(variants: Sequence[state.Shown], own: Mapping[str, Own]) -> list[Asked]:
    """Draw what there is for each variant; offer some to the edited one if none has any."""
    asked, lacking = [], []
    rows = [st.container() for _ in LETTERS]  # all, so that what follows keeps its place
    for variant, row in zip(variants, rows, strict=False):
        with row:
            entry = None if variant.letter in own else _entry(variant)
            if variant.letter in own:
                asked.append(Asked(variant, None, own[variant.letter]))
                _introduce_own(variant, own[variant.letter])
            elif (tuned := tuned_network.of(variant)) is not None:
                asked.append(Asked(variant, tuned=tuned))
                _introduce_tuned(variant, tuned)
            elif entry is not None and weights.is_there(entry):
                asked.append(Asked(variant, entry))
                _introduce(variant, entry)
            else:
                lacking.append((variant, entry))
    untrained = not asked and _offer_nearest(state.edited().spec)
    for variant, entry in lacking:
        if entry is not None:
            _offer_fetch(variant, entry)
    if asked and lacking:
        names = "; ".join(variant.label for variant, _ in lacking)
        st.caption(f"Not asked, for they have no trained weights here: {names}.")
    return [Asked(state.edited())] if untrained else asked


def _entry(variant: state.Shown) -> WeightsEntry | None:
    """Return the weights that are to answer for a variant, chosen where there are several."""
    offered = {entry.name: entry for entry in _known() if entry.spec == variant.spec}
    if len(offered) < 2:
        return next(iter(offered.values()), None)
    chosen = st.selectbox(
        f"Weights of {variant.label}" if _several() else "Weights",
        list(offered),
        key=f"weights-{variant.letter}",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["trained_weights"],
    )
    return offered[chosen]


def _several() -> bool:
    return len(state.shown()) > 1


def _mark(variant: state.Shown) -> str:
    """Return the variant's letter where there are several."""
    return f"{swatch(variant.letter)} " if _several() else ""


def _introduce(variant: state.Shown, entry: WeightsEntry) -> None:
    st.markdown(
        f"{_mark(variant)}**{variant.title}** with trained weights: {entry.title}, "
        f"trained on {entry.dataset}. {_accuracy(entry)}"
    )


def _introduce_own(variant: state.Shown, own: Own) -> None:
    like = f"as {own.like.title}" if own.like else "classes numbered, ImageNet's mean"
    judged = "How accurate they are, nobody says."
    if own.card is not None:
        like, judged = "with their classes and preprocessing", f"The file says: {own.card.about}."
    st.markdown(
        f"{_mark(variant)}**{variant.title}** with your own weights: {own.name}, "
        f"{megabytes(len(own.content))}; {like}. {judged}"
    )


def _introduce_tuned(variant: state.Shown, tuned: "FineTuned") -> None:
    scores = tuned.scores
    low, high = scores.accuracy_interval_percent
    st.markdown(
        f"{_mark(variant)}**{variant.title}** with a last layer of your own, {tuned.title}: "
        f"{listed(tuned.classes)}. Of the pictures held out, {scores.right} of {scores.pictures} "
        f"were named rightly (with 95% confidence between {low:.1f}% and {high:.1f}% on endlessly "
        "many such pictures). Whatever a picture shows, it is given one of these classes."
    )


def _accuracy(entry: WeightsEntry) -> str:
    accuracy = entry.accuracy
    known = "Measured" if entry.training else "Published"
    return (
        f"{known} accuracy: {accuracy.top1_percent}% top-1, {accuracy.top5_percent}% top-5 "
        f"({accuracy.evaluation})."
    )


def _provenance(entry: WeightsEntry) -> str:
    return (
        f"Source of the accuracy: {entry.accuracy.source}. Licence: {entry.licence}. "
        f"File: {megabytes(entry.size_bytes)}, {weights_table.where(entry)}. Pictures: "
        f"{weights_table.preprocessing(entry.preprocessing)}. {entry.note}".strip()
    )


def _offer_nearest(spec: ArchitectureSpec) -> bool:
    """Say that the variant has no weights, and offer what can be done; return whether to go on."""
    near = weights.nearest(spec)
    offer = f" The nearest variant that can is {title(near.spec)}." if near else ""
    st.warning(
        f"**{title(spec)} has no trained weights here**, so it cannot name what a picture shows."
        f"{offer}"
    )
    with st.container():
        if near:
            st.button(
                f"Switch to {title(near.spec)} with trained weights",
                type="primary",
                on_click=state.choose,
                args=(near.spec,),
            )
    too_large = analyze(spec).parameters > tasks.MAX_LIVE_PARAMETERS
    return st.toggle(
        "Show what the untrained network answers",
        key="untrained",
        bind="query-params",
        persist_state="session",
        disabled=too_large or spec.in_channels not in (1, 3),
        help="Its weights are random (seed 0), so the classes mean nothing. Needs a network of 1 "
        f"or 3 input channels and at most {tasks.MAX_LIVE_PARAMETERS:,} parameters.",
    )


def _offer_fetch(variant: state.Shown, entry: WeightsEntry) -> None:
    """Say what would be fetched, and fetch it when asked."""
    size = megabytes(entry.size_bytes)
    st.markdown(
        f"{_mark(variant)}**{variant.title}** could answer with {entry.title}, trained on "
        f"{entry.dataset}. {_accuracy(entry)} The file of {size} comes from the network, once for "
        "all visitors of this server; leaving this page stops it, and what has come is kept."
    )
    st.caption(_provenance(entry))
    waiting.show(
        f"fetch-{variant.letter}",
        entry.name,
        work.fetch(entry),
        partial(_fetched, entry),
        f"Fetching {entry.title}",
        ask=f"Fetch {size}",
        lane=Lane.NETWORK,
    )
    near = weights.nearest(variant.spec)
    if near and _several():
        st.button(
            f"Switch {variant.letter} to {title(near.spec)}, which is bundled",
            key=f"switch-{variant.letter}",
            on_click=state.choose,
            args=(near.spec, LETTERS.index(variant.letter)),
        )


def _fetched(entry: WeightsEntry, none: None) -> None:
    """Begin anew with the file that was fetched; say so if it is not there any more."""
    if weights.is_there(entry):
        st.rerun()
    st.warning(f"The file of {entry.title} was fetched, and is gone again. Reload this page.")
