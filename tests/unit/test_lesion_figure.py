"""Curves of lesions: what is drawn for each network, and what is left out."""

from typing import Any

from explorer.figures.lesions import LesionCurve, LesionPoint, accuracy_curves

RANGES = LesionCurve(
    "A",
    "#111111",
    (LesionPoint(0, 0.9, 0.9, 0.9, "intact"), LesionPoint(2, 0.5, 0.25, 0.75, "2 units off")),
)
SINGLES = LesionCurve(
    "B",
    "#222222",
    (LesionPoint(1, 0.5, 0.5, 0.5, "first off"), LesionPoint(3, 0.25, 0.25, 0.25, "third", True)),
    intact=0.75,
)


def drawn(*curves: LesionCurve, **how: bool) -> dict[str, Any]:
    settings = {"joined": True, "falls": False, **how}
    chart = accuracy_curves("test", curves, "x", 0.1, **settings)
    return {trace.name: trace for trace in chart.data} | {"layout": chart.layout}


def test_a_range_is_drawn_from_the_worst_to_the_best() -> None:
    trace = drawn(RANGES)["A"]
    ends = zip(trace.y, trace.error_y.array, trace.error_y.arrayminus, strict=True)
    assert [(mean - down, mean + up) for mean, up, down in ends] == [(0.9, 0.9), (0.25, 0.75)]
    assert trace.error_y.visible and trace.mode == "lines+markers"
    assert drawn(RANGES, joined=False)["A"].mode == "markers"
    assert not drawn(SINGLES)["B"].error_y.visible


def test_what_matters_is_marked_and_the_intact_network_is_a_line() -> None:
    found = drawn(SINGLES, RANGES)
    assert list(found["B"].marker.symbol) == ["circle", "diamond"]
    assert (list(found["B, intact"].x), list(found["B, intact"].y)) == ([1, 3], [0.75, 0.75])
    assert "A, intact" not in found
    assert (list(found["Chance"].x), list(found["Chance"].y)) == ([0, 3], [0.1, 0.1])


def test_an_axis_may_fall_and_a_chart_may_be_empty() -> None:
    assert drawn(RANGES, falls=True)["layout"].xaxis.autorange == "reversed"
    nothing = drawn(LesionCurve("A", "#111111", (), 0.5))
    assert "Chance" not in nothing and "A, intact" not in nothing
