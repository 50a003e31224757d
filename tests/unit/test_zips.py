"""Zips of pictures: honest ones of several makes, and those that mean harm."""

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer import archive, collection, pictures
from explorer.archive import read_zip
from explorer.collection import Collection, CollectionError, Found, arrange, read_folder
from explorer.pictures import PictureError, read_picture
from tests.fuzz.corpus import zipped

PETS = ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png")


def png(seed: int = 0, side: int = 12) -> bytes:
    pixels = np.random.default_rng(seed).integers(256, size=(side, side, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def pets(**more: bytes) -> dict[str, bytes]:
    return {name: png(seed) for seed, name in enumerate(PETS)} | more


def with_entry(info: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    content = io.BytesIO(zipped(pets()))
    with zipfile.ZipFile(content, "a") as target:
        target.writestr(info, data)
    return content.getvalue()


def refusal(data: bytes, name: str = "pets.zip") -> str:
    with pytest.raises(CollectionError) as caught:
        read_zip(data, name)
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 300
    return sentence


def paths(found: Collection) -> list[str]:
    return [each.path for each in found.pictures]


def test_the_classes_are_the_folders_and_the_pictures_theirs() -> None:
    found = read_zip(zipped(pets()), "pets.zip")
    assert (found.name, found.classes, found.left_out) == ("pets.zip", ("cats", "dogs"), ())
    assert [(each.path, each.label) for each in found.pictures] == [
        (name, name.startswith("dogs")) for name in PETS
    ]
    assert [each.read() for each in found.pictures] == list(pets().values())


@pytest.mark.parametrize("around", ["my pets/", "a/b/", "./"])
def test_folders_around_the_classes_are_seen_through(around: str) -> None:
    found = read_zip(zipped({around + name: data for name, data in pets().items()}), "x.zip")
    assert paths(found) == list(PETS)


def test_what_systems_hide_and_what_is_no_picture_is_left_out_with_a_sentence() -> None:
    more = {
        "__MACOSX/cats/._1.png": b"resource",
        "cats/.DS_Store": b"x",
        "dogs/Thumbs.db": b"x",
        "dogs/notes.txt": b"hello",
        "dogs/inner.zip": zipped(pets()),
        "cats/phone.HEIC": b"x",
        "stray.png": png(9),
    }
    found = read_zip(zipped(pets(**more)), "pets.zip")
    assert paths(found) == list(PETS)
    told = "\n".join(found.left_out)
    assert len(found.left_out) == 5
    assert "3 files are hidden or system files" in told
    assert "dogs/notes.txt is none of JPEG, PNG" in told
    assert "dogs/inner.zip is an archive in itself, not opened." in told
    assert "cats/phone.HEIC is a HEIC picture" in told and "export them" in told
    assert "stray.png lies in no class's folder." in told


def test_names_of_other_languages_and_makes() -> None:
    mac = {"Ka\u0308tzchen/1.png": png(0), "Ka\u0308tzchen/2.png": png(1)}
    both = mac | {
        "犬/1.png": png(2),
        "犬/2.png": png(3),
        "b c!/1.png": png(4),
        "b c!/2.png": png(5),
    }
    assert set(read_zip(zipped(both), "x.zip").classes) == {"Kätzchen", "b c", "犬"}


def test_utf8_names_without_the_flag_that_says_so_are_understood() -> None:
    """As macOS writes them: bytes of UTF-8, and no flag."""
    data = zipped(
        {f"Kätzchen/{n}.png": png(n) for n in range(2)}
        | {f"b/{n}.png": png(9 + n) for n in range(2)}
    )
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(sign, start)) >= 0:
            place = start + flags + 1
            data = data[:place] + bytes([data[place] & ~0x08]) + data[place + 1 :]
            start += 4
    found = read_zip(data, "x.zip")
    assert found.classes == ("Kätzchen", "b")
    assert read_picture(found.pictures[0].read(), "1.png").original_size == (12, 12)


def test_backslashes_of_old_windows_programs_are_folders() -> None:
    info = [zipfile.ZipInfo() for _ in PETS]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for entry, (name, data) in zip(info, pets().items(), strict=True):
            entry.filename = entry.orig_filename = name.replace("/", "\\")
            target.writestr(entry, data)
    assert paths(read_zip(content.getvalue(), "x.zip")) == list(PETS)


@pytest.mark.parametrize(
    "path",
    ["../evil.png", "cats/../../evil.png", "/etc/cats/1.png", "C:/cats/1.png", "..\\a\\1.png"],
)
def test_a_path_that_leaves_the_zip_refuses_all_of_it(path: str) -> None:
    assert "points outside the zip" in refusal(zipped(pets(**{path: png(9)})))


def test_links_and_devices_are_left_out() -> None:
    link = zipfile.ZipInfo("cats/3.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    device = zipfile.ZipInfo("cats/4.png")
    device.external_attr = (stat.S_IFCHR | 0o666) << 16
    for entry in (link, device):
        found = read_zip(with_entry(entry, b"/etc/passwd"), "pets.zip")
        assert paths(found) == list(PETS)
        assert found.left_out == (f"{entry.filename} is a link or a device, not a file.",)


def test_an_encrypted_zip_says_so() -> None:
    data = bytearray(zipped(pets()))
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(sign) + flags] |= 1
    assert "is encrypted: make it anew without a password" in refusal(bytes(data))


def test_too_many_entries_are_refused_before_any_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    monkeypatch.setattr(archive, "ZipFile", None)  # nothing may open it
    assert "has 4 entries and the limit is 3" in refusal(zipped(pets()))


def test_too_many_pictures_are_refused() -> None:
    one = png()
    many = {f"{name}/{n}.png": one for name in "ab" for n in range(251)}
    assert "holds 502 pictures and the limit is 500" in refusal(zipped(many))


def test_a_zip_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 2**20)
    assert "has 2 MB and the limit is 1 MB" in refusal(bytes(2**21))


def test_a_bomb_of_one_file_is_left_out_and_one_of_many_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zeros = bytes(21 * 2**20)
    data = zipped(pets(**{"cats/huge.png": zeros}))
    assert len(data) < 100_000
    found = read_zip(data, "pets.zip")
    assert paths(found) == list(PETS)
    assert found.left_out == (
        "cats/huge.png has 21 MB unpacked and the limit of a picture is 20 MB.",
    )
    monkeypatch.setattr(collection, "MAX_TOTAL_BYTES", 3 * 2**20)
    files = {f"{name}/{n}.png": bytes(2**20) for name in "ab" for n in range(2)}
    assert "holds 4 MB of pictures, unpacked, and the limit is 3 MB" in refusal(zipped(files))


def test_no_more_is_unpacked_than_an_entry_declares() -> None:
    """A table of contents that says 1,000 bytes about 15 MB."""
    data = bytearray(zipped(pets(**{"cats/lie.png": bytes(15 * 2**20)})))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    found = read_zip(bytes(data), "pets.zip")
    (lie,) = [each for each in found.pictures if each.path == "cats/lie.png"]
    with pytest.raises(PictureError, match=r"cats/lie\.png is damaged in the zip"):
        lie.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_cannot_be_stopped_halfway_is_not_unpacked(method: int) -> None:
    info = zipfile.ZipInfo("cats/3.png")
    info.compress_type = method
    found = read_zip(with_entry(info, bytes(1000)), "pets.zip")
    assert paths(found) == list(PETS)
    assert "compressed in a way that is not read here" in found.left_out[0]


def test_a_picture_of_too_many_pixels_is_told_by_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    each = read_zip(zipped(pets()), "pets.zip").pictures[0]
    with pytest.raises(PictureError, match="12 × 12 pixels and the limit"):
        read_picture(each.read(), each.path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "damaged, or no zip"),
        (b"hello", "damaged, or no zip"),
        (b"Rar!\x1a\x07", "is a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive"),
        (b"\x1f\x8b\x08", "is a gzip archive"),
        (zipped({}), "holds no pictures in folders"),
        (zipped({"a/1.txt": b"x", "b/2.txt": b"x"}), "holds no pictures in folders"),
        (zipped({"1.png": png(), "2.png": png(1)}), "holds no pictures in folders"),
        (zipped({"cats/1.png": png(), "cats/2.png": png(1)}), "holds one class, cats"),
        (zipped(pets(**{"birds/1.png": png(7)})), "the class birds has 1 picture that can be used"),
        (zipped({f"{n:02}/{m}.png": b"" for n in range(41) for m in "ab"}), "41 classes"),
        (zipped(pets(**{"cats/old/1.png": png(7)})), "cats/old is a folder inside a class"),
        (
            zipped(
                {
                    f"{part}/{name}": data
                    for part in ("train", "test")
                    for name, data in pets().items()
                }
            ),
            "is split into parts already (train/cats)",
        ),
        (zipped(pets(**{"***/1.png": png(7), "***/2.png": png(8)})), "no letter or digit"),
        (zipped(pets(**{"cats!/1.png": png(7), "cats!/2.png": png(8)})), "same class, cats"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused_with_a_sentence(
    data: bytes, words: str
) -> None:
    assert words in refusal(data)


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.99])
def test_a_zip_that_is_cut_off_is_damaged(cut: float) -> None:
    data = zipped(pets())
    assert "damaged, or no zip file" in refusal(data[: int(len(data) * cut)])


