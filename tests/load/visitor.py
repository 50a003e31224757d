"""A visitor without a browser: Streamlit's own protocol over its own websocket."""

import asyncio
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

PATIENCE_S = 60.0
"""How long a page may take."""
WORK_S = 600.0
"""How long work may take that shows its progress."""
_WHOLE_RUN = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


class Failure(Exception):
    """What a person would have seen go wrong."""


class Visitor:
    """One session: it opens a page, sets widgets by their labels, and reruns what asks for it.

    Attributes:
        widgets: id and kind of each widget on the page, by its label.
        texts: what the page says, in no order.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.widgets: dict[str, tuple[str, str]] = {}
        self.texts: dict[str, str] = {}
        self.errors: list[str] = []
        self._states: dict[str, WidgetState] = {}
        self._pages: dict[str, str] = {}
        self._page, self._query = "", ""
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()
        self._running = False
        self._answers: dict[str, Any] = {}
        self._progress: set[str] = set()

    async def __aenter__(self) -> "Visitor":
        self._socket = await connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
            max_size=None,
            open_timeout=PATIENCE_S,
            ping_timeout=None,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *reason: object) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()

    async def open(self, page: str = "", **query: str) -> float:
        """Open a page by its path; return the seconds until all of it was there."""
        self._query = urlencode(query)
        if page and page not in self._pages:
            await self._rerun()  # the first answer names the pages
        self._query, self._page = urlencode(query), self._pages.get(page, "")
        return await self._rerun()

    async def set(self, label: str, value: Any) -> float:
        """Set a widget as a person would; return the seconds until the page had followed."""
        await self._until(lambda: not self._running, "the page did not finish")
        if label not in self.widgets:
            raise Failure(f"there is no {label!r} on the page, only {', '.join(self.widgets)}")
        identifier, kind = self.widgets[label]
        state = WidgetState(id=identifier)
        if kind == "button":
            state.trigger_value = True
        elif kind in ("text_input", "selectbox"):
            state.string_value = value
        elif kind == "number_input":
            state.int_value = value
        elif kind == "checkbox":
            state.bool_value = value
        else:
            raise Failure(f"{label!r} is a {kind}")
        self._states[identifier] = state
        try:
            return await self._rerun()
        finally:
            if kind == "button":
                del self._states[identifier]

    async def upload(self, label: str, name: str, content: bytes) -> float:
        """Upload a file as the browser does; return the seconds until the page had followed."""
        identifier, _ = self.widgets[label]
        asked = BackMsg()
        asked.file_urls_request.request_id = name
        asked.file_urls_request.file_names.append(name)
        await self._socket.send(asked.SerializeToString())
        await self._until(lambda: name in self._answers, "no address for an upload")
        address = self._answers.pop(name).file_urls[0]
        await asyncio.to_thread(self._put, address.upload_url, name, content)
        info = UploadedFileInfo(name=name, size=len(content), file_id=address.file_id)
        info.file_urls.CopyFrom(address)
        state = WidgetState(id=identifier)
        state.file_uploader_state_value.uploaded_file_info.append(info)
        self._states[identifier] = state
        return await self._rerun()

    def _put(self, path: str, name: str, content: bytes) -> None:
        base = f"http://127.0.0.1:{self.port}"
        with urllib.request.urlopen(f"{base}/_stcore/health") as answer:
            cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
        border = "upload-border"
        body = (
            (
                f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode()
            + content
            + f"\r\n--{border}--\r\n".encode()
        )
        request = urllib.request.Request(base + path, body, method="PUT")
        request.add_header("Content-Type", f"multipart/form-data; boundary={border}")
        if cookie:
            request.add_header("Cookie", cookie)
            request.add_header("X-Xsrftoken", cookie.partition("=")[2])
        with urllib.request.urlopen(request) as answer:
            if answer.status not in (200, 204):
                raise Failure(f"an upload was answered {answer.status}")

    @property
    def waiting(self) -> bool:
        """Whether the page shows a progress bar."""
        return bool(self._progress)

    async def until_done(self) -> float:
        """Return the seconds until the page shows no progress bar any more."""
        started = time.monotonic()
        await self._until(
            lambda: not (self.waiting or self._running), "long work did not end", WORK_S
        )
        return time.monotonic() - started

    async def until_offered(self, label: str) -> None:
        """Wait until the page has a widget with this label."""
        await self._until(
            lambda: not self._running and label in self.widgets,
            f"{label!r} was not offered",
            WORK_S,
        )

    async def _until(
        self, holds: Callable[[], bool], otherwise: str, patience_s: float = PATIENCE_S
    ) -> None:
        deadline = time.monotonic() + patience_s
        while not holds():
            if time.monotonic() > deadline:
                raise Failure(otherwise)
            await asyncio.sleep(0.01)

    async def _rerun(self, fragment: str = "") -> float:
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.page_script_hash = self._query, self._page
        ask.fragment_id, ask.is_auto_rerun = fragment, bool(fragment)
        ask.widget_states.widgets.extend(self._states.values())
        started = time.monotonic()
        if not fragment:
            self._finished.clear()
            self._running = True
        await self._socket.send(message.SerializeToString())
        if not fragment:
            waiting = asyncio.create_task(self._finished.wait())
            await asyncio.wait(
                (waiting, self._reader), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if self._reader.done():
                waiting.cancel()
                self._reader.result()  # raises what ended it, if anything did
                raise Failure("the server closed the connection")
            if not waiting.done():
                waiting.cancel()
                raise Failure("the page did not finish")
            if self.errors:
                raise Failure("; ".join(self.errors))
        return time.monotonic() - started

    async def _read(self) -> None:
        async for content in self._socket:
            message = ForwardMsg()
            message.ParseFromString(content)  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._note(message)
            elif kind == "navigation":
                pages = message.navigation.app_pages
                self._pages = {page.url_pathname: page.page_script_hash for page in pages}
            elif kind == "page_info_changed":
                self._query = message.page_info_changed.query_string
            elif kind == "file_urls_response":
                self._answers[message.file_urls_response.response_id] = message.file_urls_response
            elif kind == "auto_rerun":
                self._begin(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            elif kind == "stop_auto_rerun":
                self._stop(message.stop_auto_rerun.fragment_id)
            elif kind == "new_session":
                self._new_session(message)
            elif kind == "script_finished" and message.script_finished in _WHOLE_RUN:
                self._running = False
                self._finished.set()

    def _new_session(self, message: ForwardMsg) -> None:
        if not message.metadata.run.fragment_ids:
            self._running = True
            self._progress.clear()
            self.widgets.clear()
            for fragment in list(self._timers):
                self._stop(fragment)

    def _note(self, message: ForwardMsg) -> None:
        place = ",".join(map(str, message.metadata.delta_path))
        if message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        found = getattr(element, kind)
        self._progress.discard(place)
        if kind == "progress":
            self._progress.add(place)
        elif kind == "markdown":
            self.texts[place] = found.body
        elif kind == "exception":
            self.errors.append(found.message)
        elif kind == "alert" and "Reference" in found.body:
            self.errors.append(found.body)
        if (label := getattr(found, "label", "")) and getattr(found, "id", ""):
            self.widgets[label] = found.id, kind

    def _begin(self, fragment: str, interval: float) -> None:
        async def again() -> None:
            while True:
                await asyncio.sleep(interval)
                await self._rerun(fragment)

        self._stop(fragment)
        self._timers[fragment] = asyncio.create_task(again())

    def _stop(self, fragment: str) -> None:
        if timer := self._timers.pop(fragment, None):
            timer.cancel()
