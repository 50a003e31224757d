"""How much all visitors together may upload: their files stay in this server's memory."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from streamlit import runtime

MAX_BYTES = 2 * 2**30
"""The most bytes of all files of all visitors who are there."""

_PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)$")
_FULL = (
    b"This server holds as many files as it has room for: remove some of yours, or try again when "
    b"somebody has left."
)
_UNMEASURED = b"A file is sent with its length."

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]


def _is_there(session: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session)


class UploadQuota:
    """Refuses a file that all visitors together have no room for, before it is read.

    Args:
        app: what answers everything else.
        limit_bytes: the room.
        is_there: tells whether a session is; its files are counted as long as it is.
    """

    def __init__(
        self,
        app: _App,
        limit_bytes: int = MAX_BYTES,
        is_there: Callable[[str], bool] = _is_there,
    ) -> None:
        self._app, self._limit_bytes, self._is_there = app, limit_bytes, is_there
        self._held: dict[tuple[str, str], int] = {}

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        found = _PATH.search(scope["path"]) if scope["type"] == "http" else None
        if found is None or scope["method"] not in ("PUT", "DELETE"):
            await self._app(scope, receive, send)
            return
        file = found[1], found[2]
        if scope["method"] == "DELETE":
            self._held.pop(file, None)
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            await _refuse(send, 411, _UNMEASURED)
        elif not self._has_room(file, int(length)):
            await _refuse(send, 413, _FULL)
        else:
            await self._app(scope, receive, self._counting(file, int(length), send))

    def _has_room(self, file: tuple[str, str], length: int) -> bool:
        self._held = {key: size for key, size in self._held.items() if self._is_there(key[0])}
        others = sum(size for key, size in self._held.items() if key != file)
        return others + length <= self._limit_bytes

    def _counting(self, file: tuple[str, str], length: int, send: _Send) -> _Send:
        """Count a file from its beginning on, and no longer where it is refused."""
        self._held[file] = length

        async def send_counted(message: _Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                self._held.pop(file, None)
            await send(message)

        return send_counted


async def _refuse(send: _Send, status: int, sentence: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence})
