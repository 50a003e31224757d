"""Gradients along lines of inputs, and noises of equal length, as work for the queue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from explorer.probing import ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui.jobs import JobContext
from explorer.ui.laboratory.progress import counting
from explorer.ui.laboratory.work import images
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from explorer.gradients.shattered import GradientLine


class NoiseLine(NamedTuple):
    """A noise in place of gradients: its autocorrelation, and one of its components."""

    correlations: tuple[float, ...]
    along: tuple[float, ...]


class Found(NamedTuple):
    """What there is so far: a line for each seed, of every network and of both noises."""

    networks: "tuple[tuple[GradientLine, ...], ...]"
    noises: Mapping[str, tuple[NoiseLine, ...]]


_kept: "Kept[GradientLine]" = Kept(256)
_noises: "Kept[NoiseLine]" = Kept(64)


def lines(
    specs: Sequence[ArchitectureSpec],
    settings: ProbeSettings,
    seeds: int,
    scalar: str,
    files: Sequence[File] = (),
) -> Work[Found]:
    """Measure a line for each seed and network, and show each as it comes.

    The noises have as many components as the first network's input has numbers.

    Args:
        specs: the networks.
        settings: of the first seed; the others count up from it.
        seeds: how many.
        scalar: what the gradient is of.
        files: the uploaded pictures that the settings speak of.
    """

    def work(context: JobContext) -> Found:
        from explorer.gradients.autocorrelation import NOISES

        networks: list[list[GradientLine]] = [[] for _ in specs]
        noises: dict[str, list[NoiseLine]] = {kind: [] for kind in NOISES}

        def found() -> Found:
            return Found(
                tuple(map(tuple, networks)), {kind: tuple(each) for kind, each in noises.items()}
            )

        total = seeds * len(specs)
        for number in range(seeds):
            one = replace(settings, seed=settings.seed + number)
            for kind in NOISES:
                noises[kind].append(_noise(kind, one, prod(specs[0].input_shape)))
            for place, spec in enumerate(specs):
                done, steps = number * len(specs) + place, 2 * sum(spec.stages)  # forward and back
                message = f"line {done + 1} of {total}"
                report = counting(context, steps, message, done / total, 1 / total)
                key = (spec, one, scalar, tuple(file.identity for file in files))
                measured = _kept.get(key, lambda: _line(spec, one, scalar, files, report))  # noqa: B023
                networks[place].append(measured)
                context.show(found())
        return found()

    return work


def _line(
    spec: ArchitectureSpec,
    settings: ProbeSettings,
    scalar: str,
    files: Sequence[File],
    check: Callable[[], None],
) -> "GradientLine":
    from explorer.gradients import shattered

    ends = images(spec, replace(settings, batch=2), files)
    return shattered.probe(spec, settings, ends, check, scalar)


def _noise(kind: str, settings: ProbeSettings, size: int) -> NoiseLine:
    from explorer.gradients.autocorrelation import autocorrelation, noise

    def draw() -> NoiseLine:
        drawn = noise(kind, settings.batch, size, settings.seed)
        return NoiseLine(autocorrelation(drawn), tuple(drawn[:, 0].tolist()))

    return _noises.get((kind, settings.batch, size, settings.seed), draw)
