"""Many small pictures beside each other, each with its words; those of a picture may cover it.

One message carries them all, a pixel for each number; the browser enlarges them.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from explorer.ui import charts
from explorer.ui.charts import Records

_HTML = '<div class="gallery" role="group"></div>'
_CSS = """
.gallery {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(var(--side), 45%), 1fr));
  gap: 0.75rem 0.5rem;
}
figure {
  margin: 0;
  min-width: 0;
}
.stack {
  position: relative;
  aspect-ratio: 1;
  border-radius: 4px;
  overflow: hidden;
}
img {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  object-fit: contain;
}
.crisp img {
  image-rendering: pixelated;
}
figcaption {
  font-size: 0.875rem;
  line-height: 1.3;
  margin-top: 0.2rem;
  overflow-wrap: anywhere;
  color: var(--st-text-color);
}
"""
_JS = """
export default function ({ data, parentElement }) {
  const gallery = parentElement.querySelector(".gallery")
  gallery.setAttribute("aria-label", data.title)
  gallery.style.setProperty("--side", data.side)
  gallery.classList.toggle("crisp", data.crisp)
  const figures = [...gallery.children]
  while (figures.length > data.figures.length) figures.pop().remove()
  while (figures.length < data.figures.length) {
    const figure = document.createElement("figure")
    const stack = figure.appendChild(document.createElement("div"))
    stack.className = "stack"
    stack.append(document.createElement("img"), document.createElement("img"))
    figure.appendChild(document.createElement("figcaption"))
    figures.push(gallery.appendChild(figure))
  }
  const fill = (image, source, alt) => {
    image.hidden = !source
    image.alt = alt
    if (!source) image.removeAttribute("src")
    else if (image.getAttribute("src") !== source) image.src = source
  }
  data.figures.forEach((each, place) => {
    const [below, above] = figures[place].querySelectorAll("img")
    fill(below, data.picture, each.source ? "" : each.words)
    fill(above, each.source, each.words)
    above.style.opacity = data.opacity
    figures[place].querySelector("figcaption").textContent = each.words
  })
}
"""

_component = st.components.v2.component("gallery", html=_HTML, css=_CSS, js=_JS)

WIDE, NARROW, TINY = "7rem", "5.5rem", "2.75rem"
"""Least widths of a picture."""

SMALL = 64
"""Up to this side, in pixels, a network's input is shown as the squares that it is."""


class Figure(NamedTuple):
    """One picture: the words beneath it, and a PNG; without one, the picture below is seen."""

    words: str
    png: bytes = b""


def draw(
    figures: Sequence[Figure],
    key: str,
    title: str,
    reading: str,
    records: Callable[[], Records],
    mark: str = "",
    picture: bytes = b"",
    opacity: float = 1.0,
    side: str = WIDE,
    crisp: bool = True,
) -> None:
    """Draw pictures with everything that belongs to them.

    Args:
        figures: in the order in which they are read.
        key: stable and unique on the page; also the name of the file of data.
        title: what is shown.
        reading: how to read it.
        records: gives the data shown, when the CSV is asked for.
        mark: what stands before the title, in Markdown.
        picture: a PNG or JPEG that all of them cover.
        opacity: how much they do, from 0 to 1.
        side: least width of each.
        crisp: whether enlarged pixels stay squares.
    """
    st.markdown(f"{mark} **{title}**".strip())
    _component(
        key=f"gallery-{key}",
        data={
            "title": title,
            "figures": [
                {"words": each.words, "source": data_uri(each.png) if each.png else ""}
                for each in figures
            ],
            "picture": data_uri(picture) if picture else "",
            "opacity": opacity,
            "side": side,
            "crisp": crisp,
        },
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(reading, width="stretch")
        charts.csv_button(key, records)


def data_uri(picture: bytes) -> str:
    """Return a PNG or JPEG as an address that holds it."""
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"
