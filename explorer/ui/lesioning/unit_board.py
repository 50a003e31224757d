"""A network as its units, stage by stage, each a switch: by mouse, touch or keyboard.

Below every unit of a residual network runs its shortcut; a plain one has but the way through.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from explorer.figures.style import on_variant_colour
from explorer.ui import state

_HTML = '<div class="board" role="group"></div>'
_CSS = """
.stage {
  margin-bottom: 0.5rem;
  padding: 0.35rem 0.6rem 0.15rem;
  border-radius: 8px;
  background: var(--st-secondary-background-color);
}
.title {
  font-weight: 600;
  color: var(--st-text-color);
}
.row {
  display: flex;
  flex-wrap: wrap;
}
button {
  position: relative;
  flex: none;
  width: 3.1rem;
  height: 3.6rem;
  margin: 0;
  padding: 0;
  border: 0;
  border-radius: 6px;
  background: transparent;
  color: var(--st-text-color);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
  touch-action: manipulation;
}
button:focus-visible {
  outline: 3px solid var(--st-link-color);
  outline-offset: -2px;
}
.way {
  position: absolute;
  left: 0;
  right: 0;
  bottom: 0.5rem;
  height: 3px;
  background: currentColor;
}
.legs {
  position: absolute;
  left: 25%;
  right: 25%;
  top: 1.5rem;
  bottom: 0.5rem;
  border: 0 solid currentColor;
  border-width: 0 3px;
}
.box {
  position: absolute;
  box-sizing: border-box;
  left: 0.3rem;
  right: 0.3rem;
  top: 0.35rem;
  height: 2rem;
  display: grid;
  place-items: center;
  border: 2px solid transparent;
  border-radius: 6px;
  background: var(--colour);
  color: var(--ink);
}
.plain .way {
  bottom: 2.2rem;
}
.plain .legs {
  display: none;
}
.reshapes .box {
  clip-path: polygon(0 0, 100% 16%, 100% 84%, 0 100%);
}
button:hover .box {
  border-color: var(--st-text-color);
}
button[aria-checked="false"] .box {
  clip-path: none;
  border: 2px dashed var(--colour);
  background: var(--st-secondary-background-color);
  color: var(--st-text-color);
  text-decoration: line-through;
}
.plain button[aria-checked="false"] .box {
  background: transparent;
  place-items: start center;
  line-height: 1;
  text-decoration: none;
  top: 0;
  height: 2.8rem;
}
button[aria-checked="false"] .legs {
  display: none;
}
button[aria-disabled="true"] {
  cursor: not-allowed;
}
button[aria-disabled="true"] .box {
  border-color: transparent;
  background: repeating-linear-gradient(
    45deg, var(--colour), var(--colour) 5px, var(--faint) 5px, var(--faint) 8px);
}
"""
_JS = """
function part(parent, kind, name) {
  const made = parent.appendChild(document.createElement(kind))
  made.className = name
  return made
}

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector(".board")
  board.setAttribute("aria-label", data.label)
  board.classList.toggle("plain", data.plain)
  board.style.setProperty("--colour", data.colour)
  board.style.setProperty("--ink", data.ink)
  board.style.setProperty("--faint", data.faint)
  const shape = JSON.stringify(data.stages.map((stage) => stage.units.length))
  if (board.dataset.shape !== shape) {
    board.replaceChildren()
    board.dataset.shape = shape
    data.stages.forEach((stage) => {
      const panel = part(board, "div", "stage")
      part(panel, "div", "title")
      const row = part(panel, "div", "row")
      stage.units.forEach(() => {
        const button = part(row, "button", "")
        button.type = "button"
        button.setAttribute("role", "switch")
        part(button, "span", "way")
        part(button, "span", "legs")
        part(button, "span", "box")
      })
    })
  }
  data.stages.forEach((stage, place) => {
    const panel = board.children[place]
    panel.querySelector(".title").textContent = stage.title
    stage.units.forEach((unit, number) => {
      const button = panel.querySelectorAll("button")[number]
      button.className = unit.reshapes ? "reshapes" : ""
      button.querySelector(".box").textContent = unit.mark
      button.title = unit.words
      button.setAttribute("aria-label", unit.words)
      button.setAttribute("aria-checked", String(unit.on))
      button.setAttribute("aria-disabled", String(unit.fixed))
      button.onclick = () => {
        if (unit.fixed) return
        const on = button.getAttribute("aria-checked") !== "true"
        button.setAttribute("aria-checked", String(on))
        setTriggerValue("toggled", unit.name)
      }
    })
  })
}
"""

_component = st.components.v2.component("unit_board", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True, slots=True)
class Switch:
    """A unit on the board.

    Args:
        name: of the unit.
        mark: what stands on it.
        words: what it is, for those who listen or point.
        on: whether it works.
        fixed: whether it cannot be switched off.
        reshapes: whether it gives another shape than it takes.
    """

    name: str
    mark: str
    words: str
    on: bool
    fixed: bool
    reshapes: bool


def draw(
    stages: Sequence[tuple[str, Sequence[Switch]]],
    key: str,
    label: str,
    colour: str,
    plain: bool,
    on_toggle: Callable[[str], None],
) -> None:
    """Draw the board as wide as there is room.

    Args:
        stages: title and units of each, in forward order.
        key: stable and unique on the page.
        label: what is switched here, for those who listen.
        colour: the network's.
        plain: whether the units have no shortcuts.
        on_toggle: called with the name of a unit when it is switched.
    """
    ink = on_variant_colour(colour)
    _component(
        key=key,
        data={
            "stages": [
                {"title": title, "units": [asdict(unit) for unit in units]}
                for title, units in stages
            ],
            "label": label,
            "colour": colour,
            "ink": ink,
            "faint": f"color-mix(in srgb, {colour} 55%, {'black' if ink == 'white' else 'white'})",
            "plain": plain,
        },
        on_toggled_change=lambda: on_toggle(str(state.read(key).toggled)),
    )
