"""Texts of others stay texts: read by a reader of Markdown that has nothing to do with the app."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from explorer.tray import clean_name
from explorer.ui.plain import MAX_STEM, MAX_SUFFIX, file_name, plain
from tests.fuzz.corpus import NASTY, texts

MARKDOWN = MarkdownIt("commonmark").enable(["strikethrough"])
ADDRESS = re.compile(r"https?://|www\.|\w@\w", re.IGNORECASE)
SYMBOL = re.compile(r":[\w/+-]+:|:\w+\[")
"""What Streamlit makes pictures and colours of, wherever it stands in the text."""


def read(text: str) -> tuple[set[str], str]:
    """The kinds of things in a paragraph, and its text."""
    (inline,) = [token for token in MARKDOWN.parse(f"x {text} x") if token.type == "inline"]
    children = inline.children or []
    return {each.type for each in children}, "".join(each.content for each in children)


@pytest.mark.parametrize("text", [*NASTY[:12], "_a_ a_b __c__", "a\nb", "- x", "1. *x*"])
def test_what_is_shown_is_what_was_written(text: str) -> None:
    kinds, shown = read(plain(text))
    assert kinds == {"text"}
    assert not ADDRESS.search(shown)
    assert not SYMBOL.search(shown)
    assert "$" not in re.sub(r"\\\$", "", plain(text))
    assert shown.replace("\u2060", "") == f"x {' '.join(text.split())} x"


@given(texts(80))
def test_nothing_in_any_text_is_more_than_text(text: str) -> None:
    kinds, shown = read(plain(text))
    assert kinds <= {"text"}
    assert not ADDRESS.search(shown)


@pytest.mark.parametrize("clean", [clean_name, file_name], ids=["variant", "file"])
@pytest.mark.parametrize(
    "name", [*NASTY, "_x_", "www.www.example.com", "x_www._.y", "www.jpg", "~~x~~"]
)
def test_a_name_is_nothing_but_text_and_cleaning_it_twice_changes_nothing(clean, name) -> None:
    cleaned = clean(name)
    kinds, shown = read(cleaned)
    assert kinds <= {"text"}
    assert shown == f"x {cleaned} x"
    assert not ADDRESS.search(cleaned)
    assert clean(cleaned) == cleaned


@given(st.lists(texts(40), max_size=3).map("/".join))
def test_a_files_name_is_short_and_nothing_but_text(name: str) -> None:
    cleaned = file_name(name)
    assert cleaned
    assert all(len(part) <= MAX_STEM + MAX_SUFFIX for part in cleaned.split("/"))
    assert read(cleaned)[0] <= {"text"}
    assert file_name(cleaned) == cleaned


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("IMG_0012.JPG", "IMG_0012.JPG"),
        ("pets/cats/golden_retriever-12 (2).png", "pets/cats/golden_retriever-12 (2).png"),
        ("Kätzchen 犬.webp", "Kätzchen 犬.webp"),
        (f"{'x' * 200}.jpg", f"{'x' * MAX_STEM}.jpg"),
        ("![x](http://a/b).png", "x (http/a/b).png"),
        ("", "A file"),
        ("..", "A file"),
    ],
)
def test_ordinary_names_stay_as_they_are(name: str, shown: str) -> None:
    assert file_name(name) == shown
