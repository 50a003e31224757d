"""Every cache of what pages draw, each bounded; the spec is the key.

Python's own caches: Streamlit's take a millisecond to hash a spec, where these take 2 µs, and any
visitor can empty them. Tables are kept as Arrow takes them, not made anew from records each time.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from explorer.analysis import Total, analyze, sum_rows
from explorer.backbone import feature_maps
from explorer.catalog import Published
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

if TYPE_CHECKING:
    from pyarrow import Table

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
    """Some of a network's layers: a table for the page, their totals, the rows."""

    table: "Table"
    total: Total
    rows: tuple[LayerRow, ...]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain records, for the CSV."""
        return [row_as_dict(row) for row in self.rows]


@lru_cache(maxsize=32)
def layer_rows(
    spec: ArchitectureSpec, stages: tuple[str, ...], kinds: tuple[str, ...]
) -> LayerRows:
    """Return the layers of some stages and kinds; of all, where none are named."""
    analysis = analyze(spec)
    rows = tuple(
        row
        for row in analysis.layers
        if (not stages or row.stage in stages) and (not kinds or row.kind in kinds)
    )
    return LayerRows(layer_table(rows, analysis.macs), sum_rows(rows), rows)


def layer_table(rows: Sequence[LayerRow], macs: int) -> "Table":
    """Return layers as a table of `LAYER_COLUMNS`, be it empty; `macs` is the whole network's."""
    from pyarrow import Table

    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows] for name in LAYER_COLUMNS if name != "macs_share"
    }
    for name in ("input_shape", "output_shape"):
        columns[name] = list(map(_by, columns[name]))
    columns["macs_share"] = [row.macs / macs for row in rows]
    return Table.from_pydict(columns)


@lru_cache(maxsize=32)
def stage_table(spec: ArchitectureSpec) -> "Table":
    """Return each stage's totals and shares, and the whole network's last."""
    whole = analyze(spec).total
    totals = {**analyze(spec).by("stage"), "whole network": whole}
    return _table(
        [
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
    )


@lru_cache(maxsize=32)
def backbone_table(spec: ArchitectureSpec) -> "Table":
    """Return the feature maps of a network's stages, the finest first."""
    return _table([{**found._asdict(), "size": _by(found.size)} for found in feature_maps(spec)])


@lru_cache(maxsize=32)
def published_table(entry: Published) -> "Table":
    """Return what was printed about a network."""
    return _table(
        [
            {
                "What": result.quantity,
                "Printed": result.value,
                "Measured how": result.conditions,
                "Source": result.source,
            }
            for result in entry.results
        ]
    )


def _table(records: Sequence[Mapping[str, Any]]) -> "Table":
    from pyarrow import Table

    return Table.from_pylist(list(records))


def _by(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


@lru_cache(maxsize=64)
def breakdown_chart(specs: tuple[ArchitectureSpec, ...], quantity: str) -> Any:
    """Return the bars of a quantity by stage and kind, of one network or of several."""
    parts = [breakdown_parts(spec, quantity) for spec in specs]
    name = QUANTITIES[quantity]
    return breakdown(parts[0], name) if len(parts) == 1 else breakdowns(parts, name)


@lru_cache(maxsize=64)
def breakdown_parts(spec: ArchitectureSpec, quantity: str) -> list[Part]:
    """Return what each kind of layer in each stage has of a quantity."""
    totals = analyze(spec).by_stage_and_kind()
    whole = getattr(analyze(spec).total, quantity)
    values = {place: getattr(total, quantity) for place, total in totals.items()}
    return [Part(*place, value, value / whole) for place, value in values.items()]


@lru_cache(maxsize=64)
def network_picture(spec: ArchitectureSpec, dark: bool) -> Drawing:
    """Return the picture of a network."""
    return network_drawing(diagram(spec), title(spec), DARK if dark else LIGHT)


@lru_cache(maxsize=32)
def network_outline(spec: ArchitectureSpec) -> str:
    """Return the picture of a network in words."""
    return outline(diagram(spec))


@lru_cache(maxsize=64)
def unit_picture(spec: ArchitectureSpec, name: str, dark: bool) -> Drawing:
    """Return a unit of a network, by its name, as the microscope shows it."""
    group, unit = diagram(spec).find(name)
    shown = f"{title(spec)}, {unit_label(group, unit)}"
    return unit_drawing(unit, shown, DARK if dark else LIGHT)
