"""Probe 4: the signal on its way forward: mean, variance, zeros, and branch over shortcut."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.ui import charts, state, tasks
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import asking, choices, inspection, lines, seeds, sentences, work
from explorer.ui.laboratory.lines import Line
from explorer.words import unit_name

if TYPE_CHECKING:
    from explorer.gradients import ActivationProfile


def _shares(curve: Curve, subject: str, point: str) -> str:
    return sentences.spread(curve, subject, point, sentences.percent)


class _Quantity(NamedTuple):
    """What is drawn: an attribute of a profile's points, and its words."""

    words: str
    axis: str
    points: str
    attribute: str
    point: str
    subject: str
    tell: Callable[[Curve, str, str], str]
    logarithmic: bool = False


_QUANTITIES = {
    "unit-variance": _Quantity(
        "Variance of each unit's output",
        "Variance",
        "units",
        "variance",
        "unit",
        "the variance",
        sentences.growth,
        True,
    ),
    "unit-mean": _Quantity(
        "Mean of each unit's output", "Mean", "units", "mean", "unit", "the mean", sentences.spread
    ),
    "ratio": _Quantity(
        "Each unit's branch over its shortcut, |F(x)| / |x|",
        "|F(x)| / |x|, L2 norms",
        "branches",
        "ratio",
        "unit",
        "|F(x)| / |x|",
        sentences.spread,
        True,
    ),
    "layer-variance": _Quantity(
        "Variance of each layer's output, before normalisation",
        "Variance",
        "layers",
        "variance",
        "layer",
        "the variance",
        sentences.growth,
        True,
    ),
    "layer-mean": _Quantity(
        "Mean of each layer's output, before normalisation",
        "Mean",
        "layers",
        "mean",
        "layer",
        "the mean",
        sentences.spread,
    ),
    "zeros": _Quantity(
        "Zeros behind each ReLU",
        "Share of numbers that are 0",
        "relus",
        "zeros",
        "ReLU",
        "the share of zeros",
        _shares,
    ),
    "dead": _Quantity(
        "Dead channels behind each ReLU",
        "Share of channels that are 0 throughout the batch",
        "relus",
        "dead",
        "ReLU",
        "the share of dead channels",
        _shares,
    ),
}
_PLACES = {
    "unit": "Unit",
    "layer": "Layer on the main path",
    "ReLU": "ReLU on the main path",
}
_FORMULA = r"""
One batch goes forward. Of the $m$ numbers $y_i$ that a layer gives, all channels and pictures
together,

$$
\bar y = \frac{1}{m}\sum_i y_i,
$$

$$
\mathrm{Var}(y) = \frac{1}{m}\sum_i (y_i - \bar y)^2,
$$

$$
\text{zeros} = \frac{1}{m}\,\#\{i : y_i = 0\}.
$$

A channel is **dead** if it is 0 at every place in every picture: behind a ReLU it passes no
gradient on for this batch; another batch may wake it. In a unit, $\lVert F(x)\rVert / \lVert
x\rVert$ are the L2 norms of the two tensors that are added, behind any scaling, gate, projection or
dropout.

- **Behind a normalisation**, before its ReLU, a channel has mean 0 and variance 1. If it is
  normally distributed, the ReLU leaves half of it 0, with mean $1/\sqrt{2\pi} = 0.40$ and variance
  $1/2 - 1/(2\pi) = 0.34$.
- **Without normalisation**, He's initialisation keeps the signal's size from layer to layer (He et
  al. 2015, arXiv:1502.01852, eq. 10), up to the zeros around a map.
- **In residual networks variances add up.** With batch normalisation every branch brings about the
  same, so within a stage the variance grows in proportion to the number of units, and
  $\lVert F(x)\rVert / \lVert x\rVert$ falls: normalisation makes the branch smaller than the
  shortcut by a factor "on the order of the square root of the network depth" (De and Smith 2020,
  arXiv:2002.10444). Without it each branch is about as large as its shortcut, and the variance
  doubles in every unit, which is what Fixup prevents (Zhang et al. 2019, arXiv:1901.09321).
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw a curve for each variant; for a single one, those of its twins beside it."""
    st.markdown(
        "One batch goes forward through the untrained network, and nothing goes back. The curve "
        "shows what becomes of the signal, and how much each unit changes it."
    )
    chosen = st.selectbox(
        "Signal",
        list(_QUANTITIES),
        format_func=lambda key: _QUANTITIES[key].words,
        key="signal",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["signal"],
    )
    shown = lines.choose(variants)
    with st.container():  # always, so that what follows keeps its place
        if chosen == "ratio":
            shown = lines.with_shortcuts(shown, "is nothing to hold the branch against")
    asking.ask(
        "activations",
        shown,
        partial(_draw_profiles, _QUANTITIES[chosen]),
        "Measuring the signal",
        goes_back=False,
        bytes_of=tasks.forward_bytes,
    )
    with st.expander("The formulas, and what theory and the papers say"):
        st.markdown(_FORMULA)


