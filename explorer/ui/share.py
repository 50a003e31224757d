"""The link to what is on the screen, and its QR code for a classroom."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from urllib.parse import quote, urlsplit

import streamlit as st

from explorer.ui import state
from explorer.ui.glossary import GLOSSARY

_PLAIN = ",=;:"
"""Signs of the text form that may stand in a query as they are, which keeps links readable."""


_OPEN = "share-open"


def draw() -> None:
    """Draw the button that opens the link and its QR code, which are made when it is pressed."""
    st.button(
        "Share",
        icon=":material/qr_code_2:",
        key="share",
        on_click=state.fill,
        args=(_OPEN, True),
        help=GLOSSARY["share"],
    )
    # Kept open by hand: a page whose work is done runs again, which would close it.
    if state.holds(_OPEN):
        _show()


def _close() -> None:
    state.fill(_OPEN, False)


@st.dialog("Share this page as it is", width="medium", on_dismiss=_close)
def _show() -> None:
    address = link(st.context.url or "", state.query())
    st.markdown("The link holds all variants and the page's settings.")
    st.code(address, language=None, wrap_lines=True)
    if stays_here(address):
        st.warning(
            "This address means the computer that it is opened on: no other screen finds the app "
            "under it. Open the app by this computer's name or address in the network, and share "
            "from there."
        )
    with st.container(width=540):
        st.image(qr_code(address), width="stretch", caption="Scan to open it on another screen")


def link(url: str, query: Mapping[str, Sequence[str]]) -> str:
    """Return the address of a page with its settings."""
    pairs = [
        f"{quote(key, safe='')}={quote(value, safe=_PLAIN)}"
        for key, values in query.items()
        for value in values
    ]
    page = url if urlsplit(url).path else f"{url}/"
    return f"{page}?{'&'.join(pairs)}" if pairs else page


def stays_here(address: str) -> bool:
    """Whether an address means whatever computer it is opened on."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def qr_code(address: str) -> str:
    """Return the QR code of an address as SVG, black on white whatever the theme."""
    import segno

    picture = BytesIO()
    segno.make_qr(address, error="l").save(
        picture, "svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return picture.getvalue().decode()
