"""Long work on a cluster: a scheduler and two workers on loopback, one of which is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from explorer.gradients import ProbeSettings, probe
from explorer.spec import SpecError, parse
from explorer.ui import cluster
from explorer.ui.jobs import Job, JobContext, JobQueue, Lane, MayPass, Status
from explorer.ui.laboratory import work as laboratory
from tests.serving import ROOT, beside, free_port

LONG_S = 300.0
PLAIN = ("--nthreads", "1", "--no-nanny", "--no-dashboard")


class Cluster(NamedTuple):
    """The processes of a scheduler and of its workers."""

    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    started: Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster of two workers, of which the app is told."""
    where = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setenv(cluster.VARIABLE, where)
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "critical"}
    with ExitStack() as stack:

        def started(kind: str, *options: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
            return stack.enter_context(beside(command, env=variables))

        port = where.rpartition(":")[2]
        scheduler = started("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        workers = [started("worker", where, *PLAIN) for _ in range(2)]
        stack.callback(disconnect, where)
        wait_for_workers(2)
        yield Cluster(scheduler, workers, started)


def disconnect(where: str) -> None:
    if client := cluster._clients.get(where):
        cluster._forget(client)


def wait_for_workers(count: int) -> None:
    deadline = time.monotonic() + LONG_S
    while True:
        try:
            if len(cluster._client().scheduler_info()["workers"]) == count:
                return
        except MayPass:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


def submitted(queue: JobQueue, work: cluster.Work, session: str = "ana") -> Job:
    return queue.submit(session, "test", cluster.elsewhere(work), object(), Lane.CLUSTER)


def finished(job: Job) -> Job:
    assert job.wait(LONG_S)
    return job


def where_it_runs(context: JobContext) -> int:
    return os.getpid()


def step_by_step(context: JobContext) -> str:
    """Work that says where it runs, and does not end in a test's time unless it is stopped."""
    for step in range(1, 100_000):
        context.report(step / 100_000, f"process {os.getpid()}")
        context.show(step)
        time.sleep(0.1)
    return "done"


def process_of(job: Job, other: int = 0) -> int:
    """The process that a job says it runs in, once that is another than before."""
    deadline = time.monotonic() + LONG_S
    while True:
        found = int(job.message.rpartition("process ")[2] or 0) if "process" in job.message else 0
        if found and found != other:
            return found
        assert time.monotonic() < deadline, job.message
        time.sleep(0.05)


def fails(context: JobContext) -> None:
    raise SpecError("depth=7: there is none")


def missing_file(context: JobContext) -> None:
    raise FileNotFoundError("no such picture")


def test_work_is_done_elsewhere_with_the_same_result(running):
    queue = JobQueue()
    assert finished(submitted(queue, where_it_runs)).result in [
        each.pid for each in running.workers
    ]

    spec, settings = parse("resnet20-cifar,width=4"), ProbeSettings(batch=2)
    job = finished(submitted(queue, laboratory.probes("norms", [spec], settings, 2)))
    assert job.error is None
    for seed, profile in enumerate(job.result[0]):
        here = probe(spec, ProbeSettings(batch=2, seed=seed))
        # Another number of threads adds up in another order.
        assert [layer.weight_gradient_norm for layer in profile.layers] == pytest.approx(
            [layer.weight_gradient_norm for layer in here.layers], rel=1e-5
        )

    job = finished(submitted(queue, fails))
    assert (job.status, type(job.error), str(job.error)) == (
        Status.FAILED,
        SpecError,
        "depth=7: there is none",
    )
    # What the work raises is its own, whatever a lost connection raises.
    assert isinstance(finished(submitted(queue, missing_file)).error, FileNotFoundError)


def test_progress_comes_back_and_cancelling_frees_the_worker(running):
    queue = JobQueue()
    jobs = [submitted(queue, step_by_step, session) for session in ("ana", "ben")]
    assert {process_of(job) for job in jobs} == {each.pid for each in running.workers}
    deadline = time.monotonic() + LONG_S
    while not jobs[0].partial:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 0 < jobs[0].progress < 1
    for job in jobs:
        job.cancel()
        assert finished(job).status is Status.CANCELLED
    # Each of two at once gets a worker, which neither would if the work had gone on.
    for job in [submitted(queue, where_it_runs, session) for session in ("ana", "ben")]:
        assert finished(job).status is Status.DONE


def test_a_lost_worker_s_work_is_done_once_more_and_then_reported(running):
    queue = JobQueue()
    job = submitted(queue, step_by_step)
    first = process_of(job)
    os.kill(first, signal.SIGKILL)
    second = process_of(job, first)
    assert second in {each.pid for each in running.workers} - {first}
    assert "once more, on another machine" in job.message
    third = running.started("worker", cluster.address(), *PLAIN)
    wait_for_workers(2)
    os.kill(second, signal.SIGKILL)
    assert finished(job).status is Status.FAILED
    assert isinstance(job.error, MayPass)
    assert "was lost, and so was the next one" in str(job.error)
    assert third.poll() is None


def test_a_scheduler_lost_amid_work_is_told(running):
    job = submitted(JobQueue(), step_by_step)
    process_of(job)
    running.scheduler.kill()
    assert finished(job).status is Status.FAILED
    assert isinstance(job.error, MayPass), job.error
    assert "no longer answers" in str(job.error)
    assert not cluster._clients


def test_a_cluster_that_does_not_answer_is_told_and_left_alone(monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, f"tcp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    before: set[threading.Thread] | None = None
    queue = JobQueue()
    for _ in range(3):
        job = finished(submitted(queue, where_it_runs))
        assert isinstance(job.error, MayPass)
        assert "does not answer" in str(job.error)
        loops = {each for each in threading.enumerate() if each.name == "IO loop"}
        assert before in (None, loops)  # a client's own loop would be one more each time
        before = loops
    assert not cluster._clients


def test_an_address_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, "nowhere://x:y")
    job = finished(submitted(JobQueue(), where_it_runs))
    assert isinstance(job.error, MayPass)
