"""Chromium under Playwright, and what it means that the app has finished drawing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera that shows a test picture
)

# True once the script has run, no work is awaited, nothing on the page is out of date and every
# chart is drawn.
_FINISHED = """() =>
    document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    && document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]')
    && !document.querySelector('[data-testid="stStatusWidget"], [data-testid="stSkeleton"], '
        + '[data-testid="stSpinner"], [data-testid="stProgress"], [data-stale="true"]')
    && [...document.querySelectorAll('[data-testid="stPlotlyChart"]')]
        .every(chart => chart.querySelector('.main-svg'))
    && document.fonts.status === 'loaded'
"""


def find() -> str | None:
    """The path of a Chromium: CHROMIUM's value, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def launch(executable: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def wait_until_finished(page: Page, *, timeout_s: float = 60) -> None:
    """Wait until the app has finished drawing, and still has a moment later."""
    for _ in range(2):
        page.wait_for_function(_FINISHED, timeout=timeout_s * 1000)
        page.wait_for_timeout(150)
    page.wait_for_function(_FINISHED, timeout=timeout_s * 1000)


def visit(page: Page, path: str = "/") -> None:
    """Open a page of the app by its path and wait until it has finished drawing."""
    page.goto(path)
    wait_until_finished(page)
