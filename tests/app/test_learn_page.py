"""Lessons as a learner and a teacher use them, without a browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.experiments import find
from explorer.experiments.experiment import Outcome
from explorer.lessons.parts import PARTS, ProbePart
from explorer.lessons.records import Lesson
from explorer.lessons.shelf import VARIABLE
from explorer.probing import ProbeSettings
from explorer.ui.experimenting import work
from explorer.ui.learning import experimenting, known, live
from explorer.ui.learning.overview import GLOSSARY_KEY
from explorer.ui.tasks import Kept
from explorer.ui.terms import TERMS
from tests.app.driving import PAGES, settled

LESSONS = known.lessons().lessons


def opened(app: AppTest, **place: str) -> AppTest:
    for key, value in place.items():
        app.query_params[key] = value
    app.run()
    return settled(app.switch_page(str(PAGES / "learn.py")).run())


def words(app: AppTest) -> str:
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info", "success")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def said(app: AppTest, key: str) -> str:
    """What the link says under a key."""
    values = app.query_params[key]
    return values if isinstance(values, str) else values[0]


def press(app: AppTest, key: str) -> AppTest:
    return settled(app.button(key=key).click().run())


def test_every_lesson_of_the_app_can_be_read():
    assert known.lessons().notices == ()
    assert len([lesson for lesson in LESSONS if not lesson.is_claims]) >= 10
    assert len([lesson for lesson in LESSONS if lesson.is_claims]) == 1


def test_every_live_part_is_drawn_by_something():
    assert set(live.DRAW) == set(PARTS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.key)
def test_every_step_opens_and_takes_every_answer(
    app: AppTest, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is measured is tested with the probes; here two pictures will do.
    small = property(lambda part: ProbeSettings(batch=2, seed=part.seed))
    monkeypatch.setattr(ProbePart, "settings", small)
    opened(app, lesson=lesson.key)
    for number, step in enumerate(lesson.steps, start=1):
        told = words(app)
        assert step.title in told and step.text in told
        assert not app.error
        question = step.question
        if question:
            radio = app.radio(key=f"answer-{lesson.key}-{number}")
            for place, choice in enumerate(question.choices):
                settled(radio.set_value(place).run())
                assert choice.feedback in words(app)
                assert bool(app.success) is choice.right
        assert not app.error
        press(app, "lesson-next")
    assert lesson.closing.text in words(app)
    assert app.button(key="lesson-next").disabled
    assert said(app, "step") == str(lesson.screens)


def test_a_learner_finds_the_way_and_the_link_knows_it(app: AppTest) -> None:
    opened(app)
    assert app.title[0].value == "Learn"
    press(app, "open-shortcuts")
    press(app, "lesson-next")
    settled(app.selectbox(key="lesson-step").set_value(4).run())
    settled(app.radio(key="answer-shortcuts-4").set_value(1).run())
    assert [said(app, key) for key in ("lesson", "step", "answers")] == ["shortcuts", "4", "4b"]
    press(app, "lesson-all")
    assert app.title[0].value == "Learn"
    assert "lesson" not in app.query_params


def test_answers_of_the_link_are_there_and_wrong_ones_do_no_harm(app: AppTest) -> None:
    opened(app, lesson="shortcuts", step="4", answers="4b.9z.x.77h.4h")
    assert "Not so." not in words(app)  # 4h is the last that is said, and there is no such answer
    settled(app.radio(key="answer-shortcuts-4").set_value(0).run())
    assert "**Right.**" in app.success[0].value


@pytest.mark.parametrize(
    ("step", "shown"), [("99", "To take away"), ("0", "More layers"), ("-1", "More"), ("x", "More")]
)
def test_a_step_that_is_not_there_is_the_nearest(app: AppTest, step: str, shown: str) -> None:
    opened(app, lesson="degradation", step=step)
    assert app.header[0].value.startswith(shown)


def test_a_lesson_that_is_not_there_leads_to_all(app: AppTest) -> None:
    opened(app, lesson="degradatoin", view="present")
    assert "There is no lesson 'degradatoin' here" in app.warning[0].value
    assert app.selectbox(key="choice-name")  # the sidebar is back
    press(app, "open-degradation")
    assert app.title[0].value == "When deeper was worse"


def test_counting_is_judged_and_the_calculation_shown_on_request(app: AppTest) -> None:
    opened(app, lesson="counting", step="1")
    assert "64 × 64 × 3 × 3" not in words(app)
    number = next(each for each in app.number_input if each.key.startswith("counted-"))
    settled(number.set_value(64 * 64 * 3).run())
    assert "a kernel has a height and a width" in app.warning[0].value
    settled(app.toggle(key="calculation").set_value(True).run())
    assert "64 × 64 × 3 × 3 = 36,864" in words(app)
    settled(number.set_value(36_864).run())
    assert app.success[0].value == "Right: 36,864."


def test_a_claim_is_guessed_before_it_is_measured(app: AppTest) -> None:
    opened(app, lesson="myths", step="13")
    assert not app.get("arrow_table") and not app.get("table")
    settled(app.radio(key="answer-myths-13").set_value(0).run())
    assert app.warning[0].value.startswith("**Not so.** The verdict: **false**.")
    assert app.get("arrow_table") or app.get("table")


def test_the_class_sees_one_step_and_answers_when_they_are_asked_for(app: AppTest) -> None:
    opened(app, lesson="shortcuts", step="1")
    press(app, "lesson-present")
    assert said(app, "view") == "present"
    assert "choice-name" not in {each.key for each in app.selectbox}  # no sidebar
    assert not app.radio
    told = words(app)
    assert "### A: The addition, and memory" in told
    assert "Additions are not counted as MACs" not in told
    press(app, "lesson-reveal")
    assert "Additions are not counted as MACs" in words(app)
    press(app, "lesson-next")
    assert app.title[0].value == "Where the shape changes"
    press(app, "lesson-reveal")
    assert "Together **8,192**" in words(app)
    press(app, "lesson-leave")
    assert "view" not in app.query_params
    assert app.selectbox(key="choice-name")


def test_notes_are_for_those_who_want_them(app: AppTest) -> None:
    opened(app, lesson="degradation")
    assert "Typical wrong answers" not in words(app)
    settled(app.toggle(key="notes").set_value(True).run())
    assert "Typical wrong answers" in words(app)
    assert "It is overfitting" in words(app)


def test_the_closing_card_opens_explore_in_its_state(app: AppTest) -> None:
    opened(app, lesson="degradation", step="6", view="present")
    button = next(each for each in app.button if each.label == "Open it in Explore")
    button.click().run()
    assert not app.exception
    assert app.query_params["v"] == ["plain34", "resnet34,shortcut=A"]
    assert "lesson" not in app.query_params and "view" not in app.query_params


def test_an_experiment_runs_within_the_lesson(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Outcome(findings=("It was found.",), charts=(), answer=2, conditions="Measured so.")
    instant = replace(find("degradation"), run=lambda settings, watch: found)
    monkeypatch.setattr(experimenting, "find", lambda key: instant)
    monkeypatch.setattr(work, "_outcomes", Kept(1))
    opened(app, lesson="degradation", step="2", view="present")
    assert instant.claim in words(app)
    press(app, "waiting-experiment-degradation-start")
    told = words(app)
    assert "It was found." in told and "Measured so." in told
    assert "**The paper**  \nhigher than the shallow one's" in told
    assert "Your guess" not in told
    assert said(app, "lesson") == "degradation"


def test_a_training_is_opened_ready(app: AppTest) -> None:
    opened(app, lesson="batch-normalisation", step="5")
    button = next(each for each in app.button if each.label == "Open the training")
    button.click().run()
    assert not app.exception
    assert app.title[0].value == "Train"
    assert len(app.query_params["v"]) == 4
    assert app.number_input(key="live-steps").value == 200
    assert not app.button(key="live-go").disabled


def test_a_teachers_lesson_is_offered_and_a_damaged_one_told(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.md").write_text(
        "---\ntitle: Mine\naim: Mine.\nminutes: 1\n---\n## One\nText.\n"
        "```closing\ntext: Bye.\nvariants: resnet18\n```\n",
        encoding="utf-8",
    )
    (tmp_path / "bad.md").write_text("## One", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    opened(app)
    assert "bad.md, line 1: a lesson begins with a line '---'" in app.warning[0].value
    press(app, "open-mine")
    assert app.header[0].value == "One"


def test_the_glossary_is_searched(app: AppTest) -> None:
    opened(app, lesson=GLOSSARY_KEY)
    assert all(f"**{term.name}**" in words(app) for term in TERMS)
    settled(app.text_input(key="term").set_value(" CARDINALITY ").run())
    assert "**Cardinality**" in words(app)
    assert "**ReLU**" not in words(app)
    settled(app.text_input(key="term").set_value("xyzzy").run())
    assert app.info[0].value == "No term speaks of that."
