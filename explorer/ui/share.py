"""The link to what is on the screen, and its QR code for a classroom."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from urllib.parse import quote

import streamlit as st

from explorer.ui import state

_PLAIN = ",=;:"
"""Signs of the text form that may stand in a query as they are, which keeps links readable."""


@st.fragment
def draw() -> None:
    """Draw the button that opens the link and its QR code, which are made when it is opened."""
    place = st.popover("Share", icon=":material/qr_code_2:", key="share", on_change="rerun")
    if place.open:
        with place:
            _link()


def _link() -> None:
    address = link(st.context.url or "", state.query())
    st.markdown("**This page as it is**: all variants and the page's settings")
    st.code(address, language=None, wrap_lines=True)
    st.image(qr_code(address), width=560, caption="Scan to open it on another screen")


def link(url: str, query: Mapping[str, Sequence[str]]) -> str:
    """Return the address of a page with its settings."""
    pairs = [
        f"{quote(key, safe='')}={quote(value, safe=_PLAIN)}"
        for key, values in query.items()
        for value in values
    ]
    return f"{url}?{'&'.join(pairs)}" if pairs else url


def qr_code(address: str) -> str:
    """Return the QR code of an address as SVG, black on white whatever the theme."""
    import segno

    picture = BytesIO()
    segno.make_qr(address, error="l").save(
        picture, "svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return picture.getvalue().decode()