def test_a_damaged_picture_is_told_when_it_is_read() -> None:
    data = bytearray(zipped(pets(), zipfile.ZIP_STORED))
    data[data.find(b"IDAT") + 8] ^= 0xFF
    found = read_zip(bytes(data), "pets.zip")
    with pytest.raises(PictureError, match=r"cats/1\.png is damaged in the zip"):
        found.pictures[0].read()
    assert found.pictures[1].read() == png(1)


def test_names_cannot_smuggle_markdown_or_lines_into_a_page() -> None:
    evil = "![x](javascript)\n<b>`cats"
    files = {f"{evil}/{n}.png": png(n) for n in range(2)} | {
        f"dogs/{n}.png": png(5 + n) for n in range(2)
    }
    found = read_zip(zipped(files | {f"dogs/{evil}.txt": b"x"}), f"{evil}.zip")
    told = "".join((found.name, *found.classes, *found.left_out))
    assert not set("![]<>`*\n") & set(told)


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_zip(zipped(pets()), "pets.zip")
    assert [each.read() for each in found.pictures] and not list(tmp_path.iterdir())


def test_a_folder_on_disk_is_arranged_in_the_same_way(tmp_path: Path) -> None:
    for name, data in pets(**{".git/x.png": b"", "dogs/readme.md": b"x"}).items():
        file = tmp_path / "pets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    found = read_folder(tmp_path / "pets")
    assert (found.name, paths(found)) == ("pets", list(PETS))
    assert len(found.left_out) == 2
    with pytest.raises(CollectionError, match="is not a folder"):
        read_folder(tmp_path / "none")


def test_files_of_equal_names_are_all_taken() -> None:
    found = arrange("x", [Found(name, 1, bytes) for name in ("a/1.png", "a/1.png", *PETS)])
    assert [each.label for each in found.pictures] == [0, 0, 1, 1, 2, 2]
