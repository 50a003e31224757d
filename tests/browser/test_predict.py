"""The Predict page in Chromium: several pictures, several networks, and files of one's own."""

import base64
import re
from pathlib import Path

from playwright.sync_api import Page, expect
from safetensors.torch import save_file

from explorer.network import build
from explorer.spec import parse
from tests.browser.chromium import visit, wait_until_finished

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"
SLOW_S = 120
# Before it shows anything, its button takes no picture.
_CAMERA_SHOWS = "() => document.querySelector('[data-testid=stCameraInput] video')?.videoWidth > 0"


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


def test_pictures_are_dropped_where_they_are_asked_for(page: Page) -> None:
    visit(page, "/predict?v=resnet20-cifar&pictures=")
    files = [
        (name, base64.b64encode((PICTURES / name).read_bytes()).decode())
        for name in ("dog.jpg", "coffee.jpg")
    ]
    dropped = page.evaluate_handle(
        """files => {
            const dropped = new DataTransfer()
            for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), sign => sign.charCodeAt(0))
                dropped.items.add(new File([bytes], name, { type: "image/jpeg" }))
            }
            return dropped
        }""",
        files,
    )
    place = page.get_by_test_id("stFileUploaderDropzone").filter(visible=True)
    for event in ("dragenter", "dragover", "drop"):
        place.dispatch_event(event, {"dataTransfer": dropped})
    expect(page.get_by_role("heading", name="dog.jpg", exact=True)).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_role("group", name="Pictures").get_by_role("button")).to_have_count(2)


def test_a_picture_is_taken_with_the_camera(page: Page) -> None:
    page.context.grant_permissions(["camera"])
    visit(page, "/predict?v=resnet20-cifar&pictures=")
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function(_CAMERA_SHOWS, timeout=SLOW_S * 1000)
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text(re.compile("^1. "))).to_be_visible(timeout=SLOW_S * 1000)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page.get_by_text(re.compile("shorter side becomes 32 pixels"))).to_be_visible()


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
