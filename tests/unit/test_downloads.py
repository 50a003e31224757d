"""Transfers that go well, break off, come back, lie, stall and are given up; all on loopback."""

import errno
import hashlib
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from explorer.downloads import DownloadError, fetch, megabytes
from tests.unit.loopback import FileServer, serve

CONTENT = np.random.default_rng(0).bytes(1_500_000)  # several blocks
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serve(CONTENT) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "checkpoints" / "net-0123abcd.pth"


def part_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def get(server: FileServer, file: Path, progress: Any = lambda done, total: None) -> None:
    fetch(server.url(file.name), file, SHA256[:8], len(CONTENT), progress, timeout_s=5)


def test_a_file_arrives_whole_and_its_progress_is_told(server: FileServer, file: Path) -> None:
    told: list[tuple[int, int]] = []
    get(server, file, lambda *numbers: told.append(numbers))
    assert file.read_bytes() == CONTENT
    assert list(file.parent.iterdir()) == [file]
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 3


def test_what_is_there_is_not_fetched_again(server: FileServer, file: Path) -> None:
    get(server, file)
    get(server, file, lambda done, total: pytest.fail("nothing to do"))
    assert server.asked == [None]


def test_an_altered_file_is_replaced(server: FileServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT[:-1] + b"x")
    get(server, file)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_broken_transfer_goes_on_where_it_broke_off(
    server: FileServer, file: Path, tells_length: bool
) -> None:
    server.cut_off = 700_000
    with pytest.raises(DownloadError, match=r"broke off after 0\.7 MB of 1\.5 MB; try again"):
        get(server, file)
    assert not file.exists()
    assert part_of(file).read_bytes() == CONTENT[:700_000]
    server.cut_off, server.tells_length = None, tells_length
    told: list[int] = []
    get(server, file, lambda done, total: told.append(done))
    assert file.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=700000-"]
    assert told[0] == 700_000


def test_without_ranges_a_broken_transfer_begins_again(server: FileServer, file: Path) -> None:
    server.cut_off, server.ranges = 700_000, False
    with pytest.raises(DownloadError, match="broke off"):
        get(server, file)
    server.cut_off = None
    get(server, file)
    assert file.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=700000-"]


def test_a_part_that_is_too_long_begins_again(server: FileServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    part_of(file).write_bytes(CONTENT + b"and more")
    get(server, file)
    assert file.read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) + 8}-", None]


def test_a_whole_part_needs_no_network(server: FileServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    part_of(file).write_bytes(CONTENT)
    get(server, file)
    assert file.read_bytes() == CONTENT
    assert server.asked == []


def test_another_part_than_asked_for_is_not_taken(server: FileServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    part_of(file).write_bytes(CONTENT[:1000])
    server.shift = 7
    with pytest.raises(DownloadError, match="another part"):
        get(server, file)
    get(server, file)  # from the start, where nothing can be shifted
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("begun", [0, 1000])
def test_a_wrong_checksum_leaves_nothing(server: FileServer, file: Path, begun: int) -> None:
    file.parent.mkdir(parents=True)
    if begun:
        part_of(file).write_bytes(bytes(begun))
    else:
        server.content = CONTENT[::-1]
    with pytest.raises(DownloadError, match="wrong checksum"):
        get(server, file)
    assert list(file.parent.iterdir()) == []


class Cancelled(BaseException):
    """What a page raises to stop its work."""


@pytest.mark.parametrize("kind", [Cancelled, BrokenPipeError, KeyboardInterrupt])
def test_what_progress_raises_passes_and_the_next_attempt_goes_on(
    server: FileServer, file: Path, kind: type[BaseException]
) -> None:
    def cancel(done: int, total: int) -> None:
        if done > 300_000:
            raise kind

    with pytest.raises(kind):
        get(server, file, cancel)
    begun = part_of(file).stat().st_size
    assert 300_000 < begun < len(CONTENT)
    get(server, file)
    assert file.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={begun}-"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "127.0.0.1 does not have the file any more (status 404)"),
        (410, "any more"),
        (403, "does not hand it out (status 403)"),
        (407, "does not hand it out (status 407)"),
        (500, "trouble of its own (status 500); try again later"),
        (503, "try again later"),
    ],
)
def test_a_refusal_is_told(server: FileServer, file: Path, status: int, words: str) -> None:
    server.status = status
    with pytest.raises(DownloadError) as caught:
        get(server, file)
    assert words in str(caught.value)
    assert not list(file.parent.iterdir())


