"""One queue, one worker, and nobody's work left running."""

import logging
import threading
from collections.abc import Callable

import pytest

from explorer.ui import allocator, jobs
from explorer.ui.jobs import Job, JobContext, JobQueue, Lane, QueueFull, Status

LONG_S = 30.0
"""Far longer than anything here takes: only a deadlock gets there."""


class Gate:
    """Work that tells when it has begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()
        self.ended = threading.Event()
        self.cancelled = False

    def __call__(self, context: JobContext) -> str:
        self.begun.set()
        try:
            assert self.open.wait(LONG_S)
            self.cancelled = context.cancelled
            context.check()
        finally:
            self.ended.set()
        return "through"


@pytest.fixture
def queue() -> JobQueue:
    return JobQueue()


def busy(queue: JobQueue, session: str = "busy", kind: str = "busy") -> tuple[Gate, Job[str]]:
    """Occupy the worker."""
    gate = Gate()
    job = queue.submit(session, kind, gate, "busy")
    assert gate.begun.wait(LONG_S)
    return gate, job


def idle(queue: JobQueue) -> None:
    """Return when the worker has done all that was submitted before."""
    assert queue.submit("idle", "idle", lambda context: None, object()).wait(LONG_S)


def returning(value: object) -> Callable[[JobContext], object]:
    return lambda context: value


def raising(error: BaseException) -> Callable[[JobContext], object]:
    def work(context: JobContext) -> object:
        raise error

    return work


def test_a_job_is_done(queue):
    job = queue.submit("ana", "build", returning(7), "key")
    assert job.wait(LONG_S)
    assert (job.status, job.result, job.error, job.place) == (Status.DONE, 7, None, 0)
    assert job.finished
    assert job.queued_ms >= 0 and job.run_ms >= 0


def test_first_come_first_served(queue):
    gate, _ = busy(queue)
    order: list[int] = []
    for n in range(5):
        queue.submit(f"session {n}", "build", lambda context, n=n: order.append(n), n)
    gate.open.set()
    idle(queue)
    assert order == [0, 1, 2, 3, 4]


def test_places_count_the_jobs_ahead(queue):
    gate, running = busy(queue)
    jobs = [queue.submit(f"session {n}", "build", returning(n), n) for n in range(3)]
    assert running.place == 0
    assert [job.place for job in jobs] == [2, 3, 4]
    jobs[0].cancel()
    assert [job.place for job in jobs] == [0, 2, 3]
    running.cancel()
    assert [job.place for job in jobs] == [0, 1, 2]
    gate.open.set()
    idle(queue)
    assert [job.place for job in jobs] == [0, 0, 0]


def test_the_same_key_is_the_same_job(queue):
    gate, running = busy(queue)
    queued = queue.submit("ana", "build", returning(1), ("resnet18", 3))
    assert queue.submit("ana", "build", returning(2), ("resnet18", 3)) is queued
    assert queue.submit("busy", "busy", returning(2), "busy") is running
    gate.open.set()
    assert queued.wait(LONG_S)
    assert queue.submit("ana", "build", returning(2), ("resnet18", 3)) is queued
    assert queued.result == 1


def test_sessions_and_kinds_are_apart(queue):
    jobs = [
        queue.submit(session, kind, returning(session + kind), "key")
        for session in ("ana", "ben")
        for kind in ("build", "probe")
    ]
    idle(queue)
    assert [job.result for job in jobs] == ["anabuild", "anaprobe", "benbuild", "benprobe"]


def test_a_newer_job_takes_the_place_of_a_queued_one(queue):
    gate, _ = busy(queue)
    old = queue.submit("ana", "build", returning("old"), "old")
    other = queue.submit("ben", "build", returning("other"), "other")
    new = queue.submit("ana", "build", returning("new"), "new")
    assert (old.status, old.wait(0)) == (Status.CANCELLED, True)
    assert (new.place, other.place) == (2, 3)
    gate.open.set()
    idle(queue)
    assert (old.result, new.result, other.result) == (None, "new", "other")


def test_a_newer_job_cancels_the_running_one(queue):
    gate, old = busy(queue)
    new = queue.submit("busy", "busy", returning("new"), "new")
    assert old.status is Status.CANCELLED
    assert queue.current("busy", "busy") is new
    gate.open.set()
    assert new.wait(LONG_S)
    assert gate.cancelled
    assert (old.status, old.result, new.result) == (Status.CANCELLED, None, "new")


def test_ten_quick_submissions_leave_no_work_behind(queue):
    gates = [Gate() for _ in range(10)]
    jobs = []
    for n, gate in enumerate(gates):
        jobs.append(queue.submit("ana", "build", gate, n))
        if n == 0:
            assert gate.begun.wait(LONG_S)
    for gate in gates:
        gate.open.set()
    idle(queue)
    assert [job.status for job in jobs] == [Status.CANCELLED] * 9 + [Status.DONE]
    assert [gate.begun.is_set() for gate in gates] == [True] + [False] * 8 + [True]
    assert gates[0].cancelled and gates[0].ended.is_set()


@pytest.mark.parametrize(
    "error", [ValueError("no"), MemoryError(), SystemExit(1), KeyboardInterrupt()]
)
def test_an_error_is_kept_and_the_worker_lives(queue, caplog, error):
    with caplog.at_level(logging.ERROR):
        job = queue.submit("ana", "build", raising(error), "key")
        assert job.wait(LONG_S)
    assert (job.status, job.result, job.error) == (Status.FAILED, None, error)
    assert caplog.records[0].exc_info
    idle(queue)


def test_an_error_keeps_nothing_alive(queue):
    def work(context: JobContext) -> None:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner

    job = queue.submit("ana", "build", work, "key")
    assert job.wait(LONG_S)
    assert job.error is not None
    assert (job.error.__traceback__, job.error.__context__, job.error.__cause__) == (None,) * 3


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_failed_or_cancelled_job_may_be_tried_again(queue, cancelled):
    gate, _ = busy(queue)
    first = queue.submit("ana", "build", raising(ValueError("no")), "key")
    if cancelled:
        first.cancel()
    gate.open.set()
    idle(queue)
    assert queue.current("ana", "build") is first
    second = queue.submit("ana", "build", returning("yes"), "key")
    assert second.wait(LONG_S)
    assert second is not first and second.result == "yes"


def test_cancelling_a_queued_job(queue):
    gate, _ = busy(queue)
    waiting = Gate()
    job = queue.submit("ana", "build", waiting, "key")
    job.cancel()
    assert (job.status, job.wait(0), job.run_ms) == (Status.CANCELLED, True, 0.0)
    gate.open.set()
    idle(queue)
    assert not waiting.begun.is_set()


def test_cancelling_a_running_job(queue):
    gate, job = busy(queue)
    job.cancel()
    assert (job.status, job.wait(0)) == (Status.CANCELLED, True)
    gate.open.set()
    idle(queue)
    assert gate.cancelled
    assert (job.status, job.error) == (Status.CANCELLED, None)


def test_cancelling_a_finished_job_changes_nothing(queue):
    job = queue.submit("ana", "build", returning(7), "key")
    assert job.wait(LONG_S)
    job.cancel()
    assert (job.status, job.result) == (Status.DONE, 7)


def test_the_result_of_cancelled_work_that_did_not_check_is_dropped(queue):
    gate = threading.Event()
    begun = threading.Event()

    def work(context: JobContext) -> str:
        begun.set()
        assert gate.wait(LONG_S)
        return "unwanted"

    job = queue.submit("ana", "build", work, "key")
    assert begun.wait(LONG_S)
    job.cancel()
    gate.set()
    idle(queue)
    assert (job.status, job.result) == (Status.CANCELLED, None)


def test_a_report_is_progress_and_a_place_to_stop(queue):
    reported, go = threading.Event(), threading.Event()
    after: list[str] = []

    def work(context: JobContext) -> None:
        context.report(-1.0)
        assert job.progress == 0.0
        context.report(1.5, "epoch 1 of 2")
        reported.set()
        assert go.wait(LONG_S)
        context.report(1.0, "epoch 2 of 2")
        after.append("went on")

    gate, _ = busy(queue)
    job = queue.submit("ana", "train", work, "key")
    gate.open.set()
    assert reported.wait(LONG_S)
    assert (job.status, job.progress, job.message) == (Status.RUNNING, 1.0, "epoch 1 of 2")
    job.cancel()
    go.set()
    idle(queue)
    assert (after, job.message) == ([], "epoch 1 of 2")


def test_work_that_handles_errors_does_not_handle_its_cancellation(queue):
    begun, go = threading.Event(), threading.Event()
    handled: list[Exception] = []

    def work(context: JobContext) -> None:
        begun.set()
        assert go.wait(LONG_S)
        try:
            context.check()
        except Exception as error:
            handled.append(error)

    job = queue.submit("ana", "build", work, "key")
    assert begun.wait(LONG_S)
    job.cancel()
    go.set()
    idle(queue)
    assert not handled


def test_waiting_may_end_before_the_job_does(queue):
    gate, job = busy(queue)
    assert not job.wait(0.0)
    gate.open.set()
    assert job.wait(LONG_S)


def test_a_full_queue_says_so():
    queue = JobQueue(max_queued=2)
    gate, _ = busy(queue)
    queue.submit("ana", "build", returning(1), 1)
    queue.submit("ben", "build", returning(1), 1)
    with pytest.raises(QueueFull, match="Try again"):
        queue.submit("cleo", "build", returning(1), 1)
    newer = queue.submit("ben", "build", returning(2), 2)
    assert newer.place == 3
    gate.open.set()
    assert newer.wait(LONG_S)
    assert queue.submit("cleo", "build", returning(1), 1).wait(LONG_S)


def test_a_session_keeps_its_latest_results_only():
    queue = JobQueue(max_finished=2)
    for kind in "abc":
        assert queue.submit("ana", kind, returning(kind), kind).wait(LONG_S)
    kept = [queue.current("ana", kind) for kind in "abc"]
    assert [job and job.result for job in kept] == [None, "b", "c"]


def test_a_forgotten_session_leaves_nothing(queue):
    done = queue.submit("ana", "done", returning(1), 1)
    assert done.wait(LONG_S)
    gate, running = busy(queue, "ana", "running")
    queued = queue.submit("ana", "queued", returning(1), 1)
    other = queue.submit("ben", "queued", returning(1), 1)
    queue.forget("ana")
    assert [running.status, queued.status] == [Status.CANCELLED] * 2
    assert [queue.current("ana", kind) for kind in ("done", "running", "queued")] == [None] * 3
    gate.open.set()
    assert other.wait(LONG_S)
    assert gate.cancelled and other.status is Status.DONE
    queue.forget("nobody")


def test_one_kind_may_be_forgotten(queue):
    build = queue.submit("ana", "build", returning(1), 1)
    probe = queue.submit("ana", "probe", returning(1), 1)
    queue.forget("ana", "build")
    assert queue.current("ana", "build") is None
    assert queue.current("ana", "probe") is probe
    idle(queue)
    assert build.status in (Status.CANCELLED, Status.DONE)


def test_only_the_kinds_in_use_go_on(queue):
    done = queue.submit("ana", "done", returning(1), 1)
    assert done.wait(LONG_S)
    gate, running = busy(queue, "ana", "running")
    queued = queue.submit("ana", "queued", returning(1), 1)
    queue.keep_only("ana", {"queued"})
    assert queue.current("ana", "done") is done
    assert queue.current("ana", "running") is None
    assert (running.status, queued.status) == (Status.CANCELLED, Status.QUEUED)
    gate.open.set()
    assert queued.wait(LONG_S)


def test_submitting_drops_the_sessions_that_have_gone(queue):
    gate, running = busy(queue, "ana", "train")
    queued = queue.submit("ana", "build", returning(1), 1)
    queue.watch(lambda session: session != "ana")
    other = queue.submit("ben", "build", returning(1), 1)
    assert [running.status, queued.status] == [Status.CANCELLED] * 2
    assert queue.current("ana", "build") is None
    gate.open.set()
    assert other.wait(LONG_S)


def test_the_job_of_a_session_that_has_gone_does_not_start(queue):
    gone: set[str] = set()
    queue.watch(lambda session: session not in gone)
    gate, _ = busy(queue)
    waiting = Gate()
    job = queue.submit("ana", "build", waiting, 1)
    gone.add("ana")
    gate.open.set()
    assert job.wait(LONG_S)
    assert job.status is Status.CANCELLED
    idle(queue)
    assert not waiting.begun.is_set()


def test_a_failing_watch_harms_nobody(queue, caplog):
    def watch(session: str) -> bool:
        raise RuntimeError("no server")

    queue.watch(watch)
    assert queue.submit("ana", "build", returning(1), 1).wait(LONG_S)
    idle(queue)
    assert "alive" in caplog.text


def test_all_work_is_done_by_one_thread(queue):
    threads = [
        queue.submit(f"session {n}", "build", lambda context: threading.current_thread(), n)
        for n in range(20)
    ]
    idle(queue)
    assert {job.result for job in threads} == {threads[0].result}
    assert threads[0].result.daemon


def test_a_transfer_and_a_computation_do_not_wait_for_each_other(queue):
    transfer, computation = Gate(), Gate()
    fetched = queue.submit("ana", "fetch", transfer, "key", Lane.NETWORK)
    assert transfer.begun.wait(LONG_S)
    second = queue.submit("ben", "fetch", returning(2), "key", Lane.NETWORK)
    computed = queue.submit("ben", "build", computation, "key")
    assert computation.begun.wait(LONG_S)
    assert (second.place, computed.place) == (2, 0)
    computation.open.set()
    assert computed.wait(LONG_S) and not fetched.finished
    transfer.open.set()
    assert second.wait(LONG_S) and (fetched.result, second.result) == ("through", 2)


def test_an_idle_worker_gives_memory_back_once(
    queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = threading.Semaphore(0)
    monkeypatch.setattr(jobs, "IDLE_S", 0.05)
    monkeypatch.setattr(allocator, "give_back", given.release)
    idle(queue)
    assert given.acquire(timeout=LONG_S)
    assert not given.acquire(timeout=0.3), "there was no work in between"
    idle(queue)
    assert given.acquire(timeout=LONG_S)
