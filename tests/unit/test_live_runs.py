"""Live trainings of several visitors: turns, tokens, and what becomes of a run that was left."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from explorer.training.live import LiveTraining
from explorer.training.live_settings import LiveError, LiveSettings
from explorer.ui import live_runs
from explorer.ui.jobs import JobContext, JobQueue
from explorer.ui.live_runs import FORGET_S, MAX_RUNS, PATIENCE_S, LiveRun, LiveRuns, Status

LONG_S = 60.0
TINY = LiveSettings(
    variants=("resnet20-cifar",), width=4, units=1, batch=8, steps=5_000, test_every=5_000
)


class World:
    """A queue, a registry, a clock that is set by hand, and who is connected."""

    def __init__(self, slice_s: float = 0.0) -> None:
        self.now = 100.0
        self.connected: set[str] = set()
        self.queue = JobQueue()
        self.runs = LiveRuns(self.queue, lambda: self.now, slice_s)
        self.runs.watch(self.connected.__contains__)
        self.queue.watch(lambda session: self.runs.keeps(session) or session in self.connected)

    def visitor(self, name: str, settings: LiveSettings = TINY) -> LiveRun:
        """A visitor who arrives and opens a run."""
        self.connected.add(name)
        return self.runs.open(name, settings)

    def work(self, work: object = None) -> object:
        """Have some other work done, and all that waits before it."""
        self.connected.add("other")
        job = self.queue.submit("other", "probe", lambda context: work, object())
        assert job.wait(LONG_S)
        return job.result

    def until(self, run: LiveRun, steps: int) -> None:
        """Let the queue work until a run has made so many steps."""
        for _ in range(100 * steps):
            if run.steps >= steps:
                return
            self.work()
        pytest.fail(f"{run.steps} steps")


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for run in list(made.runs._runs.values()):
        made.runs.pause(run)
    made.work()


def test_runs_take_turns_and_other_work_comes_in_between(world: World) -> None:
    runs = [world.visitor(name) for name in "abc"]
    for run in runs:
        world.runs.go(run)
    assert world.runs.turns() == 3
    for run in runs:
        world.until(run, 4)
        assert world.work("done") == "done"
    steps = [run.slices for run in runs]
    assert max(steps) - min(steps) <= 1


def test_a_slice_lasts_no_longer_than_its_time_and_makes_at_least_one_step(world: World) -> None:
    run = world.visitor("a")
    world.runs.go(run)
    world.until(run, 3)
    # The clock stands still at 100 and a slice has 0 seconds: one step each.
    world.runs.pause(run)
    world.work()
    assert run.slices - 1 <= run.steps <= run.slices


def test_a_run_pauses_continues_steps_stops_and_rewinds(world: World) -> None:
    run = world.visitor("a", replace(TINY, variants=("resnet20-cifar", "plain20-cifar")))
    assert run.status is Status.PAUSED
    world.runs.step(run)
    world.work()
    assert (run.status, run.steps) == (Status.PAUSED, 0 if run.training is None else 1)
    while run.steps < 1 or not run.training or not run.training.level:
        world.work()
    assert [len(history.points) for history in run.histories] == [1, 1]
    world.runs.go(run)
    world.until(run, 3)
    world.runs.pause(run)
    world.work()
    held = run.steps
    world.work()
    assert run.steps == held
    first = run.histories[0].points[0]
    changed = replace(run.settings, learning_rate=0.5)
    world.runs.rewind(run, changed)
    assert (run.steps, run.status, run.settings) == (0, Status.PAUSED, changed)
    assert run.before is not None
    assert len(run.before.histories[0].points) == held
    world.runs.go(run)
    world.until(run, 2)
    again = run.histories[0].points
    assert again[0].loss == first.loss  # the same start and the same batch
    assert again[1].loss != run.before.histories[0].points[1].loss  # at another rate
    world.runs.stop(run)
    assert run.status is Status.STOPPED
    world.runs.go(run)
    world.runs.step(run)
    assert run.status is Status.STOPPED


def test_a_run_that_is_held_in_mid_step_says_so_until_the_step_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def advance(training: LiveTraining, wanted: Callable[[], bool]) -> None:
        assert wanted()
        begun.set()
        assert go_on.wait(LONG_S)

    monkeypatch.setattr(LiveTraining, "advance", advance)
    run = world.visitor("a")
    world.runs.go(run)
    assert begun.wait(LONG_S)
    assert not run.settling
    world.runs.pause(run)
    assert (run.status, run.settling) == (Status.PAUSED, True)
    go_on.set()
    world.work()
    assert not run.settling


def test_a_run_finishes(world: World) -> None:
    run = world.visitor("a", replace(TINY, steps=3))
    world.runs.go(run)
    world.until(run, 3)
    world.work()
    assert run.status is Status.FINISHED
    assert not world.runs.keeps(run.session)


def test_a_run_whose_holder_has_left_pauses_and_is_forgotten(world: World) -> None:
    run = world.visitor("a")
    world.runs.go(run)
    world.until(run, 1)
    world.connected.remove("a")
    world.now += PATIENCE_S - 1
    assert world.runs.keeps(run.session)
    assert run.running
    world.now += 2
    world.work()
    assert run.status is Status.PAUSED
    assert "left" in run.note
    assert world.runs.find(run.token) is run
    world.now += FORGET_S
    assert world.runs.find(run.token) is None


def test_a_reload_finds_the_run_again_and_training_goes_on(world: World) -> None:
    run = world.visitor("a")
    world.runs.go(run)
    world.connected.remove("a")
    world.now += PATIENCE_S / 2
    world.connected.add("reloaded")
    world.runs.hold("reloaded", run.token)
    world.now += 10 * FORGET_S
    assert world.runs.find(run.token) is run
    assert run.running


def test_a_visitor_on_another_page_keeps_the_run_and_one_with_another_run_does_not(
    world: World,
) -> None:
    run = world.visitor("a")
    world.runs.go(run)
    for _ in range(5):
        world.now += PATIENCE_S
        world.runs.hold("a", run.token)  # any page, in any run of its script
    assert run.running
    second = world.visitor("a")
    world.now += PATIENCE_S + 1
    assert world.runs.find(second.token) is second
    assert run.status is Status.PAUSED


def test_a_run_that_was_left_goes_on_when_its_holder_says_so(world: World) -> None:
    run = world.visitor("a")
    world.runs.go(run)
    world.connected.clear()
    world.now += PATIENCE_S + 1
    assert world.runs.find(run.token) is run
    assert not run.running
    world.connected.add("back")
    world.runs.hold("back", run.token)
    world.runs.go(run)
    made = run.steps
    world.until(run, made + 1)


def test_a_token_that_is_not_one_finds_nothing(world: World) -> None:
    run = world.visitor("a")
    for token in ("", "x", run.token[:-1], run.token + "=", "live:" + run.token):
        assert world.runs.find(token) is None
        world.runs.hold("b", token)
    assert len(run.token) >= 22  # 128 bits


def test_runs_are_bounded_in_number_and_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(MAX_RUNS):
        world.visitor(str(place))
    with pytest.raises(LiveError, match="room"):
        world.visitor("late")
    world.connected.clear()
    world.now += FORGET_S + 1
    first = world.visitor("later")
    monkeypatch.setattr(live_runs, "MAX_BYTES", 1)
    with pytest.raises(LiveError, match="room"):
        world.visitor("last")
    with pytest.raises(LiveError, match="room"):
        world.runs.rewind(first, TINY)
    assert first.status is Status.PAUSED


def test_a_full_queue_pauses_a_run_and_says_why() -> None:
    world = World()
    queue = world.queue = JobQueue(max_queued=1)
    runs = LiveRuns(queue, lambda: world.now, 0.0)
    begun, go_on = threading.Event(), threading.Event()

    def hold(context: JobContext) -> None:
        begun.set()
        assert go_on.wait(LONG_S)

    queue.submit("x", "hold", hold, 1)
    assert begun.wait(LONG_S)
    queue.submit("y", "wait", lambda context: None, 1)
    run = runs.open("a", TINY)
    runs.go(run)
    go_on.set()
    assert run.status is Status.PAUSED
    assert "Too many people" in run.note


def test_settings_that_cannot_be_trained_open_no_run(world: World) -> None:
    with pytest.raises(LiveError, match="alexnet"):
        world.visitor("a", replace(TINY, variants=("alexnet",)))
    assert not world.runs._runs
