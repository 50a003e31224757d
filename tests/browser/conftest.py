"""A browser, and a page that fails its test when something went wrong behind the scenes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser import chromium
from tests.serving import Server

expect.set_options(timeout=30_000)  # what is expected comes, but machines are slow

# Opened below the root, Streamlit's page looks for its server beside itself before it looks up.
_LOOKING_FOR_SERVER = re.compile(r"^https?://[^/]+/.+/_stcore/(health|host-config)$")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no Chromium: install it, or set CHROMIUM to its path")
    with chromium.launch(executable) as launched:
        yield launched


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A fresh browser window, 1440 x 900; its paths are relative to the app's address.

    When the test ends, it fails if the console or the server reported an error, or if the page
    asked anyone but the app for anything.
    """
    problems: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        source = message.location["url"]
        if message.type == "error" and not _LOOKING_FOR_SERVER.match(source):
            problems.append(f"console: {message.text} ({source})")

    def note_request(request: Request) -> None:
        if request.url.startswith(("http:", "https:")) and not request.url.startswith(server.url):
            problems.append(f"request to another host: {request.url}")

    log_start = len(server.log())
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    try:
        page = context.new_page()
        page.on("console", note_console)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on("request", note_request)
        yield page
    finally:
        context.close()
    log = server.log()[log_start:]
    if "Traceback" in log:
        problems.append(f"server:\n{log}")
    assert not problems, "\n".join(problems)
