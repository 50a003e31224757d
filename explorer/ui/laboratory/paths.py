"""Probe 8: the gradient through single paths of a residual network, by their length."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer import weights
from explorer.figures.paths import LengthCurve, by_length
from explorer.names import LAYERS_PER_UNIT
from explorer.path_lengths import shares
from explorer.probing import ProbeSettings
from explorer.ui import charts, state, waiting
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import choices, lines, paths_findings, paths_work
from explorer.ui.laboratory.lines import Line
from explorer.ui.laboratory.paths_work import Asked
from explorer.ui.laboratory.sentences import about

if TYPE_CHECKING:
    from explorer.gradients.paths import PathProfile

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_WEIGHTS = {"untrained": "untrained", "trained": "trained on CIFAR-10"}
_FORMULA = r"""
In unit $l$ of $n$, the gradient may take the branch $F_l$ or the shortcut $h_l$. Along the path
that takes the branches of the set $S$, it arrives at the first unit's input $x_1$, behind the
stem, as

$$g_S=\frac{\partial L}{\partial x_{n+1}}\prod_{l=n}^{1} D_l\,
\begin{cases}\partial F_l/\partial x_l & l\in S\\ \partial h_l/\partial x_l & l\notin S\end{cases}
\qquad\text{with}\qquad \sum_S g_S=\frac{\partial L}{\partial x_1}.$$

$D_l$ is the mask of the ReLU behind the addition in v1, where both ways pass it, and the identity
in v2. $k=|S|$ is the path's length. There are $\binom{n}{k}$ paths of length $k$.

- **The product**, after Veit et al. 2016 (arXiv:1605.06431, Section 5): $\binom{n}{k}$ times the
  mean of $\lVert g_S\rVert$ over paths drawn at random. For a trained ResNet-110, of 54 units, they
  find almost all of it in paths of 5 to 17 units, 10 to 34 layers: 0.45% of all paths.