def test_a_refusal_leaves_what_has_come(server: FileServer, file: Path) -> None:
    file.parent.mkdir(parents=True)
    part_of(file).write_bytes(CONTENT[:1000])
    server.status = 503
    with pytest.raises(DownloadError, match="503"):
        get(server, file)
    server.status = None
    get(server, file)
    assert server.asked[-1] == "bytes=1000-"


def test_a_server_that_is_not_there_is_told(file: Path) -> None:
    with serve(b"") as closed:
        url = closed.url("x")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 cannot be reached \(no network\?\)"):
        fetch(url, file, SHA256, 10)


def test_a_name_that_nobody_knows_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DownloadError, match=r"example\.org cannot be found \(no network\?\)"):
        fetch("https://example.org/x", file, SHA256, 10)


def test_a_network_that_is_down_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", down)
    with pytest.raises(DownloadError, match=r"\(Network is unreachable; no network\?\)"):
        fetch("http://127.0.0.1:9/x", file, SHA256, 10)


def test_a_connection_that_is_not_encrypted_rightly_is_not_trusted(
    server: FileServer, file: Path
) -> None:
    with pytest.raises(DownloadError, match="cannot be trusted"):
        fetch(server.url("x", "https"), file, SHA256, 10, timeout_s=5)


def test_silence_from_the_start_ends_in_time(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(DownloadError, match="does not answer in time"):
            fetch(url, file, SHA256, 10, timeout_s=0.1)


def test_silence_in_the_middle_keeps_what_has_come(server: FileServer, file: Path) -> None:
    server.pause = Event()
    with pytest.raises(DownloadError, match=r"in time; what has come is kept"):
        fetch(server.url("x"), file, SHA256, len(CONTENT), timeout_s=0.1)
    assert part_of(file).read_bytes() == CONTENT[:1]


def test_a_full_disk_is_told_beforehand(
    server: FileServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 1_200_000))
    with pytest.raises(DownloadError, match=r"1\.5 MB are needed and 1\.2 MB of disk are free"):
        get(server, file)
    assert server.asked == []
    part_of(file).write_bytes(CONTENT[:500_000])  # the rest does fit
    get(server, file)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_is_told_and_freed(
    server: FileServer, file: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    class Filling(FileIO):
        def write(self, block: Any) -> int:
            if self.tell() >= 400_000:
                raise OSError(code, "No space left on device")
            return super().write(block[:100_000])  # a disk that is nearly full takes less

    class FullDisk(type(file)):  # type: ignore[misc]
        def open(self, mode: str = "r", buffering: int = -1) -> Any:
            return Filling(self, mode) if mode == "wb" else super().open(mode, buffering)

    with pytest.raises(DownloadError, match=r"disk is full, 1\.5 MB are needed"):
        get(server, FullDisk(file))
    assert not list(file.parent.iterdir())


def test_a_disk_that_takes_little_at_a_time_gets_it_all(
    server: FileServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(FileIO):
        def write(self, block: Any) -> int:
            return super().write(block[:777])

    class SlowDisk(type(file)):  # type: ignore[misc]
        def open(self, mode: str = "r", buffering: int = -1) -> Any:
            return Slow(self, mode) if mode == "wb" else super().open(mode, buffering)

    get(server, SlowDisk(file))
    assert file.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_is_told(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file, not a folder")
    with pytest.raises(DownloadError, match="folder cannot be used"):
        get(server, tmp_path / "hub" / "checkpoints" / "net.pth")


def test_a_much_larger_file_is_not_even_begun(server: FileServer, file: Path) -> None:
    with pytest.raises(DownloadError, match=r"answers with 1\.5 MB instead of 0\.0 MB"):
        fetch(server.url("x"), file, SHA256, 1000, timeout_s=5)
    assert not list(file.parent.iterdir())


def test_an_answer_without_end_is_given_up(server: FileServer, file: Path) -> None:
    server.tells_length = False
    told: list[int] = []
    with pytest.raises(DownloadError, match="wrong checksum"):
        fetch(server.url("x"), file, SHA256, 1000, lambda done, total: told.append(done), 5)
    assert max(told) < len(CONTENT)


def test_two_threads_fetch_it_once(server: FileServer, file: Path) -> None:
    threads = [Thread(target=get, args=(server, file)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_bytes() == CONTENT
    assert server.asked == [None]


def test_sizes_are_written_in_millions_of_bytes() -> None:
    assert [megabytes(n) for n in (97_781_000, 1_500, 1_234_567_890)] == [
        "97.8 MB",
        "0.0 MB",
        "1,234.6 MB",
    ]
