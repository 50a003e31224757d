"""The lesion board in Chromium: units switched by mouse and keyboard, and the link that says so."""

import re

from playwright.sync_api import Page, expect

from tests.browser.chromium import wait_until_finished

SLOW_S = 240
SLOW_MS = 1000 * SLOW_S


def test_units_are_switched_off_by_mouse_and_keyboard(page: Page) -> None:
    page.goto("/predict?v=resnet20-cifar&view=Lesion board&lesion-pictures=50")
    wait_until_finished(page, timeout_s=SLOW_S)
    board = page.get_by_role("group", name=re.compile("Units of ResNet-20"))
    expect(board.get_by_role("switch")).to_have_count(9)
    first, second = (
        board.get_by_role("switch", name=re.compile(name))
        for name in ("^stage1 unit 2:", "^stage2 unit 1:")
    )
    first.click()
    expect(page).to_have_url(re.compile(r"off-A=stage1(\+|%20)unit(\+|%20)2"), timeout=SLOW_MS)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(first).to_have_attribute("aria-checked", "false")
    second.focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"off-A=stage2(\+|%20)unit(\+|%20)1"), timeout=SLOW_MS)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text(re.compile("stage1 unit 2, stage2 unit 1 off: ")).first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    first.click()
    expect(page).not_to_have_url(re.compile(r"off-A=stage1"), timeout=SLOW_MS)
    expect(first).to_have_attribute("aria-checked", "true")
    wait_until_finished(page, timeout_s=SLOW_S)

    page.get_by_role("button", name=re.compile("^Remove each unit in turn: 10")).click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=SLOW_MS)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text(re.compile("with one unit off"))).to_be_visible()

    page.reload()
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(second).to_have_attribute("aria-checked", "false")
    expect(first).to_have_attribute("aria-checked", "true")
