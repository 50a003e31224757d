"""Files in folders as labelled pictures, one folder a class: what is taken and what is left out.

Nothing is decoded here, and a file's bytes are only read when somebody asks for them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias
from unicodedata import normalize

from explorer.pictures import FORMATS, SUFFIXES
from explorer.tray import clean_name

MAX_PICTURES = 500
MAX_CLASSES = 40
MIN_EACH = 2
"""Pictures that a class needs: one to learn from, one to be judged by."""
MAX_TOTAL_BYTES = 500 * 2**20
"""The most bytes of all files together; one picture may have `pictures.MAX_BYTES`."""

_HIDDEN = {"__macosx", "thumbs.db", "desktop.ini"}
_PARTS = {"train", "training", "val", "valid", "validation", "test"}
_ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
_HEIF = {".heic", ".heif"}
_Parts: TypeAlias = tuple[str, ...]


class CollectionError(ValueError):
    """Why nothing can be learned from some files, in one sentence."""


class Found(NamedTuple):
    """A file.

    Args:
        path: with its folders, `/` between them.
        size_bytes: as far as it is known before it is read.
        read: gives its bytes, or raises a PictureError.
    """

    path: str
    size_bytes: int
    read: Callable[[], bytes]


class Labelled(NamedTuple):
    """A file that should be a picture, and the index of its class."""

    path: str
    label: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Pictures by class.

    Args:
        name: of the archive or folder.
        classes: their names in index order, sorted.
        pictures: sorted by class and path.
        left_out: a sentence on each file, or each group of files, that is not used.
    """

    name: str
    classes: tuple[str, ...]
    pictures: tuple[Labelled, ...]
    left_out: tuple[str, ...]


def arrange(name: str, files: Sequence[Found], left_out: Sequence[str] = ()) -> Collection:
    """Tell the classes by the folders.

    A folder around the class folders is seen through, however many lie in each other.

    Args:
        name: how the whole is called in messages.
        files: all there are.
        left_out: sentences on what is left out already.
    Raises:
        CollectionError: if there are no two classes of at least two pictures each, or too much of
            anything.
    """
    taken, sentences = _pictures_by_name(files)
    folders = _seen_through([PurePosixPath(normalize("NFC", file.path)).parts for file in taken])
    loose = [parts[-1] for parts in folders if len(parts) == 1]
    if loose:
        sentences.append(_group(loose, "lies in no class's folder", "lie in no class's folder"))
    inside = [pair for pair in zip(taken, folders, strict=True) if len(pair[1]) > 1]
    _check_depth(name, [parts for _, parts in inside])
    names = _class_names(name, sorted({parts[0] for _, parts in inside}))
    classes = tuple(sorted(names.values()))
    pictures = tuple(
        sorted(
            (
                Labelled("/".join(parts), classes.index(names[parts[0]]), file.read)
                for file, parts in inside
            ),
            key=lambda picture: (picture.label, picture.path),
        )
    )
    _check_amount(name, sum(file.size_bytes for file, _ in inside))
    check_classes(name, classes, [picture.label for picture in pictures])
    return Collection(name, classes, pictures, (*left_out, *sentences))


def check_classes(name: str, classes: Sequence[str], labels: Sequence[int]) -> None:
    """Refuse what nothing can be learned from, or what is too much.

    Args:
        name: of the collection.
        classes: names in index order.
        labels: the class of each picture.
    Raises:
        CollectionError: in these cases.
    """
    if not labels:
        raise CollectionError(
            f"{name} holds no pictures in folders: one folder for each class is needed, such as "
            "cats/01.jpg and dogs/01.jpg"
        )
    if len(classes) == 1:
        raise CollectionError(f"{name} holds one class, {classes[0]}: at least two are needed")
    if len(classes) > MAX_CLASSES:
        raise CollectionError(
            f"{name} holds {len(classes):,} classes and the limit is {MAX_CLASSES}"
        )
    if len(labels) > MAX_PICTURES:
        raise CollectionError(
            f"{name} holds {len(labels):,} pictures and the limit is {MAX_PICTURES}: leave some out"
        )
    counts = Counter(labels)
    for label, each in enumerate(classes):
        if counts[label] < MIN_EACH:
            raise CollectionError(
                f"{name}: the class {each} has {_count(counts[label], 'picture')} that can be "
                f"used and needs at least {MIN_EACH}, one to learn from and one to be judged by"
            )


