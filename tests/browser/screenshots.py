"""Photograph pages of the app: python -m tests.browser.screenshots OUTDIR [PATH ...].

Each page is taken at full height, in light and dark, on a desktop and on a phone.
"""

import argparse
import re
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.serving import APP, serve

WIDTHS = (1440, 390)
SCHEMES = ("light", "dark")

_CONTENT_HEIGHT = """() => Math.max(...['stMain', 'stSidebarContent'].map(
    id => document.querySelector(`[data-testid="${id}"]`)?.scrollHeight ?? 0))"""
_MAX_HEIGHT = 16_000  # Chromium draws no taller picture


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph pages of the app.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("paths", nargs="*", default=["/"], help="paths of pages, such as /compare")
    parser.add_argument("--app", type=Path, default=APP, help="the script to serve")
    arguments = parser.parse_args()
    executable = chromium.find()
    if executable is None:
        parser.error("no Chromium: install it, or set CHROMIUM to its path")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with serve(arguments.app) as server, chromium.launch(executable) as browser:
        for path, width, scheme in product(arguments.paths, WIDTHS, SCHEMES):
            name = re.sub(r"[^\w.-]+", "-", path).strip("-") or "home"
            target = arguments.folder / f"{name}-{width}-{scheme}.png"
            _photograph(browser, server.url + path, width, scheme, target)
            print(target)


def _photograph(browser: Browser, url: str, width: int, scheme: str, target: Path) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    chromium.visit(page, url)
    _show_all(page, width)
    page.screenshot(path=target)
    context.close()


def _show_all(page: Page, width: int) -> None:
    """Make the window as tall as its content, which scrolls inside the page, not with it."""
    height = min(page.evaluate(_CONTENT_HEIGHT), _MAX_HEIGHT)
    page.set_viewport_size({"width": width, "height": max(height, 900)})
    chromium.wait_until_finished(page)


if __name__ == "__main__":
    main()
