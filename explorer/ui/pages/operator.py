"""Operator: how the server stands, for whoever runs it; there only where it was asked for."""

from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from explorer.downloads import megabytes
from explorer.ui import operating
from explorer.ui.jobs import Lane, Status
from explorer.ui.live_runs import Status as RunStatus

EVERY_S = 2.0
"""How often the figures are counted."""


def draw() -> None:
    """Draw the figures, which keep up by themselves, and where machines read theirs."""
    st.title("Operator")
    st.markdown(
        "How this server stands. Whoever knows the address sees it; it says nothing about anybody."
    )
    _figures()
    st.markdown(
        "For monitoring: `/_stcore/health` answers `ok` while the server serves, and "
        "`/_stcore/metrics` gives Streamlit's sessions, caches and uploads as OpenMetrics. Errors "
        "stand in the server's log, under the reference that the page showed."
    )


@st.fragment(run_every=EVERY_S)
def _figures() -> None:
    now = operating.figures()
    _cards(
        ("Up for", str(timedelta(seconds=int(now.uptime_s)))),
        ("Visitors connected", f"{now.sessions:,}"),
        ("Jobs waiting", f"{sum(now.waiting.values()):,}"),
        ("Longest wait", f"{now.longest_wait_s:.1f} s"),
        ("Memory", megabytes(now.memory_bytes) if now.memory_bytes else "unknown"),
        ("Most so far", megabytes(now.peak_bytes) if now.peak_bytes else "unknown"),
    )
    _table("Jobs waiting", now.waiting, list(Lane))
    _table("Jobs of connected visitors", now.jobs, list(Status))
    _table("Live trainings", now.trainings, list(RunStatus))
    st.markdown(
        f"- **Live trainings** may take {megabytes(now.training_bytes)} in all.\n"
        f"- **Caches**: {now.results:,} results kept for all visitors.\n"
        f"- **Networks loaded**: {now.networks}, {megabytes(now.network_bytes)} of weights.\n"
        f"- **PyTorch** is {'loaded' if now.ready else 'still being loaded'}; the server may use "
        f"{now.cores} cores and has {now.threads} threads."
    )


def _cards(*cards: tuple[str, str]) -> None:
    with st.grid(3, min_column_width=215, border=False):
        for label, value in cards:
            st.metric(label, value, border=True, height="stretch")


def _table(title: str, counts: Mapping[str, int], kinds: list[str]) -> None:
    st.markdown(f"**{title}**")
    st.table(
        {kind: [str(counts.get(kind, 0))] for kind in map(str, kinds)},
        hide_index=True,
        border="horizontal",
        alt=title,
    )


draw()
