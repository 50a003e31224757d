"""Probe 3: the gradient through the shortcut and the branch of every residual unit, apart."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import isnan
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from explorer.combinations import GATED
from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.ui import charts, state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import asking, choices, inspection, lines, seeds, sentences, work
from explorer.ui.laboratory.lines import Line

if TYPE_CHECKING:
    from explorer.gradients import PathwayProfile


class Quantity(NamedTuple):
    """What is drawn of every unit: the attributes, each with the part of the network it shows."""

    words: str
    axis: str
    parts: Mapping[str, str]
    reading: str
    logarithmic: bool = False


QUANTITIES = {
    "share": Quantity(
        "Each path's part of the gradient, relative to their sum",
        "|part| / |sum|, L2 norms",
        {"shortcut_share": "shortcut", "branch_share": "branch", "gate_share": "gate"},
        "Solid is the shortcut, dashed the branch. The parts add up as vectors: at right angles, "
        "the squares of their shares make 1.",
    ),
    "norm": Quantity(
        "Each path's part of the gradient, and their sum",
        "L2 norm",
        {
            "split_norm": "sum",
            "shortcut_norm": "shortcut",
            "branch_norm": "branch",
            "gate_norm": "gate",
        },
        "Solid is the shortcut, dashed the branch. Read from right to left, the way the gradient "
        "travels. From one power of ten to the next is a factor of 10.",
        logarithmic=True,
    ),
    "angle": Quantity(
        "Angle between the shortcut's part and the branch's",
        "Angle in degrees",
        {"angle": ""},
        "At 90° the two have nothing to do with each other, below they pull together, above apart.",
    ),
    "masked": Quantity(
        "Places at which the ReLU behind the addition stops both paths",
        "Share of the ReLU's inputs that are 0 or less",
        {"masked_share": ""},
        "At 0 the gradient passes as a whole, at 1 nothing of it.",
    ),
    "passed": Quantity(
        "What the ReLU behind the addition lets through",
        "|gradient behind it| / |gradient before it|, L2 norms",
        {"passed_share": ""},
        "At 1 the gradient passes as a whole, at 0 nothing of it.",
    ),
}
_DASHES = {"shortcut": "solid", "branch": "dash", "gate": "dot", "sum": "dashdot"}
_FORMULA = r"""
A residual unit adds its branch $F$ to what its shortcut carries. On the way back, the gradient of
the loss $E$ comes through both, and the two parts add up.

**v1**: $\;y_l = x_l + F(x_l),\quad x_{l+1} = \mathrm{ReLU}(y_l)$, so

$$
\frac{\partial E}{\partial x_l}
= \underbrace{\frac{\partial E}{\partial x_{l+1}}\,D_l}_{\text{shortcut}}
+ \underbrace{\frac{\partial E}{\partial x_{l+1}}\,D_l\,\frac{\partial F}{\partial x_l}}
_{\text{branch}},
$$

$$
D_l = \mathrm{diag}\bigl(1[\,y_l > 0\,]\bigr).
$$

The ReLU's mask $D_l$ stands in front of both: where $y_l \le 0$ neither passes. Over many units
this is a product of masked factors, with no identity term that would stand alone (derived from He
et al. 2016, arXiv:1603.05027, eqs 1 and 2).

**v2**: nothing follows the addition, so with identity shortcuts from unit $l$ to unit $L$

$$
x_L = x_l + \sum_{i=l}^{L-1} F(x_i),
$$

$$
\frac{\partial E}{\partial x_l} = \frac{\partial E}{\partial x_L}
\Bigl(1 + \frac{\partial}{\partial x_l}\sum_{i=l}^{L-1} F(x_i)\Bigr):
$$

one part of the gradient comes back as it is, whatever the weights (eqs 3 to 5; within a stage).

