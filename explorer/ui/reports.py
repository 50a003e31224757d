"""The button that hands a comparison on as one HTML file."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from explorer.tray import Variant
from explorer.ui import share, state
from explorer.ui.glossary import GLOSSARY

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile


def button(variants: Sequence[Variant], profiles: "Sequence[GradientProfile]" = ()) -> None:
    """Offer the report, which is written when the button is pressed."""
    link = share.link(st.context.url or "", state.query())

    def write() -> str:
        from explorer.export.report import report

        return report(variants, profiles, link, date.today().isoformat())

    st.download_button(
        "Report (HTML)",
        write,
        file_name=f"{'-'.join(str(variant.spec) for variant in variants)[:100]}.html",
        mime="text/html",
        key="report",
        on_click="ignore",
        icon=":material/description:",
        type="tertiary",
        help=GLOSSARY["report"],
    )
