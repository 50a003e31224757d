"""Fine-tuning in Chromium: a zip of one's own pictures, and what the network says afterwards."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.chromium import visit, wait_until_finished
from tests.unit.test_fine_tuning import files
from tests.unit.test_zips import zipped

SLOW_S = 240


def test_a_zip_becomes_a_network_that_names_its_classes(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "pets.zip"
    content = {name.replace("cat/", "Kätzchen/"): data for name, data in files(4).items()}
    file.write_bytes(zipped(content))
    visit(page, "/train?v=resnet50")
    page.get_by_role("radio", name="fine-tune on own pictures").click()
    page.locator('input[type="file"]').set_input_files(file)
    found = page.get_by_text(re.compile("of 2 pictures held out are named rightly"))
    expect(found).to_be_visible(timeout=SLOW_S * 1000)
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page).to_have_url(re.compile("tuned=pets.zip"))

    page.get_by_role("button", name="Ask it on Predict").click()
    expect(page.get_by_text(re.compile("with a last layer of your own"))).to_be_visible(
        timeout=SLOW_S * 1000
    )
    wait_until_finished(page, timeout_s=SLOW_S)
    expect(page).to_have_url(
        re.compile(r"/predict\?.*v=resnet50(,|%2C)stride_at%3D1x1(,|%2C)classes%3D2")
    )
    expect(page.get_by_text(re.compile(r"^[12]\. (Kätzchen|dog)$"))).to_have_count(2)

    page.reload()
    expect(
        page.get_by_text(re.compile("fine-tuned on pets.zip is not here any more"))
    ).to_be_visible(timeout=SLOW_S * 1000)
