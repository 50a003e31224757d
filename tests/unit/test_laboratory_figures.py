"""The charts of paths and of trainings: every value is drawn, the odd ones as what they are."""

import math
from dataclasses import replace

import pytest

from explorer.figures.history import ODD, LossCurve, Panel, layers_by_steps, losses
from explorer.figures.paths import LengthCurve, by_length

LAYERS = ("conv1", "layer1.0.conv1", "fc")
ORDINARY = Panel("A: one", LAYERS, (0, 1), ((1e-3, 2.0, 30.0), (1e-4, 1.0, 20.0)))
ODDITIES = Panel("B: other", LAYERS[:2], (0, 1), ((0.0, math.inf), (math.nan, 5e3)))


def test_panels_share_one_scale_of_powers_of_ten() -> None:
    chart = layers_by_steps([ORDINARY, ODDITIES], 10, "|dL/dW|")
    axis = chart.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-4, 4)
    assert axis.colorbar.ticktext[0] == "10<sup>-4</sup>"
    first, second = (t for t in chart.data if t.type == "heatmap" and t.coloraxis)
    assert [list(row) for row in first.z] == [
        pytest.approx([math.log10(1e-3), -4], abs=1e-4),
        pytest.approx([math.log10(2), 0], abs=1e-4),
        pytest.approx([math.log10(30), math.log10(20)], abs=1e-4),
    ]
    assert list(first.y) == list(LAYERS) and list(first.x) == [0, 1]
    assert first.customdata[0][0] == "0.001"
    assert [list(row) for row in second.z] == [[None, None], [None, 3.699]]
    assert [note.text for note in chart.layout.annotations] == ["A: one", "B: other"]
    assert chart.layout.xaxis.range == (-0.5, 9.5)
    assert chart.layout.yaxis.range == (2.5, -0.5)  # the first layer on top


def test_a_long_name_is_not_cut_off_on_a_phone() -> None:
    name = "A: ResNet-110 (CIFAR), shortcut-only gating, no normalisation, width=32"
    chart = layers_by_steps([replace(ORDINARY, name=name)], 10, "|dL/dW|")
    lines = chart.layout.annotations[0].text.split("<br>")
    assert " ".join(lines) == name and max(map(len, lines)) <= 38
    assert chart.layout.margin.t > layers_by_steps([ORDINARY], 10, "").layout.margin.t


def test_what_a_log_scale_cannot_show_has_a_colour_a_legend_and_words() -> None:
    chart = layers_by_steps([ORDINARY, ODDITIES], 2, "|dL/dW|")
    maps = [trace for trace in chart.data if trace.type == "heatmap" and not trace.coloraxis]
    shown = {
        words: [list(row) for row in trace.z]
        for words, trace in zip(ODD, maps, strict=True)
        if words in trace.hovertemplate and trace.colorscale[0][1] == ODD[words]
    }
    assert shown == {
        "exactly 0": [[1, None], [None, None]],
        "infinite": [[None, None], [1, None]],
        "not a number": [[None, 1], [None, None]],
    }
    assert [trace.name for trace in chart.data if trace.type == "scatter"] == list(ODD)
    plain = layers_by_steps([ORDINARY], 2, "|dL/dW|")
    assert [trace.type for trace in plain.data] == ["heatmap"]


@pytest.mark.parametrize("layers", [1, 8, 9, 20, 56, 110, 1202, 3000])
def test_few_layers_are_numbered_and_rightly(layers: int) -> None:
    names = tuple(f"layer{number}" for number in range(1, layers + 1))
    chart = layers_by_steps([Panel("A", names, (0,), ((1.0,) * layers,))], 1, "")
    axis = chart.layout.yaxis
    assert 1 <= len(axis.tickvals) <= 9
    assert [place + 1 for place in axis.tickvals] == list(axis.ticktext)
    assert axis.ticktext[0] == 1 and axis.ticktext[-1] <= layers


def test_a_training_of_nothing_but_oddities_is_drawn() -> None:
    panel = Panel("A", ("conv1",), (0,), ((math.nan,),))
    chart = layers_by_steps([panel], 1, "")
    assert (chart.layout.coloraxis.cmin, chart.layout.coloraxis.cmax) == (0, 1)


def test_a_loss_that_is_no_number_ends_the_line() -> None:
    chart = losses([LossCurve("A", "#0072B2", "solid", (2.5, 7.0, math.nan))], 60)
    assert list(chart.data[0].y) == [2.5, 7.0, None]
    assert chart.layout.yaxis.type is None
    assert chart.layout.xaxis.range == (-0.5, 59.5)


def test_losses_far_apart_share_a_log_axis() -> None:
    curves = [LossCurve("A", "#0072B2", "solid", values) for values in ((2.5, 2e9), (2.5, 2.0))]
    assert losses(curves, 2).layout.yaxis.type == "log"


def curve(*values: float, **more: object) -> LengthCurve:
    looks = {"name": "A", "colour": "#0072B2", "dash": "solid", "layers_per_unit": 3}
    return LengthCurve(**{**looks, **more}, values=values)  # type: ignore[arg-type]


def test_norms_by_length_have_a_range_and_crosses_at_the_edge() -> None:
    values = (4.0, 0.0, math.inf, math.nan, 1.0)
    odd = curve(*values, lows=(4.0, 0.0, 1.0, 1.0, 0.5), highs=(4.0, 3.0, math.inf, 1.0, 2.0))
    chart = by_length("norms", [odd], "|g|", logarithmic=True)
    band, line, crosses = chart.data
    assert list(band.x) == [0, 3, 4, 4, 3, 0] and list(band.y) == [4.0, 1.0, 2.0, 0.5, 1.0, 4.0]
    assert list(line.x) == [0, 1, 2, 3, 4] and list(line.y) == [4.0, None, None, None, 1.0]
    assert [about[0] for about in line.customdata] == [0, 3, 6, 9, 12]
    assert list(crosses.text) == ["0", "inf", "not a number"]
    assert list(crosses.y) == [pytest.approx(1 / 3), 12.0, pytest.approx(1 / 3)]
    assert chart.layout.yaxis.type == "log"


def test_shares_are_lines_or_circles_and_keep_their_zeros() -> None:
    chart = by_length("shares", [curve(0.25, 0.0, 0.75), curve(0.5, 0.5, dash="")], "Share")
    line, circles = chart.data
    assert list(line.y) == [0.25, 0.0, 0.75] and line.mode == "lines+markers"
    assert circles.mode == "markers" and circles.marker.symbol == "circle-open"
    assert chart.layout.yaxis.tickformat == ".3~%"
