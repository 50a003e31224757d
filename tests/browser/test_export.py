"""Files that leave the app, in Chromium: what is exported, and pictures of charts."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import onnxruntime
import torch
from playwright.sync_api import Locator, Page, expect

from explorer.export.spec_json import read_spec
from explorer.network import build
from explorer.spec import parse
from tests.browser.chromium import visit, wait_until_finished


def download(page: Page, button: Locator) -> tuple[str, bytes]:
    """Press a button and return the name and the content of the file that comes."""
    with page.expect_download() as coming:
        button.click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_a_variant_is_exported(page: Page) -> None:
    visit(page, "/?v=resnet20-cifar,width%3D4")
    page.get_by_role("button", name="Export").click()
    name, content = download(page, page.get_by_role("button", name="JSON"))
    assert name == "resnet20-cifar,width=4.json"
    assert read_spec(content.decode()) == parse("resnet20-cifar,width=4")
    page.get_by_role("spinbutton", name="Seed of the weights").fill("5")
    page.keyboard.press("Enter")
    wait_until_finished(page)
    name, content = download(page, page.get_by_role("button", name="ONNX"))
    assert name == "resnet20-cifar,width=4.onnx"
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    (logits,) = session.run(None, {"images": images.numpy()})
    with torch.no_grad():
        wanted = build("resnet20-cifar,width=4", seed=5).eval()(images).numpy()
    assert np.allclose(logits, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_a_chart_s_picture_is_saved_as_png_and_as_svg(page: Page) -> None:
    visit(page, "/?v=resnet18")
    chart = page.get_by_test_id("stPlotlyChart")
    camera = page.get_by_role("button", name="Download plot")
    chart.hover()
    name, content = download(page, camera)
    assert name == "breakdown.png"
    assert content.startswith(b"\x89PNG")
    box = chart.bounding_box()
    assert box is not None
    assert int.from_bytes(content[16:20], "big") == int(3 * box["width"])
    page.get_by_test_id("stMain").get_by_role("button", name="Picture", exact=True).click()
    page.get_by_role("radio", name="SVG").click()
    wait_until_finished(page)
    page.keyboard.press("Escape")
    chart.hover()
    name, content = download(page, camera)
    assert name == "breakdown.svg"
    words = "".join(ElementTree.fromstring(content).itertext())
    assert "conv5_x" in words and "Parameters" in words


def test_a_chart_is_one_tab_stop_and_its_camera_is_seen_there(page: Page) -> None:
    visit(page, "/?v=resnet18")
    bar = page.locator(".modebar-group")
    assert page.get_by_test_id("stPlotlyChart").locator("button, a, [tabindex='0']").count() == 1
    page.get_by_test_id("stMain").get_by_role("radio", name="Parameters").focus()
    expect(bar).to_have_css("opacity", "0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Download plot")).to_be_focused()
    expect(bar).to_have_css("opacity", "1")
