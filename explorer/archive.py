"""A zip of pictures, one folder a class, read in memory: nothing in it touches the disk.

Whoever made the file may have meant harm, so every number in it is doubted: entries are counted
before any is looked at, no more than the limit of a picture is unpacked of any, and of the ways to
compress only those two are taken whose unpacking can be stopped halfway.
"""

import io
import stat
from collections.abc import Callable
from contextlib import suppress
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from explorer import pictures
from explorer.collection import Collection, CollectionError, Found, arrange, shown

MAX_BYTES = 200 * 2**20
"""The largest zip that is read."""
MAX_ENTRIES = 5_000
"""The most entries; folders and hidden files count too."""

_ENTRY = b"PK\x01\x02"  # what each entry of the table of contents begins with
_UTF8 = 0x800
_ENCRYPTED = 0x1
_OTHER_KINDS = (
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
)
_AGAIN = "make it anew"


def read_zip(data: bytes, name: str) -> Collection:
    """Return the pictures of a zip by class; each is unpacked when it is read.

    Args:
        data: the whole file.
        name: of the file; how it is called in messages.
    Raises:
        CollectionError: if it is damaged, encrypted, too large, points outside itself, or holds no
            two classes of pictures.
    """
    name = shown(name)
    _check_file(data, name)
    try:
        archive = ZipFile(io.BytesIO(data))
    except Exception:  # the standard library raises almost anything on damaged bytes
        raise CollectionError(f"{name} is damaged, or no zip file: {_AGAIN}") from None
    files, left_out = [], []
    for entry in archive.infolist():
        path = _path(entry)
        _check_entry(entry, path, name)
        if path.endswith("/"):
            continue
        if reason := _why_not(entry):
            left_out.append(f"{shown(path)} {reason}.")
        else:
            files.append(Found(path, entry.file_size, _reader(archive, entry, path)))
    return arrange(name, files, left_out)


def _check_file(data: bytes, name: str) -> None:
    if len(data) > MAX_BYTES:
        raise CollectionError(
            f"{name} has {len(data) / 2**20:,.0f} MB and the limit is {MAX_BYTES // 2**20} MB: "
            "save smaller copies of the pictures"
        )
    for start, kind in _OTHER_KINDS:
        if data.startswith(start):
            raise CollectionError(f"{name} is {kind}, not a zip file: pack the folders as zip")
    # Counted, for what the end of the file says of it may be a lie.
    entries = data.count(_ENTRY)
    if entries > MAX_ENTRIES:
        raise CollectionError(
            f"{name} has {entries:,} entries and the limit is {MAX_ENTRIES:,}: leave some out"
        )


def _path(entry: ZipInfo) -> str:
    """Return an entry's path, `/` between its folders.

    Where nothing says how names are encoded, macOS writes UTF-8 and others the old code page.
    """
    path = entry.orig_filename
    if not entry.flag_bits & _UTF8:
        with suppress(UnicodeError):
            path = path.encode("cp437").decode("utf-8")
    return path.replace("\\", "/")


def _check_entry(entry: ZipInfo, path: str, name: str) -> None:
    """Refuse the whole zip for an entry that no honest one has, or that needs a password."""
    parts = path.split("/")
    if ".." in parts or parts[0] == "" or parts[0][1:2] == ":" or "\0" in path:
        raise CollectionError(
            f"{name} holds an entry that points outside the zip ({shown(path)}), as none of "
            f"an ordinary program does: {_AGAIN}"
        )
    if entry.flag_bits & _ENCRYPTED:
        raise CollectionError(f"{name} is encrypted: {_AGAIN} without a password")


def _why_not(entry: ZipInfo) -> str:
    """Say why an entry is left out; an empty text if it is not."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device, not a file"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in a way that is not read here: use the usual one, Deflate"
    if entry.file_size > pictures.MAX_BYTES:
        return (
            f"has {entry.file_size / 2**20:,.0f} MB unpacked and the limit of a picture is "
            f"{pictures.MAX_BYTES // 2**20} MB"
        )
    return ""


def _reader(archive: ZipFile, entry: ZipInfo, path: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(entry) as file:
                return file.read(pictures.MAX_BYTES + 1)
        except Exception:  # damaged in one of the many ways that unpacking stumbles over
            raise pictures.PictureError(f"{shown(path)} is damaged in the zip.") from None

    return read
