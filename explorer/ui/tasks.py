"""The long work of the pages, as functions for the job queue; results for equal inputs are kept.

Nothing here touches Streamlit. Modules that need torch or numpy are imported where the work
runs, so that the first page does not wait for them.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from weakref import WeakSet

from explorer import weights
from explorer.analysis import analyze
from explorer.export.origin import Origin
from explorer.export.targets import Target
from explorer.spec import ArchitectureSpec
from explorer.ui import warmup
from explorer.ui.jobs import JobContext

if TYPE_CHECKING:
    from explorer.timing import Run
    from explorer.verification import ModuleCheck, Verdict

T = TypeVar("T")
Work = Callable[[JobContext], T]

MODULES = (
    "explorer.gradients",
    "explorer.prediction",
    "explorer.timing",
    "explorer.verification",
    "explorer.training.live",
    "torch._dynamo",  # torch's optimisers import it, for a second and a half, when first used
)
"""What the warm-up imports."""

MAX_LIVE_PARAMETERS = 200_000_000
"""Largest network that is built live (0.8 GB of weights)."""

MAX_PROBE_BYTES = 3_000_000_000
"""Largest gradient probe: activations of the batch, and weights with their gradients."""


_caches: "WeakSet[Kept[Any]]" = WeakSet()


class Kept(Generic[T]):
    """The most recent results of a deterministic computation, shared by all sessions.

    Args:
        limit: the size of all results together.
        size_of: of one result; without it, each counts as 1.
    """

    def __init__(self, limit: int, size_of: Callable[[T], int] = lambda result: 1) -> None:
        self._limit = limit
        self._size_of = size_of
        self._lock = Lock()
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        _caches.add(self)

    @property
    def count(self) -> int:
        """How many results there are."""
        return len(self._results)

    def __reduce__(self) -> tuple[object, ...]:
        """Let work that keeps results be sent elsewhere, where it begins with none."""
        return Kept, (self._limit, self._size_of)

    def holds(self, key: Hashable) -> bool:
        """Say whether there is a result for a key."""
        with self._lock:
            return key in self._results

    def find(self, key: Hashable) -> T | None:
        """Return the result for a key, or None if it is not there."""
        with self._lock:
            if key not in self._results:
                return None
            self._results.move_to_end(key)
            return self._results[key]

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the result for a key, computing it if it is not there."""
        found = self.find(key)
        if found is not None:
            return found
        result = compute()
        with self._lock:
            self._results[key] = result
            size = sum(map(self._size_of, self._results.values()))
            while size > self._limit:
                size -= self._size_of(self._results.popitem(last=False)[1])
        return result


def results_kept() -> int:
    """Return how many results are kept, in all caches."""
    return sum(each.count for each in list(_caches))


_checks: "Kept[ModuleCheck]" = Kept(256)
_verdicts: "Kept[tuple[tuple[Verdict, ...], str]]" = Kept(64)


def load_bundled_weights() -> None:
    """Load the bundled networks, so that the first prediction does not wait for them."""
    for entry in weights.available():
        with suppress(weights.WeightsError):  # the app says so on every page
            weights.load(entry.name)


def checked_build(spec: ArchitectureSpec) -> "ModuleCheck | None":
    """Return what came of building the module, if it has been built."""
    return _checks.find(spec)


def check_build(spec: ArchitectureSpec) -> "Work[ModuleCheck]":
    """Build the module and hold it against the analysis."""

    def work(context: JobContext) -> "ModuleCheck":
        from explorer.verification import check_module

        return _checks.get(spec, lambda: check_module(spec, context.check))

    return work


def judge(spec: ArchitectureSpec) -> "Work[tuple[tuple[Verdict, ...], str]]":
    """Have others count the module, and fetch torchinfo's summary."""

    def work(context: JobContext) -> "tuple[tuple[Verdict, ...], str]":
        from explorer import verification

        def compute() -> "tuple[tuple[Verdict, ...], str]":
            verdicts = verification.judge(spec, context.check)
            context.report(0.7, "writing torchinfo's summary")
            return verdicts, verification.torchinfo_summary(spec, context.check)

        return _verdicts.get(spec, compute)

    return work


def probe_bytes(spec: ArchitectureSpec, batch: int) -> int:
    """Return an upper bound of the memory that a gradient probe takes."""
    analysis = analyze(spec)
    return batch * analysis.activation_bytes + 2 * analysis.weights_bytes


def forward_bytes(spec: ArchitectureSpec, batch: int) -> int:
    """Return an upper bound of the memory that a probe of the way forward takes."""
    analysis = analyze(spec)
    # What is alive at a time, and as much again for the numbers that statistics are made of.
    return 2 * batch * analysis.peak_inference_bytes + analysis.weights_bytes


def timing_bytes(specs: tuple[ArchitectureSpec, ...], batch: int) -> int:
    """Return an upper bound of the memory that timing several variants in one run takes."""
    found = [analyze(spec) for spec in specs]
    held = sum(2 * analysis.weights_bytes for analysis in found)  # with their gradients
    return held + batch * max(analysis.activation_bytes for analysis in found)


def timings(specs: tuple[ArchitectureSpec, ...], batch: int) -> "Work[Run]":
    """Time several variants against each other; another run gives other times, so none is kept."""

    def work(context: JobContext) -> "Run":
        from explorer.timing import measure

        return measure(specs, batch, context.report)

    return work


class File(NamedTuple):
    """A picture file.

    Args:
        name: of the file, with its folder where that is known.
        identity: tells it from any other.
        content: all its bytes.
        credit: what is to be said beside it.
        named: whether its name may be that of its class.
    """

    name: str
    identity: str
    content: bytes
    credit: str = ""
    named: bool = True


sending = Lock()
"""Held while a file with weights is made, which is kept in memory until it is sent."""


def export_file(spec: ArchitectureSpec, target: Target, origin: Origin) -> bytes:
    """Return the content of a file.

    It runs while a browser waits for its download, beside the queue: a second or two at most, so
    nobody should wait for another's experiment. Those that hold weights, which are also held in
    memory until they are sent, are made one at a time.
    """
    if not target.has_weights:
        return target.write(spec, origin)
    warmup.wait()
    with sending:
        return target.write(spec, origin)
