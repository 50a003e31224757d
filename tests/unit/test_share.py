"""The link to a page, and its QR code."""

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from explorer.spec import parse
from explorer.tray import MAX_NAME, read
from explorer.ui.share import link, qr_code, stays_here

LONGEST = (
    "resnext101_64x4d,stages=12-34-56-78,ordering=relu_only_preactivation,shortcut=exclusive_gating,"
    "stride_at=1x1,stem=deep,se_ratio=16,gate_bias=-6.25,norm=group,zero_init=true,image_size=1024"
)


def test_a_link_is_read_back_whole():
    query = {"v": ["resnet50,norm=none;Größe (1)", "resnet18"], "edit": ["B"], "seed": ["7"]}
    address = link("https://example.org/explorer/gradients", query)
    assert parse_qs(urlsplit(address).query) == query
    assert "resnet50,norm=none;Gr" in address  # readable where it may be
    assert link("https://example.org/", {}) == "https://example.org/"


def test_a_link_of_four_long_variants_stays_short():
    longest = [f"{parse(LONGEST)};{'Wide name '[:9]}{letter * 31}" for letter in "ABCD"]
    tray = read(longest).tray
    assert all(len(variant.name) == MAX_NAME for variant in tray.variants)
    query = {"v": list(tray.links()), "edit": ["D"], "quantity": ["weight"], "seed": ["12345"]}
    address = link("https://resnet-explorer.example.org/gradients", query)
    assert len(address) < 1500


def test_the_qr_code_is_dark_on_white_with_room_around_it():
    picture = ElementTree.fromstring(qr_code("https://example.org/?v=resnet50"))
    _, _, width, height = map(int, picture.attrib["viewBox"].split())
    assert width == height
    white, dark = picture.iter("{http://www.w3.org/2000/svg}path")
    assert white.attrib["fill"] == "#fff" and dark.attrib["stroke"] == "#000"


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("http://localhost:8501/learn?lesson=shortcuts", True),
        ("http://127.0.0.1:8501/", True),
        ("http://[::1]:8501/", True),
        ("http://192.168.0.7:8501/learn", False),
        ("https://localhost.example.org/?v=resnet50", False),
        ("/", False),
    ],
)
def test_a_class_is_not_sent_to_its_own_computers(address: str, stays: bool) -> None:
    assert stays_here(address) is stays
