"""The view Explain in Chromium: two photographs, two networks, every part."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import visit, wait_until_finished

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"
SLOW_S = 120


def galleries(page: Page, start: str) -> Locator:
    return page.get_by_role("group", name=re.compile(f"^{start}"))


def test_two_networks_explain_two_photographs(page: Page) -> None:
    visit(page, "/predict?v=resnet20-cifar&v=plain20-cifar&pictures=&view=Explain")
    files = [PICTURES / "dog.jpg", PICTURES / "coffee.jpg"]
    page.locator('input[type="file"][multiple]').set_input_files(files)
    expect(page.get_by_role("heading", name="dog.jpg", exact=True)).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    maps = galleries(page, "Grad-CAM of .* at every stage")
    expect(maps).to_have_count(2)
    expect(maps.first.get_by_role("figure")).to_have_count(5)  # the picture and four stages
    expect(maps.first.get_by_role("img", name="stage3: layer3.2, 8 × 8")).to_be_visible()
    expect(galleries(page, ".*beside occlusion")).to_have_count(2)

    last = maps.first.get_by_role("img", name="stage3: layer3.2, 8 × 8")
    source = last.get_attribute("src")
    page.get_by_role("slider", name="Opacity of the maps").press("End")
    expect(last).to_have_css("opacity", "1", timeout=SLOW_S * 1000)
    expect(last).to_have_attribute("src", source or "")
    expect(page).to_have_url(re.compile("opacity=100"))

    page.get_by_role("group", name="Pictures").get_by_role("button", name="coffee.jpg").click()
    expect(page.get_by_role("heading", name="coffee.jpg", exact=True)).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    assert last.get_attribute("src") != source

    page.get_by_role("radio", name="Feature maps").click()
    expect(galleries(page, "The 16 filters")).to_have_count(2, timeout=SLOW_S * 1000)
    page.get_by_role("radio", name="Receptive field").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=SLOW_S * 1000)
    # In each chart the picture, and the gradient that covers it.
    expect(page.locator(".js-plotly-plot image")).to_have_count(4, timeout=SLOW_S * 1000)
    page.get_by_role("radio", name="Through the depth").click()
    expect(page.get_by_text(re.compile("nearest class means"))).to_be_visible(
        timeout=2 * SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page).to_have_url(re.compile(r"explain=Through"))
    expect(page.get_by_role("heading", name="coffee.jpg", exact=True)).to_be_visible()
