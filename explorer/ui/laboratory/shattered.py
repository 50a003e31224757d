"""Probe 7: how the input's gradient changes along a line of inputs, against two noises."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.analysis import analyze
from explorer.figures.shattered import NOISE_COLOURS, Correlation, Walk, autocorrelations, walks
from explorer.probing import INITIALISATIONS, MODES, SOURCES
from explorer.spec import ArchitectureSpec, SpecError
from explorer.ui import charts, state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import choices, lines, shattered_work
from explorer.ui.laboratory.lines import Line
from explorer.ui.laboratory.sentences import about
from explorer.ui.laboratory.shattered_work import Found

if TYPE_CHECKING:
    from explorer.gradients.shattered import GradientLine

_SCALARS = {"direction": "one random direction of the output", "class": "the first class's output"}
_MOST_MACS = 1e11
"""Of all inputs on the line, that each network is automatically shown."""

_FORMULA = r"""
Inputs $x_0, \dots, x_{n-1}$ stand at equal distances on the straight line between two pictures.
With $s$ one number of the output,

$$g_i = \frac{\partial}{\partial x_i} \sum_j s(x_j), \qquad
c_i = g_i - \frac1n\sum_j g_j, \qquad
r(k) = \frac{\sum_{i=0}^{n-1-k} \langle c_i, c_{i+k}\rangle}
{\sum_{i=0}^{n-1} \langle c_i, c_i\rangle}.$$

- **White noise** is independent from one place to the next: $r(k)\approx 0$ for $k>0$. **Brown
  noise** is the sum of white noise so far: near places are alike. Both are drawn here, and put
  through the same formula.
- In plain networks the correlation of gradients falls exponentially with depth, until they look
  like white noise: they are *shattered*. With skip connections it falls sublinearly (Balduzzi et
  al. 2017, arXiv:1702.08591). The line between two pictures, the networks and how batch
  normalisation is set are choices made here.
- In training mode, batch normalisation uses the mean and variance of the whole line, so that each
  input has a part in the others' outputs, and the sum in $g_i$ matters. In prediction mode, or
  without batch normalisation, $g_i$ is the gradient of $s(x_i)$ alone.
