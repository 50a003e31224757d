"""The picture, in Chromium: its units are chosen by mouse, touch and keyboard, and it is saved."""

import re
import xml.etree.ElementTree as ET
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect

from explorer.diagram import diagram
from explorer.figures.diagram import network_drawing
from explorer.figures.microscope import unit_drawing
from explorer.figures.png import to_png
from explorer.figures.svg import to_svg
from explorer.spec import parse
from tests.browser.chromium import visit, wait_until_finished
from tests.serving import Server


def unit(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=label, exact=True)


def microscope(page: Page, label: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"{re.escape(label)}: y ="))


def test_a_click_on_a_unit_opens_the_microscope_on_it(page: Page) -> None:
    visit(page, "/picture?v=resnet18")
    expect(microscope(page, "conv2_x, units 1 to 2, identity skip")).to_be_visible()
    clicked = unit(page, "conv4_x, unit 1, projection skip")
    clicked.click()
    expect(microscope(page, "conv4_x, unit 1, projection skip")).to_be_in_viewport()
    expect(clicked).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("unit=layer3.0"))
    wait_until_finished(page)
    expect(page.get_by_role("combobox", name="Unit", exact=True)).to_have_value(
        "conv4_x, unit 1, projection skip"
    )
    page.reload()
    wait_until_finished(page)
    expect(microscope(page, "conv4_x, unit 1, projection skip")).to_be_visible()


def test_a_unit_is_chosen_by_keyboard(page: Page) -> None:
    visit(page, "/picture?v=resnet18")
    unit(page, "conv2_x, units 1 to 2, identity skip").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(microscope(page, "conv3_x, unit 1, projection skip")).to_be_visible()
    wait_until_finished(page)
    expect(unit(page, "conv3_x, unit 1, projection skip")).to_be_focused()


def test_a_tap_on_a_phone_brings_the_microscope_into_view(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    visit(page, "/picture?v=resnet1202-cifar")
    tapped = unit(page, "stage3, units 2 to 200, identity skip")
    tapped.scroll_into_view_if_needed()
    box = tapped.bounding_box()
    assert box is not None and box["height"] >= 44
    tapped.tap()
    expect(page.get_by_role("heading", name="Block microscope")).to_be_in_viewport()
    expect(microscope(page, "stage3, units 2 to 200, identity skip")).to_be_visible()
    context.close()


def test_a_switch_in_the_microscope_is_a_switch_of_the_variant(page: Page) -> None:
    visit(page, "/picture?v=resnet50&unit=layer2.1")
    column = page.get_by_test_id("stColumn").filter(has_text="Block microscope")
    column.get_by_role("combobox", name=re.compile("Ordering")).click()
    page.get_by_role("option", name="v2: full pre-activation", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-50 v2")
    expect(column.get_by_text("y = x + conv(ReLU(BN(")).to_be_visible()
    column.get_by_role("combobox", name=re.compile("Shortcut")).click()
    page.get_by_role("option", name="none: plain network", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain-50")
    expect(microscope(page, "conv3_x, units 2 to 4")).to_be_visible()


@pytest.mark.parametrize(("which", "name"), [(0, "resnet18-picture"), (1, "resnet18-layer2.0")])
def test_the_pictures_are_saved_as_svg_and_png(page: Page, which: int, name: str) -> None:
    visit(page, "/picture?v=resnet18&unit=layer2.0")
    svg = ET.fromstring(saved(page, "SVG", which, f"{name}.svg").read_text("utf-8"))
    with Image.open(saved(page, "PNG", which, f"{name}.png")) as png:
        assert png.format == "PNG" and png.width == 2560
        height = float(svg.attrib["height"]) / float(svg.attrib["width"]) * 2560
        assert abs(png.height - height) <= 1


def saved(page: Page, kind: str, which: int, name: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Picture ({kind})").nth(which).click()
    assert download.value.suggested_filename == name
    return Path(download.value.path())


@pytest.mark.parametrize("what", ["network", "unit"])
def test_the_png_is_what_the_browser_makes_of_the_svg(browser: Browser, what: str) -> None:
    described = diagram(parse("seresnet50"))
    drawing = {
        "network": network_drawing(described, "any"),
        "unit": unit_drawing(described.find("layer2.0")[1], "any"),
    }[what]
    ours = Image.open(BytesIO(to_png(drawing)))
    page = browser.new_page(viewport={"width": ours.width, "height": ours.height})
    page.set_content(f"<style>*{{margin:0}} svg{{width:100%;height:auto}}</style>{to_svg(drawing)}")
    page.evaluate("document.fonts.ready")
    theirs = Image.open(BytesIO(page.screenshot())).convert("RGB")
    page.close()
    difference = ImageChops.difference(ours, theirs).convert("L")
    assert ImageStat.Stat(difference).mean[0] < 1
    histogram = difference.reduce(4).histogram()  # finer than that, edges are smoothed differently
    assert sum(histogram[64:]) < 0.001 * sum(histogram)
