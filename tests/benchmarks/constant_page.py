"""A page like Explore, drawn from constants: what changing a control there is measured against."""

import streamlit as st

from explorer.analysis import analyze
from explorer.backbone import backbone_code
from explorer.catalog import published
from explorer.formulas import counting_conventions
from explorer.spec import parse
from explorer.ui import cached
from explorer.ui.quantities import QUANTITIES
from explorer.ui.swatches import swatch
from explorer.words import sentence, title
from tests.benchmarks.depths import DEPTHS, LARGE_DEPTHS

FOUR = len(st.query_params.get_all("v")) == 4
SHOWN = LARGE_DEPTHS if FOUR else DEPTHS
OTHERS = tuple(map(parse, ("resnet152v2", "seresnet152", "plain152"))) if FOUR else ()
NUMBERS = ["Parameters", "MACs", "FLOPs", "Weights", "Kept", "Peak", "Depth", "Field", "Output"]


@st.cache_resource
def contents(labels: tuple[str, ...]) -> dict[str, dict[str, object]]:
    return {label: content(f"resnet{label.split()[0]}") for label in labels}


def content(text: str) -> dict[str, object]:
    spec = parse(text)
    analysis, entry = analyze(spec), published(spec)
    assert entry is not None
    count = len(analysis.layers)
    return {
        "title": title(spec),
        "sentence": sentence(spec),
        "metrics": [
            *(f"{n:,}" for n in (analysis.parameters, analysis.macs, analysis.flops)),
            *("102.23 MB", "86.12 MB", "10.24 MB", "50", "427 px", "1000"),
        ],
        "results": [result._asdict() for result in entry.results],
        "chart": cached.breakdown_chart((spec, *OTHERS), "parameters"),
        "all": "\n".join(
            f"- {swatch(letter)} **{title(each)}**: {sentence(each)}"
            for letter, each in zip("ABCD", (spec, *OTHERS), strict=False)
        ),
        "count": f"**{count} of {count} layers**",
        "rows": cached.layer_rows(spec, (), ()).table,
        "conventions": counting_conventions(),
        "stages": cached.stage_table(spec),
        "maps": cached.backbone_table(spec),
        "code": backbone_code(spec),
    }


def sidebar() -> str:
    with st.container():
        st.selectbox("Compare", [f"Comparison {n}" for n in range(12)], None, key="ready")
    with st.container():
        if FOUR:
            st.radio("Edit", [f"{swatch(each)} ResNet-152" for each in "ABCD"], key="edit")
    with st.container(horizontal=True):
        for label in ("Add", "Duplicate", "Share"):
            st.button(label, key=label, disabled=FOUR, help="What it does.")
        with st.popover("Arrange", key="arrange"):
            st.markdown("**ResNet-152**")
            st.text_input("Name", key="called")
            for label in ("Up", "Down", "Remove", "Start over"):
                st.button(label, key=label)
    depth = st.selectbox("Depth", list(SHOWN), key="depth")
    st.selectbox("Start from", [f"ResNet-{n}" for n in range(30)], key="name")
    st.text_input("Variant as text", "resnet50", key="text")
    st.text_input("Units per stage", "3-4-6-3", key="units")
    for label in ("Block", "Stride"):
        st.segmented_control(label, ["A", "B", "C"], default="A", key=label)
    for label in ("Ordering", "Shortcut"):
        st.selectbox(label, ["v1", "v2"], key=label)
    st.number_input("Input size", 32, 2048, 224, key="size")
    st.number_input("Classes", 1, 1000, 1000, key="classes")
    st.expander("More", key="more", on_change="rerun")
    return depth


st.set_page_config("Constant", layout="wide")
with st.sidebar:
    shown = contents(tuple(SHOWN))[sidebar()]


def breakdown() -> None:
    st.subheader("Where it sits")
    st.segmented_control("Quantity", ["A", "B", "C"], default="A", key="quantity")
    st.plotly_chart(shown["chart"], key="chart", config={"modeBarButtons": [["toImage"]]})
    st.caption("How to read it.")
    st.download_button("Data", lambda: "", key="csv")
    with st.popover("Picture", type="tertiary"):
        st.segmented_control("Save the picture as", ["PNG", "SVG"], default="PNG", key="form")
        st.caption("How to save it.")


def heading() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        (st.header if FOUR else st.title)(shown["title"], width="stretch")
        st.popover("Export", key="export", on_change="rerun")


if FOUR:
    st.title("Four variants")
    st.markdown(shown["all"])
    cells = [f"{value}  \n:gray[+1 (+1.0%)]" for value in shown["metrics"]]
    columns = {f"{swatch(letter)} **ResNet-152**": cells for letter in "ABCD"}
    st.table({"": NUMBERS, **columns}, hide_index=True, border="horizontal")
    with st.expander("What these numbers count"):
        st.markdown("- A number\n" * len(NUMBERS))
    breakdown()
    st.divider()
    heading()
    st.caption("The one that is edited.")
else:
    heading()
    st.markdown(shown["sentence"])
    with st.grid(3, min_column_width=215, border=False):
        for name, value in zip(NUMBERS, shown["metrics"], strict=True):
            st.metric(name, value, help="What it counts.", border=True, height="stretch")
st.success("Built.")
st.subheader("As published")
st.markdown("**A network**")
st.dataframe(shown["results"], hide_index=True, height="content", key="results")
if not FOUR:
    breakdown()
st.subheader("Layers")
st.pills("Stages", ["stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x", "head"], key="stages")
st.pills("Kinds", list(QUANTITIES), key="kinds")
st.markdown(shown["count"])
st.dataframe(
    shown["rows"],
    column_config=cached.LAYER_COLUMNS,
    column_order=list(cached.LAYER_COLUMNS),
    hide_index=True,
    height=460,
    on_select="rerun",
    selection_mode="single-row",
    key="rows",
)
st.caption("In forward order.")
st.download_button("Layers", lambda: "", key="layers-csv")
with st.expander("Conventions"):
    st.markdown(shown["conventions"])
st.dataframe(
    shown["stages"],
    column_config=cached.STAGE_COLUMNS,
    hide_index=True,
    height="content",
    key="stage-table",
)
st.subheader("As a backbone", help="What it is.")
st.dataframe(
    shown["maps"],
    column_config=cached.BACKBONE_COLUMNS,
    hide_index=True,
    height="content",
    key="maps",
)
st.code(shown["code"], language="python")
st.subheader("Checked by others")
st.button("Check", key="check")
