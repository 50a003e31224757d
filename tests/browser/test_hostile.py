"""Links, files and names that mean harm, in Chromium: shown as texts, and nobody else is asked.

The page fixture fails a test whose console is not empty, or whose page asks another host.
"""

import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect
from safetensors.torch import save

from explorer.network import build
from tests.browser.chromium import visit, wait_until_finished

PICTURE = "![x](http://example.com/x.png)"
SCRIPT = "[x](javascript:alert(1))"
HTML = "<img src=http://example.com/y.png onerror=alert(1)>"
ADDRESS = "www.example.com"
CAT = Path(__file__).parents[2] / "assets" / "pictures" / "cat.jpg"
SLOW_S = 120


def assert_nothing_of_others(page: Page) -> None:
    for place in ("a", "img", "iframe", "script", "form"):
        for attribute in ("href", "src", "action"):
            for wrong in ("example.com", "javascript:", "x.png"):
                expect(page.locator(f'{place}[{attribute}*="{wrong}"]')).to_have_count(0)
    expect(page.locator("[onerror], [onload]")).to_have_count(0)


def test_a_link_shows_what_it_holds_as_text(page: Page) -> None:
    variants = [f"resnet18;{PICTURE}", f"plain18;{SCRIPT}", f"resnet34;{HTML}", PICTURE]
    query = {"v": [*variants, ADDRESS], "edit": "Z", "unit": HTML, "lesson": HTML, "tuned": PICTURE}
    visit(page, f"/?{urlencode(query, doseq=True)}")
    notice = page.get_by_text(re.compile(r"The link's variant '!\[x\]\(http:"))
    expect(notice).to_be_visible()
    assert_nothing_of_others(page)
    query["v"] = [f"resnet18;{ADDRESS}", f"resnet34;_{SCRIPT}_ $x^2$ :red[x]"]
    for path in ("/compare", "/picture", "/learn", "/train?train-view=own"):
        visit(page, f"{path}{'&' if '?' in path else '?'}{urlencode(query, doseq=True)}")
        assert_nothing_of_others(page)
        expect(page.locator("[data-testid=stMain] .katex")).to_have_count(0)


def test_files_show_their_names_as_text(page: Page) -> None:
    visit(page, "/predict?v=resnet20-cifar")
    files = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": content}
        for name, content in (
            (PICTURE, CAT.read_bytes()),
            (HTML, b"this is no picture"),
            (f"{SCRIPT} {ADDRESS}", b""),
        )
    ]
    page.locator('input[type="file"][multiple]').set_input_files(files)  # type: ignore[arg-type]
    expect(page.get_by_text(re.compile("is not a picture that is read here"))).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_role("heading", name=re.compile(r"^x \(http"))).to_be_visible()
    assert_nothing_of_others(page)

    page.get_by_text("Your own weights").click()
    evil = {
        f"{PICTURE}{SCRIPT}{name}": each for name, each in build("resnet18").state_dict().items()
    }
    weights = {
        "name": f"{HTML}{PICTURE}.safetensors",
        "mimeType": "application/octet-stream",
        "buffer": save({name: each[:1] if each.dim() else each for name, each in evil.items()}),
    }
    page.locator('input[type="file"][accept*="safetensors"]').set_input_files(weights)  # type: ignore[arg-type]
    expect(page.get_by_text(re.compile("the file does not fit")).first).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    assert_nothing_of_others(page)
