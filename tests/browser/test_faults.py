"""Servers that lack something or stumble, as a visitor sees them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import visit
from tests.serving import serve

REFERENCE = re.compile(r"Reference: ([A-Z3-9]{6})$")
STUMBLES = """
from pathlib import Path
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from explorer.ui import faults
if get_script_run_ctx(suppress_warning=True) is None:
    app = st.App(Path(__file__), on_script_error=faults.on_page)
else:
    st.write("begun")
    {"/srv/secret": 1}["nothing"]
"""


def told(page: Page) -> str:
    """What the page's only message says; the rest of the page is there."""
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    return page.get_by_test_id("stAlert").inner_text().strip()


@pytest.fixture
def page(browser: Browser) -> Page:
    """A window of its own, whose server a test starts."""
    return browser.new_context(viewport={"width": 1440, "height": 900}).new_page()


def test_without_torch_what_needs_none_works_and_the_rest_says_so(
    page: Page, tmp_path: Path
) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "raise ImportError('libtorch_cpu.so: cannot open shared object file', name='torch')"
    )
    with serve(environment={"PYTHONPATH": str(tmp_path)}) as server:
        visit(page, f"{server.url}/?v=resnet50")
        expect(page.get_by_text("25,557,032").first).to_be_visible()
        expect(page.get_by_text("Layers", exact=True).first).to_be_visible()
        sentence = told(page)
        assert "missing or broken (torch)" in sentence
        match = REFERENCE.search(sentence)
        assert match is not None
        assert match[1] in server.log()
        for path in ("/compare?v=resnet50&v=plain34", "/picture", "/landscape"):
            visit(page, server.url + path)
            expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()
            expect(page.get_by_text(re.compile("Reference: "))).to_have_count(0)
        visit(page, f"{server.url}/predict?v=resnet20-cifar")
        assert "missing or broken (torch)" in told(page)


def test_a_page_that_stumbles_shows_a_reference_and_nothing_from_inside(
    page: Page, tmp_path: Path
) -> None:
    app = tmp_path / "app.py"
    app.write_text(STUMBLES)
    root = Path(__file__).parents[2]
    with serve(app, environment={"PYTHONPATH": str(root)}) as server:
        visit(page, server.url)
        expect(page.get_by_text("begun")).to_be_visible()
        sentence = told(page)
        assert sentence.startswith("Something went wrong on the server. Please try again.")
        match = REFERENCE.search(sentence)
        assert match is not None
        log = server.log()
        assert match[1] in log
        assert "KeyError" in log
        assert "secret" not in page.content()
        assert "Traceback" not in page.content()
