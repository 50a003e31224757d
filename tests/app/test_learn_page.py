"""Lessons as a learner and a teacher use them, without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui.learning import known
from tests.app.driving import PAGES, settled

LESSONS = known.lessons().lessons
SCREENS = [
    pytest.param(lesson.key, number, id=f"{lesson.key}-{number}")
    for lesson in LESSONS
    for number in range(1, lesson.screens + 1)
]


def opened(app: AppTest, **place: str) -> AppTest:
    for key, value in place.items():
        app.query_params[key] = value
    app.run()
    return settled(app.switch_page(str(PAGES / "learn.py")).run())


def words(app: AppTest) -> str:
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info", "success")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def test_every_lesson_of_the_app_can_be_read():
    assert known.lessons().notices == ()
    assert len([lesson for lesson in LESSONS if not lesson.is_claims]) >= 10
    assert len([lesson for lesson in LESSONS if lesson.is_claims]) == 1


@pytest.mark.parametrize(("key", "number"), SCREENS)
def test_every_step_opens(app: AppTest, key: str, number: int) -> None:
    lesson = next(lesson for lesson in LESSONS if lesson.key == key)
    step = lesson.steps[number - 1] if number <= len(lesson.steps) else None
    answers = f"{number}a" if step and step.question else ""
    opened(app, lesson=key, step=str(number), answers=answers)
    assert not app.error
    told = words(app)
    if step is None:
        assert lesson.closing.text in told
        return
    assert step.title in told and step.text in told
    if step.question:
        assert step.question.choices[0].feedback in told
