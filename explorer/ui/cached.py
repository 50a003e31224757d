"""Every cache of what pages draw, each bounded; the spec is the key."""

from typing import Any, NamedTuple

import streamlit as st

from explorer.analysis import Total, analyze, sum_rows
from explorer.backbone import feature_maps
from explorer.diagram import diagram
from explorer.diagram_words import outline, unit_label
from explorer.figures.breakdown import Part, breakdown, breakdowns
from explorer.figures.diagram import network_drawing
from explorer.figures.drawing import DARK, LIGHT, Drawing
from explorer.figures.microscope import unit_drawing
from explorer.rows import LayerRow, row_as_dict
from explorer.spec import ArchitectureSpec
from explorer.ui.glossary import GLOSSARY
from explorer.ui.quantities import QUANTITIES
from explorer.words import title

LAYER_COLUMNS: Any = {
    "name": st.column_config.TextColumn("Layer", pinned=True),
    "kind": "Kind",
    "detail": "What it does",
    "output_shape": st.column_config.TextColumn("Output", help=GLOSSARY["shape"]),
    "parameters": st.column_config.NumberColumn(
        "Parameters", format="localized", help=GLOSSARY["parameters"]
    ),
    "macs": st.column_config.NumberColumn("MACs", format="localized", help=GLOSSARY["macs"]),
    "macs_share": st.column_config.NumberColumn(
        "MACs share", format="percent", help=GLOSSARY["macs_share"]
    ),
    "receptive_field": st.column_config.NumberColumn(
        "Receptive field (px)", help=GLOSSARY["receptive_field"]
    ),
    "stage": "Stage",
    "unit": st.column_config.NumberColumn("Unit", help=GLOSSARY["unit_place"]),
    "input_shape": st.column_config.TextColumn("Input", help=GLOSSARY["shape"]),
    "kernel": st.column_config.NumberColumn("Kernel", help=GLOSSARY["kernel"]),
    "stride": st.column_config.NumberColumn("Stride", help=GLOSSARY["layer_stride"]),
    "jump": st.column_config.NumberColumn("Stride so far (px)", help=GLOSSARY["stride"]),
    "groups": st.column_config.NumberColumn("Groups", help=GLOSSARY["layer_groups"]),
    "buffers": st.column_config.NumberColumn(
        "Buffers", format="localized", help=GLOSSARY["buffers"]
    ),
    "output_bytes": st.column_config.NumberColumn(
        "Output (bytes)", format="localized", help=GLOSSARY["output_bytes"]
    ),
}

STAGE_COLUMNS: Any = {
    "stage": "Stage",
    "layers": "Layers",
    "parameters": LAYER_COLUMNS["parameters"],
    "parameters_share": st.column_config.NumberColumn("Parameters share", format="percent"),
    "macs": LAYER_COLUMNS["macs"],
    "macs_share": LAYER_COLUMNS["macs_share"],
    "output_bytes": st.column_config.NumberColumn(
        "Activations (bytes)", format="localized", help=GLOSSARY["activations"]
    ),
}

BACKBONE_COLUMNS: Any = {
    "name": st.column_config.TextColumn("Map", pinned=True, help=GLOSSARY["feature_map"]),
    "module": "Module",
    "stage": "Stage",
    "stride": st.column_config.NumberColumn("Stride (px)", help=GLOSSARY["stride"]),
    "channels": st.column_config.NumberColumn("Channels", format="localized"),
    "size": st.column_config.TextColumn("Size", help=GLOSSARY["map_size"]),
    "receptive_field": LAYER_COLUMNS["receptive_field"],
}


class LayerRows(NamedTuple):
    """Some of a network's layers: a data frame nobody may change, their totals, the rows."""

    frame: Any
    total: Total
    rows: tuple[LayerRow, ...]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain records, for the CSV."""
        return [row_as_dict(row) for row in self.rows]


@st.cache_resource(max_entries=32, show_spinner=False)
def layer_rows(
    spec: ArchitectureSpec, stages: tuple[str, ...], kinds: tuple[str, ...]
) -> LayerRows:
    """Return the layers of some stages and kinds; of all, where none are named."""
    import pandas as pd

    analysis = analyze(spec)
    rows = tuple(
        row
        for row in analysis.layers
        if (not stages or row.stage in stages) and (not kinds or row.kind in kinds)
    )
    frame = pd.DataFrame(rows, columns=LayerRow._fields)
    for column in ("input_shape", "output_shape"):
        frame[column] = ["×".join(map(str, shape)) for shape in frame[column]]
    for column in ("unit", "kernel", "stride", "padding", "groups", "receptive_field", "jump"):
        frame[column] = frame[column].astype("Int64")
    frame["macs_share"] = frame["macs"] / analysis.macs
    return LayerRows(frame, sum_rows(rows), rows)


@st.cache_resource(max_entries=32, show_spinner=False)
def stage_records(spec: ArchitectureSpec) -> list[dict[str, Any]]:
    """Return each stage's totals and shares, and the whole network's last."""
    whole = analyze(spec).total
    totals = {**analyze(spec).by("stage"), "whole network": whole}
    return [
        {
            "stage": stage,
            "layers": total.layers,
            "parameters": total.parameters,
            "parameters_share": total.parameters / whole.parameters,
            "macs": total.macs,
            "macs_share": total.macs / whole.macs,
            "output_bytes": total.output_bytes,
        }
        for stage, total in totals.items()
    ]


@st.cache_resource(max_entries=32, show_spinner=False)
def backbone_records(spec: ArchitectureSpec) -> list[dict[str, Any]]:
    """Return the feature maps of a network's stages, the finest first."""
    return [
        {**found._asdict(), "size": "×".join(map(str, found.size))} for found in feature_maps(spec)
    ]


@st.cache_resource(max_entries=64, show_spinner=False)
def breakdown_chart(specs: tuple[ArchitectureSpec, ...], quantity: str) -> Any:
    """Return the bars of a quantity by stage and kind, of one network or of several."""
    parts = [breakdown_parts(spec, quantity) for spec in specs]
    name = QUANTITIES[quantity]
    return breakdown(parts[0], name) if len(parts) == 1 else breakdowns(parts, name)


@st.cache_resource(max_entries=64, show_spinner=False)
def breakdown_parts(spec: ArchitectureSpec, quantity: str) -> list[Part]:
    """Return what each kind of layer in each stage has of a quantity."""
    totals = analyze(spec).by_stage_and_kind()
    whole = getattr(analyze(spec).total, quantity)
    values = {place: getattr(total, quantity) for place, total in totals.items()}
    return [Part(*place, value, value / whole) for place, value in values.items()]


@st.cache_resource(max_entries=64, show_spinner=False)
def network_picture(spec: ArchitectureSpec, dark: bool) -> Drawing:
    """Return the picture of a network."""
    return network_drawing(diagram(spec), title(spec), DARK if dark else LIGHT)


@st.cache_resource(max_entries=32, show_spinner=False)
def network_outline(spec: ArchitectureSpec) -> str:
    """Return the picture of a network in words."""
    return outline(diagram(spec))


@st.cache_resource(max_entries=64, show_spinner=False)
def unit_picture(spec: ArchitectureSpec, name: str, dark: bool) -> Drawing:
    """Return a unit of a network, by its name, as the microscope shows it."""
    group, unit = diagram(spec).find(name)
    shown = f"{title(spec)}, {unit_label(group, unit)}"
    return unit_drawing(unit, shown, DARK if dark else LIGHT)
