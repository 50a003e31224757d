"""The gradients through paths, as work for the queue: network by network, length by length."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from explorer.analysis import analyze
from explorer.path_lengths import LONGEST
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui import tasks
from explorer.ui.jobs import JobContext
from explorer.ui.laboratory import work
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from explorer.gradients.paths import PathProfile
    from explorer.gradients.preparation import Prepared


class Asked(NamedTuple):
    """A network, and the name of its trained weights; without a name it is untrained."""

    spec: ArchitectureSpec
    trained: str = ""


_kept: "Kept[PathProfile]" = Kept(128)


def needed_bytes(spec: ArchitectureSpec, batch: int) -> int:
    """Return an upper bound of the memory: a probe's, and one gradient for each length."""
    additions = [row for row in analyze(spec).layers if row.kind == "addition"]
    largest = max((prod(row.output_shape) for row in additions), default=0)
    lengths = min(len(additions), LONGEST) + 3
    return tasks.probe_bytes(spec, batch) + 4 * lengths * batch * largest


def profiles(
    asked: Sequence[Asked], settings: ProbeSettings, samples: int, files: Sequence[File] = ()
) -> "Work[tuple[PathProfile, ...]]":
    """Follow paths through networks, and show every length as it comes.

    Args:
        asked: the networks.
        settings: of the batch; for trained weights its size and seed alone.
        samples: paths of each length.
        files: the uploaded pictures that the settings speak of.
    """

    def run(context: JobContext) -> "tuple[PathProfile, ...]":
        found: list[PathProfile] = []
        for number, one in enumerate(asked):
            key = (one, settings, samples, tuple(file.identity for file in files))
            check = _reporting(context, asked, number, samples)
            show = partial(_show, context, tuple(found))
            follow = partial(_follow, one, settings, samples, files, check, show)
            found.append(_kept.get(key, follow))
            show(found[-1])
        return tuple(found)

    return run


def _show(context: JobContext, done: "tuple[PathProfile, ...]", last: "PathProfile") -> None:
    context.show((*done, last))


def _follow(
    one: Asked,
    settings: ProbeSettings,
    samples: int,
    files: Sequence[File],
    check: Callable[[], None],
    show: "Callable[[PathProfile], None]",
) -> "PathProfile":
    from explorer.gradients.paths import measure

    growing = measure(_prepared(one, settings, files), samples, settings.seed, check=check)
    profile = next(growing)
    show(profile)
    for profile in growing:
        show(profile)
    return profile


def _prepared(one: Asked, settings: ProbeSettings, files: Sequence[File]) -> "Prepared":
    from explorer.gradients.preparation import prepare
    from explorer.gradients.trained import prepare_trained

    if one.trained:
        from explorer.training.bundled_batch import labelled_batch

        batch = labelled_batch(one.spec, settings.batch, settings.seed, one.trained)
        return prepare_trained(one.trained, *batch)
    return prepare(one.spec, settings, work.images(one.spec, settings, files))


def _reporting(
    context: JobContext, asked: Sequence[Asked], number: int, samples: int
) -> Callable[[], None]:
    """Return what a measurement calls at every branch: progress, and a place to stop."""
    from explorer.gradients.paths import branch_steps

    steps = [_units(one) + branch_steps(_units(one), samples, LONGEST) for one in asked]
    before, total, seen = sum(steps[:number]), sum(steps), 0

    def check() -> None:
        nonlocal seen
        seen += 1
        context.report((before + seen) / total, f"network {number + 1} of {len(asked)}")

    return check


def _units(one: Asked) -> int:
    return sum(one.spec.stages)
