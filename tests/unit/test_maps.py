"""Maps of numbers over a plane: what is drawn is what was given, on one scale."""

from math import inf, log10

import pytest

from explorer.figures.maps import LossMap, contours, field, surfaces

PLACES = (-1.0, 0.0, 1.0)
LOSSES = ((1.0, 10.0, 100.0), (0.001, 0.1, 2.0), (5.0, inf, None))


def test_rows_of_a_map_are_places_of_the_first_direction() -> None:
    drawn = contours("name", LossMap("A", PLACES, LOSSES), (0.01, 50)).data[0]
    assert list(drawn.x) == list(drawn.y) == list(PLACES)
    for a, row in enumerate(LOSSES):
        for b, loss in enumerate(row):
            expected = None if loss is None else log10(min(max(loss, 0.01), 50))
            assert drawn.z[b][a] == (None if expected is None else pytest.approx(expected))
            assert drawn.customdata[b][a] == loss
    assert (drawn.zmin, drawn.zmax) == (-2, log10(50))


def test_surfaces_share_colours_and_keep_apart() -> None:
    maps = [LossMap(name, PLACES, LOSSES) for name in ("upper", "lower")]
    upper, lower = (each for each in surfaces("name", maps, (0.01, 100)).data)
    assert upper.surfacecolor == lower.surfacecolor
    assert (upper.cmin, upper.cmax) == (lower.cmin, lower.cmax) == (-2, 2)
    assert [upper.showscale, lower.showscale] == [False, True]
    known = [value for row in upper.z for value in row if value is not None]
    assert min(known) > max(value for row in lower.z for value in row if value is not None)


@pytest.mark.parametrize(
    ("bounds", "ticks"),
    [
        ((0.15, 1.1), ("0.2", "0.5", "1")),
        ((0.1, 10.0), ("0.1", "0.2", "0.5", "1", "2", "5", "10")),
        ((0.01, 2000.0), ("0.01", "0.1", "1", "10", "100", "1,000")),
    ],
)
def test_a_scale_of_losses_says_what_its_colours_are(bounds, ticks) -> None:
    bar = contours("name", LossMap("A", PLACES, LOSSES), bounds).data[0].colorbar
    assert bar.ticktext == ticks
    assert bar.tickvals == pytest.approx([log10(float(tick.replace(",", ""))) for tick in ticks])


def test_a_field_is_centred_in_its_square() -> None:
    chart = field("name", [[0.0, 0.1], [0.4, 0.2]], (1, 0), 3)
    drawn, square = chart.data[0], chart.layout.shapes[0]
    assert list(drawn.x) == [0, 1] and list(drawn.y) == [-1, 0]
    assert list(drawn.z[1]) == [100, pytest.approx(50)]
    assert (square.x0, square.x1, square.y0, square.y1) == (-1.5, 1.5, -1.5, 1.5)
