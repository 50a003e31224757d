"""A file served on a free loopback port, by a server that can be told to misbehave."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class FileServer(ThreadingHTTPServer):
    """Answers every request with one content, as its attributes say.

    Args:
        content: what it serves.
        ranges: whether it heeds the header Range.
        cut_off: how many bytes of an answer it sends before it hangs up.
        status: of a refusal, instead of the file.
        tells_length: whether it says how much is to come.
        shift: how far a partial answer begins behind where it was asked to.
        pause: waited for after the first byte of an answer.
        asked: the header Range of each request, None where there was none.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.ranges = True
        self.cut_off: int | None = None
        self.status: int | None = None
        self.tells_length = True
        self.shift = 0
        self.pause: Event | None = None
        self.asked: list[str | None] = []

    def url(self, name: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if server.status is not None:
            self.send_error(server.status)
            return
        found = re.fullmatch(r"bytes=(\d+)-", asked or "") if server.ranges else None
        start = int(found[1]) if found else 0
        if start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if found else 200)
        if found:
            first, last = start + server.shift, len(server.content) - 1
            self.send_header("Content-Range", f"bytes {first}-{last}/{last + 1}")
        if server.tells_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1])
        if server.pause is not None:
            server.pause.wait(30)
        self.wfile.write(body[1 : server.cut_off])

    def log_message(self, *arguments: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serve(content: bytes) -> Iterator[FileServer]:
    """Serve a content until the block ends."""
    with FileServer(content) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            if server.pause is not None:
                server.pause.set()
            server.shutdown()
            thread.join()
