"""A folder of pictures, one folder a class: both forms, what the pictures become, what is wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.cards import Preprocessing
from explorer.datasets import DatasetError, LabelledImages, folder, hold_out, load
from explorer.prediction import preprocess
from explorer.spec import parse

TWO = parse("resnet20-cifar,classes=2,image_size=16")


def picture(path: Path, size: tuple[int, int] = (20, 20), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pixels = np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def classes(root: Path, each: int = 10) -> Path:
    for number, name in enumerate(("cats", "dogs")):
        for place in range(each):
            picture(root / name / f"{place:02}.png", seed=100 * number + place)
    return root


def keys(part: LabelledImages) -> list[bytes]:
    return [image.numpy().tobytes() for image in part.images]


def test_a_fifth_of_each_class_is_for_the_test_whatever_the_order_on_disk(tmp_path: Path) -> None:
    data = load(f"folder:{classes(tmp_path / 'pets')}", TWO)
    assert (data.name, data.categories) == ("pets", ("cats", "dogs"))
    assert data.train.labels.tolist() == [0] * 8 + [1] * 8
    assert data.test.labels.tolist() == [0] * 2 + [1] * 2
    assert len(set(keys(data.train)) | set(keys(data.test))) == 20
    again = load(f"folder:{tmp_path / 'pets'}", TWO)
    assert keys(again.test) == keys(data.test)


@pytest.mark.parametrize("name", ["test", "val"])
def test_a_folder_that_is_split_already_stays_so(tmp_path: Path, name: str) -> None:
    classes(tmp_path / "train", 3)
    classes(tmp_path / name, 2)
    data = load(f"folder:{tmp_path}", TWO)
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("size", [(16, 16), (40, 17), (9, 31), (300, 7), (64, 64), (33, 32)])
@pytest.mark.parametrize(("channels", "order"), [(3, "RGB"), (1, "L")])
def test_pictures_of_any_size_become_what_predictions_see(
    tmp_path: Path, size: tuple[int, int], channels: int, order: str
) -> None:
    file = picture(tmp_path / "cats/odd.png", size)
    picture(tmp_path / "cats/more.png", seed=1)
    picture(tmp_path / "dogs/one.png", seed=2)
    data = load(f"folder:{tmp_path}", TWO.vary(in_channels=channels))
    plain = Preprocessing(16, 16, order, 1.0, (0.0,) * channels, (1.0,) * channels)
    expected, _ = preprocess(Image.open(file).convert("RGB"), plain)
    found = torch.cat([data.train.images, data.test.images])
    assert found.shape[1:] == (channels, 16, 16)
    distances = (found - expected).abs().flatten(1).amax(1)
    assert distances.min() <= 1  # a level of 255


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    classes(tmp_path, 2)
    for name in (".DS_Store", "cats/.hidden", "cats/Thumbs.db", "dogs/desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    assert len(load(f"folder:{tmp_path}", TWO).train) == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cats/notes.txt", "cats/notes.txt is not a picture"),
        ("dogs/cut.jpg", "dogs/cut.jpg is damaged or incomplete"),
        ("dogs/empty.png", "dogs/empty.png is empty"),
    ],
)
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, name: str, sentence: str) -> None:
    classes(tmp_path, 2)
    content = {"txt": b"words", "jpg": b"\xff\xd8\xff\xe0 cut", "png": b""}
    (tmp_path / name).write_bytes(content[name[-3:]])
    with pytest.raises(DatasetError, match=sentence):
        load(f"folder:{tmp_path}", TWO)


def test_a_picture_too_large_to_decode_is_named(tmp_path: Path) -> None:
    classes(tmp_path, 2)
    Image.new("1", (8_000, 8_000)).save(tmp_path / "cats/huge.png")
    with pytest.raises(DatasetError, match=r"cats/huge\.png has 8,000 × 8,000 pixels"):
        load(f"folder:{tmp_path}", TWO)


def test_a_folder_of_another_form_is_explained(tmp_path: Path) -> None:
    def refused(path: Path, sentence: str) -> None:
        with pytest.raises(DatasetError, match=sentence):
            load(f"folder:{path}", TWO)

    refused(tmp_path / "none", "none cannot be read: No such file")
    refused(picture(tmp_path / "a.png"), "a.png cannot be read: Not a directory")
    refused(tmp_path, "holds no folders: one for each class")
    picture(tmp_path / "cats/a.png")
    refused(tmp_path, "holds one class, cats: at least two")
    (tmp_path / "dogs").mkdir()
    refused(tmp_path, "dogs holds no pictures")
    picture(tmp_path / "dogs/b.png")
    refused(tmp_path, "one picture of each class: none is left for the test")
    picture(tmp_path / "dogs/young/c.png")
    refused(tmp_path, "young is a folder inside a class")
    classes(tmp_path / "split/train", 2)
    picture(tmp_path / "split/test/cats/a.png")
    picture(tmp_path / "split/test/birds/a.png")
    refused(tmp_path / "split", "train and test of .* differ in their classes: birds, dogs")


def test_another_number_of_classes_says_what_to_train(tmp_path: Path) -> None:
    classes(tmp_path, 2)
    with pytest.raises(
        DatasetError, match="has 2 classes and resnet18 tells 1000 apart: train res"
    ):
        load(f"folder:{tmp_path}", parse("resnet18"))


@pytest.mark.parametrize(
    "text", ["resnet18-1d,classes=2", "resnet20-cifar,in_channels=4,classes=2"]
)
def test_a_network_that_takes_no_pictures_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DatasetError, match="a picture has 3 channels, or 1"):
        load(f"folder:{classes(tmp_path, 2)}", parse(text))


def test_a_folder_that_memory_cannot_hold_is_refused_before_any_picture_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes(tmp_path, 2)
    (tmp_path / "cats/not.png").write_bytes(b"")
    monkeypatch.setattr(folder, "MAX_BYTES", 4 * 3 * 16 * 16)
    with pytest.raises(DatasetError, match=r"5 pictures of 3x16x16 take .* smaller image_size"):
        load(f"folder:{tmp_path}", TWO)


def test_a_share_of_every_class_is_held_out() -> None:
    labels = torch.tensor([0] * 30 + [1] * 10 + [2] * 2 + [3])
    images = torch.arange(len(labels), dtype=torch.uint8).view(-1, 1, 1, 1)
    kept, held = hold_out(LabelledImages(images, labels), 0.1)
    assert torch.bincount(held.labels, minlength=4).tolist() == [3, 1, 1, 0]
    left, taken = (part.images.flatten().tolist() for part in (kept, held))
    assert sorted(left + taken) == list(range(len(labels)))
    assert (left, taken) == (sorted(left), sorted(taken))
    assert all(labels[n] == label for n, label in zip(taken, held.labels, strict=True))
