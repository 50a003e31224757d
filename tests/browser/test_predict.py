"""The Predict page in Chromium: several pictures, several networks, and files of one's own."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from safetensors.torch import save_file

from explorer.network import build
from explorer.spec import parse
from tests.browser.chromium import visit, wait_until_finished

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"
SLOW_S = 120


def test_two_photographs_are_shown_to_two_networks(page: Page) -> None:
    visit(page, "/predict?v=resnet50,stride_at=1x1&v=resnet20-cifar")
    files = [PICTURES / "dog.jpg", PICTURES / "coffee.jpg"]
    page.locator('input[type="file"][multiple]').set_input_files(files)
    heading = page.get_by_role("heading", name="dog.jpg", exact=True)
    expect(heading).to_be_visible(timeout=SLOW_S * 1000)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text("1. German shepherd", exact=True)).to_be_visible()
    # A dog is a class of CIFAR-10's, and no class of ImageNet's: one network can be judged.
    expect(page.get_by_text(re.compile("pictures of known class named rightly"))).to_have_count(1)
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.get_by_text(re.compile("A says German shepherd. B says "))).to_be_visible()
    expect(page.get_by_role("heading", name="All 3 pictures")).to_be_visible()  # with the cat

    strip = page.get_by_role("group", name="Pictures")
    expect(strip.get_by_role("button")).to_have_count(3)
    expect(strip.get_by_role("button", name="dog.jpg")).to_have_attribute("aria-pressed", "true")
    strip.get_by_role("button", name="coffee.jpg").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="coffee.jpg", exact=True)).to_be_visible()
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text("1. espresso", exact=True)).to_be_visible()

    page.get_by_role("radio", name="whole, padded").click()
    expect(page.get_by_text(re.compile("with black margins up to 224"))).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page).to_have_url(re.compile("fit=whole"))
    expect(page.get_by_role("heading", name="coffee.jpg", exact=True)).to_be_visible()


def test_a_file_of_weights_larger_than_a_picture_may_be_is_taken(
    page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "mine.safetensors"
    save_file(build(parse("resnet18,image_size=32,classes=3")).state_dict(), file)
    assert file.stat().st_size > 40_000_000
    visit(page, "/predict?v=resnet18,image_size%3D32,classes%3D3")
    page.get_by_text("Your own weights", exact=True).click()
    page.locator('input[type="file"]:not([multiple])').set_input_files(file)
    expect(page.get_by_text(re.compile("with your own weights: mine.safetensors"))).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text(re.compile(r"1\. class [012]"))).to_be_visible()
