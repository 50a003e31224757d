"""Curves along the depth of networks, where a network has several."""

import math
from dataclasses import replace

import pytest

from explorer.figures.gradients import Curve, gradient_norms


def curve(network: str, part: str, *values: float) -> Curve:
    names = tuple(f"unit{place}" for place in range(len(values)))
    return Curve(f"{network}, {part}", "#000", "solid", names, values, network=network, part=part)


CURVES = (
    curve("A", "shortcut", 2.0, 4.0),
    curve("A", "branch", 1.0, 0.0),
    curve("B", "shortcut", 6.0, 2.0),
    curve("B", "branch", 3.0, 5.0),
)


def test_small_multiples_have_a_panel_for_each_network() -> None:
    chart = gradient_norms(CURVES, [], "norm", "multiples", logarithmic=False)
    axes = {trace.name: trace.yaxis for trace in chart.data}
    assert axes["A, shortcut"] == axes["A, branch"] != axes["B, shortcut"] == axes["B, branch"]
    alone = [replace(each, network="", part="") for each in CURVES]
    chart = gradient_norms(alone, [], "norm", "multiples")
    assert len({trace.yaxis for trace in chart.data if trace.mode != "markers"}) == 4


def test_a_ratio_is_to_the_same_part_of_the_first_network() -> None:
    chart = gradient_norms(CURVES, [], "norm", "ratio", logarithmic=False)
    lines = {trace.name: list(trace.y) for trace in chart.data if trace.mode != "markers"}
    assert lines["A, shortcut"] == [1, 1]
    assert lines["B, shortcut"] == [3, 0.5]
    assert lines["B, branch"] == [3, None]  # over 0
    told = [trace for trace in chart.data if "not on this scale" in trace.name]
    assert {text for trace in told for text in trace.text} == {"not a number"}


def test_a_point_names_its_network_whatever_the_part() -> None:
    chart = gradient_norms(CURVES, [], "norm", logarithmic=False)
    assert list(chart.data[3].customdata[1]) == ["unit1", 2, "B"]
    assert list(
        gradient_norms([replace(CURVES[0], network="")], [], "n").data[0].customdata[0]
    ) == [
        "unit0",
        1,
        "A, shortcut",
    ]


def test_few_points_are_called_by_their_names() -> None:
    chart = gradient_norms(CURVES, [], "right", logarithmic=False, point="Stage", names=("a", "b"))
    assert chart.layout.xaxis.title.text == "Stage"
    assert dict(zip(chart.layout.xaxis.tickvals, chart.layout.xaxis.ticktext, strict=True)) == {
        1: "a",
        2: "b",
    }
    uneven = (*CURVES, curve("C", "branch", 1.0, 2.0, 3.0))
    chart = gradient_norms(uneven, [], "right", logarithmic=False, names=("a", "b"))
    assert chart.layout.xaxis.ticktext is None


def test_a_short_log_axis_has_labels_that_are_values() -> None:
    axis = gradient_norms([curve("A", "branch", 0.55, 1.6)], [], "ratio").layout.yaxis
    labelled = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert {"0.6", "0.8", "1", "2"} <= set(labelled)
    assert all(float(text) == pytest.approx(value) for text, value in labelled.items())
    longer = gradient_norms([curve("A", "branch", 0.1, 10.0)], [], "ratio").layout.yaxis
    assert (longer.dtick, longer.ticktext) == ("D2", None)


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_what_a_log_axis_cannot_show_is_marked(value: float) -> None:
    chart = gradient_norms([curve("A", "branch", 1.0, value)], [], "norm")
    assert list(chart.data[0].y) == [1.0, None]
    assert chart.data[1].marker.symbol == "x"
    linear = gradient_norms([curve("A", "branch", 1.0, 0.0)], [], "share", logarithmic=False)
    assert list(linear.data[0].y) == [1.0, 0.0] and len(linear.data) == 1
    assert linear.layout.yaxis.rangemode == "tozero"
