"""What is typed or linked: variants, JSON, recipes, the tray, a place in a lesson, names."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from explorer.analysis import analyze
from explorer.diagram import diagram
from explorer.diagram_words import outline
from explorer.export.report import report
from explorer.export.spec_json import read_spec
from explorer.names import NAMES
from explorer.rules import BOUNDS, REAL_BOUNDS, SWITCHES, VALUES
from explorer.spec import FIELDS, ArchitectureSpec, SpecError, parse
from explorer.training import recipe as recipes
from explorer.training.recipe import KINDS
from explorer.training.recipe_text import RecipeError
from explorer.tray import MAX_NAME, MAX_VARIANTS, Variant, clean_name, read
from explorer.ui.learning.place import read_place
from explorer.words import sentence as about
from explorer.words import title
from tests.fuzz.corpus import texts
from tests.fuzz.guard import MEGABYTE, cases, harmless, sentence


def near_the_edge(field: str) -> st.SearchStrategy[str]:
    """Values of a field: valid ones, the bounds, what lies beyond, and anything."""
    if field in VALUES:
        return st.sampled_from(VALUES[field]) | texts(20)
    if field in SWITCHES:
        return st.sampled_from(("true", "false", "1", ""))
    if field in BOUNDS or field in REAL_BOUNDS:
        low, high = {**BOUNDS, **REAL_BOUNDS}[field]
        values = (low, high, low - 1, high + 1, high * 10**9, (low + high) / 2, "none")
        return st.sampled_from(tuple(map(str, values))) | texts(20)
    units = st.lists(st.sampled_from((0, 1, 3, 166, 200, 1000, 10**9)), min_size=1, max_size=7)
    return units.map(lambda each: "-".join(map(str, each))) | texts(20)


def variants() -> st.SearchStrategy[str]:
    setting = st.sampled_from((*FIELDS, "family", "x")).flatmap(
        lambda field: near_the_edge(field).map(lambda value: f"{field}={value}")
    )
    built = st.tuples(st.sampled_from(tuple(NAMES)), st.lists(setting, max_size=4))
    return built.map(lambda parts: ",".join((parts[0], *parts[1]))) | texts(300)


@cases(90)
@given(variants())
def test_a_text_is_a_network_that_can_be_drawn_or_a_sentence(text: str) -> None:
    with harmless():
        try:
            spec = parse(text)
        except SpecError as error:
            sentence(error)
            return
        assert parse(str(spec)) == spec
        assert analyze(spec).parameters > 0
        assert sentence(title(spec)) and sentence(about(spec))
        assert outline(diagram(spec))


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_the_largest_network_of_all_is_counted_in_time(block: str) -> None:
    """Nothing that a link can ask for is larger, layer by layer."""
    settings = ",".join(
        f"{field}={BOUNDS[field][1]}" for field in ("width", "widen", "image_size", "classes")
    )
    more = f"{settings},expansion={BOUNDS['expansion'][1]}" if block == "bottleneck" else settings
    text = f"resnet50,block={block},stages=995-1-1-1-1-1,se_ratio=1,shortcut=C,{more}"
    with harmless(500 * MEGABYTE):
        spec = parse(text)
        assert analyze(spec).parameters > 10**9
        assert outline(diagram(spec))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts(20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(9), inner, max_size=4),
    max_leaves=12,
)
FIELD_VALUES = JSON | st.sampled_from(((3, 4, 6, 3), 64, 2**40, 1e400, "basic", "v2", True))


@cases(30)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "variant": JSON | variants(),
            "fields": st.dictionaries(
                st.sampled_from((*FIELDS, "family")) | texts(9), FIELD_VALUES, max_size=5
            )
            | JSON,
        },
    )
    | JSON,
    texts(20),
)
def test_a_json_document_is_a_network_or_a_sentence(document: Any, junk: str) -> None:
    for text in (json.dumps(document), json.dumps(document) + junk, junk, "[" * 100_000):
        with harmless():
            try:
                assert isinstance(read_spec(text), ArchitectureSpec)
            except SpecError as error:
                sentence(error)


@cases(30)
@given(
    st.lists(
        st.tuples(st.sampled_from(tuple(KINDS)) | texts(9), texts(20)).map("=".join), max_size=4
    ),
    st.sampled_from(("short", "he2015")) | texts(20),
)
def test_a_recipe_is_one_or_a_sentence(settings: list[str], name: str) -> None:
    with harmless():
        try:
            recipes.find(",".join((name, *settings)), parse("resnet20-cifar"))
        except RecipeError as error:
            sentence(error)


@cases(40)
@given(
    st.lists(st.tuples(variants(), texts(80)).map(";".join) | variants(), max_size=7),
    st.sampled_from(("A", "B", "D", "", "AB")) | texts(9),
)
def test_a_link_gives_a_tray_and_sentences(links: list[str], letter: str) -> None:
    with harmless():
        found = read(links, letter)
    assert 1 <= len(found.tray.variants) <= MAX_VARIANTS
    assert 0 <= found.tray.edited < len(found.tray.variants)
    for each in found.tray.variants:
        assert len(each.name) <= MAX_NAME
    for notice in found.notices:
        sentence(notice, 900)


@cases(30)
@given(st.dictionaries(st.sampled_from(("lesson", "step", "answers", "view")), st.lists(texts())))
def test_a_link_gives_a_place_in_a_lesson(parameters: dict[str, list[str]]) -> None:
    with harmless():
        place = read_place(parameters)
        again = read_place(place.parameters)
    assert again == place


MARKDOWN = MarkdownIt("commonmark").enable(["strikethrough", "table"])


def kinds(text: str) -> set[str]:
    """What a text is made of, as a reader of Markdown that has nothing to do with ours sees it."""
    return {
        inner.type for token in MARKDOWN.parse(text) for inner in (token, *(token.children or ()))
    }


@cases(40)
@given(texts(80))
def test_a_cleaned_name_is_nothing_but_text(name: str) -> None:
    cleaned = clean_name(name)
    assert kinds(f"**A: {cleaned}** x") <= {
        "paragraph_open", "paragraph_close", "inline", "text", "strong_open", "strong_close"
    }  # fmt: skip
    assert not any(sign in cleaned.lower() for sign in ("www.", "://", "@", "<", "\n"))


class _Structure(HTMLParser):
    """The tags of a page with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))


def test_what_somebody_calls_a_variant_adds_no_tag_to_a_report() -> None:
    def structure(name: str) -> list[tuple[str, ...]]:
        texts = "resnet20-cifar", "plain20-cifar"
        return _Structure(report([Variant(parse(text), name) for text in texts])).found

    nasty = "</title><script>alert(1)</script><img src=x onerror='alert(1)'>\" onload=\"x"
    assert structure(nasty) == structure("plain")