- **The vector sum** is exact: $\lVert\sum_{|S|=k} g_S\rVert$ of *all* paths of length $k$, found
  without following each of them. It is never above the sum of their norms, which the product
  estimates, and usually far below: the gradients of different paths point different ways and partly
  cancel, the more so the more of them there are.
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw how many paths have each length, what one of them carries, and both together."""
    st.markdown(
        "At every residual unit a gradient can go back through the branch or through the shortcut: "
        "2ⁿ paths lead through n units. Here it goes back along single ones, and the norm of what "
        "arrives at the first unit is measured."
    )
    shown = lines.choose(variants, plain_twin=False)
    shown = lines.with_shortcuts(shown, "is a single path only")
    if not shown:
        return
    with st.container():  # always, so that what follows keeps its place
        trained = _trained(shown)
    with st.container():
        if trained:
            shown = [line for line in shown if weights.cifar10_name(line.spec)]
            fed = _trained_feed()
        else:
            fed = choices.feed([line.spec for line in shown], one_pass=False)
    samples = _samples()
    shown = lines.changed(shown, fed.changes)
    shown = lines.those_that_fit(shown, fed.settings.batch, paths_work.needed_bytes)
    if not shown:
        return
    draw_counts(shown)
    asked = tuple(
        Asked(line.spec, weights.cifar10_name(line.spec) if trained else "") for line in shown
    )
    waiting.show(
        "paths",
        (asked, samples, fed.key),
        paths_work.profiles(asked, fed.settings, samples, fed.files),
        lambda profiles: _draw_profiles(shown, asked, profiles, fed),
        "Following paths",
        streams=True,
    )
    with st.expander("The formula, and its source"):
        st.markdown(_FORMULA)


def _trained(shown: Sequence[Line]) -> bool:
    """Draw the choice of weights where there is one, and say who has none."""
    without = [line.name for line in shown if not weights.cifar10_name(line.spec)]
    if len(without) == len(shown):
        return False
    chosen = one_of(
        "Weights",
        list(_WEIGHTS),
        "untrained",
        "path-weights",
        GLOSSARY["path-weights"],
        _WEIGHTS.__getitem__,
    )
    if chosen == "trained" and without:
        st.caption(f"Without bundled weights, and left out: {', '.join(without)}.")
    return chosen == "trained"


def _trained_feed() -> choices.Feed:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width="content"):  # where the untrained ones' stands
            batch = choices.batch(small=True, one_pass=False)
        settings = ProbeSettings(
            batch=batch,
            seed=choices.seed(),
            source="cifar10",
            mode="eval",
        )
    return choices.Feed(settings, 1, {}, ())


def _samples() -> int:
    return int(
        st.number_input(
            "Paths of each length",
            1,
            100,
            5,
            key="path-samples",
            help=GLOSSARY["path-samples"],
            width=200,
            **_LINKED,
        )
    )


def _layers_per_unit(line: Line) -> int:
    return LAYERS_PER_UNIT[line.spec.block]


def draw_counts(shown: Sequence[Line]) -> None:
    """Draw how many paths of each length lead through networks."""
    charts.draw(
        by_length("path-counts", [_count_curve(line) for line in shown], "Share of all paths"),
        "path-counts",
        "How many paths have each length",
        "Most paths take about half of the branches: both short and long ones are rare.",
        lambda: [
            {"variant": str(line.spec), "length": length, "share_of_paths": share}
            for line in shown
            for length, share in enumerate(shares(sum(line.spec.stages)))
        ],
    )


def _count_curve(line: Line) -> LengthCurve:
    return _curve(line, shares(sum(line.spec.stages)))


def _curve(line: Line, values: Sequence[float], **more: Any) -> LengthCurve:
    looks = {"name": line.name, "colour": line.colour, "dash": line.dash, **more}
    return LengthCurve(**looks, layers_per_unit=_layers_per_unit(line), values=tuple(values))


def _draw_profiles(
    shown: Sequence[Line],
    asked: Sequence[Asked],
    profiles: "Sequence[PathProfile]",
    fed: choices.Feed,
) -> None:
    from explorer.gradients import path_words

    found = list(zip(shown, profiles, strict=False))  # those that are there so far
    finished = [each for each in found if each[1].finished]
    st.markdown("\n".join(about(line, path_words.told(profile)) for line, profile in finished))
    charts.draw(
        by_length(
            "path-norms", [_norm_curve(*each) for each in found], "|g|, L2 norm", logarithmic=True
        ),
        "path-norms",
        "Gradient along a single path, by its length",
        "A straight line: every branch on the way changes the gradient by the same factor. The "
        "line is the geometric mean, the shaded range goes from the weakest path to the strongest.",
        lambda: path_words.records(profiles, [one.trained for one in asked]),
        table=True,
    )
    charts.draw(
        by_length("path-products", _part_curves(found), "Share of the whole"),
        "path-products",
        "Where the gradient comes from: all paths of a length together",
        "Line: number of paths times mean norm. Circles: all paths of a length added up as "
        "vectors, exactly. Each in shares of its own sum.",
        lambda: path_words.records(profiles, [one.trained for one in asked]),
    )
    st.caption(paths_findings.conditions(asked, profiles, fed))


def _norm_curve(line: Line, profile: "PathProfile") -> LengthCurve:
    return _curve(
        line,
        [each.geometric_mean for each in profile.sampled],
        lows=tuple(min(each.norms) for each in profile.sampled),
        highs=tuple(max(each.norms) for each in profile.sampled),
    )


def _part_curves(found: "Sequence[tuple[Line, PathProfile]]") -> list[LengthCurve]:
    curves = []
    for line, profile in found:
        if profile.finished:
            curves.append(_curve(line, _parts(profile.products), name=f"{line.name}: product"))
        parts = _parts(profile.sum_norms)
        curves.append(_curve(line, parts, name=f"{line.name}: vector sum", dash=""))
    return curves


def _parts(values: Sequence[float]) -> list[float]:
    whole = sum(values)
    return [value / whole if whole else 0.0 for value in values]
