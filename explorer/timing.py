"""How long networks take on this machine, measured against each other in one run, and their memory.

Each network is timed forward and in a training step. Rounds take all networks in turn, every
other round in the opposite order, so that whatever else the machine does meets them alike.
"""

import platform
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from explorer.gradients.preparation import check_batch
from explorer.network import build
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec

LEAST_ROUNDS = 5
MOST_ROUNDS = 21
ENOUGH_S = 12.0
"""Rounds end after `MOST_ROUNDS`, or after these seconds once there are `LEAST_ROUNDS`."""

Report = Callable[[float, str], None]
Clock = Callable[[], float]


class Spread(NamedTuple):
    """What the rounds gave: the median, and the quarter points around it."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Timing:
    """What one network takes.

    Times are for one picture; ratios are to the first network's time in the same round, which a
    machine that is busy now and then disturbs less than the times themselves. The peaks are the
    most bytes held at once in tensors, watched operation by operation: the batch, weights,
    gradients and activations. What an operation borrows while it runs, and what the process holds
    besides, come on top.
    """

    spec: ArchitectureSpec
    forward_ms: Spread
    step_ms: Spread
    forward_ratio: Spread
    step_ratio: Spread
    forward_peak_bytes: int
    step_peak_bytes: int


@dataclass(frozen=True)
class Run:
    """Networks measured in one run, and on what."""

    timings: tuple[Timing, ...]
    batch: int
    rounds: int
    machine: str


def measure(
    specs: Sequence[ArchitectureSpec],
    batch: int,
    report: Report = lambda done, message: None,
    clock: Clock = perf_counter,
) -> Run:
    """Measure networks against each other.

    Args:
        specs: at least one; of each a private module is built, all of which stay in memory.
        batch: pictures of noise in a batch.
        report: told how far the work is, between two passes; may raise to stop it.
        clock: gives seconds.
    Raises:
        SpecError: if a network cannot be trained on such a batch.
    """
    for spec in specs:
        check_batch(spec, batch, ProbeSettings())
    with torch.random.fork_rng(devices=()):  # of dropped units and numbers
        subjects = []
        for number, spec in enumerate(specs, start=1):
            report(0.1 * number / len(specs), f"watching the memory of network {number}")
            subjects.append(_Subject(spec, batch))
        peaks = [(subject.forward_peak(), subject.step_peak()) for subject in subjects]
        times = _rounds(subjects, report, clock)
    timings = [
        _timing(subject.spec, batch, mine, times[0], peak)
        for subject, mine, peak in zip(subjects, times, peaks, strict=True)
    ]
    return Run(tuple(timings), batch, len(times[0][0]), machine())


_Times: TypeAlias = tuple[list[float], list[float]]
"""The seconds of a network's passes, forward and training, round by round."""


def _timing(
    spec: ArchitectureSpec, batch: int, mine: _Times, first: _Times, peaks: tuple[int, int]
) -> Timing:
    forward, step = (_spread([1e3 * each / batch for each in seconds]) for seconds in mine)
    ratios = [
        _spread([each / base for each, base in zip(*pair, strict=True)])
        for pair in zip(mine, first, strict=True)
    ]
    return Timing(spec, forward, step, ratios[0], ratios[1], *peaks)


def machine() -> str:
    """Say what runs here: the processor's kind, the threads, PyTorch's version."""
    threads = torch.get_num_threads()
    return (
        f"CPU ({platform.machine()}), {threads} thread{'' if threads == 1 else 's'}, "
        f"PyTorch {torch.__version__}, float32"
    )


class _Subject:
    """A network of its own with its batch, ready to be run."""

    def __init__(self, spec: ArchitectureSpec, batch: int) -> None:
        self.spec = spec
        generator = torch.Generator().manual_seed(0)
        self._module = build(spec)
        self._images = torch.randn(batch, *spec.input_shape, generator=generator)
        self._labels = torch.randint(spec.classes, (batch,), generator=generator)
        self._weights = tuple(self._module.parameters())

    def forward(self) -> None:
        """Predict the batch."""
        with torch.inference_mode():
            self._module.eval()(self._images)

    def step(self) -> None:
        """Train on the batch once: forward, backward, plain gradient descent."""
        self._drop_gradients()
        loss = nn.functional.cross_entropy(self._module.train()(self._images), self._labels)
        loss.backward()
        with torch.no_grad():
            for weight in self._weights:
                if weight.grad is not None:
                    # A rate of 0 costs the same as any other, and the weights stay as they are.
                    weight.sub_(weight.grad, alpha=0.0)

    def _drop_gradients(self) -> None:
        for weight in self._weights:
            weight.grad = None

    def forward_peak(self) -> int:
        """Return the most bytes held in tensors at once in a prediction."""
        self._drop_gradients()
        with self._watched() as watch, torch.no_grad():
            self._module.eval()(self._images)
        return watch.peak

    def step_peak(self) -> int:
        """Return the same for a training step."""
        self._drop_gradients()
        with self._watched() as watch:
            self.step()
        return watch.peak

    @contextmanager
    def _watched(self) -> Iterator["_Watch"]:
        with _Watch([self._images, self._labels, *self._module.state_dict().values()]) as watch:
            yield watch


class _Watch(TorchDispatchMode):
    """Adds up the storages that are alive after each operation."""

    def __init__(self, held: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._alive: dict[int, int] = {}
        self._bytes = self.peak = 0
        for tensor in held:
            self._see(tensor)

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._alive and storage.nbytes():
            self._alive[key] = storage.nbytes()
            self._bytes += storage.nbytes()
            self.peak = max(self.peak, self._bytes)
            # PyTorch keeps this object for as long as the storage itself.
            weakref.finalize(storage, self._forget, key).atexit = False

    def _forget(self, key: int) -> None:
        self._bytes -= self._alive.pop(key)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._see(leaf)
        return result


def _rounds(subjects: Sequence[_Subject], report: Report, clock: Clock) -> list[_Times]:
    times: list[_Times] = [([], []) for _ in subjects]
    for subject in subjects:  # the first pass of a shape prepares what the others reuse
        report(0.1, "warming up")
        subject.forward()
        subject.step()
    start = clock()
    done = 0
    while done < MOST_ROUNDS and (done < LEAST_ROUNDS or clock() - start < ENOUGH_S):
        places = range(len(subjects))
        for place in reversed(places) if done % 2 else places:
            for work, seconds in zip(
                (subjects[place].forward, subjects[place].step), times[place], strict=True
            ):
                share = max(done / MOST_ROUNDS, min((clock() - start) / ENOUGH_S, 1.0))
                report(0.1 + 0.9 * share, f"round {done + 1}")
                seconds.append(_seconds(work, clock))
        done += 1
    return times


def _seconds(work: Callable[[], None], clock: Clock) -> float:
    before = clock()
    work()
    return clock() - before


def _spread(values: Sequence[float]) -> Spread:
    lower, median, upper = quantiles(values, method="inclusive")
    return Spread(median, lower, upper)
