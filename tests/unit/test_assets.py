"""The files that come with the app: listed, whole, and missed by nobody but who needs them."""

import hashlib
import importlib
import shutil
from pathlib import Path

import pytest

from explorer import assets, data, weights
from explorer.datasets import DatasetError, bundled_cifar10, digits
from explorer.figures import font

ROOT = Path(__file__).parents[2]
KINDS = ("*.svg", "data/*.*", "fonts/*.woff2", "pictures/*.*", "weights/*.json")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the assets, but for the weights, which may be damaged."""
    shutil.copytree(assets.FOLDER, tmp_path / "assets", ignore=shutil.ignore_patterns("*.safet*"))
    monkeypatch.setattr(assets, "FOLDER", tmp_path / "assets")
    caches = (assets.damaged, assets._sums, data.bundled_pictures, weights.available)
    for each in (*caches, font.font_face, data.labelled_pictures):
        each.cache_clear()
    yield tmp_path / "assets"
    monkeypatch.undo()
    for each in (*caches, font.font_face, data.labelled_pictures):
        each.cache_clear()


def flip(path):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_the_app_reads_is_listed_with_its_sum():
    listed = assets._sums()
    there = {
        path.relative_to(assets.FOLDER).as_posix()
        for kind in KINDS
        for path in assets.FOLDER.glob(kind)
        if path.suffix != ".py"
    }
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((assets.FOLDER / name).read_bytes()).hexdigest() == digest


def test_nothing_is_missing_here():
    assert assets.damaged() == ()


def test_a_damaged_picture_is_left_out_and_named(copied):
    flip(copied / "pictures" / "cat.jpg")
    (copied / "pictures" / "dog.jpg").unlink()
    names = [picture.name for picture in data.bundled_pictures()]
    assert "cat" not in names
    assert "dog" not in names
    assert "coffee" in names
    assert assets.damaged() == ("pictures/cat.jpg", "pictures/dog.jpg")
    with pytest.raises(assets.AssetError, match=r"assets/pictures/cat.jpg is damaged: restore it"):
        assets.read("pictures/cat.jpg")
    with pytest.raises(assets.AssetError, match=r"assets/pictures/dog.jpg is missing"):
        assets.read("pictures/dog.jpg")


def test_damaged_data_is_refused_in_words(copied, monkeypatch):
    for name in ("cifar10", "digits"):
        module = importlib.import_module(f"explorer.datasets.{name}")
        monkeypatch.setattr(module, "FOLDER", copied / "data")
    flip(copied / "data" / "cifar10-train.png")
    with pytest.raises(DatasetError, match=r"cifar10-train.png is damaged: restore it"):
        bundled_cifar10()
    assert len(digits().test) == 360


def test_a_damaged_card_leaves_the_other_weights(copied, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", copied / "weights")
    before = {entry.name for entry in weights.available()}
    weights.available.cache_clear()
    flip(copied / "weights" / "resnet20-cifar.json")
    assert {entry.name for entry in weights.available()} == before - {"resnet20-cifar"}


def test_without_its_font_a_picture_takes_the_reader_s(copied):
    (copied / "fonts" / "ExplorerSans.woff2").write_bytes(b"")
    assert font.font_face() == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b"no sums\n"])
def test_without_the_list_nothing_is_trusted(copied, content):
    if content is None:
        (copied / "SUMS").unlink()
    else:
        (copied / "SUMS").write_bytes(content)
    assert assets.damaged()
    assert data.bundled_pictures() == ()
    assert weights.available() == () or copied / "weights" != weights.FOLDER


def test_a_name_does_not_lead_elsewhere():
    with pytest.raises(assets.AssetError):
        assets.read("../README.md")
