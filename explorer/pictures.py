"""From the bytes of any file to a small RGB picture, or to one sentence that says why not."""

import io
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from PIL import Image

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"),
    *("PPM", "QOI", "PCX", "SGI", "SUN", "DDS"),
)
"""The file formats that are read: known by how they begin, and no larger than their header says.

JPEG covers MPO, a phone's JPEG with further pictures behind it; PPM covers PBM, PGM, PNM and PFM.
The others that Pillow reads are left out:
- AVIF, JPEG 2000: the stream within may need what it likes, whatever the header claims. 1.5 kB of
  a 90 x 90 AVIF can take the memory of 81 megapixels, 255 x 255 pixels of JPEG 2000 that are cut
  into tiles of one pixel take 800 MB.
- ICO, ICNS: to open one is to decode the PNG within, whatever its size.
- PSD: opening it reads a list of any length: 20 MB of empty entries take 115 MB and seconds.
- EPS, WMF: drawings, which other programs would have to draw.
- TGA: nothing at its beginning tells it from other files.
- FITS, BLP, FLI, XBM and the like: of science, games and icons; nobody has photographs in them.
"""
MAX_BYTES = 20 * 2**20
"""The largest file that is read."""
MAX_PIXELS = 50_000_000
"""The most pixels that are decoded: about 200 MB as RGB."""
MAX_SLOW_PIXELS = 1_000_000
"""The most pixels that are decoded where Pillow takes them one by one, in Python."""
MAX_SIDE = 2048
"""The longest side of the picture that is kept."""

SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".pbm": "PPM",
    ".pnm": "PPM",
    ".pfm": "PPM",
    ".qoi": "QOI",
    ".pcx": "PCX",
    ".sgi": "SGI",
    ".rgb": "SGI",
    ".bw": "SGI",
    ".ras": "SUN",
    ".dds": "DDS",
}
"""The formats by what the names of their files end in, the best known first."""

_ORIENTATION = 0x0112  # the EXIF tag, with what undoes each of its values
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_BEGINNINGS = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*"),
    *(b"P1\n", b"P2\n", b"P3\n", b"P4\n", b"P5\n", b"P6\n", b"Pf\n", b"qoif", b"DDS "),
    *(b"\n\0", b"\n\2", b"\n\3", b"\n\5", b"\x01\xda", b"\x59\xa6\x6a\x95"),
)
"""How files of these formats begin, to tell a damaged one from a file that never was a picture."""
_MAX_PPM_HEADER = 4096
_EXPORT = "export it as JPEG or PNG and choose that file"


class PictureError(ValueError):
    """Why a file cannot be used as a picture, in one sentence for the person who chose it."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture ready for use.

    Args:
        name: the file's name.
        image: mode RGB, upright, longest side at most `MAX_SIDE`.
        original_size: (width, height) in pixels of the file's picture, upright.
        notes: sentences on what was changed on the way in.
    """

    name: str
    image: Image.Image
    original_size: tuple[int, int]
    notes: tuple[str, ...] = ()


def read_picture(data: bytes, name: str) -> Picture:
    """Decode a file's bytes within fixed bounds of time and memory.

    Transparency is laid on white, EXIF rotation is applied, 16-bit and floating-point values
    are scaled to 8 bits, and only the first frame or page is read.

    Args:
        data: the whole file.
        name: the file's name; only for messages, the content decides the format.
    Raises:
        PictureError: if the file is empty, too large, damaged, or not a picture.
    """
    shown = _short(name)
    _check_bytes(data, shown)
    image = _open(data, shown)
    _check_pixels(image, shown)
    width, height = image.size
    notes = [*_format_notes(image, name), *_frame_notes(image)]
    orientation = _decode(image, shown)
    if orientation >= 5:
        width, height = height, width
    samples, scaled = _to_samples(image)
    small = _shrink(samples)
    upright = small.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else small
    rgb, flattened = _to_rgb(upright, shown)
    notes += scaled + flattened
    if max(width, height) > MAX_SIDE:
        kept = f"{rgb.width:,} × {rgb.height:,}"
        notes.append(f"Reduced from {width:,} × {height:,} to {kept} pixels.")
    return Picture(name, rgb, (width, height), tuple(notes))


def thumbnail(image: Image.Image, side: int) -> bytes:
    """Return a small copy of an RGB picture as a JPEG, its longer side at most so many pixels."""
    small = image.copy()
    small.thumbnail((side, side))
    content = io.BytesIO()
    small.save(content, "JPEG")
    return content.getvalue()


