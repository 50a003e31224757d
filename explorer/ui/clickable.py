"""A drawing on the page whose areas can be chosen by mouse, touch or keyboard.

The drawing is an image, in which nothing runs; over each of its areas lies a button, which says
what it shows. Nothing is inserted as HTML.
"""

from collections.abc import Callable
from dataclasses import asdict

import streamlit as st

from explorer.figures.drawing import Drawing
from explorer.figures.svg import to_svg
from explorer.ui import state

_HTML = """
<div class="frame" role="group">
  <img>
</div>
"""

_CSS = """
.frame {
  position: relative;
  width: 100%;
}
img {
  display: block;
  width: 100%;
  height: auto;
}
button {
  position: absolute;
  box-sizing: border-box;
  margin: 0;
  padding: 0;
  border: 2px solid transparent;
  border-radius: 8px;
  background: transparent;
  cursor: pointer;
  touch-action: manipulation;
}
button:hover {
  border-color: var(--st-border-color);
}
button[aria-pressed="true"] {
  border-color: var(--st-primary-color);
}
button:focus-visible {
  outline: 3px solid var(--st-link-color);
  outline-offset: 1px;
}
"""

_JS = """
function show(id) {
  const target = document.getElementById(id)
  if (!target) return
  const top = target.getBoundingClientRect().top
  if (top < 0 || top > window.innerHeight / 2) {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
    target.scrollIntoView({ behavior: calm ? "auto" : "smooth" })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame")
  const image = frame.querySelector("img")
  const source = "data:image/svg+xml," + encodeURIComponent(data.svg)
  if (image.src !== source) image.src = source
  image.width = data.width
  image.height = data.height
  image.alt = data.alt
  frame.setAttribute("aria-label", data.label)

  const buttons = [...frame.querySelectorAll("button")]
  while (buttons.length > data.areas.length) buttons.pop().remove()
  while (buttons.length < data.areas.length) {
    const button = document.createElement("button")
    button.type = "button"
    buttons.push(frame.appendChild(button))
  }
  data.areas.forEach((area, place) => {
    const button = buttons[place]
    button.title = area.label
    button.setAttribute("aria-label", area.label)
    button.setAttribute("aria-pressed", String(area.name === data.chosen))
    button.style.left = (100 * area.x) / data.width + "%"
    button.style.top = (100 * area.y) / data.height + "%"
    button.style.width = (100 * area.width) / data.width + "%"
    button.style.height = (100 * area.height) / data.height + "%"
    button.onclick = () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)))
      setTriggerValue("chosen", area.name)
      show(data.shows)
    }
  })
}
"""

_component = st.components.v2.component("clickable_drawing", html=_HTML, css=_CSS, js=_JS)


def draw(
    drawing: Drawing,
    key: str,
    chosen: str,
    label: str,
    alt: str,
    shows: str,
    on_choose: Callable[[str], None],
) -> None:
    """Draw it as wide as there is room.

    Args:
        drawing: what to draw.
        key: stable and unique on the page.
        chosen: name of the area that is marked.
        label: what is chosen here, for those who listen.
        alt: what the drawing shows, for those who listen.
        shows: anchor of what a choice changes; it is brought into view.
        on_choose: called with the name of an area when it is chosen.
    """
    _component(
        key=key,
        data={
            "svg": to_svg(drawing),
            "width": drawing.width,
            "height": drawing.height,
            "areas": [asdict(area) for area in drawing.areas],
            "chosen": chosen,
            "label": label,
            "alt": alt,
            "shows": shows,
        },
        on_chosen_change=lambda: on_choose(state.read(key).chosen),
    )
