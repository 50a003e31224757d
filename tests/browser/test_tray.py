"""Four variants side by side in Chromium: put together by hand, found again, shared."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import visit, wait_until_finished
from tests.serving import Server

_FOCUSED = """() => {
    const focused = document.activeElement
    return [focused.ariaLabel, ...focused.innerText.split('\\n')]
}"""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    wait_until_finished(page)


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=re.compile(label))
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(200)  # a list that opens while the sidebar scrolls is closed again
    box.click()
    box.fill(option)  # a long list holds only what is in sight
    page.get_by_role("option", name=option, exact=True).click()
    wait_until_finished(page)


def variants(page: Page) -> list[str]:
    """What the tray calls its variants."""
    labels = page.get_by_role("radiogroup", name="Edit").locator("label")
    return [label.strip() for label in labels.all_inner_texts()]


def text_of(page: Page) -> str:
    return page.get_by_role("textbox", name="Variant as text").input_value()


def build_four(page: Page) -> None:
    """Put ResNet-50, its v2, a plain 34 called Old and SE-ResNet-50 side by side."""
    visit(page, "/")
    press(page, "Duplicate")
    choose(page, "Ordering", "v2: full pre-activation")
    press(page, "Add")
    choose(page, "Start from", "Plain-34")
    press(page, "Arrange")
    page.get_by_role("textbox", name="Name", exact=True).fill("Old")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    page.keyboard.press("Escape")
    press(page, "Duplicate")
    choose(page, "Start from", "SE-ResNet-50")


BUILT = ["ResNet-50", "ResNet-50 v2", "Old", "SE-ResNet-50"]


def test_four_are_put_together_reloaded_and_shared(
    page: Page, browser: Browser, server: Server
) -> None:
    build_four(page)
    assert variants(page) == BUILT
    page.get_by_text("ResNet-50 v2", exact=True).first.click()
    wait_until_finished(page)
    press(page, "Arrange")
    press(page, "Move up")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Move up", exact=True)).to_be_hidden()
    wait_until_finished(page)
    page.get_by_role("radio", name="MACs").click()
    wait_until_finished(page)
    expect(page.get_by_role("radio", name="MACs")).to_be_checked()
    expect(page).to_have_url(re.compile("breakdown=MACs"))
    order = ["ResNet-50 v2", "ResNet-50", "Old", "SE-ResNet-50"]
    page.reload()
    wait_until_finished(page)
    assert variants(page) == order
    assert text_of(page) == "resnet50v2"
    expect(page.get_by_role("radio", name="MACs")).to_be_checked()

    press(page, "Share")
    link = page.get_by_role("dialog").get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(f"{server.url}/?")
    assert "v=resnet50v2&v=resnet50&v=plain34;Old&v=seresnet50" in link
    code = page.get_by_role("dialog").get_by_role("img").last
    assert code.evaluate("image => image.naturalWidth > 0 && image.clientWidth") >= 400

    with browser.new_context() as clean:
        other = clean.new_page()
        visit(other, link)
        assert variants(other) == order
        table = other.get_by_test_id("stTable")
        expect(table.get_by_text("25,557,032")).to_be_visible()


def test_back_and_forward_move_through_what_was_chosen(page: Page) -> None:
    visit(page, "/?v=resnet18")
    choose(page, "Start from", "ResNet-34")
    press(page, "Duplicate")
    choose(page, "Start from", "ResNet-101")
    for links, edited in ((["ResNet-34", "ResNet-34"], "resnet34"), ([], "resnet34")):
        page.go_back()
        wait_until_finished(page)
        assert (variants(page) if links else []) == links
        assert text_of(page) == edited
    page.go_back()
    wait_until_finished(page)
    assert text_of(page) == "resnet18"
    expect(page).to_have_url(re.compile(r"\?v=resnet18$"))
    for _ in range(3):
        page.go_forward()
        wait_until_finished(page)
    assert variants(page) == ["ResNet-34", "ResNet-101"]
    assert text_of(page) == "resnet101"


def test_back_returns_to_the_page_and_its_variants(page: Page) -> None:
    visit(page, "/landscape?v=resnet18&v=resnet34&edit=B")
    page.get_by_role("link", name="Explore").click()
    page.get_by_role("heading", name="Two variants side by side").wait_for()
    wait_until_finished(page)
    choose(page, "Start from", "ResNet-50")
    assert variants(page) == ["ResNet-18", "ResNet-50"]
    for _ in range(4):
        if "landscape" in page.url:
            break
        page.go_back()
        wait_until_finished(page)
    expect(page.get_by_role("heading", name="Landscape")).to_be_visible()
    assert variants(page) == ["ResNet-18", "ResNet-34"]
    assert text_of(page) == "resnet34"


def test_the_link_tells_a_pages_settings_too(page: Page, browser: Browser) -> None:
    visit(page, "/gradients?v=resnet20-cifar&v=plain20-cifar")
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    press(page, "Share")
    link = page.get_by_role("dialog").get_by_test_id("stCode").inner_text().strip()
    assert "/gradients?" in link
    with browser.new_context() as clean:
        other = clean.new_page()
        visit(other, link)
        expect(other.get_by_role("spinbutton", name="Seed")).to_have_value("7")
        assert variants(other) == ["ResNet-20 (CIFAR)", "Plain-20 (CIFAR)"]
        expect(other.get_by_text("seed 7")).to_be_visible()


def test_the_tray_is_worked_by_keyboard_alone(page: Page) -> None:
    visit(page, "/?v=resnet18")

    def tab_to(name: str) -> None:
        met = []
        for _ in range(60):
            page.keyboard.press("Tab")
            met += page.evaluate(_FOCUSED)
            if name in met:
                return
        raise AssertionError(f"{name} is not reached: {met}")

    tab_to("Compare")
    page.keyboard.type("VGG-16")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    assert variants(page) == ["VGG-16", "ResNet-50, stride in the 1x1"]
    tab_to("Help for Edit")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radiogroup", name="Edit").locator("input:focus")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    wait_until_finished(page)
    assert text_of(page) == "resnet50,stride_at=1x1"
    tab_to("Duplicate")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    assert len(variants(page)) == 3
    tab_to("Share")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    expect(page.get_by_role("dialog").get_by_test_id("stCode")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


FOUR = "v=resnet152&v=resnet152v2;A+name+of+forty+characters+for+the+tray&v=vgg16&v=resnet20-cifar"


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["/", "/picture", "/predict", "/landscape"])
def test_four_variants_do_not_stick_out_sideways(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, f"{path}?{FOUR}&edit=B")
    overflow = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        " return m.scrollWidth - m.clientWidth; }"
    )
    assert overflow <= 0


def test_the_tray_is_worked_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"/?{FOUR}")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_text("ResNet-20 (CIFAR)", exact=True).first.click()
    wait_until_finished(page)
    assert text_of(page) == "resnet20-cifar"
    press(page, "Share")
    code = page.get_by_role("dialog").get_by_role("img").last
    box = code.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390


@pytest.mark.parametrize(
    ("path", "role", "name", "found"),
    [
        ("/", "radio", "MACs", "breakdown=MACs"),
        ("/", "button", "pooling", "layer-kinds=pooling"),
        ("/compare?v=resnet18&v=resnet34", "radio", "MACs", "breakdown=MACs"),
        ("/gradients?v=resnet20-cifar", "radio", "One below the other", "curves=One"),
        ("/predict?v=resnet50,stride_at=1x1", "button", "macaw", "pictures=Scarlet"),
        ("/landscape", "button", "wide", "families=wide"),
    ],
)
def test_a_setting_is_in_the_address_whatever_the_tray_went_through(
    page: Page, path: str, role: Any, name: str, found: str
) -> None:
    visit(page, path)
    press(page, "Duplicate")
    choose(page, "Start from", "ResNet-32 (CIFAR)")
    press(page, "Duplicate")
    page.get_by_test_id("stMain").get_by_role(role, name=name).first.click()
    wait_until_finished(page)
    expect(page).to_have_url(re.compile(rf"[?&]{found}"))


def test_a_setting_stays_in_the_address_when_a_notice_leaves(page: Page) -> None:
    visit(page, "/?v=resnet18&v=resnet26")
    expect(page.get_by_text("no network 'resnet26'")).to_be_visible()
    page.get_by_role("button", name="Duplicate", exact=True).click()
    page.get_by_role("radio", name="MACs").first.click()  # while the page is redrawn
    wait_until_finished(page)
    expect(page.get_by_text("no network 'resnet26'")).to_have_count(0)
    expect(page).to_have_url(re.compile("breakdown=MACs"))
    page.reload()
    wait_until_finished(page)
    expect(page.get_by_role("radio", name="MACs")).to_be_checked()
