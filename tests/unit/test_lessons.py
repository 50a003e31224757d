"""Lessons: what a file may hold, what is said of one that is wrong, and that numbers are right."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from torch import nn

from explorer.lessons import counting
from explorer.lessons.parts import PARTS, CountingPart
from explorer.lessons.quantities import PLACEHOLDER, evaluate
from explorer.lessons.reader import MAX_BYTES, read_lesson
from explorer.lessons.records import GUESSES, LessonError
from explorer.lessons.shelf import FOLDER, VARIABLE, read_folders, shelf
from explorer.lessons.values import Known
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision

import_torchvision()
from torchvision import models  # noqa: E402

KNOWN = Known(("cat",), ("resnet20-cifar",), ("degradation",), ("paths",))
GOOD = """---
title: Small
aim: See how it is done.
minutes: 5
wrong: one
wrong: another
note: a note
---

## First step

Words with $a<b$, `x<y` and {{macs resnet18}} MACs.

```live diagram
variant: resnet18
unit: layer1.0
```

```question
ask: Which?
right: This
  one
because: It is.
wrong: That
because: It is not.
```

## A claim

```claim
answer: it depends
verdict: On this.
```

```closing
text: Done.
variants: plain34 | resnet34,shortcut=A
```
"""


def read(text: str):
    return read_lesson(text, "07-small.md", KNOWN)


def test_a_good_file_is_read_whole():
    lesson = read(GOOD)
    assert (lesson.key, lesson.title, lesson.minutes) == ("small", "Small", 5)
    assert (lesson.wrong, lesson.notes) == (("one", "another"), ("a note",))
    first, claim = lesson.steps
    assert first.text == "Words with $a<b$, `x<y` and 1,814,073,344 MACs."
    assert first.live is not None and first.live.variant == parse("resnet18")
    assert [choice.words for choice in first.question.choices] == ["This one", "That"]
    assert [choice.right for choice in first.question.choices] == [True, False]
    assert [choice.words for choice in claim.question.choices if choice.right] == [GUESSES[2]]
    assert claim.question.is_claim and not lesson.is_claims
    assert lesson.closing.variants == (parse("plain34"), parse("resnet34,shortcut=A"))
    assert lesson.screens == 3


@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"),
    [
        ("live diagram", "live diagramm", 14, "no live part 'diagramm'; the nearest: diagram"),
        ("live diagram", "live", 14, "no live part ''; valid: diagram, layers"),
        ("variant: resnet18", "variant: resnett18", 15, "no network 'resnett18'; the nearest"),
        ("variant: resnet18\n", "", 14, "diagram: 'variant' is missing"),
        ("variant: resnet18\n", "variant:\n", 15, "diagram: 'variant' is empty"),
        ("unit: layer1.0", "unit: layer9.0", 14, "no unit 'layer9.0'"),
        ("unit: layer1.0", "units: layer1.0", 16, "no field 'units'; the nearest: unit"),
        ("unit: layer1.0", "variant: resnet34", 16, "'variant' stands here a second time"),
        ("unit: layer1.0", "layer1.0", 16, "where a line 'key: value' stands"),
        ("```question", "```questoin", 19, "no block 'questoin'; the nearest: question"),
        ("right: This", "wrong: This", 19, "no answer is right"),
        ("because: It is.\n", "", 21, "stands one 'because:'"),
        ("because: It is.\n", "because: It is.\nbecause: Twice.\n", 24, "one 'because:'"),
        ("wrong: That\nbecause: It is not.\n", "", 19, "1 answers; from 2 to 6"),
        ("wrong: That", "wrong: This one", 19, "two answers are the same"),
        ("ask: Which?\n", "", 19, "'ask' is missing"),
        ("```question", "```claim", 19, "no field 'ask'"),
        ("answer: it depends", "answer: maybe", 31, "no answer 'maybe'; valid: true, false"),
        ("macs resnet18", "mags resnet18", 12, "no quantity 'mags'; the nearest: macs"),
        ("macs resnet18", "macs", 12, "a network is named behind the quantity"),
        ("macs resnet18", "", 12, "no quantity ''"),
        ("Words with", "Words <b>with</b>", 12, "a text is Markdown, without HTML"),
        ("Words with", "<script>alert(1)</script>", 12, "without HTML"),
        ("Words with", "<https://example.org>", 12, "without HTML"),
        ("Words with", "[x](https://example.org)", 12, "leads elsewhere"),
        ("Words with", "[x](javascript:alert(1))", 12, "leads elsewhere"),
        ("Words with", "[x](https://arxiv.org@example.org/abs/1)", 12, "leads elsewhere"),
        ("Words with", "see https://example.org", 12, "stands in a link"),
        ("Words with", "![x](https://arxiv.org/a.png)", 12, "holds no pictures"),
        ("Words with", "[x]: https://arxiv.org/abs/1", 12, "stands where it is used"),
        ("## A claim", "### A claim", 28, "a step's heading begins with '## '"),
        ("## A claim", "## ", 28, "the step has no title"),
        ("## First step", "First step", 10, "where the first step's '## title' stands"),
        ("minutes: 5", "minutes: five", 4, "a whole number from 1 to 60"),
        ("minutes: 5", "minutes: 0", 4, "a whole number from 1 to 60"),
        ("aim: See how it is done.\n", "", 1, "head: 'aim' is missing"),
        ("---\ntitle", "title", 1, "a lesson begins with a line '---'"),
        ("note: a note\n---", "note: a note", 1, "the head is not closed"),
        ("plain34 |", "plain34 | plain18 | plain34 | plain18 |", 37, "5 variants, where there"),
        ("```closing", "```claim", 28, "the last step holds one block 'closing'"),
        ("shortcut=A\n```", "shortcut=A", 35, "is not closed"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(right: str, wrong: str, line: int, told: str) -> None:
    assert right in GOOD
    with pytest.raises(LessonError) as error:
        read(GOOD.replace(right, wrong, 1))
    assert told in str(error.value)
    assert re.match(r"07-small\.md, line \d+: ", str(error.value))
    assert abs(int(str(error.value).split()[2].rstrip(":")) - line) <= 1


@pytest.mark.parametrize(
    ("kind", "lines", "told"),
    [
        ("layers", "variant: resnet18\npart: layr1", "no part of resnet18 'layr1'; the nearest"),
        ("numbers", "variants: resnet18\nquantities: mac", "no quantity 'mac'; the nearest: macs"),
        ("gradients", "variants: resnet18\nbatch: 1000", "a whole number from 1 to 64"),
        ("gradients", "variants: resnet18\nbatch: ½", "a whole number from 1 to 64"),
        ("gradients", "variants: resnet18\nquantity: units", "the nearest: unit"),
        ("pathways", "variants: plain34", "plain34 has no shortcuts"),
        ("paths", "variants: resnet18 | vgg16", "vgg16 has no shortcuts"),
        ("train", "training: degradatoin", "no training 'degradatoin'; the nearest: degradation"),
        ("predict", "variants: resnet20-cifar\npicture: dog", "no picture 'dog'; valid: cat"),
        (
            "predict",
            "variants: resnet18\npicture: cat",
            "no network with bundled weights 'resnet18'",
        ),
        ("counting", "variant: resnet18\npart: relu\ncount: macs", "has no macs to count"),
        ("counting", "variant: resnet18\ncount: flops", "no count 'flops'"),
        ("experiment", "experiment: path", "no experiment 'path'; the nearest: paths"),
    ],
)
def test_what_a_live_part_refuses(kind: str, lines: str, told: str) -> None:
    text = GOOD.replace("live diagram\nvariant: resnet18\nunit: layer1.0", f"live {kind}\n{lines}")
    with pytest.raises(LessonError, match=re.escape(told)):
        read(text)


def test_a_formula_of_its_own_stands_on_lines_of_its_own():
    text = read(GOOD.replace("Words with", "So $$x +\ny$$ with", 1)).steps[0].text
    assert text.startswith("So\n\n$$\nx +\ny\n$$\n\nwith $a<b$")


def test_a_step_has_one_live_part_and_one_question_and_fits_a_screen():
    block = "```live numbers\nvariants: resnet18\n```\n"
    with pytest.raises(LessonError, match="a second live part"):
        read(GOOD.replace("```question", f"{block}\n```question", 1))
    with pytest.raises(LessonError, match="a second question"):
        read(GOOD.replace("```question", "```claim\nanswer: true\nverdict: x\n```\n```question", 1))
    with pytest.raises(LessonError, match="words in one step"):
        read(GOOD.replace("Words with", "word " * 300, 1))
    with pytest.raises(LessonError, match="41 steps"):
        read(GOOD.replace("## A claim", "## More\n" * 39 + "## A claim", 1))


def test_no_experiment_is_named_before_there_is_one():
    text = GOOD.replace(
        "live diagram\nvariant: resnet18\nunit: layer1.0", "live experiment\nexperiment: x"
    )
    with pytest.raises(LessonError, match="there is no experiment yet"):
        read_lesson(text, "x.md", Known())


def test_a_damaged_lesson_disables_only_itself(tmp_path: Path) -> None:
    (tmp_path / "01-good.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "02-bad.md").write_text(GOOD.replace("live diagram", "live x"), encoding="utf-8")
    (tmp_path / "03-latin.md").write_bytes("Größe".encode("latin-1"))
    (tmp_path / "04-empty.md").write_text("", encoding="utf-8")
    (tmp_path / "05-large.md").write_text(GOOD + "x" * MAX_BYTES, encoding="utf-8")
    (tmp_path / "06-folder.md").mkdir()
    (tmp_path / "README.md").write_text("About these lessons.", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no lesson", encoding="utf-8")
    found = read_folders([tmp_path, tmp_path / "missing"], KNOWN)
    assert [lesson.key for lesson in found.lessons] == ["good"]
    told = "\n".join(found.notices)
    assert len(found.notices) == 6
    for words in (
        "02-bad.md, line 14: no live part 'x'",
        "03-latin.md is no text in UTF-8",
        "04-empty.md, line 1: a lesson begins",
        f"05-large.md has {(tmp_path / '05-large.md').stat().st_size:,} bytes",
        "06-folder.md cannot be read",
        "missing' cannot be read",
    ):
        assert words in told


def test_a_teachers_lesson_stands_in_place_of_one_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KNOWN._replace(
        pictures=("cat", "dog"),
        trained=("resnet20-cifar", "plain20-cifar", "resnet50,stride_at=1x1"),
        trainings=("degradation", "shortcuts", "normalisation"),
        experiments=("degradation", "shortcuts", "lesions", "paths"),
    )
    monkeypatch.delenv(VARIABLE, raising=False)
    bundled = shelf(known)
    assert bundled.notices == ()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    own = tmp_path / "degradation.md"
    own.write_text(GOOD, encoding="utf-8")
    (tmp_path / "mine.md").write_text(GOOD, encoding="utf-8")
    found = shelf(known)
    assert found.find("degradation").title == "Small"
    assert found.find("mine") is not None
    assert len(found.lessons) == len(bundled.lessons) + 1
    own.write_text(GOOD.replace("title: Small", "title: Changed"), encoding="utf-8")
    assert shelf(known).find("degradation").title == "Changed"
    own.write_text("damaged", encoding="utf-8")
    assert shelf(known).find("degradation") == bundled.find("degradation")


def torch_parameters(network: nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_numbers_in_texts_are_those_of_torchvision_and_of_hand_counting():
    resnet50 = models.resnet50()
    assert evaluate("parameters resnet50") == f"{torch_parameters(resnet50):,}"
    unit = torch_parameters(resnet50.layer1[1])
    assert evaluate("parameters resnet50 layer1.1") == f"{unit:,}"
    convolutions = sum(isinstance(module, nn.Conv2d) for module in resnet50.modules())
    assert evaluate("convolutions resnet50") == str(convolutions) == "53"
    assert evaluate("depth resnet50") == "50"
    assert evaluate("about macs resnet50") == "4.09 billion"
    assert evaluate("about parameters resnet20-cifar") == "270,000"
    assert evaluate("flops resnet18") == "3,628,146,688"
    assert evaluate("fewer macs resnet50 layer1.1 | resnet34 layer1.1") == "5.6%"
    assert evaluate("fewer macs resnet50 layer1.1 | resnet34,width=256 layer1.1") == "94.1%"
    assert evaluate("times parameters vgg16 | alexnet") == "2.26 times"
    assert evaluate("more parameters resnet34 | resnet18") == "86.5%"
    assert evaluate("share parameters vgg16 classifier.0 | vgg16") == "74.3%"
    assert evaluate("difference macs resnet50 | resnet50,stride_at=1x1") == "231,211,008"
    assert evaluate("units resnet110-cifar") == "54"
    assert evaluate("paths resnet110-cifar") == "18,014,398,509,481,984"
    assert evaluate("between resnet110-cifar 5 17") == "0.454%"
    assert evaluate("field resnet18") == "435"


@pytest.mark.parametrize(
    "written",
    ["macs resnet18 | resnet34", "fewer macs resnet18", "between resnet18 1", "depth resnet18 fc"],
)
def test_a_placeholder_that_says_too_little_or_too_much_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{{{{{written}}}}}: ")):
        evaluate(written)


def exercise(variant: str, part: str, count: str) -> CountingPart:
    return CountingPart(variant=parse(variant), part=part, count=count)


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        (exercise("resnet34", "layer1.0.conv1", "parameters"), 64 * 64 * 9),
        (exercise("resnet34", "layer1.0.conv1", "macs"), 56 * 56 * 64 * 64 * 9),
        (exercise("resnet34", "layer2.0.downsample.0", "parameters"), 64 * 128),
        (
            exercise("resnet50", "layer1.1", "parameters"),
            256 * 64 + 64 * 64 * 9 + 64 * 256 + 2 * (64 + 64 + 256),
        ),
        (exercise("resnext50_32x4d", "layer1.1.conv2", "parameters"), 128 * 4 * 9),
        (exercise("resnet18", "fc", "parameters"), 512 * 1000 + 1000),
        (exercise("resnet18", "", "parameters"), torch_parameters(models.resnet18())),
    ],
)
def test_an_exercise_is_answered_by_counting(part: CountingPart, answer: int) -> None:
    assert part.answer == answer
    assert counting.verdict(part, answer) == f"Right: {answer:,}."
    assert counting.verdict(part, answer + 1).startswith(f"Not {answer + 1:,}: ")


@pytest.mark.parametrize(
    ("part", "typed", "told"),
    [
        (exercise("resnet34", "layer1.0.conv1", "parameters"), 64 * 64 * 3, "height and a width"),
        (exercise("resnet34", "layer1.0.conv1", "macs"), 2 * 56 * 56 * 64 * 64 * 9, "are FLOPs"),
        (exercise("resnet34", "layer1.0.conv1", "macs"), 64 * 64 * 9, "these are the parameters"),
        (exercise("resnet50", "layer1.1", "parameters"), 69_632, "the convolutions alone"),
        (exercise("resnet50", "layer1.1", "macs"), 69_632, "there are more"),
        (exercise("resnet18", "bn1", "parameters"), 257, "running means and variances"),
        (exercise("resnet34", "layer2.0", "macs"), 173_408_256, "the projection on the shortcut"),
        (exercise("resnet18", "fc", "parameters"), 512_000, "has a bias, too"),
    ],
)
def test_a_usual_slip_is_named(part: CountingPart, typed: int, told: str) -> None:
    assert told in counting.verdict(part, typed)


LESSON_TEXTS = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")
EXERCISES = [
    pytest.param(text, id=f"{file.stem}-{number}")
    for file in LESSON_TEXTS
    for number, text in enumerate(
        re.findall(r"```live counting\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("written", EXERCISES)
def test_the_calculation_of_every_exercise_adds_up(written: str) -> None:
    fields = dict(line.split(": ", 1) for line in written.strip().splitlines())
    part = exercise(fields["variant"], fields.get("part", ""), fields["count"])
    total = 0
    for term in counting.calculation(part):
        left, _, right = term.written.partition(" = ")
        arithmetic = left.replace(",", "").replace("×", "*")
        assert re.fullmatch(r"[\d\s()*+/]+", arithmetic)
        assert eval(arithmetic) == int(right.replace(",", ""))
        total += term.times * int(right.replace(",", ""))
    assert total == part.answer


_NAMES = re.compile(r"[A-Za-z]+-\d+(-\d+)?|\d+x\d+|\b(19|20)\d\d\b")  # and years
_SOURCED = re.compile(r"\]\(https://(arxiv|doi)\.org/")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
_MEASURED = re.compile(r"\d+\.\d+|\d+%|\d{4,}|\d{1,3}(,\d{3})+")


@pytest.mark.parametrize("file", LESSON_TEXTS, ids=lambda file: file.stem)
def test_every_measured_number_has_a_source_or_is_computed(file: Path) -> None:
    """Percentages, decimals and numbers from 1,000 stand beside a source, or in {{...}}."""
    text = re.sub(r"```live.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"## .*\n(?=\n```claim)", "", text)  # a claim may be wrong
    for paragraph in re.split(r"\n\s*\n|\n(?=[a-z]+: )", text):
        if not _SOURCED.search(paragraph):
            plain = _NAMES.sub("", _LINK.sub("", PLACEHOLDER.sub("", paragraph)))
            assert not _MEASURED.search(plain), paragraph


def test_the_readme_tells_every_part_and_field():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for kind, part in PARTS.items():
        assert f"`{kind}`" in readme
        for field in fields(part):
            assert f"`{field.name}`" in readme, (kind, field.name)
