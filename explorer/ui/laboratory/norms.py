"""Probes 1 and 2: norms of the gradients of weights and outputs, layer by layer."""

from collections.abc import Sequence
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.tray import Variant
from explorer.ui import charts, reports, state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import asking, choices, inspection, lines, seeds, sentences, work
from explorer.ui.laboratory.lines import Line
from explorer.words import change, unit_name

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile


class Quantity(NamedTuple):
    """What a curve shows: of layers or of units, which attribute, how many times, and its words.

    `rate` is that of a step of plain descent, where the curve shows what the step changes.
    """

    words: str
    of_units: bool
    attribute: str
    axis: str
    sentence: str
    rate: float | None = None

    def at(self, rate: float) -> "Quantity":
        """Return the quantity for a step of another rate."""
        if rate == 1:
            return self
        words, axis = f"{self.words}, times {rate:g}", f"{rate:g} × {self.axis}"
        return self._replace(words=words, axis=axis, rate=rate)


QUANTITIES = {
    "output": Quantity(
        "at each layer's output, |dL/dy|",
        False,
        "output_gradient_norm",
        "|dL/dy|, L2 norm",
        "the gradient",
    ),
    "output-rms": Quantity(
        "at each layer's output, per element",
        False,
        "output_gradient_rms",
        "dL/dy, root mean square",
        "the gradient per element",
    ),
    "unit": Quantity(
        "at each unit's output, |dL/dx|",
        True,
        "output_gradient_norm",
        "|dL/dx|, L2 norm",
        "the gradient",
    ),
    "unit-rms": Quantity(
        "at each unit's output, per element",
        True,
        "output_gradient_rms",
        "dL/dx, root mean square",
        "the gradient per element",
    ),
    "weight": Quantity(
        "of each layer's weights, |dL/dW|",
        False,
        "weight_gradient_norm",
        "|dL/dW|, L2 norm",
        "the weights' gradient",
    ),
    "relative": Quantity(
        "of each layer's weights, relative to them, |dL/dW| / |W|",
        False,
        "relative_weight_gradient",
        "|dL/dW| / |W|",
        "the weights' relative gradient",
        rate=1.0,
    ),
}
_FORMULA = r"""
One batch of $N$ pictures goes forward; the mean loss $L$ goes back, through autograd:

$$
\lVert \partial L/\partial y \rVert_2
=\Bigl(\sum_{n,c,h,w}(\partial L/\partial y_{nchw})^2\Bigr)^{1/2},
\qquad \text{per element: divided by } \sqrt{N\,C\,H\,W}.
$$

A step of plain gradient descent with rate $\eta$ changes a layer's weights by
$\eta\,\lVert\partial L/\partial W\rVert / \lVert W\rVert$ of their size.

- **Plain networks with batch normalisation explode, they do not vanish**, at initialisation: the
  gradient grows towards the picture by about 1.21 per convolution, for any such network wide
  enough (Yang et al. 2019, arXiv:1902.08129, Theorem 8).
- **Residual networks with batch normalisation** grow far more slowly: normalisation makes each
  branch small beside its shortcut (De and Smith 2020, arXiv:2002.10444).
- **Skip connections alone are no cure**: without normalisation a residual network's gradient grows
  by about 1.19 per convolution.
- The degradation of deep plain networks is *not* put down to vanishing gradients by its
  discoverers: "neither forward nor backward signals vanish" (He et al. 2015, arXiv:1512.03385,
  Section 4.1).
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw a curve for each variant; for a single one, those of its twins beside it."""
    st.markdown(
        "One batch goes forward, the loss goes back. The curve shows how strong the gradient is at "
        "every layer of an untrained network."
    )
    with st.container():  # so that what follows keeps its place
        quantity = _quantity()
    asking.ask(
        "norms",
        lines.choose(variants),
        partial(_draw_profiles, quantity),
        "Measuring gradients",
    )
    with st.expander("The formula, and what theory and the papers say"):
        st.markdown(_FORMULA)


def _quantity() -> Quantity:
    """Draw what is measured, and the rate of the step that it is about, if there is one."""
    chosen = st.selectbox(
        "Gradient",
        list(QUANTITIES),
        format_func=lambda key: QUANTITIES[key].words,
        key="quantity",
        bind="query-params",
        persist_state="session",
        help=f"{GLOSSARY['output_gradient']}\n\n{GLOSSARY['weight_gradient']}",
    )
    if QUANTITIES[chosen].rate is None:
        return QUANTITIES[chosen]
    rate = st.number_input(
        "Learning rate",
        1e-6,
        1e3,
        1.0,
        format="%.4g",
        key="update-rate",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["update-rate"],
        width=180,
    )
    return QUANTITIES[chosen].at(float(rate))


