"""What a page shows while it waits, and that it never waits itself."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import jobs, waiting
from explorer.ui.jobs import JobContext

LONG_S = 30.0


class Gate:
    """Work that reports, tells when it has begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()
        self.cancelled = threading.Event()

    def __call__(self, context: JobContext) -> str:
        try:
            context.report(0.25, "epoch 1 of 4")
            self.begun.set()
            assert self.open.wait(LONG_S)
            context.check()
        except jobs.Cancelled:
            self.cancelled.set()
            raise
        return "through"


def page(areas: list[dict[str, object]]) -> None:
    import streamlit as st

    from explorer.ui import waiting

    st.session_state.session = waiting.session_id()
    with waiting.only_shown():
        for area in areas:
            waiting.show(draw=st.write, label="Training", **area)
        st.write("end of the page")


def area(work: Callable[[JobContext], object], key: object = 1, **more: object) -> dict[str, Any]:
    return {"kind": "train", "key": key, "work": work, **more}


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown]


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def bars(app: AppTest) -> list[tuple[int, str]]:
    return [(bar.proto.value, bar.proto.text) for bar in app.get("progress")]


def run(app: AppTest, *areas: dict[str, Any]) -> AppTest:
    app.args = (list(areas),)
    app.run()
    assert not app.exception
    return app


def idle() -> None:
    assert jobs.submit("idle", "idle", lambda context: None, object()).wait(LONG_S)


def finish(app: AppTest, kind: str = "train") -> None:
    job = jobs.current(app.session_state.session, kind)
    assert job is not None and job.wait(LONG_S)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setattr(waiting, "GRACE_S", 0.0)
    monkeypatch.setattr(waiting.warmup, "wait", lambda: None)
    app = AppTest.from_function(page, args=([],), default_timeout=LONG_S)
    yield app
    if "session" in app.session_state:
        jobs.forget(app.session_state.session)
    idle()


def test_quick_work_shows_nothing_in_between(app, monkeypatch):
    monkeypatch.setattr(waiting, "GRACE_S", LONG_S)
    run(app, area(lambda context: "result"))
    assert texts(app) == ["result", "end of the page"]
    assert not bars(app) and not labels(app)


def test_the_page_is_complete_while_work_goes_on(app):
    gate = Gate()
    run(app, area(gate))
    assert gate.begun.wait(LONG_S)
    run(app, area(gate))
    assert texts(app) == ["end of the page"]
    [(percent, text)] = bars(app)
    assert percent == 25 and text.startswith("Training: epoch 1 of 4, ")
    assert labels(app) == ["Cancel"]
    gate.open.set()
    finish(app)
    run(app, area(gate))
    assert texts(app) == ["through", "end of the page"]
    assert not bars(app) and not labels(app)


@pytest.mark.parametrize(("there", "cores", "used"), [(2, 8, 8), (30, 8, 7), (30, 1, 1)])
def test_work_leaves_those_who_choose_a_core(app, monkeypatch, there, cores, used):
    import torch

    monkeypatch.setattr(waiting.visitors, "choosing", lambda: there)
    monkeypatch.setattr(waiting.warmup, "cores", lambda: cores)
    run(app, area(lambda context: f"{torch.get_num_threads()} threads"))
    finish(app)
    run(app, area(lambda context: ""))
    assert texts(app) == [f"{used} threads", "end of the page"]


def test_the_result_is_drawn_again_without_work(app):
    calls: list[int] = []
    work = lambda context: calls.append(1) or "result"  # noqa: E731
    run(app, area(work))
    finish(app)
    for _ in range(3):
        run(app, area(work))
    assert texts(app) == ["result", "end of the page"]
    assert calls == [1]


def test_cancelling_and_starting_again(app):
    gate = Gate()
    run(app, area(gate))
    assert gate.begun.wait(LONG_S)
    app.button[0].click()
    run(app, area(gate))
    assert [info.value for info in app.info] == ["Stopped."]
    assert labels(app) == ["Start again"] and not bars(app)
    gate.open.set()
    assert gate.cancelled.wait(LONG_S)
    app.button[0].click()
    run(app, area(gate))
    finish(app)
    run(app, area(gate))
    assert texts(app) == ["through", "end of the page"]


def test_another_key_gives_the_old_work_up(app):
    gates = [Gate() for _ in range(10)]
    run(app, area(gates[0], key=0))
    assert gates[0].begun.wait(LONG_S)
    for key, gate in enumerate(gates):
        run(app, area(gate, key=key))
    for gate in gates:
        gate.open.set()
    finish(app)
    run(app, area(gates[-1], key=9))
    assert texts(app) == ["through", "end of the page"]
    assert [gate.begun.is_set() for gate in gates] == [True] + [False] * 8 + [True]
    assert gates[0].cancelled.is_set()


