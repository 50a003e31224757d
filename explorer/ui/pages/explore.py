"""Explore: what the network is, what it costs, and where."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.analysis import Analysis, analyze
from explorer.backbone import backbone_code, feature_maps
from explorer.catalog import published
from explorer.classic_names import CLASSICS
from explorer.conformance import Comparison, in_own_paper, nearest, nearest_in_paper, where
from explorer.spec import ArchitectureSpec, parse
from explorer.ui import cached, charts, exports, layer_table, state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.words import sentence, title

if TYPE_CHECKING:
    from explorer.verification import ModuleCheck, Verdict


def draw() -> None:
    """Draw the page for the current variant."""
    spec = state.current()
    analysis = analyze(spec)
    exports.draw_title(spec)
    st.markdown(sentence(spec))
    standing = st.container()
    _headline(analysis)
    waiting.let_paint()
    with standing:  # costs more than the numbers, which need not wait for it
        _conformance(spec)
    confirmation = st.container()
    _published(spec)
    _breakdown(spec)
    layer_table.draw(spec)
    _backbone(spec)
    _judges(spec)
    with confirmation:
        _build(spec)


def _conformance(spec: ArchitectureSpec) -> None:
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


def _headline(analysis: Analysis) -> None:
    shape = " × ".join(map(str, analysis.output_shape))
    kept, peak = analysis.saved_for_backward_bytes, analysis.peak_inference_bytes
    numbers = [
        ("Parameters", f"{analysis.parameters:,}", "parameters"),
        ("MACs (one picture)", f"{analysis.macs:,}", "macs"),
        ("FLOPs (2 × MACs)", f"{analysis.flops:,}", "flops"),
        ("Weights", _megabytes(analysis.weights_bytes), "weights"),
        ("Training keeps (one picture)", _megabytes(kept), "training_memory"),
        ("Prediction peak (one picture)", _megabytes(peak), "prediction_memory"),
        ("Depth (weighted layers)", f"{analysis.depth:,}", "depth"),
        ("Receptive field", f"{analysis.receptive_field:,} px", "receptive_field"),
        ("Output", shape, "output"),
    ]
    with st.grid(3, min_column_width=215, border=False):
        for label, value, term in numbers:
            st.metric(label, value, help=GLOSSARY[term], border=True, height="stretch")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.2f} MB"


def _published(spec: ArchitectureSpec) -> None:
    entry = published(spec)
    if entry is None or entry.deviates:
        return
    st.subheader("As published", anchor="published")
    st.markdown(f"**{entry.title}** ({entry.paper}). {entry.note}".strip())
    st.dataframe(
        [
            {
                "What": result.quantity,
                "Printed": result.value,
                "Measured how": result.conditions,
                "Source": result.source,
            }
            for result in entry.results
        ],
        hide_index=True,
        height="content",
        key="published-results",
    )


@st.fragment
def _breakdown(spec: ArchitectureSpec) -> None:
    st.subheader("Where it sits", anchor="breakdown")
    quantity = st.segmented_control(
        "Quantity",
        list(cached.QUANTITIES),
        default="parameters",
        required=True,
        format_func=cached.QUANTITY_NAMES.__getitem__,
        key="breakdown",
        label_visibility="collapsed",
        persist_state="session",
    )
    charts.draw(
        cached.breakdown_chart(spec, quantity),
        "breakdown",
        f"{cached.QUANTITIES[quantity]} by stage and layer kind: {title(spec)}",
        "A longer bar is a costlier stage; its colours are the layer kinds that cause it.",
        lambda: [part._asdict() for part in cached.breakdown_parts(spec, quantity)],
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
        cached.backbone_records(spec),
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
    )


def _built(check: "ModuleCheck") -> None:
    shape = " × ".join(map(str, check.output_shape))
    (st.success if check.equal and check.output_equal else st.error)(
        f"**Built live in {check.build_ms:,.0f} ms.** The PyTorch module has "
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
