"""Valid files of every kind that comes in, made here, and what can be done to them."""

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "QOI", "PCX", "SGI", "DDS")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int = 40, height: int = 30, mode: str = "RGB") -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values).convert(mode)


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(noise(), "JPEG", exif=exif)


def _animated(kind: str) -> bytes:
    return encoded(noise(), kind, save_all=True, append_images=[noise(40, 30), noise(40, 30)])


def _deep() -> bytes:
    values = np.random.default_rng(1).integers(0, 65536, (20, 30)).astype(np.uint16)
    return encoded(Image.fromarray(values), "PNG")


def sun(image: Image.Image) -> bytes:
    """An RGB picture as a Sun raster file of the plainest kind, which Pillow reads only."""
    header = struct.pack(">8I", 0x59A66A95, *image.size, 24, 0, 1, 0, 0)
    blue_first = np.asarray(image)[..., ::-1]
    return (
        header
        + np.pad(blue_first.reshape(image.height, -1), ((0, 0), (0, image.width % 2))).tobytes()
    )


def packed_bmp(width: int, height: int, packed: bytes) -> bytes:
    """A grey BMP whose rows are packed as runs, from the lowest up."""
    palette = bytes(level for grey in range(256) for level in (grey, grey, grey, 0))
    start = 14 + 40 + len(palette)
    about = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(packed), 0, 0, 256, 0)
    header = b"BM" + struct.pack("<IHHI", start + len(packed), 0, 0, start)
    return header + about + palette + packed


def _bomb(side: int) -> bytes:
    """A grey PNG of zeros, tiny for its size."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@lru_cache(maxsize=1)
def pictures() -> Mapping[str, bytes]:
    """Pictures by what is special about them; all are valid but the last few."""
    clear = Image.new("RGBA", (30, 30), (10, 20, 30, 0))
    palette = noise().quantize(8)
    return {
        **{kind: encoded(noise(), kind) for kind in KINDS},
        "SUN": sun(noise()),
        "a phone's MPO": encoded(noise(), "MPO", save_all=True, append_images=[noise()]),
        "PBM": encoded(noise(mode="1"), "PPM"),
        "PGM": encoded(noise(mode="L"), "PPM"),
        "PGM of 16 bits": encoded(noise(mode="I"), "PPM"),
        "PFM": encoded(noise(mode="F"), "PPM"),
        "PPM as text": b"P3 # a comment\n2 1 255\n255 0 0  0 0 255\n",
        "PPM of few levels": b"P6 2 1 10\n" + bytes(range(6)),
        "PCX with palette": encoded(palette, "PCX"),
        "SGI of 16 bits": encoded(noise(mode="L"), "SGI", bpc=2),
        "packed DDS": encoded(noise(40, 28), "DDS", pixel_format="DXT1"),
        "packed BMP": packed_bmp(4, 2, b"\4\x40\0\0\4\x80\0\1"),
        "progressive": encoded(noise(), "JPEG", progressive=True),
        "CMYK": encoded(noise(mode="CMYK"), "JPEG"),
        "CMYK TIFF": encoded(noise(mode="CMYK"), "TIFF", compression="tiff_lzw"),
        "16 bit": _deep(),
        "palette with transparency": encoded(palette, "PNG", transparency=3),
        "transparent": encoded(clear, "WEBP", lossless=True),
        "interlaced GIF": encoded(palette, "GIF", interlace=1),
        "animated GIF": _animated("GIF"),
        "animated PNG": _animated("PNG"),
        "animated WebP": _animated("WEBP"),
        "rotated": _rotated(),
        "one bit": encoded(noise(mode="1"), "TIFF", compression="group4"),
        "floating point": encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"),
        "large": encoded(Image.new("L", (4000, 3000), 90), "JPEG"),
        "bomb below the limit": _bomb(6900),
        "bomb": _bomb(7200),
        "slow QOI": b"qoif" + struct.pack(">II", 1100, 1000) + b"\3\0" + b"\xfd" * 20_000,
        "slow BMP": packed_bmp(1100, 1000, b"\xff\x40" * 5_000),
        "PPM of comments": b"P6 #" + b"a" * 2_000_000 + b"\n1 1 255\n123",
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
        "AVIF": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(64),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    }


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return content.getvalue()


@lru_cache(maxsize=1)
def pets() -> bytes:
    """A zip as it should be: two classes of two pictures each."""
    small = encoded(noise(8, 8), "PNG")
    return zipped({f"{name}/{n}.png": small for name in ("cats", "dogs") for n in range(2)})


def safetensors(header: Any, body: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


class Calls:
    """What pickle is asked to call when it reads this."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._call


def torch_archive(pickled: bytes) -> bytes:
    """A file as torch.save writes it, around any pickle."""
    return zipped(
        {"mine/data.pkl": pickled, "mine/version": b"3\n", "mine/byteorder": b"little"},
        zipfile.ZIP_STORED,
    )


def pickled(value: object, protocol: int = 2) -> bytes:
    return pickle.dumps(value, protocol)


@st.composite
def damaged(draw: st.DrawFn, files: Mapping[str, bytes], near: int = 400) -> bytes:
    """One of some files with bytes flipped, cut out, doubled or put in, mostly near its start."""
    data = bytearray(files[draw(st.sampled_from(sorted(files)))])
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        last = len(data) - 1
        place = draw(st.integers(0, min(near, last)) | st.integers(0, last))
        change = draw(st.sampled_from(("flip", "set", "cut", "end", "insert", "double")))
        if change == "flip":
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif change == "set":
            run = draw(st.sampled_from((b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff")))
            data[place : place + len(run)] = run
        elif change == "cut":
            del data[place : place + draw(st.integers(1, 64))]
        elif change == "end":
            del data[place:]
        elif change == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=16))
        else:
            data[place:place] = data[place : place + draw(st.integers(1, 200))]
    return bytes(data)


SIGNS = "![](){}<>`*_~$#:@&|\\\"';%=-+./\0\n\r\t \u202e\u2028\ud800é犬🐈٣"
NASTY = (
    "![x](http://example.com/x.png)",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "$\\href{javascript:alert(1)}{x}$",
    "$$\\includegraphics{http://example.com/x.png}$$",
    ":red[x] :material/delete: :cat:",
    "www.example.com http://example.com a@example.com",
    "`code` **bold** # title",
    "../../../etc/passwd",
    "'; DROP TABLE students; --",
    "{{7*7}} ${7*7} %s %n {0}",
    "A" * 5000,
    "\0",
    "\ud800",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    "9" * 400,
    "٣",
    "0x10",
    "true",
    "null",
    "[]",
    "{}",
)


def texts(longest: int = 60) -> st.SearchStrategy[str]:
    """Texts that nobody types by chance, and any others."""
    return (
        st.sampled_from(NASTY)
        | st.text(st.sampled_from(SIGNS + "abc019"), max_size=longest)
        | st.text(max_size=longest)
    )
