"""Where a learner is, text for a class, and the glossary."""

import ast
import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from explorer.experiments import EXPERIMENTS
from explorer.lessons.prose import PAGES
from explorer.tray import read_variant
from explorer.ui.glossary import GLOSSARY
from explorer.ui.learning.large import large
from explorer.ui.learning.place import Place, read_place
from explorer.ui.terms import TERMS

ROOT = Path(__file__).parents[2]


def test_a_place_is_read_back_from_its_link():
    place = Place("shortcuts", 4, (), True).answer(1).go(2).answer(0).go(4).answer(2)
    assert place.parameters == {
        "lesson": ["shortcuts"],
        "step": ["4"],
        "answers": ["2a.4c"],
        "view": ["present"],
    }
    assert read_place(place.parameters) == place
    assert place.given == 2 and place.go(3).given is None


def test_the_overview_says_nothing():
    assert read_place({}) == Place()
    assert Place("", 3, ((1, 1),), True).parameters == {
        key: [] for key in ("lesson", "step", "answers", "view")
    }


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ({"lesson": ["<b>"], "step": ["3"]}, Place()),
        ({"lesson": ["a" * 61]}, Place()),
        ({"lesson": ["x"], "step": ["٣"]}, Place("x")),
        ({"lesson": ["x"], "step": ["1e3"]}, Place("x")),
        ({"lesson": ["x"], "step": ["5000"]}, Place("x", 99)),
        ({"lesson": ["x"], "answers": ["0a.1a.1i.2.b.1b"]}, Place("x", 1, ((1, 1),))),
        ({"lesson": ["x"], "view": ["answers"]}, Place("x")),
        ({"lesson": ["x", "y"], "step": []}, Place("x")),
    ],
)
def test_what_cannot_be_read_is_left_out(link: dict[str, list[str]], place: Place) -> None:
    assert read_place(link) == place


def test_large_text_keeps_formulas_tables_and_lists():
    lists = "- first\n  goes on\n- second\n\n1. one\n2. two"
    text = f"One\nparagraph with $x$.\n\n$$\ny = x\n$$\n\n{lists}"
    assert large(text).split("\n\n") == [
        "### One paragraph with $x$.",
        "$$\ny = x\n$$",
        "### • first goes on",
        "### • second",
        "### 1. one",
        "### 2. two",
    ]
    assert large("| a |\n|---|") == "| a |\n|---|"


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_is_short_and_seen_on_a_page_with_real_variants(term) -> None:
    assert term.words.endswith(".")
    page, _, query = term.path.partition("?")
    assert page in ("", *PAGES)
    found = parse_qs(query, strict_parsing=bool(query))
    for link in found.get("v", ()):
        read_variant(link)
    assert set(found.get("experiment", ())) <= {each.title for each in EXPERIMENTS}
    if "unit" in found:
        assert re.fullmatch(r"layer\d\.\d+", found["unit"][0])


def test_terms_are_in_order_and_none_stands_twice():
    names = [term.name.lower() for term in TERMS]
    assert names == sorted(set(names))
    assert len({term.words for term in TERMS}) == len(TERMS)


def test_each_word_of_a_published_network_s_choices_is_a_term():
    told = {term.words for term in TERMS}
    for key in ("parameters", "macs", "flops", "block", "ordering", "shortcut", "stem", "norm"):
        assert GLOSSARY[key] in told


def test_pages_take_every_help_text_from_the_glossary():
    """Only what is put together, a limit in a sentence, may be written where it stands."""
    for file in (ROOT / "explorer" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("help", "explanation"):
                text = getattr(node.value, "value", None)
                assert not isinstance(text, str), f"{file.name}:{node.value.lineno}: {text}"
