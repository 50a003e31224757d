"""One file fetched over the network: resumed where it broke off, checked, moved into place whole.

The only module that uses the network.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from io import FileIO
from pathlib import Path
from socket import gaierror
from ssl import SSLError
from threading import Lock
from typing import Any, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 30.0
"""Seconds of silence after which the other side is given up."""

_BLOCK_BYTES = 2**18
_SLACK_BYTES = 2**20  # a stated size may be rounded; beyond this it is another file
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_GONE = (404, 410)
_PARTIAL = 206
_RANGE_NOT_SATISFIABLE = 416

Progress: TypeAlias = Callable[[int, int], object]
"""Is told how many bytes are there and how many there will be. May raise, to cancel."""


class DownloadError(ValueError):
    """Why a file could not be fetched, in words that follow a colon."""


_lock = Lock()  # two threads would write into one part


def fetch(
    url: str,
    file: Path,
    sha256: str,
    size_bytes: int,
    progress: Progress = lambda done, total: None,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Have a file in its place, unless it already is.

    It is written to FILE.part and renamed once it is whole and its checksum is right. A part that
    an earlier attempt left is continued, or begun again if the server cannot continue.

    Args:
        url: where it is.
        file: where it goes; folders are made.
        sha256: its checksum, or how that begins.
        size_bytes: its size, within a megabyte.
        progress: called before the first block and after each; what it raises passes through,
            and the part stays.
        timeout_s: seconds without a byte before giving up.
    Raises:
        DownloadError: if the file cannot be had or written.
    """
    part = file.with_name(f"{file.name}.part")
    with _lock:
        with _writing(part, size_bytes):
            if matches(file, sha256):
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            whole = matches(part, sha256)  # an earlier attempt only missed to rename it
            if not whole:
                _check_room(part, size_bytes)
        if not whole:
            _transfer(url, part, size_bytes, progress, timeout_s)
        with _writing(part, size_bytes):
            _check_sum(part, sha256)
            part.replace(file)


@contextmanager
def _writing(part: Path, size_bytes: int) -> Iterator[None]:
    """Say in words what the disk does not allow; leave no part on a disk that is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            part.unlink(missing_ok=True)
            raise DownloadError(f"the disk is full, {megabytes(size_bytes)} are needed") from None
        raise DownloadError(f"its folder cannot be used ({error.strerror or error})") from None


def matches(file: Path, sha256: str) -> bool:
    """Whether a file is there and its checksum begins so."""
    if not os.path.isfile(file):  # unlike Path's, it raises nothing
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest().startswith(sha256)


def megabytes(size_bytes: int) -> str:
    """Write a size as people say it: 97.8 MB, where an MB is a million bytes."""
    return f"{size_bytes / 1e6:,.1f} MB"


def _check_room(part: Path, size_bytes: int) -> None:
    needed = size_bytes - _size(part)
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise DownloadError(
            f"{megabytes(needed)} are needed and {megabytes(free)} of disk are free"
        )


def _check_sum(part: Path, sha256: str) -> None:
    if not matches(part, sha256):
        part.unlink()
        raise DownloadError(
            "what came is not the published file (wrong checksum); some networks answer with their "
            "log-in page; try again, or from another network"
        )


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _transfer(url: str, part: Path, size_bytes: int, progress: Progress, timeout_s: float) -> None:
    """Write what the part misses, or all of it where the server cannot continue."""
    host = str(urlsplit(url).hostname)
    with _connect(url, host, _size(part), timeout_s) as response:
        done = _first_byte(response, part, host)
        length = None if response.length is None else done + response.length
        total = size_bytes if length is None else length
        if total > size_bytes + _SLACK_BYTES:
            raise DownloadError(
                f"{host} answers with {megabytes(total)} instead of {megabytes(size_bytes)}"
            )
        with _writing(part, size_bytes):
            content = part.open("ab" if done else "wb", buffering=0)
        with content:
            progress(done, total)
            for block in _blocks(response, host):
                with _writing(part, size_bytes):
                    _write(content, block)
                done += len(block)
                if done > size_bytes + _SLACK_BYTES:
                    break  # without end, and not the file: its checksum will say so
                progress(done, max(done, total))
    if length is not None and done < length:
        raise DownloadError(_broken_off(done, length))


def _connect(url: str, host: str, start: int, timeout_s: float) -> Any:
    """Ask for a file from a byte on; for all of it if it has no such byte."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        return urlopen(Request(url, headers=headers), timeout=timeout_s)
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return _connect(url, host, 0, timeout_s)
        raise DownloadError(_refusal(error.code, host)) from None
    except (OSError, HTTPException) as error:
        raise DownloadError(_silence(error, host)) from None


def _first_byte(response: Any, part: Path, host: str) -> int:
    """Return where in the file an answer begins: where the part ends, or at its start."""
    if response.status != _PARTIAL:
        return 0
    start = _size(part)
    if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        part.unlink(missing_ok=True)
        raise DownloadError(f"{host} answers with another part than asked for; try again")
    return start


def _blocks(response: Any, host: str) -> Iterator[bytes]:
    try:
        while block := response.read1(_BLOCK_BYTES):
            yield block
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{_silence(error, host)}; what has come is kept, try again") from None


def _write(content: FileIO, block: bytes) -> None:
    """Write all of a block: a disk that is nearly full takes less at first."""
    left = memoryview(block)
    while left:
        left = left[content.write(left) :]


def _broken_off(done: int, length: int) -> str:
    return (
        f"the connection broke off after {megabytes(done)} of {megabytes(length)}; try again, it "
        "goes on from there"
    )


def _refusal(code: int, host: str) -> str:
    if code in _GONE:
        return f"{host} does not have the file any more (status {code})"
    if code >= 500:
        return f"{host} has trouble of its own (status {code}); try again later"
    return f"{host} does not hand it out (status {code})"


def _silence(error: OSError | HTTPException, host: str) -> str:
    """Say why there is no answer; urllib wraps the reason while it connects."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"{host} does not answer in time"
    if isinstance(reason, SSLError):
        return f"the connection to {host} cannot be trusted ({reason.reason or 'no reason given'})"
    if isinstance(reason, gaierror):
        return f"{host} cannot be found (no network?)"
    if isinstance(reason, ConnectionRefusedError):
        return f"{host} cannot be reached (no network?)"
    words = getattr(reason, "strerror", None) or type(reason).__name__
    return f"no connection to {host} ({words}; no network?)"
