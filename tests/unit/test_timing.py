"""Timing against a clock of our own, and memory against storages swept after every operation."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from explorer import timing
from explorer.memory import saved_for_backward_bytes
from explorer.network import build
from explorer.spec import SpecError, parse
from explorer.timing import measure

SMALL = "resnet20-cifar,stages=1-1,width=4,image_size=8"
NETWORKS = (
    SMALL,
    f"{SMALL},shortcut=none",
    f"{SMALL},ordering=v2,se_ratio=2",
    f"{SMALL},norm=group,shortcut=B",
)


class Clock:
    """Tells seconds that pass only when it is looked at: each look takes a little longer."""

    def __init__(self) -> None:
        self.ticks: Iterator[int] = count()
        self.now = 0.0

    def __call__(self) -> float:
        self.now += next(self.ticks)
        return self.now


def test_rounds_take_turns_and_end_by_count(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[tuple[str, str]] = []
    for name in ("forward", "step"):

        def record(subject: Any, name: str = name) -> None:
            passes.append((str(subject.spec), name))

        monkeypatch.setattr(timing._Subject, name, record)
        monkeypatch.setattr(timing._Subject, f"{name}_peak", lambda subject: 1)
    monkeypatch.setattr(timing, "MOST_ROUNDS", 4)
    a, b = parse(SMALL), parse(f"{SMALL},shortcut=none")
    run = measure([a, b], 2, clock=Clock())
    assert run.rounds == 4 and run.batch == 2
    forth = [(str(spec), name) for spec in (a, b) for name in ("forward", "step")]
    back = [(str(spec), name) for spec in (b, a) for name in ("forward", "step")]
    assert passes == forth + forth + back + forth + back  # the first to warm up


def test_rounds_end_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LEAST_ROUNDS", 2)
    assert measure([parse(SMALL)], 2, clock=Clock()).rounds == 2


def test_times_are_medians_for_one_picture_and_ratios_those_of_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forth = [1.0, 10.0, 2.0, 30.0]  # seconds of forward and step, of the first and the second
    back = [4.0, 60.0, 2.0, 20.0]
    busy = [30.0, 300.0, 60.0, 900.0]
    passes = iter([*forth, *back, *busy])
    monkeypatch.setattr(timing, "_seconds", lambda work, clock: next(passes))
    monkeypatch.setattr(timing, "MOST_ROUNDS", 3)
    one, other = measure([parse(SMALL)] * 2, 4, clock=lambda: 0.0).timings
    assert one.forward_ms == (500.0, 375.0, 4000.0)
    assert one.step_ms == (5000.0, 3750.0, 40000.0)
    assert one.forward_ratio == one.step_ratio == (1.0, 1.0, 1.0)
    assert other.forward_ratio == (2.0, 2.0, 2.0)
    assert other.step_ratio == (3.0, 3.0, 3.0)


def test_progress_only_grows_and_a_raise_stops_the_work() -> None:
    told: list[float] = []

    class Enough(Exception):
        pass

    def report(done: float, message: str) -> None:
        told.append(done)
        assert message
        if done > 0.3:
            raise Enough

    with pytest.raises(Enough):
        measure([parse(SMALL)] * 2, 2, report, clock=Clock())
    assert told == sorted(told)


def test_nobody_else_s_random_numbers_are_touched() -> None:
    before = torch.random.get_rng_state()
    measure([parse(f"{SMALL},survival=0.5")], 2, clock=Clock())
    assert torch.equal(before, torch.random.get_rng_state())


def test_what_cannot_be_trained_gets_a_sentence() -> None:
    with pytest.raises(SpecError, match="single class"):
        measure([parse(f"{SMALL},classes=1")], 2)


class Swept(TorchDispatchMode):
    """Asks every storage it has met, after every operation, whether it is still there."""

    def __init__(self, held: list[Tensor]) -> None:
        super().__init__()
        self.met: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0
        for tensor in held:
            self.see(tensor)

    def see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        reference = StorageWeakRef(storage)
        self.met[reference.cdata] = (reference, storage.nbytes())

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self.see(leaf)
        alive = {key: met for key, met in self.met.items() if not met[0].expired()}
        self.met = alive
        self.peak = max(self.peak, sum(size for _, size in alive.values()))
        return result


@pytest.mark.parametrize("text", NETWORKS)
def test_peaks_are_those_of_the_storages_alive(text: str) -> None:
    spec, batch = parse(text), 3
    module = build(spec)
    images, labels = torch.zeros(batch, *spec.input_shape), torch.zeros(batch, dtype=torch.long)
    held = [images, labels, *module.state_dict().values()]
    with Swept(held) as forward, torch.no_grad():
        module.eval()(images)
    with Swept(held) as step:
        nn.functional.cross_entropy(module.train()(images), labels).backward()
    (found,) = measure([spec], batch, clock=Clock()).timings
    assert found.forward_peak_bytes == forward.peak
    assert found.step_peak_bytes == step.peak
    weights = sum(tensor.nbytes for tensor in module.state_dict().values())
    assert found.step_peak_bytes >= weights + saved_for_backward_bytes(spec, batch)
