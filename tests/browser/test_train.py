"""A live training in Chromium: it survives a page change and a reload, and ends when it is told."""

import re

from playwright.sync_api import Page, expect

from tests.browser.chromium import visit

LONG_MS = 90_000
TINY = (
    "/train?v=resnet20-cifar&v=plain20-cifar"
    "&live-width=4&live-units=1&live-batch=8&live-steps=5000&live-smoothing=1"
)


def step(page: Page) -> int:
    """The step that the page says the training is at."""
    place = page.get_by_text(re.compile(r"step [\d,]+ of 5,000")).first
    place.wait_for(timeout=LONG_MS)
    found = re.search(r"step ([\d,]+) of", place.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def press(page: Page, name: str) -> None:
    # While a script runs, Streamlit shows a Stop of its own above the page.
    page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=name, exact=True).click()


def test_start_pause_change_page_come_back_and_stop(page: Page) -> None:
    visit(page, TINY)
    press(page, "Start")
    expect(page.get_by_text(re.compile("Training: step [1-9]")).first).to_be_visible(
        timeout=LONG_MS
    )
    expect(page).to_have_url(re.compile(r"[?&]run=[\w-]{20,}"))
    press(page, "Pause")
    held = page.get_by_text(re.compile("Held at step"))
    expect(held).to_be_visible(timeout=LONG_MS)
    at = step(page)

    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_role("heading", name="ResNet-20 (CIFAR)").first).to_be_visible()
    page.get_by_role("link", name="Train").click()
    expect(held).to_be_visible(timeout=LONG_MS)
    assert step(page) == at  # held is held

    press(page, "Continue")
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_role("heading", name="ResNet-20 (CIFAR)").first).to_be_visible()
    page.get_by_role("link", name="Train").click()
    expect(page.get_by_text("Training: step").first).to_be_visible(timeout=LONG_MS)

    page.reload()
    expect(page.get_by_text("Training: step").first).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".js-plotly-plot")).to_have_count(4, timeout=LONG_MS)
    press(page, "Pause")
    expect(held).to_be_visible(timeout=LONG_MS)
    assert step(page) > at

    press(page, "Link to the settings")
    link = page.get_by_test_id("stPopoverBody").locator("code").inner_text()
    assert "live-units=1" in link
    assert "run=" not in link  # others get the settings, not the training
    page.keyboard.press("Escape")

    press(page, "Stop")
    expect(page.get_by_text(re.compile("Stopped at step"))).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("button", name="One step", exact=True)).to_be_disabled()


def test_one_click_starts_the_degradation_experiment(page: Page) -> None:
    visit(page, "/train?v=resnet18")
    press(page, "Degradation")
    expect(page.get_by_text(re.compile("Training: step [1-9]")).first).to_be_visible(
        timeout=LONG_MS
    )
    expect(page).to_have_url(re.compile("v=plain20-cifar&v=plain56-cifar&v=resnet20-cifar"))
    expect(page.get_by_text(re.compile("Figure 6"))).to_be_visible()
    press(page, "Stop")
    expect(page.get_by_text(re.compile("Stopped at step"))).to_be_visible(timeout=LONG_MS)
