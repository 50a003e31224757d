"""The drawing of a receptive field: everything in pixels of the picture."""

import pytest

from explorer.figures.receptive import FieldDrawn, field_on_picture

FIELD = FieldDrawn(32, "data:picture", "data:gradient", 16, 15, 7, 2, 4)


def test_outlines_lie_around_the_centre() -> None:
    chart = field_on_picture(FIELD, "name", "#0072B2")
    found = {
        (shape.type, shape.line.dash): (shape.x0, shape.x1, shape.y0, shape.y1)
        for shape in chart.layout.shapes
    }
    assert found == {
        ("rect", "dash"): (11.5, 18.5, 12.5, 19.5),
        ("circle", "solid"): (11, 19, 12, 20),
        ("circle", "dot"): (13, 17, 14, 18),
    }
    assert [trace.name for trace in chart.data if trace.showlegend is not False] == [
        "theory, 7 wide",
        "95% of the gradient",
        "half of the gradient",
    ]


def test_pictures_cover_their_pixels_and_the_first_row_is_on_top() -> None:
    chart = field_on_picture(FIELD, "name", "#0072B2")
    assert [image.source for image in chart.layout.images] == ["data:picture", "data:gradient"]
    for image in chart.layout.images:
        assert (image.x, image.y) == (-0.5, -0.5)
        assert (image.sizex, image.sizey) == pytest.approx((32, 32), abs=0.01)
    assert len({image.sizex for image in chart.layout.images}) == 2, "or only one is drawn"
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1]


@pytest.mark.parametrize(("side", "reach"), [(7, 1.5), (41, 6), (5000, 17)])
def test_what_is_far_larger_than_the_picture_is_cut_off(side: int, reach: float) -> None:
    chart = field_on_picture(FIELD._replace(theoretical=side), "name", "#0072B2")
    low, high = chart.layout.xaxis.range
    assert low == pytest.approx(-reach, abs=0.51) and high > 32
