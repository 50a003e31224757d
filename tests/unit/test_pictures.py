"""Hostile and odd files, all made here, and the bundled photographs."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from explorer.data import FOLDER, bundled_picture, bundled_pictures
from explorer.pictures import (
    FORMATS,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MAX_SLOW_PIXELS,
    SUFFIXES,
    Picture,
    PictureError,
    read_picture,
)
from tests.fuzz.corpus import packed_bmp, sun

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "QOI", "PCX", "SGI", "SUN", "DDS")


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    if kind == "SUN":  # which Pillow reads only
        return sun(image)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(image: Image.Image, kind: str = "PNG", name: str | None = None, **options: Any) -> Picture:
    usual = {format: suffix for suffix, format in SUFFIXES.items()}
    return read_picture(encode(image, kind, **options), name or f"picture{usual[kind]}")


def png(width: int, height: int, depth: int, colour_type: int, packed: bytes) -> bytes:
    """A PNG written by hand, valid in every byte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def empty_png(width: int, height: int, colour_type: int = 0) -> bytes:
    """A PNG of zeros, tiny for its size."""
    row = bytes(1 + width * {0: 1, 2: 3}[colour_type])
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(width, height, 8, colour_type, packed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_its_pixels(kind: str) -> None:
    picture = read(Image.new("RGB", (40, 30), RED), kind)
    assert picture.image.mode == "RGB"
    assert picture.image.size == picture.original_size == (40, 30)
    assert np.abs(np.asarray(picture.image).astype(int) - RED).max() <= 3
    assert picture.notes == ()


def test_nothing_but_these_formats_is_read() -> None:
    assert set(FORMATS) == set(SUFFIXES.values()) == set(KINDS)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P1 2 1\n1 0", [(0, 0, 0), WHITE]),
        (b"P4 2 1\n\x80", [(0, 0, 0), WHITE]),
        (b"P2\n# by hand\n2 1 4\n0 4", [(0, 0, 0), WHITE]),
        (b"P2 2 1 1000\n0 500", [(0, 0, 0), (127, 127, 127)]),
        (b"P5 2 1 65535\n\x64\x64\xff\xff", [(100, 100, 100), WHITE]),
        (b"P5 2 1 1023\n\0\0\3\xff", [(0, 0, 0), WHITE]),
        (b"P3 2 1 255  255 0 0  0 128 0", [RED, GREEN]),
        (b"P6 2 1 5\n\5\0\0\0\0\5", [RED, BLUE]),
        (b"Pf 2 1 -1.0\n" + struct.pack("<2f", -3, 9), [(0, 0, 0), WHITE]),
    ],
)
def test_every_portable_map_gives_its_pixels(content: bytes, expected: list[Any]) -> None:
    image = read_picture(content, "map.pnm").image
    assert [image.getpixel((x, 0)) for x in range(2)] == expected


def test_a_portable_map_without_an_end_to_its_comment_is_not_read_through() -> None:
    comment = b"#" + b"a" * 100_000
    with pytest.raises(PictureError, match="damaged"):
        read_picture(b"P6\n" + comment + b"\n1 1 255\nabc", "map.ppm")
    assert read_picture(b"P6\n" + comment[:200] + b"\n1 1 255\nabc", "map.ppm").notes == ()


def test_a_phones_picture_is_the_first_of_its_file() -> None:
    first, second = (Image.new("RGB", (32, 24), colour) for colour in (RED, BLUE))
    picture = read(first, "MPO", "IMG_1.jpg", save_all=True, append_images=[second])
    assert np.abs(np.asarray(picture.image).astype(int) - RED).max() <= 3
    assert picture.notes == ()


@pytest.mark.parametrize("packing", ["DXT1", "DXT3", "DXT5"])
def test_a_packed_texture_gives_its_pixels(packing: str) -> None:
    picture = read(Image.new("RGB", (8, 8), BLUE), "DDS", pixel_format=packing)
    assert picture.image.getcolors() == [(64, BLUE)]


def test_a_texture_of_an_unknown_packing_is_not_called_damaged() -> None:
    data = encode(Image.new("RGB", (8, 8)), "DDS", pixel_format="DXT1").replace(b"DXT1", b"YUY2")
    with pytest.raises(PictureError, match="unusual way"):
        read_picture(data, "texture.dds")


