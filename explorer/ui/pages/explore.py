"""Explore: what the network is, what it costs, and where."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.analysis import analyze
from explorer.backbone import backbone_code, feature_maps
from explorer.catalog import published
from explorer.classic_names import CLASSICS
from explorer.conformance import Comparison, in_own_paper, nearest, nearest_in_paper, where
from explorer.spec import ArchitectureSpec, parse
from explorer.ui import (
    cached,
    charts,
    exports,
    layer_table,
    numbers,
    quantities,
    state,
    tasks,
    waiting,
)
from explorer.ui.glossary import GLOSSARY
from explorer.ui.swatches import swatch
from explorer.words import sentence, title

if TYPE_CHECKING:
    from explorer.verification import ModuleCheck, Verdict

_COUNTS = {2: "Two", 3: "Three", 4: "Four"}


def draw() -> None:
    """Draw what all variants cost, then the one that the sidebar edits in every detail."""
    variants, edited = state.shown(), state.edited()
    # Chart and table stay in one place: a browser that finds their controls in two, while the page
    # is redrawn, forgets that they belong to the address.
    above, chart, about, beneath = (st.container() for _ in range(4))
    if len(variants) > 1:
        with above:
            _side_by_side(variants)
        with chart:
            _breakdown(variants)
        with about:
            st.divider()
            exports.draw_title(edited.spec, f"{swatch(edited.letter)} {edited.title}", main=False)
            st.caption(
                f"From here on the page is about {edited.letter}, "
                "the variant that the sidebar edits."
            )
            _standing(edited.spec)
            confirmation = st.container()
            _published(edited.spec)
    else:
        with above:
            exports.draw_title(edited.spec, edited.title)
            st.markdown(sentence(edited.spec))
            standing = st.container()
            numbers.draw_cards(edited.spec)
            waiting.let_paint()
            with standing:  # costs more than the numbers, which need not wait for it
                _standing(edited.spec)
            confirmation = st.container()
            _published(edited.spec)
        with chart:
            _breakdown(variants)
    with beneath:
        layer_table.draw(edited.spec)
        _backbone(edited.spec)
        _judges(edited.spec)
    with confirmation:
        _build(edited.spec)


def _side_by_side(variants: tuple[state.Shown, ...]) -> None:
    st.title(f"{_COUNTS[len(variants)]} variants side by side")
    st.markdown(
        "\n".join(
            f"- {swatch(each.letter)} **{each.title}**: {sentence(each.spec)}" for each in variants
        )
    )
    numbers.draw_stated(variants)


def _standing(spec: ArchitectureSpec) -> None:
    """Say whether this is a published network, and what differs from the nearest."""
    found = nearest(spec)
    if not found.exact:
        st.badge(f"Differs from {found.entry.name}", icon=":material/difference:", color="gray")
        _differences(found, f"the nearest published network, {found.entry.title}")
        return
    if found.entry.deviates:
        st.badge(f"As built today: {found.entry.name}", icon=":material/difference:", color="gray")
        st.caption(f"Described in: {where(found.entry)}. {found.entry.note}")
        return
    st.badge(f"As published: {found.entry.name}", icon=":material/verified:", color="green")
    st.caption(f"Published in: {where(found.entry)}.")
    paper = None if in_own_paper(found.entry) else nearest_in_paper(spec)
    if paper is not None:
        _differences(paper, f"the nearest paper's network, {paper.entry.title}")


def _differences(found: Comparison, beside: str) -> None:
    count = len(found.differences)
    with st.expander(f"{count} {'difference' if count == 1 else 'differences'} from {beside}"):
        st.markdown("\n".join(f"- {difference}" for difference in found.differences))
        st.markdown(f"**In all**: {found.total}. Published in: {where(found.entry)}.")
        st.button(
            f"Switch to {found.entry.name}",
            key="nearest-published",
            on_click=state.choose,
            args=(parse(found.entry.text),),
        )


def _published(spec: ArchitectureSpec) -> None:
    entry = published(spec)
    if entry is None or entry.deviates:
        return
    st.subheader("As published", anchor="published")
    st.markdown(f"**{entry.title}** ({entry.paper}). {entry.note}".strip())
    st.dataframe(
        cached.published_table(entry),
        hide_index=True,
        height="content",
        key="published-results",
    )


@st.fragment
def _breakdown(variants: tuple[state.Shown, ...]) -> None:
    st.subheader("Where it sits", anchor="breakdown")
    quantity = quantities.choose()
    several = len(variants) > 1
    charts.draw(
        cached.breakdown_chart(tuple(each.spec for each in variants), quantity),
        "breakdown",
        f"{quantities.QUANTITIES[quantity]} by stage and layer kind: "
        + "; ".join(each.label if several else each.title for each in variants),
        "A longer bar is a costlier stage; its colours are the layer kinds that cause it."
        + (" The bars of a stage stand under each other, A on top." if several else ""),
        lambda: [
            {"variant": str(each.spec), **part._asdict()}
            for each in variants
            for part in cached.breakdown_parts(each.spec, quantity)
        ],
    )


def _backbone(spec: ArchitectureSpec) -> None:
    st.subheader("As a backbone", anchor="backbone", help=GLOSSARY["backbone"])
    if not feature_maps(spec):
        st.markdown(
            f"Not one: {CLASSICS[spec.family].title}'s convolutions do not come in stages that "
            "each halve the map, so it has no C2 to C5."
        )
        return
    st.dataframe(
        cached.backbone_table(spec),
        column_config=cached.BACKBONE_COLUMNS,
        hide_index=True,
        height="content",
        key="backbone-table",
        alt=f"Feature maps of {title(spec)}",
    )
    if spec.preactivated:
        st.caption(
            "A pre-activation unit ends with its addition: these maps are sums, neither "
            "normalised nor rectified. Put a normalisation and a ReLU of your own behind them."
        )
    st.code(backbone_code(spec), language="python")


def _build(spec: ArchitectureSpec) -> None:
    parameters = analyze(spec).parameters
    if parameters > tasks.MAX_LIVE_PARAMETERS:
        st.info(
            f"Not built live: {parameters:,} parameters are more than this page builds "
            f"({tasks.MAX_LIVE_PARAMETERS:,}). All numbers here come from the analysis."
        )
        return
    waiting.show(
        "build",
        spec,
        tasks.check_build(spec),
        _built,
        "Building the PyTorch module",
        known=tasks.checked_build(spec),
    )


def _built(check: "ModuleCheck") -> None:
    shape = " × ".join(map(str, check.output_shape))
    (st.success if check.equal and check.output_equal else st.error)(
        f"**Built live** on this server, in {check.build_ms:,.0f} ms. The PyTorch module has "
        f"{check.parameters:,} parameters, {'' if check.equal else 'NOT '}equal to the analysis; a "
        f"random picture came out as {shape}, {'' if check.output_equal else 'NOT '}as the "
        "analysis says."
    )


def _judges(spec: ArchitectureSpec) -> None:
    st.subheader("Checked by others", anchor="checked")
    st.markdown(
        "torchinfo and PyTorch's own `FlopCounterMode` count the built module independently. "
        "They take a few seconds, so they run when asked."
    )
    if analyze(spec).parameters > tasks.MAX_LIVE_PARAMETERS:
        st.info("Not available: the network is too large to be built here.")
        return
    waiting.show(
        "judges",
        spec,
        tasks.judge(spec),
        _verdicts,
        "Counting with torchinfo and FlopCounterMode",
        ask="Check against torchinfo and FlopCounterMode",
    )


def _verdicts(found: "tuple[tuple[Verdict, ...], str]") -> None:
    verdicts, summary = found
    st.dataframe(
        [
            {
                "Quantity": verdict.quantity,
                "Judge": verdict.judge,
                "Their number": f"{verdict.theirs:,}",
                "Our number": f"{verdict.ours:,}",
                "Verdict": "equal"
                if verdict.equal
                else "explained"
                if verdict.explained
                else "DIFFERENT",
            }
            for verdict in verdicts
        ],
        hide_index=True,
        height="content",
        key="verdicts",
    )
    for verdict in verdicts:
        st.markdown(f"- **{verdict.judge}, {verdict.quantity}**: {verdict.explanation}")
    with st.expander("torchinfo's own summary"):
        st.code(summary, language=None, height=420)


draw()
