"""The live parts of a lesson, each drawn as the page that it comes from draws it."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from explorer.analysis import analyze
from explorer.diagram import diagram
from explorer.lessons.parts import (
    DiagramPart,
    LayersPart,
    NumbersPart,
    Part,
    TrainPart,
)
from explorer.lessons.values import part_rows
from explorer.side_by_side import numbers as numbers_of
from explorer.training.live_experiments import EXPERIMENTS
from explorer.ui import cached, charts, numbers, state, unit_view
from explorer.ui.learning import counting, experimenting, predicting, probes
from explorer.ui.train_views import choices
from explorer.words import title

_TABLE_HEIGHT = 420
_COLUMNS = ("name", "detail", "output_shape", "parameters", "macs")


def draw(part: Part, revealed: bool) -> None:
    """Draw a live part.

    Args:
        part: what it is told.
        revealed: whether the answer of an exercise is shown.
    """
    DRAW[part.kind](part, revealed)


def _diagram(part: DiagramPart, _: bool) -> None:
    st.markdown(f"**{title(part.variant)}**")
    if part.unit:
        unit_view.draw_unit(part.variant, *diagram(part.variant).find(part.unit))
    else:
        with st.container(width=640):
            unit_view.draw_network(part.variant)


def _layers(part: LayersPart, _: bool) -> None:
    rows = [
        row for row in part_rows(part.variant, part.part) if row.parameters or part.kinds == "all"
    ]
    whose = f"`{part.part}` of {title(part.variant)}" if part.part else title(part.variant)
    st.markdown(f"**Layers of {whose}**")
    st.dataframe(
        cached.layer_table(rows, analyze(part.variant).macs),
        column_config=cached.LAYER_COLUMNS,
        column_order=_COLUMNS,
        hide_index=True,
        height="content" if len(rows) < 10 else _TABLE_HEIGHT,
        key="lesson-layers",
        alt=f"Layers of {title(part.variant)}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        parameters, macs = (sum(getattr(row, name) for row in rows) for name in _COLUMNS[-2:])
        st.caption(f"Together {parameters:,} parameters and {macs:,} MACs.", width="stretch")
        charts.csv_button(f"{part.variant}-layers", lambda: [row._asdict() for row in rows])


def _numbers(part: NumbersPart, _: bool) -> None:
    rows = [row for row in numbers_of(part.variants) if row.quantity.name in part.quantities]
    numbers.draw_table(rows, state.side_by_side(part.variants))
    if len(part.variants) > 1:
        st.caption("Grey: the difference from A.")


def _train(part: TrainPart, _: bool) -> None:
    experiment = next(each for each in EXPERIMENTS if each.key == part.training)
    with st.container(border=True):
        st.markdown(f"**{experiment.title}. {experiment.question}**")
        names = ", ".join(f"`{text}`" for text in experiment.settings.variants)
        st.markdown(f"On *Train*, ready to start: {names}, {experiment.settings.steps} steps each.")
        if st.button("Open the training", type="primary", icon=":material/model_training:"):
            state.compare(experiment.settings.variants)
            choices.fill(experiment.settings)
            leave_for("train")


def leave_for(page: str) -> None:
    """Open another page; Learn stays where it is, but is no longer shown to a class."""
    state.go(state.place()._replace(presented=False))
    st.switch_page(f"explorer/ui/pages/{page}.py")


DRAW: Mapping[str, Callable[[Any, bool], None]] = {
    "diagram": _diagram,
    "layers": _layers,
    "numbers": _numbers,
    "gradients": probes.gradients,
    "pathways": probes.pathways,
    "paths": probes.paths,
    "train": _train,
    "predict": predicting.draw,
    "counting": counting.draw,
    "experiment": experimenting.draw,
}
"""What draws each kind of live part."""