def _check_bytes(data: bytes, name: str) -> None:
    if not data:
        raise PictureError(f"{name} is empty (0 bytes): choose the file again.")
    if len(data) > MAX_BYTES:
        raise PictureError(
            f"{name} has {len(data) / 2**20:.0f} MB and the limit is {MAX_BYTES // 2**20} MB: "
            "save a smaller copy and choose that one."
        )


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header; no pixel is decoded yet."""
    try:
        if data.startswith(b"P"):
            # A PPM's header is read byte by byte, and may hold comments of any length.
            Image.open(io.BytesIO(data[:_MAX_PPM_HEADER]), formats=("PPM",))
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(name, "far too many pixels") from None
    except NotImplementedError:  # of a kind that Pillow knows and does not read
        raise _strange(name, "its pixels in an unusual way") from None
    except Exception:  # Pillow raises almost anything on hostile bytes
        raise PictureError(_why_not_a_picture(data, name)) from None


def _check_pixels(image: Image.Image, name: str) -> None:
    """Refuse what would take too much memory, or too long."""
    width, height = image.size
    slow = any(tile[0] in Image.DECODERS for tile in getattr(image, "tile", ()))
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, f"{width:,} × {height:,} pixels")
    if slow and width * height > MAX_SLOW_PIXELS:
        raise PictureError(
            f"{name} has {width:,} × {height:,} pixels of a kind of {image.format} that is slow to "
            f"read, and the limit for it is {MAX_SLOW_PIXELS // 10**6} million: {_EXPORT}."
        )


def _too_many_pixels(name: str, size: str) -> PictureError:
    return PictureError(
        f"{name} has {size} and the limit is {MAX_PIXELS // 10**6} million: "
        "save a smaller copy and choose that one."
    )


def _why_not_a_picture(data: bytes, name: str) -> str:
    """Name the kind of file by its first bytes, and what to do about it."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    text = start.lower()
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in _HEIC:
        return f"{name} is a HEIC picture, which cannot be read here: {_EXPORT}."
    if brand in (b"avif", b"avis"):
        return f"{name} is an AVIF picture, which cannot be read here: {_EXPORT}."
    if brand:
        return f"{name} is a video: save one frame as JPEG or PNG and choose that file."
    if start.startswith(b"%PDF"):
        return f"{name} is a PDF document: export the picture in it as JPEG or PNG."
    if b"<svg" in text:
        return f"{name} is an SVG drawing, made of shapes instead of pixels: {_EXPORT}."
    if text.startswith((b"<!doctype html", b"<html")):
        return f"{name} is a web page, not a picture: save the picture itself and choose it."
    if start.startswith(b"PK\x03\x04"):
        return f"{name} is a ZIP archive: unpack it and choose one picture."
    if data.startswith(_BEGINNINGS):
        return _damaged(name)
    return (
        f"{name} is not a picture that is read here: choose a JPEG, PNG, WebP, GIF, BMP or TIFF "
        "file, or export it as one."
    )


def _damaged(name: str) -> str:
    return f"{name} is damaged or incomplete: download it or save it again, then choose it."


def _strange(name: str, what: str) -> PictureError:
    return PictureError(f"{name} stores {what}, which cannot be read here: {_EXPORT}.")


def _format_notes(image: Image.Image, name: str) -> list[str]:
    # A phone's MPO file is a JPEG with further pictures behind it.
    found = "JPEG" if image.format == "MPO" else str(image.format)
    suffix = PurePath(name).suffix.lower()
    if not suffix or SUFFIXES.get(suffix) == found:
        return []
    return [f"The name ends in {_short(suffix)}, the content is {found}: read as {found}."]


def _frame_notes(image: Image.Image) -> list[str]:
    try:
        several = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception:  # a damaged later frame; the first one is read all the same
        several = True
    if not several:
        return []
    if image.format == "TIFF":
        return ["TIFF of several pages: the first page is used."]
    return [f"Animated {image.format}: the first frame is used."]


def _decode(image: Image.Image, name: str) -> int:
    """Decode the pixels in place; return the EXIF orientation still to be undone, 1 if none."""
    longest = max(image.size)
    width, height = (max(1, side * MAX_SIDE // longest) for side in image.size)
    try:
        if longest > MAX_SIDE:
            image.draft(None, (width, height))  # a JPEG decoder can skip detail
        image.load()
    except Exception:  # see _open
        raise PictureError(_damaged(name)) from None
    try:
        # Read after decoding: a TIFF is upright by then, and a PNG may end with its EXIF data.
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # unreadable EXIF data is as good as none
        return 1


def _to_samples(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a mode that resizes smoothly: palettes, bits and long numbers become 8-bit."""
    if image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I"):
        # 65535 / 257 = 255; a plain convert("L") would clip everything above 255 to white.
        values = np.asarray(image).astype(np.uint16)
        values //= 257
        return Image.fromarray(values.astype(np.uint8)), ["16-bit grey: scaled to 8 bits."]
    if image.mode in ("I", "F"):
        kind = "32-bit" if image.mode == "I" else "Floating-point"
        return _stretch(image), [f"{kind} grey: stretched from darkest to brightest value."]
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB"), []
    return (image.convert("L") if image.mode == "1" else image), []


def _stretch(image: Image.Image) -> Image.Image:
    """Map the values of an I or F picture, lowest to highest, to 0 to 255."""
    values = np.asarray(image, np.float32)
    finite = values[np.isfinite(values)]
    # Halves, for the difference of two numbers may be beyond the largest.
    low, high = (finite.min() / 2, finite.max() / 2) if finite.size else (0.0, 0.0)
    span = float(high) - float(low)
    scaled = np.zeros(values.shape) if span == 0 else (values / 2 - float(low)) / span * 255
    return Image.fromarray(np.nan_to_num(scaled).clip(0, 255).round().astype(np.uint8))


def _shrink(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    if longest <= MAX_SIDE:
        return image
    width, height = (max(1, round(side * MAX_SIDE / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)


def _to_rgb(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        white.alpha_composite(layer)
        lowest, _ = layer.getextrema()[3]  # type: ignore[misc]
        return white.convert("RGB"), ["Transparent parts: shown on white."] if lowest < 255 else []
    try:
        return image.convert("RGB"), []
    except ValueError:
        raise _strange(name, f"its colours as {image.mode}") from None


def _short(text: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return (line if len(line) <= 60 else line[:57] + "...") or "The file"
