"""What the server tells browsers about every answer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from explorer.ui.headers import HEADERS, SecurityHeaders


def answered(*headers):
    """The headers of an answer that had these before."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"hello"})

    async def send(message):
        sent.append(message)

    # In a thread of its own: beside browser tests, this one has a loop already.
    with ThreadPoolExecutor(1) as elsewhere:
        done = SecurityHeaders(app)({"type": "http"}, None, send)
        elsewhere.submit(asyncio.run, done).result()
    assert sent[1]["body"] == b"hello"
    return sent[0]["headers"]


def test_every_header_is_there_once():
    found = answered((b"content-type", b"text/html"), (b"X-Content-Type-Options", b"nosniff"))
    names = [name.decode().lower() for name, _ in found]
    assert sorted(names) == sorted({"content-type", *HEADERS})


def test_no_script_runs_that_did_not_come_with_the_app():
    scripts = next(
        part.strip()
        for part in HEADERS["content-security-policy"].split(";")
        if part.strip().startswith("script-src")
    )
    assert "unsafe" not in scripts
    assert "*" not in HEADERS["content-security-policy"]
    assert "http" not in HEADERS["content-security-policy"]
