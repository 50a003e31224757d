"""Arrays as pictures, decoded again."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from explorer.figures import rasters


def decoded(file: bytes) -> np.ndarray:
    return np.array(Image.open(BytesIO(file)).convert("RGB"))


def test_a_heat_maps_pixels_are_its_numbers_in_steps_of_the_palette() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (9, 13))
    image = Image.open(BytesIO(rasters.heat(values)))
    assert image.size == (13, 9)
    np.testing.assert_allclose(np.array(image) / 127.0 - 1, values, atol=0.5 / 127 + 1e-9)
    np.testing.assert_array_equal(decoded(rasters.heat(values)), rasters.palette()[np.array(image)])


def test_what_is_beyond_1_is_shown_as_1() -> None:
    np.testing.assert_array_equal(
        decoded(rasters.heat(np.array([[-9.0, 9.0]]))), decoded(rasters.heat(np.array([[-1, 1.0]])))
    )


def test_the_palette_is_black_at_0_and_lightens_both_ways() -> None:
    lightness = rasters.palette() @ np.array([0.2126, 0.7152, 0.0722])
    assert len(lightness) == 255 and lightness[127] < 1
    assert (np.diff(lightness[127:]) > -0.5).all() and (np.diff(lightness[:128]) < 0.5).all()
    low, high = rasters.palette()[[0, -1]].astype(int)
    assert low[2] > low[0] and high[0] > high[2], "blue below 0, yellow above"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tile_is_exact_to_a_step_of_256(channels: int) -> None:
    values = np.random.default_rng(1).uniform(0, 1, (4, 5, channels))
    found = decoded(rasters.tile(values)) / 255
    np.testing.assert_allclose(found, np.broadcast_to(values, (4, 5, 3)), atol=0.5 / 255 + 1e-9)


def test_a_small_picture_is_kept_exactly_and_enlarged_by_squares() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    file = rasters.picture(Image.fromarray(pixels))
    np.testing.assert_array_equal(decoded(file), pixels)
    large = decoded(rasters.enlarged(file))
    assert large.shape == (448, 448, 3)
    np.testing.assert_array_equal(large, pixels.repeat(14, 0).repeat(14, 1))


def test_a_large_picture_is_a_jpeg_that_is_not_enlarged() -> None:
    file = rasters.picture(Image.new("RGB", (300, 300), "teal"))
    assert Image.open(BytesIO(file)).format == "JPEG" and len(file) < 5000
    assert rasters.enlarged(file) == file


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_single_pixel_is_a_picture_too(mode: str) -> None:
    file = rasters.picture(Image.new(mode, (1, 1), 7 if mode == "L" else (7, 7, 7)))
    assert (decoded(rasters.enlarged(file)) == 7).all()
