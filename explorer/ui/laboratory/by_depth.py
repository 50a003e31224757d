"""Probe 5: how much the gradient grows from the last unit to the first, against depth."""

from collections.abc import Sequence
from math import isnan, nan
from statistics import median
from typing import Any, NamedTuple

import streamlit as st

from explorer.depth_series import (
    DEEPEST,
    DEPTHS,
    SERIES,
    Law,
    Series,
    convolutions_between,
    law,
    per_convolution,
    series_of,
    why_not,
)
from explorer.figures.by_depth import DepthCurve, LawLine, growth_by_depth
from explorer.figures.style import TWIN_COLOURS
from explorer.probing import ProbeSettings
from explorer.ui import charts, state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import choices, depth_work
from explorer.ui.laboratory.depth_work import Point
from explorer.ui.swatches import swatch
from explorer.words import change, three_figures

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_DEEPEST = [str(depth) for depth in DEPTHS if depth >= 32]
_PLAIN, _V1, _V2 = TWIN_COLOURS["plain"], "#EE6677", TWIN_COLOURS["ordering"]
_LOOKS = {
    "plain": (_PLAIN, "solid", "circle"),
    "v1": (_V1, "solid", "square"),
    "v2": (_V2, "solid", "diamond"),
    "plain-bare": (_PLAIN, "dot", "circle-open"),
    "v1-bare": (_V1, "dot", "square-open"),
    "v2-bare": (_V2, "dot", "diamond-open"),
}
_FORMULA = r"""
With $x_1$ and $x_u$ the outputs of the first and the last of $u$ units, and the mean loss $L$ of
one batch,

$$r = \frac{\lVert \partial L/\partial x_1 \rVert_2}{\lVert \partial L/\partial x_u \rVert_2},
\qquad \text{per convolution: } r^{1/(2(u-1))}.$$

Between the two outputs lie $2(u-1)$ convolutions: the depth minus 4 in these networks of three
stages. A law of a constant rate $q$ per convolution is the line $q^{\,\text{depth}-4}$, which is 1
where nothing lies between.

- **Plain networks with batch normalisation**: $q=\sqrt{\pi/(\pi-1)}=1.211$ for ReLU, in the limit
  of wide networks and large batches (Yang et al. 2019, arXiv:1902.08129, Theorem 8, which states
  the square, $\pi/(\pi-1)$).
- **Residual networks without normalisation**: by He's initialisation a branch of two convolutions
  brings back a gradient as large as it got, in the mean square, and so does the shortcut. Together
  the square doubles in every unit: $q=2^{1/4}=1.189$. Their explosion is what Fixup (Zhang et al.
  2019, arXiv:1901.09321) is made for.
- **Residual networks with batch normalisation** follow no constant rate: normalisation makes the
  branch small beside a shortcut that grows with every unit (De and Smith 2020, arXiv:2002.10444),
  so the rate falls with depth.
"""


