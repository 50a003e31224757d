"""Speed of the pages in a browser, against Streamlit itself drawing as much."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

import streamlit
from playwright.sync_api import Browser, Page

from tests.benchmarks.depths import DEPTHS, LARGE_DEPTHS
from tests.benchmarks.measuring import Benchmark
from tests.browser import chromium
from tests.serving import APP, serve

FOLDER = Path(__file__).parent
HELLO = Path(streamlit.__file__).parent / "hello" / "streamlit_app.py"  # `streamlit hello`
LARGE = "v=resnet152&v=resnet152v2&v=seresnet152&v=plain152"
_CHANGED = """async ([option, count]) => {
    const chosen = [...document.querySelectorAll('[role="option"]')]
        .find(each => each.textContent === option);
    const start = performance.now();
    chosen.click();
    while (![...document.querySelectorAll('[data-testid="stMarkdownContainer"] strong')]
            .some(each => each.textContent === count))
        await new Promise(requestAnimationFrame);
    return (performance.now() - start) / 1000;
}"""


@contextmanager
def browsing() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        raise RuntimeError("no Chromium: install it, or set CHROMIUM to its path")
    with chromium.launch(executable) as browser:
        yield browser


def first_page() -> list[float]:
    """Time from the server's start to the content, for ours to all headline numbers."""
    with browsing() as browser:

        def ours() -> float:
            return seconds_to(browser, APP, "25,557,032")

        def theirs() -> float:
            return seconds_to(browser, HELLO, "Welcome to Streamlit")

        ratios = []
        for _ in range(4):
            ratios.append(ours() / theirs())
            reference = theirs()
            ratios.append(ours() / reference)
    return ratios


def seconds_to(browser: Browser, app: Path, content: str) -> float:
    start = perf_counter()
    with serve(app) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.url)
        page.get_by_text(content).first.wait_for()
        return perf_counter() - start


def changing_depth(query: str = "") -> list[float]:
    """Time from the click on another depth to its numbers and layer table."""
    depths = LARGE_DEPTHS if query else DEPTHS
    with ExitStack() as stack:
        browser = stack.enter_context(browsing())
        pages = []
        for app in (APP, FOLDER / "constant_page.py"):
            server = stack.enter_context(serve(app))
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            chromium.visit(page, f"{server.url}/?{query}")
            page.wait_for_timeout(4000)  # the warm-up is over, garbage is frozen
            pages.append(page)
        for page in pages:
            change(page, depths), change(page, depths)
        ratios = []
        for number in range(15):
            for page in pages:
                reclass(page, 900 + number)  # so that the next variant is new, and nowhere cached
            ours, theirs = (change(page, depths) for page in pages)
            ratios.append(ours / theirs)
    return ratios


def reclass(page: Page, classes: int) -> None:
    box = page.get_by_role("spinbutton", name="Classes")
    box.fill(str(classes))
    box.press("Enter")
    chromium.wait_until_finished(page)


def change(page: Page, depths: dict[str, str]) -> float:
    """Choose the depth that is not chosen, and return the seconds until it is drawn."""
    box = page.get_by_role("combobox", name="Depth")
    option = next(each for each in depths if each != box.input_value())
    box.click()
    page.get_by_role("option", name=option, exact=True).wait_for()
    seconds = page.evaluate(_CHANGED, [option, depths[option]])
    chromium.wait_until_finished(page)
    return float(seconds)


BENCHMARKS = (
    Benchmark(
        "first page", "server start to content", "Streamlit's own hello-world app", 1.5, first_page
    ),
    Benchmark(
        "change",
        "another depth on Explore, click to repaint",
        "Streamlit redrawing an equal page of constants",
        1.5,
        changing_depth,
    ),
    Benchmark(
        "change",
        "the same with four ResNet-152-sized variants",
        "Streamlit redrawing an equal page of constants",
        1.5,
        partial(changing_depth, LARGE),
    ),
)
