"""A few visitors for a few seconds: what the load test does still works; nothing is timed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tests.load.scenarios import Cost, crowd
from tests.serving import serve


def test_visitors_look_around_and_have_every_kind_of_work_done() -> None:
    # In a thread of its own: beside browser tests, this one has a loop already.
    with serve(timeout_s=300) as server, ThreadPoolExecutor(1) as elsewhere:
        visits = crowd([server.port], light=2, heavy=3, seconds=8, seed=0)
        found = elsewhere.submit(asyncio.run, visits).result()
        cost = Cost.of([server])
        assert found.errors == []
        assert found.light_s and set(found.heavy_s) == {"probe", "prediction", "training"}
        assert 0 < cost.memory_bytes <= cost.peak_bytes
        assert "Traceback" not in server.log()