def read_folder(folder: Path) -> Collection:
    """Return the pictures of a folder on this machine.

    Raises:
        CollectionError: see `arrange`, or if it cannot be read.
    """
    if not folder.is_dir():
        raise CollectionError(f"{folder} is not a folder")
    try:
        paths = [path for path in folder.rglob("*") if path.is_file()]
        files = [
            Found(path.relative_to(folder).as_posix(), path.stat().st_size, path.read_bytes)
            for path in paths
        ]
    except OSError as error:
        raise CollectionError(f"{folder} cannot be read: {error.strerror}") from None
    return arrange(folder.resolve().name, files)


def _pictures_by_name(files: Sequence[Found]) -> tuple[list[Found], list[str]]:
    """Return the files that are pictures by their names, and sentences on the others."""
    taken: list[Found] = []
    hidden: list[str] = []
    archives: list[str] = []
    heif: list[str] = []
    others: list[str] = []
    for file in files:
        path = PurePosixPath(file.path)
        suffix = path.suffix.lower()
        if any(part.startswith(".") or part.lower() in _HIDDEN for part in path.parts):
            hidden.append(file.path)
        elif suffix in SUFFIXES:
            taken.append(file)
        elif suffix in _ARCHIVES:
            archives.append(file.path)
        else:
            (heif if suffix in _HEIF else others).append(file.path)
    export = "export them as JPEG or PNG"
    groups = (
        (hidden, "is a hidden or system file", "are hidden or system files"),
        (archives, "is an archive in itself, not opened", "are archives themselves, not opened"),
        (
            heif,
            f"is a HEIC picture, which cannot be read here: {export}",
            f"are HEIC pictures, which cannot be read here: {export}",
        ),
        (
            others,
            f"is none of {', '.join(FORMATS)} by its name",
            f"are none of {', '.join(FORMATS)} by their names",
        ),
    )
    return taken, [_group(*group) for group in groups if group[0]]


def _group(paths: Sequence[str], one: str, several: str) -> str:
    first = shown(paths[0])
    if len(paths) == 1:
        return f"{first} {one}."
    return f"{len(paths):,} files {several}, among them {first}."


def shown(path: str) -> str:
    """Return a path from an archive as it can be shown: one line, plain signs, not too long."""
    parts = [clean_name(part) or "?" for part in PurePosixPath(path).parts[-3:]]
    return "/".join(part for part in parts if part != "/") or "A file"


def _seen_through(paths: Sequence[_Parts]) -> list[_Parts]:
    """Take away what all paths begin with, as long as folders are left beneath."""
    found = list(paths)
    while len({parts[0] for parts in found}) == 1 and any(len(parts) > 2 for parts in found):
        found = [parts[1:] if len(parts) > 1 else parts for parts in found]
    return found


def _check_depth(name: str, folders: Sequence[_Parts]) -> None:
    deep = next((parts for parts in folders if len(parts) > 2), None)
    if deep is None:
        return
    where = shown("/".join(deep[:2]))
    if deep[0].lower() in _PARTS:
        raise CollectionError(
            f"{name} is split into parts already ({where}): put all pictures of a class into one "
            "folder, for the part to judge by is drawn here"
        )
    raise CollectionError(
        f"{name}: {where} is a folder inside a class; put the pictures themselves there"
    )


def _class_names(name: str, folders: Sequence[str]) -> dict[str, str]:
    """Return what the class of each folder is called: plain signs, not too long."""
    names = {folder: clean_name(folder) for folder in folders}
    if unnamed := [folder for folder, each in names.items() if not each]:
        raise CollectionError(
            f"{name}: the folder {unnamed[0][:40]!a} has no letter or digit in its name; "
            "rename it, for it names a class"
        )
    twice = [each for each, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise CollectionError(
            f"{name}: the names of several folders come to the same class, {twice[0]}; rename them "
            "in letters and digits, at most 40"
        )
    return names


def _check_amount(name: str, total: int) -> None:
    if total > MAX_TOTAL_BYTES:
        raise CollectionError(
            f"{name} holds {total / 2**20:,.0f} MB of pictures, unpacked, and the limit is "
            f"{MAX_TOTAL_BYTES // 2**20} MB: save smaller copies"
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number or 'no'} {what}s"
