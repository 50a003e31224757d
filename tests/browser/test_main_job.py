"""The main job, in Chromium, as a person does it: choose, build live, see, predict."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from explorer.analysis import analyze
from tests.browser.chromium import visit, wait_until_finished

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_until_finished(page)


def press(page: Page, label: str, option: str) -> None:
    group = page.get_by_test_id("stButtonGroup").filter(has_text=label)
    group.get_by_role("radio", name=option, exact=True).click()
    wait_until_finished(page)


def go_to(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", level=1).wait_for()
    wait_until_finished(page)


def test_choose_build_see_predict_and_find_it_again(page: Page) -> None:
    visit(page, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-50")
    expect(metric(page, "Parameters")).to_have_text("25,557,032")

    choose(page, "Depth", "101 layers (3-4-23-3)")
    expect(metric(page, "Parameters")).to_have_text("44,549,160")
    press(page, "Block", "basic")
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-68")
    expect(metric(page, "Depth")).to_have_text("68")
    choose(page, "Ordering", "v2: full pre-activation")
    wanted = analyze("resnet101v2,block=basic")
    expect(metric(page, "Parameters")).to_have_text(f"{wanted.parameters:,}")
    expect(metric(page, "MACs (")).to_have_text(f"{wanted.macs:,}")
    expect(page.get_by_text("equal to the analysis")).to_be_visible()
    expect(page).to_have_url(re.compile(r"v=resnet\d+v2"))

    choose(page, "Start from", "ResNet-50")
    press(page, "Stride of a downsampling", "1x1")
    go_to(page, "Gradients")
    expect(page.get_by_text(re.compile("ResNet-50, stride in the 1x1: from"))).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)

    go_to(page, "Predict")
    page.locator('input[type="file"][multiple]').set_input_files(PICTURES / "coffee.jpg")
    expect(page.get_by_role("heading", name="coffee.jpg")).to_be_visible(timeout=30_000)
    wait_until_finished(page)
    expect(page.get_by_text("1. espresso", exact=True)).to_be_visible()

    page.reload()
    wait_until_finished(page)
    expect(page).to_have_url(re.compile(r"/predict\?.*stride_at"))
    expect(page.get_by_role("textbox", name="Variant as text")).to_have_value(
        "resnet50,stride_at=1x1"
    )
    expect(page.get_by_role("heading", name="Chelsea the cat")).to_be_visible()


def test_the_layer_table_is_sorted_by_a_click(page: Page) -> None:
    visit(page, "/?v=resnet18")
    table = page.get_by_role("region", name="Layer table of ResNet-18")
    table.scroll_into_view_if_needed()
    first = table.get_by_test_id("glide-cell-1-0")  # beside the column that ticks rows
    expect(first).to_have_text("conv1")
    box = table.bounding_box()
    assert box is not None
    for expected in ("avgpool", "relu"):  # ascending by name, then descending
        page.mouse.click(box["x"] + 90, box["y"] + 18)
        expect(first).to_have_text(expected)
    page.mouse.click(box["x"] + 18, box["y"] + 54)
    expect(page.get_by_text("Where this number comes from: relu (activation")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/gradients?v=resnet20-cifar",
        "/predict",
        "/landscape",
        "/picture?v=resnet1202-cifar",
        "/compare?v=resnet34&v=resnet50v2&v=vgg16",
    ],
)
def test_nothing_sticks_out_sideways(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, path)
    overflow = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        " return m.scrollWidth - m.clientWidth; }"
    )
    assert overflow <= 0


def test_a_damaged_link_opens_with_a_notice(page: Page) -> None:
    visit(page, "/?v=resnet5000")
    expect(page.get_by_text("could not be read")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("ResNet-50")


def test_hostile_uploads_get_a_sentence_and_the_app_goes_on(page: Page, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "half.jpg").write_bytes((PICTURES / "dog.jpg").read_bytes()[:3000])
    visit(page, "/predict?v=resnet50,stride_at%3D1x1")
    files = [str(tmp_path / name) for name in ("empty.jpg", "text.png", "half.jpg")]
    page.locator('input[type="file"][multiple]').set_input_files(
        [*files, str(PICTURES / "dog.jpg")]
    )
    expect(page.get_by_role("heading", name="dog.jpg", exact=True)).to_be_visible(timeout=30_000)
    wait_until_finished(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(3)
    expect(page.get_by_text("1. German shepherd", exact=True)).to_be_visible()


def test_every_control_is_reached_by_keyboard(page: Page) -> None:
    visit(page, "/?v=resnet20-cifar")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('aria-label') || ''"))
    for label in ("Start from", "Variant as text", "Depth", "Ordering", "Input size", "Classes"):
        assert any(label in name for name in reached), f"{label} is not reached: {reached}"
