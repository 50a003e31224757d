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
from explorer.ui.laboratory.progress import counting
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
        from explorer.gradients.paths import branch_steps

        found: list[PathProfile] = []
        units = [sum(one.spec.stages) for one in asked]
        steps = [each + branch_steps(each, samples, LONGEST) for each in units]
        done, total = 0, sum(steps)
        for number, one in enumerate(asked):
            key = (one, settings, samples, tuple(file.identity for file in files))
            message = f"network {number + 1} of {len(asked)}"
            check = counting(context, steps[number], message, done / total, steps[number] / total)
            done += steps[number]
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