- A gradient that is the same all along has no $c_i$ to compare; its $r(k)$ is taken to be 1.
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw the autocorrelation for each variant, or a single one and its twins, and the noises."""
    st.markdown(
        "A step along a line of pictures changes the picture a little. How much does it change the "
        "gradient? Like brown noise, a gradient that changes slowly still points the right way a "
        "step further on. Like white noise, it is *shattered*: new at every step."
    )
    wanted = lines.choose(variants)
    specs = [line.spec for line in wanted]
    fed = choices.feed_line(specs, lambda changes: _suiting(specs, changes))
    scalar = st.selectbox(
        "Gradient of",
        list(_SCALARS),
        format_func=_SCALARS.__getitem__,
        key="scalar",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["scalar"],
    )
    shown = lines.those_that_fit(lines.changed(wanted, fed.changes), fed.settings.batch)
    if not shown:
        return
    measured = tuple(line.spec for line in shown)
    waiting.show(
        "shattered",
        (measured, scalar, fed.key),
        shattered_work.lines(measured, fed.settings, fed.seeds, scalar, fed.files),
        lambda found: _draw_found(shown, found, fed, scalar),
        "Measuring gradients along a line",
        streams=True,
    )
    with st.expander("The formula, and what the paper says"):
        st.markdown(_FORMULA)


def _suiting(specs: Sequence[ArchitectureSpec], changes: Mapping[str, Any]) -> int:
    """Return how many inputs all networks can be shown in little time and memory."""
    return min(_suiting_one(spec, changes) for spec in specs)


def _suiting_one(spec: ArchitectureSpec, changes: Mapping[str, Any]) -> int:
    try:
        spec = spec.vary(**changes) if changes else spec
    except SpecError:
        return 128  # it will not be shown any
    macs = analyze(spec).macs
    able = (
        points
        for points in (128, 64, 32, 16)
        if points * macs <= _MOST_MACS and tasks.probe_bytes(spec, points) <= tasks.MAX_PROBE_BYTES
    )
    return next(able, 8)


def _draw_found(shown: Sequence[Line], found: Found, fed: choices.Feed, scalar: str) -> None:
    done = [each for each in zip(shown, found.networks, strict=True) if each[1]]
    points = fed.settings.batch
    curves = [_curve(line.name, line.colour, line.dash, runs) for line, runs in done]
    noises = [
        _curve(f"{kind} noise", NOISE_COLOURS[kind], "dot", runs)
        for kind, runs in found.noises.items()
    ]
    told = [
        *(about(line, _finding(c, runs)) for (line, runs), c in zip(done, curves, strict=True)),
        *(f"- {noise.name.capitalize()}: {_finding(noise)}" for noise in noises),
    ]
    st.markdown("\n".join(told))
    charts.draw(
        autocorrelations([*curves, *noises], points),
        "shattered-gradients",
        "Autocorrelation of the input's gradient along a line of inputs",
        "The sooner a line falls to 0, the less a gradient says about the next input's. The grey "
        "and the brown dotted line are noises."
        + (" Lines are means, shaded from the least to the greatest seed." * (fed.seeds > 1)),
        lambda: _records(done, found),
        table=True,
    )
    charts.draw(
        walks(
            [
                *(Walk(line.name, line.colour, runs[0].along) for line, runs in done),
                *(
                    Walk(f"{kind} noise", NOISE_COLOURS[kind], runs[0].along)
                    for kind, runs in found.noises.items()
                ),
            ]
        ),
        "gradient-along-line",
        f"The gradient itself: its component along the line, seed {fed.settings.seed}",
        "Each is moved and scaled to a mean of 0 and a deviation of 1. What counts is whether it "
        "wanders or jumps.",
        lambda: _walk_records(done, found),
    )
    st.caption(_conditions([runs[0].length for _, runs in done], fed, scalar))


def _curve(name: str, colour: str, dash: str, runs: Sequence[Any]) -> Correlation:
    shifts = list(zip(*(run.correlations for run in runs), strict=True))
    if len(runs) == 1:
        return Correlation(name, colour, dash, tuple(map(mean, shifts)))
    lows, highs = tuple(map(min, shifts)), tuple(map(max, shifts))
    return Correlation(name, colour, dash, tuple(map(mean, shifts)), lows, highs)


def _finding(curve: Correlation, runs: "Sequence[GradientLine]" = ()) -> str:
    """Say how alike neighbours are, and how far one must go for another gradient."""
    from explorer.gradients.autocorrelation import told

    silent = bool(runs) and not any(any(run.along) for run in runs)
    return told(curve.values, (curve.lows[1], curve.highs[1]) if curve.lows else None, silent)


def _conditions(lengths: Sequence[float], fed: choices.Feed, scalar: str) -> str:
    settings = fed.settings
    several = f" to {settings.seed + fed.seeds - 1}" if fed.seeds > 1 else ""
    changes = ", ".join(f"{field}={value}" for field, value in fed.changes.items())
    apart = " or ".join(dict.fromkeys(f"{length:.3g}" for length in lengths))
    return (
        f"{settings.batch} inputs on the line between two pictures ({SOURCES[settings.source]}), "
        f"which are {apart} apart (L2 norm of the normalised pictures, first seed). Gradient "
        f"of {_SCALARS[scalar]}. Networks untrained ({INITIALISATIONS[settings.initialisation]}), "
        f"batch normalisation by {MODES[settings.mode]}, seed {settings.seed}{several}; each seed "
        "has its own weights, line and noises."
        f"{f' Changed for all: {changes}.' if changes else ''}"
    )


def _records(done: Sequence[Any], found: Found) -> list[dict[str, object]]:
    measured = [
        (str(run.spec), run.settings.seed, run.correlations) for _, runs in done for run in runs
    ]
    first = done[0][1][0].settings.seed
    drawn = [
        (f"{kind} noise", first + number, run.correlations)
        for kind, runs in found.noises.items()
        for number, run in enumerate(runs)
    ]
    return [
        {"of": name, "seed": seed, "shift": shift, "autocorrelation": value}
        for name, seed, values in (*measured, *drawn)
        for shift, value in enumerate(values)
    ]


def _walk_records(done: Sequence[Any], found: Found) -> list[dict[str, object]]:
    walked = [
        *((str(runs[0].spec), runs[0].along) for _, runs in done),
        *((f"{kind} noise", runs[0].along) for kind, runs in found.noises.items()),
    ]
    return [
        {"of": name, "input": place, "component_along_line": value}
        for name, values in walked
        for place, value in enumerate(values)
    ]
