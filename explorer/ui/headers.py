"""What the server tells browsers about every answer: whom to trust, and that nobody frames it."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]


def _inline_scripts() -> str:
    """Return the sums of the scripts that stand in Streamlit's own page, which may run."""
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    found = re.findall(r"<script>(.*?)</script>", page.read_text("utf-8"), re.DOTALL)
    sums = (b64encode(sha256(script.encode()).digest()).decode() for script in found)
    return " ".join(f"'sha256-{each}'" for each in sums)


_SOURCES = {
    "default-src": "'self'",
    "script-src": f"'self' blob: {_inline_scripts()}",  # the picture's own script is a blob
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}

HEADERS = {
    "content-security-policy": "; ".join(f"{kind} {where}" for kind, where in _SOURCES.items()),
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """Adds `HEADERS` to every answer that does not say otherwise.

    Args:
        app: what answers.
    """

    def __init__(self, app: _App) -> None:
        self._app = app

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: _Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.encode() not in there
                    ),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)
