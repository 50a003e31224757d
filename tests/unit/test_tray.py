"""The tray as data: what each operation does to it, and what a link says of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.spec import parse
from explorer.tray import MAX_NAME, Tray, Variant, clean_name, read, read_variant, trusted

FOUR = ("resnet18", "resnet34;Mine", "resnet50", "resnet101")


def tray(*links: str, edited: int = 0) -> Tray:
    return trusted(links, edited)


def test_a_variant_is_called_by_its_name_or_else_by_its_choices():
    assert read_variant("resnet50,norm=none").title == "ResNet-50, no normalisation"
    assert read_variant("resnet50,norm=none;Bare").title == "Bare"
    assert str(read_variant("resnet50 , norm=none; Bare ")) == "resnet50,norm=none;Bare"


@pytest.mark.parametrize(
    ("change", "links", "edited"),
    [
        (lambda t: t.edit(2), FOUR[:3], 2),
        (lambda t: t.choose(parse("vgg16"), 1), ("resnet18", "vgg16;Mine", "resnet50"), 1),
        (lambda t: t.choose(parse("vgg16"), 0), ("vgg16", "resnet34;Mine", "resnet50"), 1),
        (lambda t: t.rename("Yours", 1), ("resnet18", "resnet34;Yours", "resnet50"), 1),
        (lambda t: t.rename(" ", 1), ("resnet18", "resnet34", "resnet50"), 1),
        (lambda t: t.add(Variant(parse("resnet101"))), FOUR, 3),
        (lambda t: t.duplicate(), ("resnet18", "resnet34;Mine", "resnet34", "resnet50"), 2),
        (lambda t: t.remove(), ("resnet18", "resnet50"), 1),
        (lambda t: t.edit(2).remove(), ("resnet18", "resnet34;Mine"), 1),
        (lambda t: t.move(-1), ("resnet34;Mine", "resnet18", "resnet50"), 0),
        (lambda t: t.move(1), ("resnet18", "resnet50", "resnet34;Mine"), 2),
        (lambda t: t.move(5).move(1), ("resnet18", "resnet50", "resnet34;Mine"), 2),
    ],
)
def test_operations(change, links, edited):
    changed = change(tray(*FOUR[:3], edited=1))
    assert (changed.links(), changed.edited) == (links, edited)


def test_a_full_tray_takes_no_more_and_the_last_variant_stays():
    full = tray(*FOUR, edited=1)
    assert full.full
    assert full.add(Variant(parse("vgg16"))) == full.duplicate() == full
    one = tray("resnet18")
    assert one.remove() == one.move(1) == one.move(-1) == one


def test_a_link_is_read_back_as_it_was_written():
    found = read(FOUR, "C")
    assert found.tray == tray(*FOUR, edited=2)
    assert found.notices == ()


@pytest.mark.parametrize(
    ("links", "letter", "kept", "edited", "told"),
    [
        ([], "", ("resnet50",), 0, ()),
        (["resnt50"], "", ("resnet50",), 0, ("'resnt50' could not be read",)),
        (["resnet18", "", "resnet34"], "C", ("resnet18", "resnet34"), 1, ("'' could not",)),
        (["resnet18", "x", "resnet34"], "B", ("resnet18", "resnet34"), 0, ("'x'", "edits")),
        ([*FOUR, "vgg16", "vgg16"], "", FOUR, 0, ("6 variants",)),
        (["resnet18"], "Z", ("resnet18",), 0, ("'Z', which is not there",)),
        (["resnet18"], "AB", ("resnet18",), 0, ("'AB', which is not there",)),
        (["resnet18", "resnet50,depth=5"], "", ("resnet18",), 0, ("depth",)),
    ],
)
def test_a_damaged_link_gives_what_can_be_read_and_says_what_cannot(
    links, letter, kept, edited, told
):
    found = read(links, letter)
    assert (found.tray.links(), found.tray.edited) == (kept, edited)
    assert len(found.notices) == len(told)
    assert all(part in notice for part, notice in zip(told, found.notices, strict=True))


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("  My\tnet\n2 ", "My net 2"),
        ("x" * 50, "x" * MAX_NAME),
        ("a\x00b\u202ec", "a b c"),
        ("Größe 網絡 (v1.5)", "Größe 網絡 (v1.5)"),
        ("![x](https://example.org/x.png)", "x (https //example.org/x.png)"),
        ("<b>bold</b> **bold** `code` :red[x] $x$", "b bold /b bold code red x x"),
    ],
)
def test_a_name_is_one_short_line_that_no_markup_reads(name, clean):
    assert clean_name(name) == clean


@given(st.text(max_size=80))
def test_a_cleaned_name_is_printable_short_and_clean(name):
    clean = clean_name(name)
    assert clean_name(clean) == clean
    assert len(clean) <= MAX_NAME and clean.isprintable() and not set(clean) & set("<>[]*`:;&$")


@given(st.lists(st.text(max_size=60), max_size=6), st.text(max_size=3))
def test_any_link_opens(links, letter):
    found = read(links, letter).tray
    assert 1 <= len(found.variants) <= 4
    assert 0 <= found.edited < len(found.variants)
    assert read(found.links(), "ABCD"[found.edited]) == (found, ())