def _draw_profiles(
    quantity: _Quantity, shown: Sequence[Line], profiles: work.Profiles, fed: choices.Feed
) -> None:
    measured = list(zip(shown, profiles, strict=True))
    found = [each for each in measured if getattr(each[1][0], quantity.points)]
    lacking = [line.name for line, _ in measured if line not in [each[0] for each in found]]
    with st.container():
        if lacking:
            st.info(f"{', '.join(lacking)}: there is no {quantity.point} to measure.")
    if found:
        _draw_curves(found, quantity, fed)
    inspection.draw(shown, {line.name: _numbers(each[0]) for line, each in measured})


def _draw_curves(
    found: "Sequence[tuple[Line, Sequence[ActivationProfile]]]",
    quantity: _Quantity,
    fed: choices.Feed,
) -> None:
    curves = [_curve(line, measured, quantity) for line, measured in found]
    points = [getattr(measured[0], quantity.points) for _, measured in found]
    st.markdown(
        "\n".join(
            sentences.about(line, quantity.tell(curve, quantity.subject, _point(line, quantity)))
            for (line, _), curve in zip(found, curves, strict=True)
        )
    )
    bands = shared_bands([[point.stage for point in each] for each in points])
    scale = " From one power of ten to the next is a factor of 10." if quantity.logarithmic else ""
    charts.draw(
        gradient_norms(
            curves,
            bands,
            quantity.axis,
            seeds.arrangement(curves),
            quantity.logarithmic,
            _PLACES[quantity.point],
        ),
        "activations",
        quantity.words,
        f"Read from left to right, the way the signal travels.{scale}{fed.shaded}",
        lambda: work.records([measured for _, measured in found]),
        inspection.choose,
    )
    st.caption(
        f"{fed.words} Of all numbers of the batch together. "
        f"{'Shaded bands are the stages. ' if bands else ''}"
        f"Layers beside the longest path are in the data, not in a line.{fed.single}"
    )


def _point(line: Line, quantity: _Quantity) -> str:
    return unit_name(line.spec) if quantity.point == "unit" else quantity.point


def _curve(line: Line, measured: "Sequence[ActivationProfile]", quantity: _Quantity) -> Curve:
    points = getattr(measured[0], quantity.points)
    rows = [
        [getattr(point, quantity.attribute) for point in getattr(profile, quantity.points)]
        for profile in measured
    ]
    starts = seeds.unit_starts([(point.stage, point.unit) for point in points])
    names = [point.name for point in points]
    return seeds.curve(line, names, rows, () if quantity.point == "unit" else starts)


def _numbers(profile: "ActivationProfile") -> Mapping[str, inspection.Numbers]:
    """Return what is known of each layer and unit, for the one that is looked at."""
    found: dict[str, dict[str, float]] = {
        each.name: {
            "Mean": each.mean,
            "Variance": each.variance,
            "Share of zeros": each.zeros,
            "Share of dead channels": each.dead,
        }
        for each in profile.activations
    }
    for unit in profile.branches:
        found[unit.name] |= {
            "|F(x)|": unit.branch_norm,
            "|x|": unit.shortcut_norm,
            "|F(x)| / |x|": unit.ratio,
        }
    return found
