"""Zips: bombs, links, paths that lead elsewhere, names of all sorts, and changed bytes."""

import io
import stat
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from explorer.archive import read_zip
from explorer.collection import CollectionError
from explorer.pictures import MAX_BYTES, PictureError
from tests.fuzz.corpus import damaged, encoded, noise, pets, texts, zipped
from tests.fuzz.guard import MEGABYTE, cases, harmless, sentence

PICTURE = encoded(noise(6, 6), "PNG")


def read(data: bytes, name: str = "pets.zip") -> None:
    """Pictures by class, each of which can be read or says why not; or a sentence."""
    with harmless(120 * MEGABYTE):
        try:
            found = read_zip(data, name)
        except CollectionError as error:
            sentence(error)
            return
        for told in found.left_out:
            sentence(told)
        assert len(found.classes) >= 2
        for each in found.pictures:
            assert ".." not in each.path.split("/") and not each.path.startswith("/")
            try:
                assert len(each.read()) <= MAX_BYTES + 1
            except PictureError as error:
                sentence(error)


FILES = {
    "pets": pets(),
    "stored": zipped({f"{n % 2}/{n}.png": PICTURE for n in range(4)}, zipfile.ZIP_STORED),
    "bomb": zipped({f"{n % 2}/{n}.png": bytes(2**20) for n in range(4)}),
    "empty": zipped({}),
    "nested": zipped({"a/1.png": PICTURE, "a/2.png": PICTURE, "b/inner.zip": pets()}),
}


@cases(60)
@given(damaged(FILES))
def test_a_zip_with_changed_bytes_is_pictures_or_a_sentence(data: bytes) -> None:
    read(data)


def part() -> st.SearchStrategy[str]:
    return st.sampled_from(("..", ".", "", "C:", "CON", "__MACOSX", "cats")) | texts(20)


@cases(40)
@given(st.sets(st.lists(part(), min_size=1, max_size=4).map("/".join), min_size=1), texts())
def test_names_of_all_sorts_stay_inside(paths: set[str], name: str) -> None:
    content = io.BytesIO(pets())
    with zipfile.ZipFile(content, "a") as target:
        for path in {path.encode("utf-8", "replace").decode() for path in paths}:
            entry = zipfile.ZipInfo("x")
            entry.filename = f"{path}.png"
            target.writestr(entry, PICTURE)
    read(content.getvalue(), name)


@cases(20)
@given(st.binary(min_size=8, max_size=8))
def test_names_in_no_known_encoding_are_shown_in_plain_signs(name: bytes) -> None:
    files = {f"eightchr/{n}.png": PICTURE for n in range(2)}
    files |= {f"cats/{n}.png": PICTURE for n in range(2)} | {"cats/eightchr": b"x"}
    read(zipped(files).replace(b"eightchr", name))


@cases(20)
@given(
    st.sampled_from((stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR, stat.S_IFREG, 0)),
    st.integers(0, 99),
    st.integers(0, 2**16 - 1),
    st.binary(max_size=40),
)
def test_entries_of_all_kinds_and_ways_to_compress(
    kind: int, method: int, flags: int, content: bytes
) -> None:
    made = io.BytesIO(pets())
    with zipfile.ZipFile(made, "a") as target:
        entry = zipfile.ZipInfo("cats/odd.png")
        entry.external_attr = (kind | 0o777) << 16
        target.writestr(entry, content)
    data = bytearray(made.getvalue())
    last = data.rfind(b"PK\x01\x02")  # of the entry that was added
    data[last + 8 : last + 10] = flags.to_bytes(2, "little")
    data[last + 10 : last + 12] = method.to_bytes(2, "little")
    read(bytes(data))
