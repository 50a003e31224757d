"""A strip of thumbnails, of which one is looked at: by mouse, touch or keyboard."""

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from explorer.ui import state

_CHOSEN = "picture-looked-at"
_HTML = '<div class="strip" role="group" aria-label="Pictures"></div>'
_CSS = """
.strip {
  display: flex;
  gap: 6px;
  overflow-x: auto;
  padding: 4px;
}
button {
  flex: none;
  box-sizing: border-box;
  min-width: 56px;
  height: 88px;
  padding: 2px;
  border: 3px solid transparent;
  border-radius: 8px;
  background: transparent;
  cursor: pointer;
}
img {
  display: block;
  height: 100%;
  width: auto;
  margin: auto;
  border-radius: 4px;
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
export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip")
  const buttons = [...strip.querySelectorAll("button")]
  while (buttons.length > data.pictures.length) buttons.pop().remove()
  while (buttons.length < data.pictures.length) {
    const button = document.createElement("button")
    button.type = "button"
    button.appendChild(document.createElement("img"))
    buttons.push(strip.appendChild(button))
  }
  data.pictures.forEach((picture, place) => {
    const button = buttons[place]
    const image = button.firstChild
    if (image.src !== picture.source) image.src = picture.source
    image.alt = picture.name
    button.title = picture.name
    button.setAttribute("aria-pressed", String(picture.identity === data.chosen))
    button.onclick = () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)))
      setTriggerValue("chosen", picture.identity)
    }
  })
}
"""

_component = st.components.v2.component("thumbnails", html=_HTML, css=_CSS, js=_JS)


class Thumbnail(NamedTuple):
    """A picture in the strip: what tells it from the others, its name, a JPEG."""

    identity: str
    name: str
    jpeg: bytes


def choose(pictures: Sequence[Thumbnail]) -> str:
    """Draw the strip where there are several pictures; return the identity of the one chosen."""
    identities = [picture.identity for picture in pictures]
    chosen = state.held(_CHOSEN)
    if chosen not in identities:
        chosen = identities[0]
    if len(pictures) > 1:
        _component(
            key="thumbnails",
            data={
                "pictures": [
                    {
                        "identity": picture.identity,
                        "name": picture.name,
                        "source": f"data:image/jpeg;base64,{b64encode(picture.jpeg).decode()}",
                    }
                    for picture in pictures
                ],
                "chosen": chosen,
            },
            on_chosen_change=_choose,
        )
    return str(chosen)


def _choose() -> None:
    state.fill(_CHOSEN, state.read("thumbnails").chosen)