def test_the_place_in_the_queue_is_shown(app):
    gate = Gate()
    jobs.submit("somebody", "train", gate, 1)
    assert gate.begun.wait(LONG_S)
    try:
        run(app, area(lambda context: 1))
        assert bars(app) == [(0, "Training: waiting for 1 other job in the queue")]
        jobs.submit("somebody", "probe", lambda context: 1, 1)
        run(
            app,
            area(lambda context: 1),
            area(lambda context: 2, kind="probe"),
        )
        assert bars(app)[1] == (0, "Training: waiting for 3 other jobs in the queue")
    finally:
        gate.open.set()
        jobs.forget("somebody")


def test_another_choice_keeps_the_place_in_the_queue(app):
    gate = Gate()
    jobs.submit("somebody", "train", gate, 1)
    assert gate.begun.wait(LONG_S)
    try:
        run(app, area(lambda context: 1, key=1))
        jobs.submit("somebody", "probe", lambda context: 1, 1)
        run(app, area(lambda context: 2, key=2))
        assert bars(app) == [(0, "Training: waiting for 1 other job in the queue")]
    finally:
        gate.open.set()
        jobs.forget("somebody")


def test_those_far_back_are_polled_less_often(app):
    gate = Gate()
    ahead = [jobs.submit("somebody", f"{n}", gate, n) for n in range(3)]
    job = jobs.submit("me", "train", gate, 1)
    assert gate.begun.wait(LONG_S)
    assert waiting._pace_s(job) == waiting.FAR_POLL_S
    for each in ahead[1:]:
        each.cancel()
    assert waiting._pace_s(job) == waiting.POLL_S
    jobs.forget("me")
    jobs.forget("somebody")
    gate.open.set()


def test_a_value_error_is_told_as_it_is(app):
    def work(context: JobContext) -> None:
        raise ValueError("The picture is too small.")

    run(app, area(work))
    finish(app)
    run(app, area(work))
    assert [error.value for error in app.error] == ["The picture is too small."]
    assert not labels(app)


def test_an_error_that_may_pass_is_told_and_may_be_tried_again(app):
    outcomes = [jobs.MayPass("The other side is silent."), None]

    def work(context: JobContext) -> str:
        if error := outcomes.pop(0):
            raise error
        return "second time"

    run(app, area(work))
    finish(app)
    run(app, area(work))
    assert [error.value for error in app.error] == ["The other side is silent."]
    app.button[0].click()
    run(app, area(work))
    finish(app)
    run(app, area(work))
    assert texts(app) == ["second time", "end of the page"]


def test_another_error_is_not_told_and_may_be_tried_again(app, caplog):
    outcomes = [OSError("/secret/path"), None]

    def work(context: JobContext) -> str:
        if error := outcomes.pop(0):
            raise error
        return "second time"

    run(app, area(work))
    finish(app)
    run(app, area(work))
    assert "Something went wrong" in app.error[0].value and "secret" not in app.error[0].value
    assert "/secret/path" in caplog.text
    app.button[0].click()
    run(app, area(work))
    finish(app)
    run(app, area(work))
    assert texts(app) == ["second time", "end of the page"]


def test_work_on_demand_waits_for_its_button(app):
    on_demand = area(lambda context: "verified", ask="Check against torchinfo")
    run(app, on_demand)
    assert labels(app) == ["Check against torchinfo"]
    assert jobs.current(app.session_state.session, "train") is None
    app.button[0].click()
    run(app, on_demand)
    finish(app)
    run(app, on_demand)
    assert texts(app) == ["verified", "end of the page"]
    run(app, {**on_demand, "key": 2})
    assert labels(app) == ["Check against torchinfo"]


@pytest.mark.parametrize("ask", [None, "Check"])
def test_a_full_queue_is_told(app, monkeypatch, ask):
    full = True
    submit = jobs.submit

    def refuse(*args: Any) -> Any:
        if full:
            raise jobs.QueueFull("Too many.")
        return submit(*args)

    monkeypatch.setattr(jobs, "submit", refuse)
    button = area(lambda context: "result", ask=ask)
    run(app, button)
    if ask:
        app.button[0].click()
        run(app, button)
    assert [toast.value for toast in app.toast] == ["Too many."]
    assert labels(app) == [ask or "Try again"]
    full = False
    app.button[0].click()
    run(app, button)
    finish(app)
    run(app, button)
    assert texts(app) == ["result", "end of the page"]


def test_what_a_page_shows_no_longer_is_given_up(app):
    gate = Gate()
    run(app, area(lambda context: "kept", kind="done"))
    finish(app, "done")
    run(app, area(gate))
    assert gate.begun.wait(LONG_S)
    run(app)
    gate.open.set()
    assert gate.cancelled.wait(LONG_S)
    assert jobs.current(app.session_state.session, "train") is None
    kept = jobs.current(app.session_state.session, "done")
    assert kept is not None and kept.result == "kept"


def test_a_kind_shown_twice_is_an_error(app):
    app.args = ([area(lambda context: 1), area(lambda context: 1)],)
    app.run()
    assert len(app.exception) == 1


def test_outside_a_script_there_is_no_session():
    with pytest.raises(RuntimeError, match="script run"):
        waiting.session_id()
