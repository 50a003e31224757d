"""Pictures: every odd kind, valid files with bytes changed, and bytes that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.pictures import MAX_SIDE, PictureError, read_picture
from tests.fuzz.corpus import damaged, pictures, texts
from tests.fuzz.guard import MEGABYTE, cases, harmless, sentence

LIMIT = 500 * MEGABYTE
"""50 megapixels as RGB and transparency are 200 MB, and a copy of them may be made."""
REFUSED = ("bomb", "slow QOI", "slow BMP", "PPM of comments", "HEIC", "AVIF", "SVG")


def read(data: bytes, name: str) -> None:
    """A picture within its bounds, or a sentence."""
    with harmless(LIMIT):
        try:
            found = read_picture(data, name)
        except PictureError as error:
            sentence(error, 300)
        else:
            assert found.image.mode == "RGB"
            assert 1 <= min(found.image.size) <= max(found.image.size) <= MAX_SIDE
            for note in found.notes:
                sentence(note, 200)


@pytest.mark.parametrize("kind", pictures())
def test_every_kind_is_read_or_refused(kind: str) -> None:
    with harmless(LIMIT):
        if kind in REFUSED:
            with pytest.raises(PictureError) as caught:
                read_picture(pictures()[kind], kind)
            sentence(caught.value, 300)
        else:
            assert read_picture(pictures()[kind], f"{kind}.dat").image.mode == "RGB"


SMALL = {kind: data for kind, data in pictures().items() if len(data) < 20_000}


@cases(110)
@given(damaged(SMALL))
def test_a_file_with_changed_bytes_is_a_picture_or_a_sentence(data: bytes) -> None:
    read(data, "holiday.jpg")


@cases(20)
@given(
    st.sampled_from(
        (
            *(b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"),
            *(b"P1 ", b"P3 9 9 ", b"P6 9 9 255\n", b"qoif", b"\n\5\1\x08", b"\x01\xda\1\1"),
            *(b"\x59\xa6\x6a\x95", b"DDS \x7c\0\0\0"),
        )
    ),
    st.binary(max_size=300),
    texts(),
)
def test_bytes_and_names_of_all_sorts(start: bytes, rest: bytes, name: str) -> None:
    read(start + rest, name)