def _draw_profiles(
    quantity: Quantity, shown: Sequence[Line], profiles: work.Profiles, fed: choices.Feed
) -> None:
    draw_curves(shown, profiles, quantity, fed, clickable=True)
    first = [found[0] for found in profiles]
    inspection.draw(shown, {line.name: _numbers(p) for line, p in zip(shown, first, strict=True)})
    reports.button([Variant(line.spec, line.title) for line in shown], first)


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
        clickable: whether a click looks at a layer, and the curves may be arranged.
    """
    curves = [_curve(*each, quantity) for each in zip(shown, profiles, strict=True)]
    first = [found[0] for found in profiles]
    bands = shared_bands([_stages(profile, quantity) for profile in first])
    found = zip(shown, curves, first, strict=True)
    st.markdown("\n".join(_finding(*each, quantity) for each in found))
    charts.draw(
        gradient_norms(
            curves,
            bands,
            quantity.axis,
            seeds.arrangement(curves) if clickable else "overlay",
            point="Unit" if quantity.of_units else "Layer on the main path",
        ),
        "gradients",
        f"Gradient {quantity.words}",
        "Read from right to left, the way the gradient travels: a line that climbs to the left "
        "grows towards the picture, one that falls fades. From one power of ten to the next is a "
        f"factor of 10.{fed.shaded}",
        lambda: work.records(profiles),
        inspection.choose if clickable else None,
    )
    losses = sentences.losses([(line, p.loss) for line, p in zip(shown, first, strict=True)])
    st.caption(
        f"{fed.words} {'Shaded bands are the stages, small ticks the units. ' if bands else ''}"
        "Layers beside the longest path (projections on shortcuts, an Inception module's other "
        f"branches) are in the data, not in the line. Loss: {losses}.{fed.single}"
    )


def _points(profile: "GradientProfile", quantity: Quantity) -> Sequence[Any]:
    return profile.units if quantity.of_units else profile.main_path


def _stages(profile: "GradientProfile", quantity: Quantity) -> list[str]:
    return [point.stage for point in _points(profile, quantity)]


def _curve(line: Line, profiles: "Sequence[GradientProfile]", quantity: Quantity) -> Curve:
    points = _points(profiles[0], quantity)
    times = quantity.rate or 1
    rows = [
        [times * getattr(point, quantity.attribute) for point in _points(profile, quantity)]
        for profile in profiles
    ]
    names = [point.name for point in points]
    starts = seeds.unit_starts([(point.stage, point.unit) for point in points])
    return seeds.curve(line, names, rows, () if quantity.of_units else starts)


def _finding(line: Line, curve: Curve, profile: "GradientProfile", quantity: Quantity) -> str:
    """Say what happens between the ends of the curve, its linear layers left out."""
    linear = {layer.name for layer in profile.layers if layer.kind == "linear"}
    ends = [place for place, name in enumerate(curve.layers) if name not in linear]
    first, last = ends[0], ends[-1]
    base = curve.values[last]
    factor = curve.values[first] / base if base else nan
    told = (
        f"from the last {_point(line, quantity)} ({curve.layers[last]}) to the first "
        f"({curve.layers[first]}), {quantity.sentence} **{change(factor)}**."
    )
    if quantity.rate is not None:
        step = f"At rate {quantity.rate:g}, a plain step's size relative to the weights'"
        told += f" {sentences.spread(curve, step, 'layer')}"
    return sentences.about(line, told)


def _point(line: Line, quantity: Quantity) -> str:
    return unit_name(line.spec) if quantity.of_units else "convolution"


def _numbers(profile: "GradientProfile") -> dict[str, inspection.Numbers]:
    """Return what is known of each layer and unit, for the one that is looked at."""
    layers = {
        layer.name: {
            "|dL/dW|": layer.weight_gradient_norm,
            "|W|": layer.weight_norm,
            "|dL/dW| / |W|": layer.relative_weight_gradient,
            "|dL/dy|": layer.output_gradient_norm,
            "dL/dy, root mean square": layer.output_gradient_rms,
            "Numbers in y": layer.output_numbers,
        }
        for layer in profile.layers
    }
    units = {
        unit.name: {
            "|dL/dx|": unit.output_gradient_norm,
            "dL/dx, root mean square": unit.output_gradient_rms,
            "Numbers in x": unit.output_numbers,
        }
        for unit in profile.units
    }
    return {**layers, **units}
