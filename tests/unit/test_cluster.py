"""Long work on a cluster: a scheduler and two workers on loopback, one of which is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from explorer.gradients import ProbeSettings, probe
from explorer.spec import SpecError, parse
from explorer.ui import cluster
from explorer.ui.jobs import Job, JobContext, JobQueue, Lane, MayPass, Status
from explorer.ui.laboratory import work as laboratory
from tests.serving import ROOT, free_port

LONG_S = 120.0


def started(*command: str) -> subprocess.Popen[bytes]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "error"}
    return subprocess.Popen([sys.executable, "-m", *command], env=variables)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes of two workers; the app is told of their scheduler."""
    where = f"tcp://127.0.0.1:{free_port()}"
    port = where.rpartition(":")[2]
    scheduler = started(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"
    )
    found = [
        started(
            "distributed.cli.dask_worker", where, "--nthreads", "1", "--no-nanny", "--no-dashboard"
        )
        for _ in range(2)
    ]
    monkeypatch.setenv(cluster.VARIABLE, where)
    try:
        wait_for_workers(2)
        yield found
    finally:
        client = cluster._clients.pop(where, None)
        if client is not None:
            client.close()
        for process in (*found, scheduler):
            process.terminate()
        for process in (*found, scheduler):
            process.wait(LONG_S)


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
    """Work of half a minute that says where it runs and can be stopped."""
    for step in range(300):
        context.report(step / 300, f"process {os.getpid()}")
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


def test_work_is_done_elsewhere_with_the_same_result(workers):
    queue = JobQueue()
    assert finished(submitted(queue, where_it_runs)).result in [each.pid for each in workers]

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


def test_progress_comes_back_and_cancelling_frees_the_worker(workers):
    queue = JobQueue()
    jobs = [submitted(queue, step_by_step, session) for session in ("ana", "ben")]
    assert {process_of(job) for job in jobs} == {each.pid for each in workers}
    deadline = time.monotonic() + LONG_S
    while not jobs[0].partial:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 0 < jobs[0].progress < 1
    for job in jobs:
        job.cancel()
        assert finished(job).status is Status.CANCELLED
    began = time.monotonic()
    assert finished(submitted(queue, where_it_runs)).status is Status.DONE
    assert time.monotonic() - began < 20  # half a minute if one of them had gone on


def test_a_lost_worker_s_work_is_done_once_more_and_then_reported(workers):
    queue = JobQueue()
    job = submitted(queue, step_by_step)
    first = process_of(job)
    os.kill(first, signal.SIGKILL)
    second = process_of(job, first)
    assert second in {each.pid for each in workers} - {first}
    assert "once more, on another machine" in job.message
    third = started(
        "distributed.cli.dask_worker",
        cluster.address(),
        *("--nthreads", "1", "--no-nanny", "--no-dashboard"),
    )
    workers.append(third)
    wait_for_workers(2)
    os.kill(second, signal.SIGKILL)
    assert finished(job).status is Status.FAILED
    assert isinstance(job.error, MayPass)
    assert "was lost, and so was the next one" in str(job.error)
    assert third.poll() is None


def test_a_cluster_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, f"tcp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    job = finished(submitted(JobQueue(), where_it_runs))
    assert isinstance(job.error, MayPass)
    assert "does not answer" in str(job.error)


def test_an_address_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv(cluster.VARIABLE, "nowhere://x:y")
    job = finished(submitted(JobQueue(), where_it_runs))
    assert isinstance(job.error, MayPass)