**What is measured.** Each path reads an alias of the tensor $s$ at which the unit splits, and
autograd's gradient of that alias is the path's part: the shortcut's with its projection, scaling,
padding or dropout, the branch's with all its layers. $s$ is the unit's input, or stands behind the
normalisation and ReLU where both paths share them (v2 at a projection). A gated unit has a third
part, through the convolution of its gate. The sum is autograd's own gradient of $s$.
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw the curves of each variant with shortcuts; of a single one, its other ordering too."""
    st.markdown(
        "One batch goes forward, the loss goes back. At every residual unit the gradient returns "
        "on two pathways, through the shortcut and through the branch; they are measured apart."
    )
    chosen = st.selectbox(
        "Pathways",
        list(QUANTITIES),
        format_func=lambda key: QUANTITIES[key].words,
        key="pathways",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["pathways"],
    )
    shown = lines.choose(variants, plain_twin=False)
    shown = lines.with_shortcuts(shown, "is one pathway only and nothing to tell apart")
    asking.ask(
        "pathways",
        shown,
        partial(_draw_profiles, QUANTITIES[chosen]),
        "Measuring both pathways",
    )
    with st.expander("The formulas, with the mask, and where this is measured"):
        st.markdown(_FORMULA)


def _draw_profiles(
    quantity: Quantity, shown: Sequence[Line], profiles: work.Profiles, fed: choices.Feed
) -> None:
    draw_curves(shown, profiles, quantity, fed, clickable=True)
    found = zip(shown, profiles, strict=True)
    inspection.draw(shown, {line.name: _numbers(measured[0]) for line, measured in found})


def draw_curves(
    shown: Sequence[Line],
    profiles: work.Profiles,
    quantity: Quantity,
    fed: choices.Feed,
    clickable: bool = False,
) -> None:
    """Draw what was found, its curves and the conditions.

    Args:
        shown: the networks.
        profiles: of each of them.
        quantity: what is drawn.
        fed: how it was measured.
        clickable: whether a click looks at a unit, and the curves may be arranged.
    """
    found = list(zip(shown, profiles, strict=True))
    st.markdown("\n".join(sentences.about(each[0], _finding(*each)) for each in found))
    curves = [
        _curve(line, measured, attribute, part)
        for line, measured in found
        for attribute, part in quantity.parts.items()
        if _has(line, attribute)
    ]
    if not curves:
        st.info("No ReLU follows the addition in these networks, so nothing stops both paths.")
    else:
        bands = shared_bands([[unit.stage for unit in measured[0].units] for _, measured in found])
        charts.draw(
            gradient_norms(
                curves,
                bands,
                quantity.axis,
                seeds.arrangement(curves) if clickable else "overlay",
                quantity.logarithmic,
                "Residual unit",
            ),
            "pathways",
            quantity.words,
            quantity.reading + fed.shaded,
            lambda: work.records(profiles),
            inspection.choose if clickable else None,
        )
    losses = sentences.losses([(line, measured[0].loss) for line, measured in found])
    st.caption(
        f"{fed.words} Measured where each unit splits, over the whole batch. Loss: {losses}."
        f"{fed.single}"
    )


def _has(line: Line, attribute: str) -> bool:
    """Whether a network has what an attribute is about: a gate, a ReLU behind the addition."""
    if attribute.startswith("gate"):
        return line.spec.shortcut in GATED
    if attribute in ("masked_share", "passed_share"):
        return line.spec.ordering in ("original", "bn_after_addition")
    return True


def _curve(
    line: Line, measured: "Sequence[PathwayProfile]", attribute: str, part: str = ""
) -> Curve:
    names = [unit.name for unit in measured[0].units]
    rows = [[getattr(unit, attribute) for unit in profile.units] for profile in measured]
    curve = seeds.curve(line, names, rows)
    if not part:
        return curve
    name = f"{part} of {line.name}"  # the end of a long one is cut off on a phone
    return replace(curve, name=name, dash=_DASHES[part], network=line.name, part=part)


def _finding(line: Line, measured: "Sequence[PathwayProfile]") -> str:
    """Say what the median unit does, of the values that are drawn."""

    def known(attribute: str) -> list[float]:
        return [v for v in _curve(line, measured, attribute).values if not isnan(v)]

    def middle(attribute: str) -> str:
        return f"**{sentences.percent(median(known(attribute)))}**"

    units, told = len(measured[0].units), len(known("shortcut_share"))
    if not told:
        return "no gradient of finite size, other than 0, comes back at its units."
    others = f" (of {units}; no finite gradient comes back at the others)" if told < units else ""
    gate = f", that through the gate {middle('gate_share')}" if _has(line, "gate") else ""
    return (
        f"at the median of {told} units{others}, the part through the shortcut has "
        f"{middle('shortcut_share')} of the sum's norm, that through the branch "
        f"{middle('branch_share')}{gate}{_angle(_curve(line, measured, 'angle').values)}; "
        + (
            f"the ReLU behind the addition stops both at {middle('masked_share')} of the places."
            if _has(line, "masked_share")
            else "no ReLU follows the addition to stop both."
        )
    )


def _angle(angles: Sequence[float]) -> str:
    known = [angle for angle in angles if not isnan(angle)]
    if not known:
        return ", and there is no angle between them, as one of the two is 0 or not finite"
    lacking = len(angles) - len(known)
    told = f" (in {lacking} units one of them is 0 or not finite)" if lacking else ""
    return f", and they stand at **{median(known):.0f}°** to each other{told}"


def _numbers(profile: "PathwayProfile") -> Mapping[str, inspection.Numbers]:
    """Return what is known of each unit, for the one that is looked at."""
    found = {}
    for unit in profile.units:
        numbers = {
            "At the unit's output": unit.output_norm,
            "At the addition": unit.addition_norm,
            "Through the shortcut": unit.shortcut_norm,
            "Through the branch": unit.branch_norm,
            "Sum at the split": unit.split_norm,
            "Angle in degrees": unit.angle,
        }
        if unit.gate_norm:
            numbers["Through the gate"] = unit.gate_norm
        if unit.masked_share is not None:
            numbers["Masked share"] = unit.masked_share
        found[unit.name] = numbers
    return found
