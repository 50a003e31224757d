import math
from typing import Any

import pytest

from explorer.figures.by_depth import DepthCurve, LawLine, growth_by_depth
from explorer.figures.shattered import Correlation, Walk, autocorrelations, walks


def curve(*values: float, spread: float = 1.0) -> DepthCurve:
    depths = tuple(8 + 6 * place for place in range(len(values)))
    lows, highs = (tuple(v * f for v in values) for f in (1 / spread, spread))
    return DepthCurve("Plain", "#7A7A7A", "solid", "circle", depths, values, lows, highs)


def named(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def test_what_a_log_axis_cannot_show_is_a_cross_that_says_what_it_is() -> None:
    shown = curve(2.0, math.inf, math.nan, 0.0, 50.0)
    traces = named(growth_by_depth([shown], []))
    assert traces["Plain"].y == (2.0, None, None, None, 50.0)
    crosses = traces["Plain: not on this scale"]
    assert crosses.x == (14, 20, 26) and crosses.text == ("inf", "not a number", "0")
    assert crosses.y[0] > 50 and crosses.y[1] < 2


def test_nothing_measured_yet_leaves_theory_alone() -> None:
    law = LawLine("law", "dash", (4, 8), (1.0, 2.0))
    traces = named(growth_by_depth([curve()], [law]))
    assert traces["law"].y == (1.0, 2.0) and not traces["Plain"].y


@pytest.mark.parametrize(
    ("last", "step"), [(50.0, "D2"), (5e4, 1), (1e9, 1), (1e40, 4), (1e99, 10)]
)
def test_a_log_axis_has_few_labels_however_long_it_is(last: float, step: object) -> None:
    assert growth_by_depth([curve(1.0, last)], []).layout.yaxis.dtick == step


def test_the_range_of_seeds_is_an_area_without_markers() -> None:
    traces = growth_by_depth([curve(2.0, 8.0, spread=2.0)], []).data
    area = next(trace for trace in traces if trace.fill == "toself")
    assert area.x == (8, 14, 14, 8) and area.y == (4.0, 16.0, 4.0, 1.0) and area.mode == "lines"
    assert not any(trace.fill for trace in growth_by_depth([curve(2.0, 8.0)], []).data)


def test_autocorrelation_is_shown_as_far_as_many_pairs_tell_it() -> None:
    values = tuple(1 - shift / 128 for shift in range(128))
    figure = autocorrelations([Correlation("A", "#0072B2", "solid", values, values, values)], 128)
    area, line = figure.data
    assert list(line.x) == list(range(33)) and line.y == values[:33]
    assert len(area.x) == 66 and area.mode == "lines"
    assert "0.79%" in figure.layout.xaxis.title.text
    short = autocorrelations([Correlation("A", "#0072B2", "solid", (1.0, 0.5, 0.1))], 3)
    assert list(short.data[0].x) == [0, 1, 2]


def test_what_is_not_finite_leaves_a_gap() -> None:
    odd = (math.nan,) * 5
    figure = autocorrelations([Correlation("A", "#0072B2", "solid", odd, odd, odd)], 5)
    assert [trace.y for trace in figure.data] == [(None,) * 5]
    assert walks([Walk("A", "#0072B2", (1.0, math.inf))]).data[0].y == (None, None)


def test_walks_are_moved_and_scaled_alike() -> None:
    figure = walks([Walk("A", "#0072B2", (10.0, 30.0, 20.0)), Walk("B", "#E69F00", (7.0,) * 3)])
    first, second = figure.data
    assert first.y == pytest.approx([-math.sqrt(1.5), math.sqrt(1.5), 0])
    assert second.y == (0.0, 0.0, 0.0)
    assert first.x == (0, 50, 100)
    assert [note.text for note in figure.layout.annotations] == ["A", "B"]
    assert first.yaxis != second.yaxis
