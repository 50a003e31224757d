"""A lesson, one screen at a time: for a learner, or large and for a class."""

import streamlit as st

from explorer.lessons.records import Closing, Lesson, Step
from explorer.tray import Tray, Variant
from explorer.ui import share, state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.learning import live, questions
from explorer.ui.learning.large import large
from explorer.ui.learning.place import Place
from explorer.words import title

CLOSING_TITLE = "To take away"
_TEXT_WIDTH = 860
_REVEALED = "revealed"


def draw(lesson: Lesson) -> None:
    """Draw the screen of a lesson that the link names."""
    place = state.place()
    number = min(place.step, lesson.screens)
    if place.presented:
        _present(lesson, number)
    else:
        _learn(lesson, number)


def _learn(lesson: Lesson, number: int) -> None:
    st.title(lesson.title)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _go_button("All lessons", "apps", "lesson-all", state.place()._replace(lesson="", step=1))
        _go_button(
            "Present",
            "present_to_all",
            "lesson-present",
            state.place()._replace(presented=True),
            explanation=GLOSSARY["present"],
        )
        notes = st.toggle(
            "Teacher notes",
            key="notes",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["notes"],
        )
    if notes:
        _notes(lesson)
    with st.container(key=f"screen-{lesson.key}-{number}"):
        if number > len(lesson.steps):
            st.header(CLOSING_TITLE, anchor=False)
            _closing(lesson.closing)
        else:
            _learn_step(lesson.steps[number - 1], f"answer-{lesson.key}-{number}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _turn(lesson, number)
        _contents(lesson, number)


def _learn_step(step: Step, key: str) -> None:
    st.header(step.title, anchor=False)
    question = step.question
    if step.text:
        with st.container(width=_TEXT_WIDTH):
            st.markdown(step.text)
    if question and question.is_claim:
        questions.ask(question, key)
        if questions.answered(question) is not None and step.live:
            live.draw(step.live, False)
    else:
        if step.live:
            live.draw(step.live, False)
        if question:
            questions.ask(question, key)
    if question:
        with st.container(width=_TEXT_WIDTH):
            questions.respond(question)


def _notes(lesson: Lesson) -> None:
    """Draw what is for the teacher."""
    with st.container(border=True):
        st.markdown(f"**For the teacher.** {lesson.aim} About {lesson.minutes} minutes.")
        if lesson.wrong:
            st.markdown("**Typical wrong answers**")
            st.markdown("\n".join(f"- {each}" for each in lesson.wrong))
        for note in lesson.notes:
            st.markdown(note)


def _contents(lesson: Lesson, number: int) -> None:
    """Draw the list of all screens, to go to any of them."""
    titles = [*(step.title for step in lesson.steps), CLOSING_TITLE]
    key = "lesson-step"
    state.fill(key, number)
    st.selectbox(
        "Step",
        range(1, lesson.screens + 1),
        format_func=lambda place: f"{place} of {lesson.screens}: {titles[place - 1]}",
        key=key,
        on_change=_take_step,
        args=(key,),
        width=420,
    )


def _take_step(key: str) -> None:
    number = state.read(key)
    if isinstance(number, int):  # a manipulated browser sends any text
        state.go(state.place().go(number))


def _turn(lesson: Lesson, number: int, keys: bool = False) -> None:
    """Draw the buttons to the screens before and behind; for a class, arrow keys press them."""
    place = state.place()
    _go_button(
        "Previous",
        "arrow_back",
        "lesson-previous",
        place.go(number - 1),
        disabled=number == 1,
        shortcut="Left" if keys else None,
    )
    _go_button(
        "Next",
        "arrow_forward",
        "lesson-next",
        place.go(number + 1),
        disabled=number == lesson.screens,
        shortcut="Right" if keys else None,
        main=True,
    )


def _go_button(
    label: str,
    icon: str,
    key: str,
    then: Place,
    explanation: str | None = None,
    disabled: bool = False,
    shortcut: str | None = None,
    main: bool = False,
) -> None:
    st.button(
        label,
        key=key,
        icon=f":material/{icon}:",
        on_click=state.go,
        args=(then,),
        disabled=disabled,
        help=explanation,
        shortcut=shortcut,
        type="primary" if main else "secondary",
    )


def _closing(closing: Closing) -> None:
    """Draw the card behind the last step, which leads to Explore."""
    with st.container(border=True, width=_TEXT_WIDTH):
        st.markdown(large(closing.text) if state.presenting() else closing.text, anchors=False)
        names = " beside ".join(title(spec) for spec in closing.variants)
        st.caption(f"On Explore: {names}")
        if st.button("Open it in Explore", type="primary", icon=":material/table_chart:"):
            state.keep(Tray(tuple(map(Variant, closing.variants))))
            live.leave_for("explore")


def _present(lesson: Lesson, number: int) -> None:
    """Draw a screen for a class: the step large, its answers when they are asked for."""
    step = lesson.steps[number - 1] if number <= len(lesson.steps) else None
    here = f"{lesson.key}/{number}"
    revealed = state.held(_REVEALED) == here
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{lesson.title} · {number} of {lesson.screens}", width="stretch")
        if step and (step.question or (step.live and step.live.kind == "counting")):
            st.button(
                "Hide answers" if revealed else "Show answers",
                key="lesson-reveal",
                icon=":material/visibility:",
                on_click=state.fill,
                args=(_REVEALED, "" if revealed else here),
                shortcut="A",
            )
        _turn(lesson, number, keys=True)
        share.draw()
        _go_button("Leave", "close", "lesson-leave", state.place()._replace(presented=False))
    with st.container(key=f"presented-{lesson.key}-{number}"):
        if step is None:
            st.title(CLOSING_TITLE, anchor=False)
            _closing(lesson.closing)
        else:
            st.title(step.title, anchor=False)
            _present_step(step, revealed)


def _present_step(step: Step, revealed: bool) -> None:
    """Draw text and question, and the live part beside them."""
    shows_live = step.live and (revealed or not (step.question and step.question.is_claim))
    if shows_live:
        words, picture = st.columns(2, gap="large")
    else:
        words, picture = st.container(), None
    with words:
        st.markdown(large(step.text), anchors=False)
        if step.question:
            questions.present(step.question, revealed)
    if picture and step.live:
        with picture:
            live.draw(step.live, revealed)
