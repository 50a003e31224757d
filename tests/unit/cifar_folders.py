"""Small folders in the two forms of CIFAR-10, written byte by byte after their descriptions."""

import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def pictures(count: int, seed: int = 0) -> tuple[Pixels, list[int]]:
    """Noise of shape (N, 32, 32, 3), and labels that go round the classes."""
    pixels = np.random.default_rng(seed).integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    return pixels, [number % 10 for number in range(count)]


def write_sheets(folder: Path, train: int = 50, test: int = 20) -> tuple[Pixels, Pixels]:
    """Write the npm package's files: each row of a sheet is one picture."""
    folder.mkdir(parents=True, exist_ok=True)
    (pixels, labels), (judged, known) = pictures(train), pictures(test, 1)
    for number, part in enumerate(np.split(pixels, 5), start=1):
        Image.fromarray(part.reshape(-1, 1024, 3)).save(folder / f"data_batch_{number}.png")
    Image.fromarray(judged.reshape(-1, 1024, 3)).save(folder / "test_batch.png")
    (folder / "train_lables.json").write_text(json.dumps(labels))
    (folder / "test_lables.json").write_text(json.dumps(known))
    return pixels, judged


def write_batches(folder: Path, train: int = 50, test: int = 20) -> tuple[Pixels, Pixels]:
    """Write the official files: pickles as Python 2 wrote them."""
    folder.mkdir(parents=True, exist_ok=True)
    (pixels, labels), (judged, known) = pictures(train), pictures(test, 1)
    parts = zip(np.split(pixels, 5), np.split(np.array(labels), 5), strict=True)
    for number, (part, of_part) in enumerate(parts, start=1):
        (folder / f"data_batch_{number}").write_bytes(python2_pickle(part, of_part.tolist()))
    (folder / "test_batch").write_bytes(python2_pickle(judged, known))
    return pixels, judged


def python2_pickle(pixels: Pixels, labels: list[int]) -> bytes:
    """Pickle {"data": array of shape (N, 3072), "labels": list} by protocol 2, opcode by opcode."""
    data = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).tobytes()
    dtype = (
        b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R"  # dtype("u1", 0, 1)
        b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        + text(b"b")
        + b"\x87R(K\x01"
        + number(len(pixels))
        + b"M\x00\x0c\x86"
        + dtype
        + b"\x89T"
        + struct.pack("<I", len(data))
        + data
        + b"tb"
    )
    numbers = b"](" + b"".join(map(number, labels)) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + numbers + b"u."


def text(value: bytes) -> bytes:
    return b"U" + bytes([len(value)]) + value


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
