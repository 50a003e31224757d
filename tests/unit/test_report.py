"""The report: complete, self-contained, well-formed, and safe to open."""

import base64
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from explorer.analysis import analyze
from explorer.export.report import report
from explorer.gradients import ProbeSettings, probe
from explorer.spec import parse
from explorer.tray import Variant

FOUR = ("plain20-cifar", "resnet20-cifar", "resnet20-cifar,shortcut=B", "vgg16,classes=10")
VOID = {"meta", "img", "br"}


def variants(*texts: str) -> list[Variant]:
    return [Variant(parse(text)) for text in texts]


class Reader(HTMLParser):
    """Follows the tags, keeps what is seen on the page, and what the page would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.seen: list[str] = []
        self.headings: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name == "src"]
        assert tag != "link"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and "style" not in self.open:
            self.seen.append(data)
            if self.open and self.open[-1] == "h2":
                self.headings.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_report_is_complete_and_fetches_nothing(count: int) -> None:
    shown = variants(*FOUR[:count])
    page = Reader(report(shown, date="2026-01-31"))
    for text in FOUR[:count]:
        analysis = analyze(text)
        assert text in page.text
        assert f"{analysis.parameters:,}" in page.text and f"{analysis.macs:,}" in page.text
    assert len(page.fetched) == count  # a picture each
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.fetched)
    for source in page.fetched:
        ElementTree.fromstring(base64.b64decode(source.partition(",")[2]))
    assert "2026-01-31" in page.text
    assert ("What is chosen differently" in page.headings) == (count > 1)
    assert "Gradients at initialisation" not in page.headings


def test_the_differences_are_told_in_choices_numbers_and_layers() -> None:
    page = Reader(report(variants("resnet50,stride_at=1x1", "resnet50")))
    assert "stride in the 3x3 instead of stride in the 1x1: +231,211,008 MACs" in page.text
    assert "+231,211,008 (+6.0%)" in page.text
    assert "77,070,336 MACs" in page.text  # of each of the three strided units
    assert "Nothing differs in: stem, conv2_x, head." in page.text


def test_gradients_are_in_it_when_they_were_measured() -> None:
    shown = variants("plain20-cifar", "resnet20-cifar")
    profiles = [probe(variant.spec, ProbeSettings(batch=4)) for variant in shown]
    page = Reader(report(shown, profiles))
    assert "Gradients at initialisation" in page.headings
    for profile in profiles:
        assert f"{float(f'{profile.growth:.3g}'):g}-fold" in page.text
    assert "One batch of 4 pictures (random noise); untrained (He's normal, fan-in)" in page.text


def test_equal_variants_keep_their_own_letter_and_curve() -> None:
    shown = variants("resnet20-cifar", "resnet20-cifar")
    page = report(shown, [probe(variant.spec, ProbeSettings(batch=2)) for variant in shown])
    chart = page[page.index("Gradient at the layers") :]
    assert chart.count('"name":"A: ResNet-20 (CIFAR)"') == 1
    assert chart.count('"name":"B: ResNet-20 (CIFAR)"') == 1


def test_names_and_links_are_text_and_nothing_else() -> None:
    name = '<script>alert("&")</script>'
    page = report([Variant(parse("resnet18"), name)], link='http://a/?v=x&y="><script>b()</script>')
    assert name not in page and "<script>b()" not in page
    assert name in Reader(page).text


def test_the_script_for_charts_is_in_it_once() -> None:
    page = report(variants("resnet18", "resnet34"))
    assert len(re.findall(r"plotly\.js v", page)) == 1
    assert page.count("Plotly.newPlot(") >= 4
