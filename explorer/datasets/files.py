"""Bytes, JSON, and PNG sheets of many pictures, each with a sentence for what is wrong with it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from explorer import assets
from explorer.datasets.records import DatasetError, LabelledImages

MAX_PIXELS = 100_000 * 32 * 32
Pixels = NDArray[np.uint8]


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        DatasetError: if it is missing or cannot be read, or came with the app and was altered.
    """
    try:
        return assets.read_path(path)
    except assets.AssetError as error:
        raise DatasetError(str(error)) from None
    except FileNotFoundError:
        raise DatasetError(f"{path.name} is missing in {path.parent}") from None
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be read: {error.strerror}") from None


def read_json(path: Path) -> Any:
    """Return what a JSON file says.

    Raises:
        DatasetError: if it is missing or damaged.
    """
    content = read_bytes(path)
    try:
        return json.loads(content)
    except ValueError as error:
        raise DatasetError(f"{path.name} is not JSON: {error}") from None


def read_sheet(path: Path, mode: str = "RGB") -> Pixels:
    """Return a PNG as (height, width, channels).

    Args:
        mode: `RGB`, or `L` for grey.
    Raises:
        DatasetError: if it is missing, damaged, too large or of another mode.
    """
    try:
        with Image.open(io.BytesIO(read_bytes(path)), formats=("PNG",)) as sheet:
            if sheet.width * sheet.height > MAX_PIXELS or sheet.mode != mode:
                raise DatasetError(
                    f"{path.name} is {sheet.width:,} x {sheet.height:,} pixels, {sheet.mode}: "
                    f"not a sheet of at most {MAX_PIXELS:,} pixels, {mode}"
                )
            return np.array(sheet, np.uint8).reshape(sheet.height, sheet.width, -1)
    except DatasetError:
        raise
    except Exception as error:  # Pillow raises almost anything on damaged bytes
        raise DatasetError(f"{path.name} is damaged: {error}") from None


def read_tiles(path: Path, side: int, mode: str = "RGB") -> Pixels:
    """Return a PNG of square tiles as (tiles, side, side, channels), row by row."""
    pixels = read_sheet(path, mode)
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    tiles = pixels.reshape(rows, side, columns, side, -1).swapaxes(1, 2)
    return tiles.reshape(rows * columns, side, side, -1)


def labelled(pixels: Pixels, labels: Any, root: Path) -> LabelledImages:
    """Join pixels of shape (N, H, W, C) with a list of N classes out of ten.

    Raises:
        DatasetError: if the labels are no such list.
    """
    if not isinstance(labels, list) or not all(
        type(label) is int and label in range(10) for label in labels
    ):
        raise DatasetError(f"labels in {root} are not a list of whole numbers from 0 to 9")
    if len(pixels) != len(labels) or not labels:
        raise DatasetError(f"{root} has {len(pixels):,} pictures but {len(labels):,} labels")
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return LabelledImages(images, torch.tensor(labels))