class _Shown(NamedTuple):
    """A series, how it is drawn, and the depths that are measured."""

    series: Series
    look: tuple[str, str, str]
    letter: str
    depths: tuple[int, ...]

    @property
    def mention(self) -> str:
        """The series in a sentence."""
        if not self.letter:
            return f"**{self.series.name}**"
        return f"{swatch(self.letter)} **{self.series.name.removeprefix(f'{self.letter}: ')}**"


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw the growth against depth, of the CIFAR networks and those like the tray's."""
    st.markdown(
        "The same network, shallow and deep: by how much is the gradient at the first unit's "
        "output larger than at the last unit's, before any training?"
    )
    with st.container():  # so that what follows keeps its place
        wanted = [*_standard(), *_of_the_tray(variants)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        settings = ProbeSettings(
            batch=choices.batch(small=True),
            seed=choices.seed(),
            initialisation=choices.initialisation(),
        )
        seeds, deepest = choices.seeds(), _deepest()
    if not wanted:
        st.info("Choose at least one kind of network.")
    shown = _those_that_fit(wanted, deepest, settings.batch)
    if not shown:
        return
    measured = tuple((each.series, each.depths) for each in shown)
    waiting.show(
        "by-depth",
        (measured, settings, seeds),
        depth_work.growths(measured, settings, seeds),
        lambda points: _draw_points(shown, points, settings, seeds),
        "Measuring networks of many depths",
        streams=True,
    )
    with st.expander("The formula, and what theory says"):
        st.markdown(_FORMULA)


def _standard() -> list[_Shown]:
    chosen = st.pills(
        "CIFAR networks (He et al. 2015, 2016)",
        list(SERIES),
        selection_mode="multi",
        default=["plain", "v1", "v2", "v1-bare"],
        format_func=lambda key: SERIES[key].name,
        key="depth-series",
        help=GLOSSARY["depth-series"],
        **_LINKED,
    )
    return [_Shown(SERIES[key], _LOOKS[key], "", ()) for key in SERIES if key in chosen]


def _of_the_tray(variants: Sequence[state.Shown]) -> list[_Shown]:
    """Return the variants' own series, where they are none of the standard ones."""
    own = [variant for variant in variants if not series_of(variant.spec)]
    reasons = {variant: why_not(variant.spec) for variant in own}
    with st.container():
        if left := [variant for variant in own if reasons[variant]]:
            names = ", ".join(variant.label for variant in left)
            st.caption(f"Not measured at other depths: {names} ({reasons[left[0]]}).")
    able = [variant for variant in own if not reasons[variant]]
    if not able or not st.toggle(
        "Your variants at other depths",
        True,
        key="depth-own",
        help=GLOSSARY["depth-own"],
        **_LINKED,
    ):
        return []
    return [
        _Shown(
            Series(f"{v.letter}: like {v.title}", v.spec),
            (v.colour, "solid", "triangle-up"),
            v.letter,
            (),
        )
        for v in able
    ]


def _deepest() -> int:
    return int(
        st.selectbox(
            "Up to depth",
            _DEEPEST,
            _DEEPEST.index(str(DEEPEST)),
            key="deepest",
            help=GLOSSARY["deepest"],
            width=140,
            **_LINKED,
        )
    )


def _those_that_fit(wanted: Sequence[_Shown], deepest: int, batch: int) -> list[_Shown]:
    """Return the series with the depths that can be measured here, and name what cannot."""
    found = []
    for each in wanted:
        depths = [depth for depth in DEPTHS if depth <= deepest]
        while depths and _bytes(each.series, depths[-1], batch) > tasks.MAX_PROBE_BYTES:
            depths.pop()
        limit = f"{tasks.MAX_PROBE_BYTES / 1e9:.0f} GB one measurement may take here"
        if not depths:
            st.warning(
                f"{each.series.name} cannot be measured: it needs more than the {limit}. Choose a "
                "smaller batch."
            )
            continue
        if depths[-1] < deepest:
            st.warning(
                f"{each.series.name} stops at depth {depths[-1]}: deeper ones need more than the "
                f"{limit}. Choose a smaller batch."
            )
        found.append(each._replace(depths=tuple(depths)))
    return found


def _bytes(series: Series, depth: int, batch: int) -> int:
    return tasks.probe_bytes(series.at(depth), batch)


def _draw_points(
    shown: Sequence[_Shown], points: Sequence[Point], settings: ProbeSettings, seeds: int
) -> None:
    curves = [_curve(each, points) for each in shown]
    laws = [law(each.series.base, settings.initialisation) for each in shown]
    found = zip(shown, curves, laws, strict=True)
    st.markdown("\n".join(_finding(*each) for each in found if each[1].depths))
    charts.draw(
        growth_by_depth(curves, _law_lines(shown, laws)),
        "gradient-by-depth",
        "Gradient at the first unit's output over the last unit's, against depth",
        "A straight line grows by a constant factor per layer; one that bends down grows ever more "
        "slowly. At 1 the gradient arrives as strong as it left."
        + (" Points are medians, shaded from the least to the greatest seed." * (seeds > 1)),
        lambda: [_record(shown, point, settings) for point in points],
        table=True,
    )
    several = f" to {settings.seed + seeds - 1}" if seeds > 1 else ""
    st.caption(
        f"Batch of {settings.fed}, 32 × 32; networks {settings.words}{several}. Two-layer units in "
        "three stages, zero-padded shortcuts unless a variant says otherwise. Dashed: theory, from "
        "ratio 1 where no convolution lies between the two outputs."
    )


def _curve(each: _Shown, points: Sequence[Point]) -> DepthCurve:
    found: dict[int, list[float]] = {}
    for point in points:
        if point.series == each.series.name:
            found.setdefault(point.depth, []).append(point.growth)
    rows = [values if not any(map(isnan, values)) else [nan] for values in found.values()]
    return DepthCurve(
        each.series.name,
        *each.look,
        tuple(found),
        tuple(map(median, rows)),
        tuple(map(min, rows)),
        tuple(map(max, rows)),
    )


def _law_lines(shown: Sequence[_Shown], laws: Sequence[Law | None]) -> list[LawLine]:
    """Return each law once, over all depths that are measured."""
    spec = shown[0].series.base
    nothing = spec.depth - convolutions_between(spec)
    depths = (nothing, *sorted({depth for each in shown for depth in each.depths}))
    return [
        LawLine(
            f"{found.words} ({found.source})",
            dash,
            depths,
            tuple(found.growth(depth - nothing) for depth in depths),
        )
        for found, dash in zip(
            dict.fromkeys(each for each in laws if each), ("dash", "longdashdot"), strict=False
        )
    ]


def _finding(each: _Shown, curve: DepthCurve, theory: Law | None) -> str:
    """Say what happens at the deepest that is measured so far, and how fast."""
    rates = [
        per_convolution(value, convolutions_between(each.series.at(depth)))
        for depth, value in zip(curve.depths, curve.values, strict=True)
    ]
    low, high = curve.lows[-1], curve.highs[-1]
    spread = f" (seeds: {three_figures(low)} to {three_figures(high)})" if low != high else ""
    said = (
        f"- {each.mention}: at depth {curve.depths[-1]} the gradient "
        f"**{change(curve.values[-1])}**{spread}"
    )
    if not isnan(rates[-1]):
        said += f", by {rates[-1]:.3f} per convolution"
    if len(rates) > 1 and not isnan(rates[0]):
        said += f" ({rates[0]:.3f} at depth {curve.depths[0]})"
    return f"{said}; theory: {theory.rate:.3f}." if theory else f"{said}."


def _record(shown: Sequence[_Shown], point: Point, settings: ProbeSettings) -> dict[str, object]:
    series = next(each.series for each in shown if each.series.name == point.series)
    spec = series.at(point.depth)
    between = convolutions_between(spec)
    return {
        "variant": str(spec),
        "depth": point.depth,
        "seed": point.seed,
        "batch": settings.batch,
        "initialisation": settings.initialisation,
        "growth": point.growth,
        "convolutions_between": between,
        "growth_per_convolution": per_convolution(point.growth, between),
    }
