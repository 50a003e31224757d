"""The probes of one batch, as work for the queue: several networks, several seeds, as they come."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from explorer import probing
from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui.jobs import JobContext
from explorer.ui.laboratory.progress import counting
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from torch import Tensor

Profiles = Sequence[Sequence[Any]]
"""For each network, the profiles measured so far: one for each seed."""

_kept: Kept[Any] = Kept(512)


def probes(
    kind: str,
    specs: Sequence[ArchitectureSpec],
    settings: ProbeSettings,
    seeds: int,
    files: Sequence[File] = (),
) -> Work[Profiles]:
    """Probe networks on the same batch, seed by seed, and show each profile as it comes.

    Args:
        kind: which probe, one of `PROBES`.
        specs: the networks.
        settings: of the first seed; the others count up from it.
        seeds: how many.
        files: the uploaded pictures that the settings speak of.
    """

    def work(context: JobContext) -> Profiles:
        found: list[list[Any]] = [[] for _ in specs]
        total = seeds * len(specs)
        for turn in range(total):
            number, place = divmod(turn, len(specs))
            spec, one = specs[place], replace(settings, seed=settings.seed + number)
            key = (kind, spec, one, tuple(file.identity for file in files))
            steps, message = _steps(kind, spec), f"{turn + 1} of {total}"
            report = counting(context, steps, message, turn / total, 1 / total)
            found[place].append(_kept.get(key, lambda: _probe(kind, spec, one, files, report)))  # noqa: B023
            context.show(tuple(map(tuple, found)))
        return tuple(map(tuple, found))

    return work


def _probe(
    kind: str,
    spec: ArchitectureSpec,
    settings: ProbeSettings,
    files: Sequence[File],
    check: Callable[[], None],
) -> Any:
    from explorer.gradients import PROBES

    return PROBES[kind](spec, settings, images(spec, settings, files), check)


def _steps(kind: str, spec: ArchitectureSpec) -> int:
    """Return how often a probe calls what it is given to check."""
    from explorer.gradients.norms import weighted_rows

    layers, units = len(weighted_rows(spec)), sum(spec.stages)
    return {"norms": 2 * layers, "pathways": 2 * units, "activations": layers}[kind]


def records(profiles: Profiles) -> list[dict[str, Any]]:
    """Return all that was measured, network by network and seed by seed."""
    return probing.records(profile for found in profiles for profile in found)


def images(
    spec: ArchitectureSpec, settings: ProbeSettings, files: Sequence[File]
) -> "Tensor | None":
    """Return the batch that the settings speak of; None for noise, which a probe draws itself."""
    if settings.source == "noise":
        return None
    if settings.source == "cifar10":
        from explorer.training.bundled_batch import labelled_batch

        return labelled_batch(spec, settings.batch, settings.seed)[0]
    from explorer.data import bundled_pictures
    from explorer.pictures import read_picture
    from explorer.prediction import picture_batch

    if settings.source == "uploads":
        pictures = [read_picture(file.content, file.name).image for file in files]
    else:
        pictures = [picture.read().image for picture in bundled_pictures()]
    return picture_batch(pictures, spec, settings.batch, settings.seed)