def qoi(width: int, height: int) -> bytes:
    """A black picture in as few bytes as can be."""
    runs = -(-width * height // 62)
    return b"qoif" + struct.pack(">II", width, height) + b"\3\0" + b"\xfd" * runs


@pytest.mark.parametrize(
    "make",
    [
        qoi,
        lambda *size: b"P5 %d %d 100\n" % size + bytes(size[0] * size[1]),
        lambda *size: b"P1 %d %d\n" % size + b"0" * (size[0] * size[1]),
        lambda *size: packed_bmp(*size, b"\xff\0\xff\0\xff\0\xff\0\0\0" * size[1]),
    ],
    ids=["QOI", "PPM of few levels", "PBM as text", "packed BMP"],
)
def test_what_is_slow_to_read_is_read_up_to_a_megapixel(make: Any) -> None:
    assert MAX_SLOW_PIXELS == 1_000_000
    with pytest.raises(PictureError, match=r"1,001 × 1,000 pixels .* slow .* limit .* 1 million"):
        read_picture(make(1_001, 1_000), "slow.dat")
    assert read_picture(make(1_000, 200), "slow.dat").original_size == (1_000, 200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_png_mode_becomes_rgb(mode: str) -> None:
    picture = read(Image.new("L", (5, 4), 255).convert(mode) if mode != "I;16" else grey16(65535))
    assert picture.image.mode == "RGB"
    assert picture.image.getpixel((0, 0)) == WHITE


def grey16(value: int) -> Image.Image:
    return Image.fromarray(np.full((4, 5), value, np.uint16))


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (257 * 100, 100), (65535, 255)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_scaled_not_clipped(kind: str, value: int, expected: int) -> None:
    picture = read(grey16(value), kind)
    assert picture.image.getpixel((2, 2)) == (expected,) * 3
    assert any("16-bit" in note for note in picture.notes)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_long_numbers_are_stretched(dtype: type) -> None:
    ramp = np.array([[-1000, 0, 1000]], dtype)
    picture = read(Image.fromarray(ramp), "TIFF")
    assert [picture.image.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]  # type: ignore[index]


def test_numbers_as_far_apart_as_can_be_are_stretched_too() -> None:
    values = np.array([[-3e38, 0.0, 3e38]], np.float32)  # their difference is no float32
    picture = read(Image.fromarray(values), "TIFF")
    assert [picture.image.getpixel((x, 0))[0] for x in range(3)] == [0, 128, 255]  # type: ignore[index]


def test_numbers_that_are_none_become_black_or_white() -> None:
    values = np.array([[np.nan, -np.inf, 0.0, 1.0, np.inf]], np.float32)
    picture = read(Image.fromarray(values), "TIFF")
    assert [picture.image.getpixel((x, 0))[0] for x in range(5)] == [0, 0, 0, 255, 255]  # type: ignore[index]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(kind: str) -> None:
    image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (5, 0, 10, 10))
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = read(image, kind, **options)
    assert picture.image.getpixel((1, 5)) == WHITE
    assert picture.image.getpixel((8, 5)) == BLUE
    assert any("white" in note for note in picture.notes)


def test_half_transparent_grey_is_mixed_with_white() -> None:
    picture = read(Image.new("LA", (4, 4), (0, 128)))
    assert picture.image.getpixel((0, 0)) == (127, 127, 127)


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([*RED, *GREEN])
    image.putpixel((0, 0), 1)
    picture = read(image, "PNG", transparency=0)
    assert picture.image.getpixel((3, 3)) == WHITE
    assert picture.image.getpixel((0, 0)) == GREEN


def test_a_palette_may_be_transparent_by_degrees() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    for x in range(3):
        image.putpixel((x, 0), x)
    picture = read(image, "PNG", transparency=bytes([0, 51, 255]))
    half = tuple(round(255 + (channel - 255) * 51 / 255) for channel in GREEN)
    assert [picture.image.getpixel((x, 0)) for x in range(3)] == [WHITE, half, BLUE]


def test_a_gif_may_have_a_transparent_colour() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *GREEN])
    image.putpixel((1, 0), 1)
    picture = read(image, "GIF", transparency=1)
    assert [picture.image.getpixel((x, 0)) for x in range(2)] == [RED, WHITE]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_the_same_colour(kind: str) -> None:
    options = {"quality": 100} if kind == "JPEG" else {}
    picture = read(Image.new("RGB", (16, 16), RED).convert("CMYK"), kind, **options)
    assert np.abs(np.asarray(picture.image).astype(int) - RED).max() <= 4


