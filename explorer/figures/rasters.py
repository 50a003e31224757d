"""Arrays as small pictures: a pixel for each number, to be enlarged where they are shown."""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Numbers: TypeAlias = NDArray[np.floating[Any]]
Pixels: TypeAlias = NDArray[np.uint8]

_POSITIVE = ("#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")
_NEGATIVE = ("#000004", "#06345c", "#1167a8", "#4aa8e0", "#c8f0ff")
_HALF = 127
_LARGE = 64
_ENLARGED = 448
_JPEG_QUALITY = 92


@lru_cache(maxsize=1)
def palette() -> Pixels:
    """Return the colours of -1 to 1 in 255 steps: pale blue, blue, black at 0, red, yellow.

    The positive half is matplotlib's inferno, whose lightness grows evenly.
    """
    negative, positive = (_ramp(colours) for colours in (_NEGATIVE, _POSITIVE))
    return np.concatenate([negative[:0:-1], positive])


def _ramp(colours: Sequence[str]) -> Pixels:
    anchors = np.array([[int(colour[n : n + 2], 16) for n in (1, 3, 5)] for colour in colours])
    along = np.linspace(0, len(colours) - 1, _HALF + 1)
    channels = [np.interp(along, range(len(colours)), anchors[:, n]) for n in range(3)]
    return np.stack(channels, 1).round().astype(np.uint8)


def heat(values: Numbers) -> bytes:
    """Return numbers from -1 to 1, shape (h, w), as a PNG in the colours of `palette`."""
    places = np.rint(np.clip(values, -1, 1) * _HALF).astype(np.int16) + _HALF
    image = Image.fromarray(places.astype(np.uint8), "P")
    image.putpalette(palette().tobytes())
    return _png(image)


def tile(values: Numbers) -> bytes:
    """Return numbers from 0 to 1, shape (h, w, 3) or (h, w, 1) for grey, as a PNG."""
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return _png(Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))


def picture(image: Image.Image) -> bytes:
    """Return a picture as a file to be shown: a small one exactly, a large one as a JPEG."""
    if max(image.size) <= _LARGE:
        return _png(image)
    content = BytesIO()
    image.save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()


def enlarged(file: bytes) -> bytes:
    """Return a small picture with larger pixels, for what would blur it by enlarging it."""
    image = Image.open(BytesIO(file), formats=["PNG", "JPEG"])
    times = _ENLARGED // max(image.size)
    if times < 2:
        return file
    return _png(image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST))


def _png(image: Image.Image) -> bytes:
    content = BytesIO()
    image.save(content, "PNG", compress_level=6)
    return content.getvalue()
