"""What happens once per process is tested in processes of its own."""

import subprocess
import sys

import pytest

from explorer.ui import warmup


def run(code: str) -> str:
    """Run code in a fresh interpreter; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_importing_the_module_does_not_load_torch():
    code = "import sys; from explorer.ui import jobs, warmup; print('torch' in sys.modules)"
    assert run(code).strip() == "False"


def test_nothing_is_collected_after_every_rerun():
    code = """
from streamlit import config
print(config.get_option("runner.postScriptGC"))
"""
    assert run(code).strip() == "False"


def test_after_the_warm_up_a_collection_has_little_to_visit():
    code = """
import gc, sys, threading
from explorer.ui import warmup
calls = []
assert not warmup.ready()
model = lambda: [[n] for n in range(10_000)]
warmup.start(["colorsys"], [lambda: calls.append(model())], delay_s=3600)
warmup.start(["wave"], [lambda: calls.append("again")], delay_s=0)
warmup.wait()
assert warmup.ready() and len(calls) == 1
assert {"torch", "colorsys"} <= set(sys.modules) and "wave" not in sys.modules
import torch
threads = []
reader = threading.Thread(target=lambda: threads.append(torch.get_num_threads()))
reader.start(); reader.join()
assert threads == [warmup.cores()], threads
print(gc.get_freeze_count(), len(gc.get_objects()))
"""
    frozen, visited = map(int, run(code).split())
    assert frozen > 100_000
    assert visited < frozen / 100


def test_a_warm_up_that_fails_ends_all_the_same():
    code = """
import logging
from explorer.ui import warmup
logging.disable()
warmup.start(["no_such_module"], [lambda: print("not reached")], delay_s=0)
warmup.wait()
print(warmup.ready())
"""
    assert run(code).strip() == "True"


def test_waiting_without_a_warm_up_still_loads_torch():
    code = """
import sys
from explorer.ui import warmup
warmup.wait()
print("torch" in sys.modules, warmup.ready())
"""
    assert run(code).split() == ["True", "False"]


def test_two_threads_may_load_torch_at_the_same_time():
    code = """
import threading
from explorer.ui import warmup
barrier = threading.Barrier(3)
def load():
    barrier.wait()
    warmup.wait()
    import torch.nn.functional
    results.append(float(torch.nn.functional.relu(torch.ones(1))))
results = []
threads = [threading.Thread(target=load) for _ in range(2)]
for thread in threads: thread.start()
barrier.wait()
warmup.start(["torch.fx"], delay_s=0)
for thread in threads: thread.join()
warmup.wait()
print(results)
"""
    assert run(code).strip() == "[1.0, 1.0]"


@pytest.mark.parametrize(
    ("quota", "most"), [("max 100000", None), ("150000 100000", 1), ("50000 100000", 1)]
)
def test_a_containers_share_counts(tmp_path, monkeypatch, quota, most):
    file = tmp_path / "cpu.max"
    monkeypatch.setattr(warmup, "_CPU_QUOTA", file)
    unlimited = warmup.cores()
    file.write_text(quota + "\n")
    assert warmup.cores() == (most or unlimited)
