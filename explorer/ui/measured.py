"""Variants measured against each other on this machine: time and memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.ui import charts, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.state import Shown
from explorer.ui.swatches import swatch

if TYPE_CHECKING:
    from explorer.timing import Run, Spread


def draw(variants: Sequence[Shown]) -> None:
    """Offer the measurement, and draw what it found."""
    st.subheader("Measured on this machine", anchor="measured")
    st.markdown(
        "How long a prediction and a training step take here, per picture, with random weights and "
        "pictures of noise. All variants are measured in one run, in turns, on the server that "
        "shows this page: other machines, GPUs above all, rank them differently."
    )
    specs = tuple(variant.spec for variant in variants)
    small = max(spec.image_size for spec in specs) <= 64
    batch = st.number_input(
        "Batch",
        1,
        128,
        16 if small else 4,
        key="timing-batch-small" if small else "timing-batch",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["batch"],
        width=140,
    )
    need = tasks.timing_bytes(specs, int(batch))
    if need > tasks.MAX_PROBE_BYTES:
        st.error(
            f"This needs up to {need / 1e9:.1f} GB, more than the {tasks.MAX_PROBE_BYTES / 1e9:.0f}"
            " GB one measurement may take here. Choose a smaller batch or fewer variants."
        )
        return
    waiting.show(
        "timings",
        (specs, int(batch)),
        tasks.timings(specs, int(batch)),
        lambda run: _run(run, variants),
        "Measuring all variants in turns",
        ask="Measure",
    )


def _run(run: "Run", variants: Sequence[Shown]) -> None:
    table: dict[str, list[str]] = {
        "": [
            "**Prediction, per picture**",
            "**Training step, per picture**",
            "**Peak in prediction, the batch**",
            "**Peak in a training step, the batch**",
        ]
    }
    first = run.timings[0]
    for variant, timing in zip(variants, run.timings, strict=True):
        pairs = (
            (timing.forward_ms, timing.forward_ratio),
            (timing.step_ms, timing.step_ratio),
        )
        peaks = (timing.forward_peak_bytes, timing.step_peak_bytes)
        table[f"{swatch(variant.letter)} **{variant.title}**"] = [
            *(_time(spread, None if timing is first else ratio) for spread, ratio in pairs),
            *(f"{peak / 1e6:,.1f} MB" for peak in peaks),
        ]
    st.table(table, hide_index=True, border="horizontal", alt="Measured times and memory")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Medians of {run.rounds} rounds, every other one in the opposite order; in brackets "
            "the middle half of them. Grey: times A's time in the same round. Wide brackets: the "
            f"machine was busy with something else too. Batch of {run.batch}. {run.machine}. "
            "A training step is forward, backward and plain gradient descent. Peaks are the "
            "most bytes held at once in tensors, watched operation by operation: batch, weights, "
            "gradients, activations; what operations borrow while they run comes on top.",
            width="stretch",
        )
        charts.csv_button("timings", lambda: _time_records(run))


def _time(spread: "Spread", ratio: "Spread | None") -> str:
    told = f"{spread.median:,.3g} ms ({spread.lower:,.3g} to {spread.upper:,.3g})"
    if ratio is None:
        return told
    times = f"{ratio.median:.2f} times A ({ratio.lower:.2f} to {ratio.upper:.2f})"
    return f"{told}  \n:gray[{times}]"


def _time_records(run: "Run") -> list[dict[str, Any]]:
    return [
        {
            "variant": str(timing.spec),
            "batch": run.batch,
            "rounds": run.rounds,
            "machine": run.machine,
            **{
                f"{name}_{part}": value
                for name in ("forward_ms", "step_ms", "forward_ratio", "step_ratio")
                for part, value in getattr(timing, name)._asdict().items()
            },
            "forward_peak_bytes": timing.forward_peak_bytes,
            "step_peak_bytes": timing.step_peak_bytes,
        }
        for timing in run.timings
    ]
