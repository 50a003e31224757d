"""Lesson files: good ones with lines and values changed, and texts that try to lead elsewhere."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from explorer.lessons import shelf
from explorer.lessons.fields import FieldError
from explorer.lessons.prose import read_prose
from explorer.lessons.quantities import COMPARISONS, QUANTITIES, evaluate
from explorer.lessons.reader import read_lesson
from explorer.lessons.records import LessonError
from explorer.lessons.shelf import FOLDER, read_folders
from explorer.lessons.values import Known
from tests.fuzz.corpus import texts
from tests.fuzz.guard import cases, harmless, sentence

KNOWN = Known(("cat",), ("resnet20-cifar",), ("degradation",), ("paths",))
LESSONS = [
    file.read_text("utf-8").splitlines() for file in FOLDER.glob("*.md") if file.name != "README.md"
]
TOLD = st.sampled_from(
    (
        "```",
        "---",
        "## ",
        "```live diagram",
        "```live counting",
        "variant: resnet50,stages=1000",
        "variants: resnet18 | resnet18 | resnet18 | resnet18 | resnet18",
        "right: x",
        "{{times macs resnet18 | lenet5}}",
        "{{paths resnet18}} $x$",
    )
)


@cases(40)
@given(st.data())
def test_a_changed_lesson_is_one_or_a_sentence_with_its_line(data: st.DataObject) -> None:
    lines = list(data.draw(st.sampled_from(LESSONS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(("drop", "put", "value", "twice")))
        if change == "drop" and len(lines) > 1:
            del lines[place]
        elif change == "put":
            lines.insert(place, data.draw(TOLD | texts()))
        elif change == "value":
            lines[place] = re.sub(r": .*", lambda _: f": {data.draw(texts(20))}", lines[place])
        else:
            lines.insert(place, lines[place])
    with harmless():
        try:
            read_lesson("\n".join(lines), "changed.md", KNOWN)
        except LessonError as error:
            assert re.match(r"changed\.md, line \d+: ", sentence(error))


WORDS = st.sampled_from(
    (*QUANTITIES, *COMPARISONS, "about", "between", "|", "resnet18", "lenet5", "resnet1202-cifar")
) | texts(12)


@cases(40)
@given(st.lists(WORDS, max_size=6).map(" ".join))
def test_a_placeholder_is_a_number_or_a_sentence(written: str) -> None:
    with harmless():
        try:
            assert evaluate(written)
        except ValueError as error:
            sentence(error)


PIECES = st.sampled_from(
    (
        "$",
        "$$",
        "\\$",
        "\\\\",
        "`",
        "``",
        "\\`",
        "\n",
        "\n> ",
        "\n- ",
        "\n\n",
        " ",
        "x",
        "![x](//example.com/x.png)",
        "[x](//example.com)",
        "[x](javascript:alert)",
        "[x]: //example.com",
        "[x][x]",
        "[x]",
        "<//example.com>",
        "[x](./compare)",
        "[x](https://arxiv.org/abs/1512.03385)",
    )
)
MARKDOWN = MarkdownIt("commonmark")


def all_tokens(text: str) -> list[Token]:
    return [each for token in MARKDOWN.parse(text) for each in (token, *(token.children or ()))]


@cases(60)
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_what_is_accepted_shows_no_picture_and_leads_nowhere_else(text: str) -> None:
    with harmless():
        try:
            shown = read_prose(text)
        except FieldError:
            raise
        except ValueError as error:
            sentence(error)
            return
    for token in all_tokens(shown):
        assert token.type != "image"
        if token.type == "link_open":
            assert re.match(r"\./|https://(arxiv|doi)\.org/", str(token.attrs["href"]))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0\0", b"\0" * 1000, b"---\n" * 10_000, b"x" * 70_000]
)
def test_any_file_in_the_folder_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_bytes(content)
    with harmless():
        found = read_folders([tmp_path], KNOWN)
    assert not found.lessons
    assert "odd.md" in sentence(found.notices[0])


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "endless.md").symlink_to("/dev/zero")
    (tmp_path / "nowhere.md").symlink_to(tmp_path / "missing")
    with harmless():
        found = read_folders([tmp_path], KNOWN)
    assert not found.lessons
    assert len(found.notices) == 3
    for notice in found.notices:
        sentence(notice)


@pytest.mark.parametrize("folder", ["/nowhere", "/dev/null", "/proc/self/fd", "\n", "~", "."])
def test_any_folder_of_lessons_leaves_the_bundled_ones(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.VARIABLE, folder)
    with harmless():
        found = shelf.shelf(KNOWN)
    assert len(found.lessons) >= 1