@pytest.mark.parametrize(
    ("colour_type", "pixel", "expected"),
    [
        (2, (257 * 100, 257 * 200, 65535), (100, 200, 255)),
        (4, (257 * 100, 65535), (100, 100, 100)),
        (4, (257 * 100, 0), WHITE),
        (6, (257 * 100, 257 * 200, 0, 65535), (100, 200, 0)),
        (6, (0, 0, 0, 0), WHITE),
    ],
)
def test_16_bit_colours_and_transparency_become_8_bit(
    colour_type: int, pixel: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    row = b"\0" + struct.pack(f">{len(pixel)}H", *pixel)
    picture = read_picture(png(1, 1, 16, colour_type, zlib.compress(row)), "deep.png")
    assert picture.image.getpixel((0, 0)) == expected


UPRIGHT = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
STORED = {  # how a camera stores the upright picture, by EXIF orientation
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_rotation_is_undone(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(Image.fromarray(np.ascontiguousarray(STORED[orientation])), kind, exif=exif)
    assert np.array_equal(np.asarray(picture.image)[..., 0], UPRIGHT)
    assert picture.original_size == (3, 2)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_photograph_is_turned_upright(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.kron(STORED[orientation], np.ones((16, 16), np.uint8))  # survives compression
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100}
    picture = read(Image.fromarray(stored), kind, exif=exif, **options)
    assert picture.original_size == picture.image.size == (48, 32)
    centres = np.asarray(picture.image)[8::16, 8::16, 0].astype(int)
    assert np.abs(centres - UPRIGHT).max() <= 2


def test_exif_data_that_makes_no_sense_is_ignored() -> None:
    for rotation in (0, 9, 65535):
        exif = Image.Exif()
        exif[0x0112] = rotation
        assert read(Image.new("RGB", (4, 2), RED), "PNG", exif=exif).image.size == (4, 2)
    picture = read(Image.new("RGB", (4, 2), RED), "PNG", exif=b"Exif\0\0nonsense")
    assert picture.image.size == (4, 2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_only_the_first_frame_is_used(kind: str) -> None:
    frames = [Image.new("RGB", (12, 8), colour) for colour in (RED, GREEN, BLUE)]
    extra = {"lossless": True} if kind == "WEBP" else {}
    picture = read(frames[0], kind, save_all=True, append_images=frames[1:], **extra)
    assert picture.image.getpixel((6, 4)) == RED
    assert len(picture.notes) == 1
    assert "first" in picture.notes[0]


@pytest.mark.parametrize("name", ["cat.png", "cat.JPG.txt", "cat.heic"])
def test_a_wrong_suffix_is_read_and_said(name: str) -> None:
    picture = read(Image.new("RGB", (8, 8), RED), "JPEG", name)
    assert len(picture.notes) == 1
    assert "JPEG" in picture.notes[0]


@pytest.mark.parametrize("name", ["cat.jpg", "CAT.JPEG", "cat"])
def test_a_right_suffix_is_not_worth_a_note(name: str) -> None:
    assert read(Image.new("RGB", (8, 8)), "JPEG", name).notes == ()


def test_one_pixel_is_a_picture() -> None:
    assert read(Image.new("RGB", (1, 1), GREEN)).image.getpixel((0, 0)) == GREEN


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (20_000, 700)])
def test_a_long_strip_is_reduced(size: tuple[int, int]) -> None:
    picture = read_picture(empty_png(*size), "strip.png")
    assert max(picture.image.size) == MAX_SIDE
    assert min(picture.image.size) == max(1, round(min(size) * MAX_SIDE / 20_000))
    assert picture.original_size == size
    assert "20,000" in picture.notes[0]


def test_a_large_photograph_keeps_its_proportions() -> None:
    image = Image.linear_gradient("L").resize((6000, 4000)).convert("RGB")
    picture = read(image, "JPEG")
    assert picture.image.size == (2048, 1365)
    assert picture.original_size == (6000, 4000)
    assert picture.image.getpixel((1024, 1000)) == pytest.approx((187, 187, 187), abs=2)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"hello, this is text", "not a picture"),
        (HEIC, "HEIC"),
        (HEIC.replace(b"heic", b"avif"), "AVIF"),
        (HEIC.replace(b"heic", b"isom"), "video"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "damaged"),
        (bytes(MAX_BYTES + 1), "20 MB"),
    ],
)
def test_what_is_no_picture_is_explained_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(data, "holiday.jpg")
    message = str(caught.value)
    assert words in message
    assert message.startswith("holiday.jpg ")
    assert message.count(". ") == 0
    assert message.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_damaged(kind: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    data = encode(Image.fromarray(noise), kind)
    with pytest.raises(PictureError, match="damaged or incomplete"):
        read_picture(data[: int(len(data) * part)], "cut.dat")


def test_random_damage_raises_nothing_else() -> None:
    random = np.random.default_rng(1)
    noise = Image.fromarray(random.integers(0, 255, (32, 32, 3), np.uint8))
    outcomes = set()
    for kind in KINDS:
        data = np.frombuffer(encode(noise, kind), np.uint8)
        for _ in range(60):
            broken = data.copy()
            broken[random.integers(0, min(200, len(data)), 4)] = random.integers(0, 255, 4)
            try:
                outcomes.add(read_picture(broken.tobytes(), "x").image.mode)
            except PictureError:
                outcomes.add("PictureError")
    assert outcomes == {"RGB", "PictureError"}


@pytest.mark.parametrize("side", [13_000, 10_000, 7_200])
def test_a_decompression_bomb_is_never_decoded(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = empty_png(side, side)
    assert len(bomb) < 200_000
    assert side * side > MAX_PIXELS
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    with pytest.raises(PictureError, match="limit is 50 million"):
        read_picture(bomb, "bomb.png")
    assert not decoded


def claiming(kind: str, width: int, height: int) -> bytes:
    """A file of 8 x 8 pixels whose header says otherwise."""
    colours = "RGB" if kind in ("PPM", "QOI", "PCX", "SGI", "SUN", "DDS") else "L"
    data = bytearray(encode(Image.new(colours, (8, 8)), kind))
    if kind == "PPM":
        return bytes(data.replace(b"8 8", b"%d %d" % (width, height)))
    places = {
        "GIF": [(6, "<HH", (width, height))],
        "BMP": [(18, "<ii", (width, height))],
        "JPEG": [(data.find(b"\xff\xc0") + 5, ">HH", (height, width))],
        # Each tag is its number, the type long, one value, and that value.
        "TIFF": [
            (data.find(struct.pack("<HHI", tag, 4, 1)) + 8, "<I", (size,))
            for tag, size in ((256, width), (257, height))
        ],
        "QOI": [(4, ">II", (width, height))],
        "PCX": [(8, "<HH", (width - 1, height - 1))],
        "SGI": [(6, ">HH", (width, height))],
        "SUN": [(4, ">II", (width, height))],
        "DDS": [(12, "<II", (height, width))],
        "WEBP": [(data.find(b"\x9d\x01\x2a") + 3, "<HH", (width, height))],
    }[kind]
    for place, form, values in places:
        struct.pack_into(form, data, place, *values)
    return bytes(data)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"PNG"}))
