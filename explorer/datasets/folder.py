"""A folder of pictures with one folder for each class, at the size that a network takes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explorer.datasets.records import Dataset, DatasetError, LabelledImages, hold_out
from explorer.pictures import PictureError, read_picture
from explorer.spec import ArchitectureSpec

MAX_BYTES = 4 * 2**30
"""The most memory that decoded pictures may take."""
TEST_SHARE = 0.2
_TEST_NAMES = ("test", "val")
_IGNORED = {"thumbs.db", "desktop.ini"}
Files = list[tuple[Path, int]]


def labelled_folder(folder: str | Path, spec: ArchitectureSpec) -> Dataset:
    """Read pictures, one folder a class, as a network takes them.

    Each picture's shorter side is resized to the network's `image_size` (bilinear, antialiased) and
    the centre square cut out, as for predictions; it becomes grey for a network of one channel.

    Args:
        folder: holds `train` and `test` (or `val`), each with one folder a class, in which case
            these are the two parts; or the classes themselves, of which a fifth of each, the same
            whatever the seed, becomes the test pictures.
        spec: the network they are for; sets size, channels and number of classes.
    Raises:
        DatasetError: if the folder has no such form, a file in it is no picture, the classes are
            not as many as the network's, or the pictures take too much memory.
    """
    root = Path(folder)
    _check_network(spec)
    test_name = next((name for name in _TEST_NAMES if (root / name).is_dir()), None)
    if test_name and (root / "train").is_dir():
        categories = _categories(root / "train")
        others = _categories(root / test_name)
        if categories != others:
            odd = ", ".join(sorted(set(categories) ^ set(others)))
            raise DatasetError(f"train and {test_name} of {root} differ in their classes: {odd}")
        parts = [_files(root / part, categories) for part in ("train", test_name)]
    else:
        categories = _categories(root)
        parts = [_files(root, categories)]
    if len(categories) != spec.classes:
        raise DatasetError(
            f"{root} has {len(categories)} classes and {spec} tells {spec.classes} apart: "
            f"train {spec.vary(classes=len(categories))}"
        )
    _check_memory(root, sum(map(len, parts)), spec)
    decoded = [_decode(files, spec, root) for files in parts]
    train, test = decoded if len(decoded) == 2 else hold_out(decoded[0], TEST_SHARE)
    if not len(test):
        raise DatasetError(f"{root} has one picture of each class: none is left for the test")
    return Dataset(root.resolve().name, categories, train, test)


def _check_network(spec: ArchitectureSpec) -> None:
    if spec.dims != 2 or spec.in_channels not in (1, 3):
        shape = "x".join(map(str, spec.input_shape))
        raise DatasetError(
            f"{spec} takes {shape} numbers, and a picture has 3 channels, or 1: grey"
        )


def _categories(root: Path) -> tuple[str, ...]:
    """Return the names of the class folders, sorted."""
    names = tuple(path.name for path in _entries(root) if path.is_dir())
    if not names:
        raise DatasetError(f"{root} holds no folders: one for each class is needed, with pictures")
    if len(names) == 1:
        raise DatasetError(f"{root} holds one class, {names[0]}: at least two are needed")
    return names


def _files(root: Path, categories: Sequence[str]) -> Files:
    """Return every picture's file and class, sorted by class and name."""
    files: Files = []
    for label, category in enumerate(categories):
        found = _entries(root / category)
        below = next((path for path in found if path.is_dir()), None)
        if below:
            raise DatasetError(f"{below} is a folder inside a class: pictures alone stand there")
        if not found:
            raise DatasetError(f"{root / category} holds no pictures")
        files += [(path, label) for path in found]
    return files


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds, by name, without what systems hide there."""
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}") from None
    return [path for path in found if path.name[0] != "." and path.name.lower() not in _IGNORED]


def _check_memory(root: Path, count: int, spec: ArchitectureSpec) -> None:
    size = count * spec.in_channels * spec.image_size**2
    if size > MAX_BYTES:
        raise DatasetError(
            f"{root}: {count:,} pictures of {'x'.join(map(str, spec.input_shape))} take "
            f"{size / 2**30:.1f} GiB of memory, and the limit is {MAX_BYTES / 2**30:.0f} GiB: "
            "choose a smaller image_size or fewer pictures"
        )


def _decode(files: Files, spec: ArchitectureSpec, root: Path) -> LabelledImages:
    images = torch.empty((len(files), *spec.input_shape), dtype=torch.uint8)
    mode = "L" if spec.in_channels == 1 else "RGB"
    for place, (path, _) in enumerate(files):
        name = str(path.relative_to(root))
        try:
            picture = read_picture(path.read_bytes(), name).image.convert(mode)
        except OSError as error:
            raise DatasetError(f"{name} cannot be read: {error.strerror}") from None
        except PictureError as error:
            raise DatasetError(f"{root}: {error}") from None
        square = _centre_square(picture, spec.image_size)
        pixels = np.array(square, np.uint8).reshape(spec.image_size, spec.image_size, -1)
        images[place] = torch.from_numpy(pixels).permute(2, 0, 1)
    return LabelledImages(images, torch.tensor([label for _, label in files]))


def _centre_square(image: Image.Image, side: int) -> Image.Image:
    """Resize the shorter side to `side`, the longer rounded down, and cut out the centre.

    Only what remains is computed.
    """
    box = []
    for length in image.size:
        resized = int(side * length / min(image.size))
        start = round((resized - side) / 2)
        box += [start * length / resized, (start + side) * length / resized]
    left, right, top, bottom = box
    return image.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
