"""What all visitors together may upload, and that nobody's file is taken for another's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from explorer.ui import uploads
from explorer.ui.predicting.pictures import bundled_file
from explorer.ui.quota import UploadQuota


class Visitors:
    """A server that takes 100 bytes in all, and who is there."""

    def __init__(self) -> None:
        self.there = {"a", "b"}
        self.taken: list[str] = []
        self.status = 204
        self.quota = UploadQuota(self._answer, 100, lambda session: session in self.there)

    async def _answer(self, scope, receive, send) -> None:
        self.taken.append(f"{scope['method']} {scope['path']}")
        await send({"type": "http.response.start", "status": self.status, "headers": []})

    def ask(self, method: str, path: str, length: str | None = None) -> int:
        """The status of the answer to a request."""
        sent = []

        async def send(message) -> None:
            sent.append(message)

        headers = [] if length is None else [(b"content-length", length.encode())]
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        # In a thread of its own: beside browser tests, this one has a loop already.
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(asyncio.run, self.quota(scope, None, send)).result()
        return sent[0]["status"]

    def put(self, file: str, length: int) -> int:
        return self.ask("PUT", f"/_stcore/upload_file/{file}", str(length))


@pytest.fixture
def visitors() -> Visitors:
    return Visitors()


def test_what_has_no_room_is_refused_before_it_is_read(visitors):
    assert visitors.put("a/1", 60) == 204
    assert visitors.put("b/1", 41) == 413
    assert visitors.put("b/1", 40) == 204
    assert visitors.put("a/2", 1) == 413
    assert len(visitors.taken) == 2


def test_a_file_sent_again_counts_once_and_a_removed_one_not_at_all(visitors):
    assert visitors.put("a/1", 90) == 204
    assert visitors.put("a/1", 95) == 204
    assert visitors.put("a/2", 10) == 413
    assert visitors.ask("DELETE", "/_stcore/upload_file/a/1") == 204
    assert visitors.put("a/2", 10) == 204


def test_who_has_left_takes_no_room(visitors):
    assert visitors.put("a/1", 100) == 204
    visitors.there = {"b"}
    assert visitors.put("b/1", 100) == 204


def test_what_the_server_refuses_takes_no_room(visitors):
    visitors.status = 400
    assert visitors.put("a/1", 100) == 400
    visitors.status = 204
    assert visitors.put("b/1", 100) == 204


@pytest.mark.parametrize("length", [None, "", "-1", "1e3", "x"])
def test_a_file_without_its_length_is_refused(visitors, length):
    assert visitors.ask("PUT", "/_stcore/upload_file/a/1", length) == 411


def test_everything_else_passes(visitors):
    assert visitors.ask("GET", "/_stcore/upload_file/a/1") == 204
    assert visitors.ask("PUT", "/elsewhere", "1000") == 204


def test_a_chosen_id_does_not_make_a_file_one_that_all_visitors_share():
    """Answers are kept by what tells a picture from others; a manipulated browser names its own."""
    shared = bundled_file("cat")
    record = UploadedFileRec(shared.identity, "cat.jpg", "image/jpeg", b"another picture")
    assert uploads._file(UploadedFile(record, FileURLs())).identity != shared.identity