@pytest.mark.parametrize("side", [16_000, 8_000])
def test_a_bomb_of_any_format_is_never_decoded(
    kind: str, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Image.open(io.BytesIO(claiming(kind, 90, 70))) as image:
        assert image.size == (90, 70)
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    with pytest.raises(PictureError, match="limit is 50 million"):
        read_picture(claiming(kind, side, side), f"bomb.{kind.lower()}")
    assert not decoded


def test_just_below_the_pixel_limit_is_read() -> None:
    picture = read_picture(empty_png(7_000, 7_000), "large.png")
    assert picture.image.size == (MAX_SIDE, MAX_SIDE)


def test_a_hostile_name_stays_one_short_line() -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(b"", "a\nb" + "x" * 500)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 150


def test_every_bundled_picture_is_listed_and_credited() -> None:
    files = {path.name for path in FOLDER.glob("*.jpg")}
    credits = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert files == {picture.path.name for picture in bundled_pictures()}
    for picture in bundled_pictures():
        assert picture.path.name in credits
        assert picture.author in credits
        assert picture.licence in credits


@pytest.mark.parametrize("picture", bundled_pictures(), ids=lambda picture: picture.name)
def test_a_bundled_picture_is_small_and_clean(picture: Any) -> None:
    found = picture.read()
    assert 300 <= max(found.image.size) <= 640
    assert found.notes == ()
    assert picture.credit == f"{picture.author}, {picture.licence}"
    with Image.open(picture.path) as stored:
        assert not stored.getexif()


def test_an_unknown_bundled_picture_is_named() -> None:
    assert bundled_picture("cat").path == Path(FOLDER / "cat.jpg")
    with pytest.raises(ValueError, match=r"unicorn.*cat"):
        bundled_picture("unicorn")
