"""The pictures that come with the app."""

import json
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from explorer import assets
from explorer.pictures import Picture, read_picture

FOLDER = assets.FOLDER / "pictures"
_CIFAR10_SIDE = 32
_LABELLED = ("data/cifar10.json", "data/cifar10-test.png")


@dataclass(frozen=True, slots=True)
class BundledPicture:
    """A photograph in `assets/pictures`, with what is known about it.

    Args:
        name: short name, the file's without its suffix.
        title: a caption.
        subject: what it shows, in a word or two.
        expected: the ImageNet labels that name the subject rightly; empty if none does.
        note: what to look for, or an empty text.
        path: the JPEG file.
        author: who took it.
        licence: under which terms it is used.
        source: where it was taken from.
    """

    name: str
    title: str
    subject: str
    expected: tuple[str, ...]
    note: str
    path: Path
    author: str
    licence: str
    source: str

    @property
    def credit(self) -> str:
        """Author and licence, to be shown beside the picture."""
        return f"{self.author}, {self.licence}"

    def read(self) -> Picture:
        """Return the picture itself.

        Raises:
            AssetError: if its file is missing or damaged.
        """
        return read_picture(assets.read_path(self.path), self.path.name)


@lru_cache(maxsize=1)
def bundled_pictures() -> tuple[BundledPicture, ...]:
    """Return the bundled pictures whose files are whole, in the order a gallery shows them."""
    if not assets.is_whole("pictures/pictures.json"):
        return ()
    entries = json.loads(assets.read("pictures/pictures.json"))
    return tuple(
        BundledPicture(
            name=Path(entry["file"]).stem,
            title=entry["title"],
            subject=entry["subject"],
            expected=tuple(entry["expected"]),
            note=entry["note"],
            path=FOLDER / entry["file"],
            author=entry["author"],
            licence=entry["licence"],
            source=entry["source"],
        )
        for entry in entries
        if assets.is_whole(f"pictures/{entry['file']}")
    )


def bundled_picture(name: str) -> BundledPicture:
    """Return one bundled picture by its short name.

    Raises:
        ValueError: if there is none of that name; the message lists the names.
    """
    known = {picture.name: picture for picture in bundled_pictures()}
    if name not in known:
        raise ValueError(f"no bundled picture {name!r}; there are {', '.join(known)}")
    return known[name]


@lru_cache(maxsize=1)
def has_labelled_pictures() -> bool:
    """Say whether CIFAR-10's bundled test pictures are there, and whole."""
    return all(map(assets.is_whole, _LABELLED))


@lru_cache(maxsize=4)
def labelled_pictures(count: int) -> tuple[tuple[str, bytes], ...]:
    """Return the first of CIFAR-10's bundled test pictures as PNG files, each in a class's folder.

    Args:
        count: how many, at most 1,000.
    Returns:
        Name and content of each, as in `frog/0004.png`.
    Raises:
        AssetError: if their file is missing or damaged.
    """
    words, pixels = map(assets.read, _LABELLED)
    about = json.loads(words)
    found = []
    with Image.open(BytesIO(pixels)) as sheet:
        columns = sheet.width // _CIFAR10_SIDE
        for number, label in enumerate(about["test"][:count]):
            row, column = divmod(number, columns)
            left, top = column * _CIFAR10_SIDE, row * _CIFAR10_SIDE
            tile = sheet.crop((left, top, left + _CIFAR10_SIDE, top + _CIFAR10_SIDE))
            content = BytesIO()
            tile.save(content, "PNG")
            found.append((f"{about['categories'][label]}/{number:04}.png", content.getvalue()))
    return tuple(found)
