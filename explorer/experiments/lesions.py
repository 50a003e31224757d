"""Lesions: a residual network does without a unit, a plain network does not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from explorer.experiments import subjects
from explorer.experiments.experiment import (
    SEED,
    Chart,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.experiments.subjects import PAIR, Stream, Subject
from explorer.explanation.board import (
    Board,
    Lesion,
    board,
    removal,
    remove_each,
    remove_random,
    swap_random,
)
from explorer.explanation.errors import ExplanationError
from explorer.figures.experiment import Curve, curves
from explorer.figures.style import Figure

if TYPE_CHECKING:
    from explorer.explanation.lesions import CurvePoint
    from explorer.explanation.lesions import Outcome as Judged

_DRAWS = 5
_COUNTS = 6
_BATCH = 50
_NEAR_GUESSING = 0.2


class _Lesioned(NamedTuple):
    """A network, what is done to it, and how it did so far."""

    subject: Subject
    board: Board
    single: tuple[Lesion, ...]
    several: tuple[Lesion, ...]
    swapped: tuple[Lesion, ...]
    judged: "dict[Lesion, Judged]"

    @property
    def intact(self) -> Lesion:
        return removal(self.board)

    @property
    def begun(self) -> bool:
        """Whether every lesion has seen some pictures; of a batch, the intact network is last."""
        return self.intact in self.judged

    @property
    def all(self) -> tuple[Lesion, ...]:
        return tuple(
            dict.fromkeys((self.intact, *self.single, *self.several, *self.swapped)),
        )

    def accuracies(self, lesions: Iterable[Lesion]) -> list[float]:
        """Return the accuracies of those that are judged."""
        return [self.judged[each].accuracy for each in lesions if each in self.judged]

    def curve(
        self, lesions: Iterable[Lesion], by: Callable[[Lesion], float]
    ) -> "tuple[CurvePoint, ...]":
        from explorer.explanation.lesions import curve

        wanted = dict.fromkeys((self.intact, *lesions))
        return curve([self.judged[each] for each in wanted if each in self.judged], by)


def _lesioned(subject: Subject, seed: int) -> _Lesioned:
    units = board(subject.spec)
    removable = sum(unit.removable for unit in units)
    counts = sorted({-(-removable * part // _COUNTS) for part in range(1, _COUNTS + 1)})
    try:
        swapped = swap_random(units, range(1, _COUNTS + 1), _DRAWS, seed)
    except ExplanationError:  # no two units are of one shape
        swapped = ()
    several = remove_random(units, counts, _DRAWS, seed)
    return _Lesioned(subject, units, remove_each(units), several, swapped, {})


def _run(settings: Settings, watch: Watch) -> Outcome:
    from explorer import weights
    from explorer.explanation.lesions import sweep
    from explorer.training.bundled_batch import labelled_batch

    seed, pictures = settings.number("seed"), settings.number("pictures")
    found = [_lesioned(each, seed) for each in subjects.subjects(settings)]
    done, total = 0, sum(len(each.all) for each in found) * -(-pictures // _BATCH)
    stream = Stream(watch, lambda: _told(settings, [each for each in found if each.begun]))
    for each in found:
        name = each.subject.weights
        images, labels = labelled_batch(each.subject.spec, pictures, seed, name)
        model = weights.load(name)
        for judged in sweep(each.subject.spec, model, each.all, images, labels, _BATCH):
            each.judged[judged.lesion] = judged
            done += 1
            stream.step(done / total, f"{each.subject.name}, picture {judged.pictures}")
    return _told(settings, found, finished=True)


def _told(settings: Settings, found: Sequence[_Lesioned], finished: bool = False) -> Outcome:
    answer = None
    if finished and not settings.own:
        residual, plain = (median(each.accuracies(each.single)) for each in found)
        answer = _answer(residual, plain)
    return Outcome(
        findings=tuple(map(_finding, found)),
        charts=(_single_chart(found), _several_chart(found), _swapped_chart(found)),
        answer=answer,
        conditions=f"{settings['pictures']} of CIFAR-10's bundled test pictures, seed "
        f"{settings['seed']}. A residual unit that is off leaves its shortcut; a plain one is "
        "taken out, where its input and its output are of one shape. Several units: "
        f"{_DRAWS} random choices of each number, or all that there are; only units of one shape "
        "change places.",
    )


def _answer(residual: float, plain: float) -> int:
    """Return which answer of the guess the accuracies without one unit give, at the median."""
    if plain < _NEAR_GUESSING:
        return 1 if residual < _NEAR_GUESSING else 0
    return 2 if residual < _NEAR_GUESSING else 3


def _finding(each: _Lesioned) -> str:
    single = {lesion: each.judged[lesion] for lesion in each.single if lesion in each.judged}
    (intact,) = each.accuracies([each.intact])
    said = f"**{each.subject.name}** gets {intact:.0%} of the pictures right"
    if not single:
        return f"{said}."
    ordered = sorted(single, key=lambda lesion: single[lesion].accuracy)
    worst, best = (
        f"{single[lesion].accuracy:.0%} (unit {_unit(lesion)})"
        for lesion in (ordered[0], ordered[-1])
    )
    middle = median(judged.accuracy for judged in single.values())
    return (
        f"{said}. Without one of its units, {len(single)} of {len(each.board)} tried, it gets "
        f"**{middle:.0%}** at the median: from {worst} to {best}.{_further(each)}"
    )


def _further(each: _Lesioned) -> str:
    swapped = each.curve(each.swapped, lambda lesion: lesion.kendall_tau)
    several = each.curve(each.several, lambda lesion: len(lesion.off))
    half = [point for point in several if 2 * point.x >= len(each.single)]
    said = f" With {half[0].x:g} units off it gets {half[0].mean:.0%} on average" if half else ""
    if said and swapped and swapped[0].x < 1:
        said += f", in its most shuffled order {swapped[0].mean:.0%}"
    return f"{said}." if said else ""


def _unit(lesion: Lesion) -> int:
    (place,) = lesion.off
    return place + 1


def _single_chart(found: Sequence[_Lesioned]) -> Chart:
    lines = []
    for each in found:
        single = [lesion for lesion in each.single if lesion in each.judged]
        name, colour = each.subject.name, each.subject.colour
        across = tuple(map(_unit, single))
        values = tuple(100 * value for value in each.accuracies(single))
        lines.append(Curve(name=name, colour=colour, across=across, values=values, marked=True))
        (intact,) = each.accuracies([each.intact])
        ends, whole = (1, len(each.board)), (100 * intact,) * 2
        lines.append(
            Curve(name=f"{name}, intact", colour=colour, across=ends, values=whole, dash="dot")
        )
    return Chart(
        "one",
        "Accuracy without one unit",
        "Each point is the network without that unit; dotted, with all of them. Guessing among ten "
        "classes gets 10%. No point: the unit cannot be taken out, for it changes the shape.",
        curves("lesions-one", lines, "Unit that is off", "Right answers (%)"),
        _records(found, lambda each: each.single),
    )


def _several_chart(found: Sequence[_Lesioned]) -> Chart:
    return Chart(
        "several",
        "Accuracy without several units",
        "Lines are means over random choices of units, shaded from the worst choice to the best.",
        _many(
            found,
            "lesions-several",
            lambda each: each.several,
            lambda lesion: len(lesion.off),
            "Units that are off",
        ),
        _records(found, lambda each: each.several),
    )


def _swapped_chart(found: Sequence[_Lesioned]) -> Chart:
    return Chart(
        "order",
        "Accuracy with units in another order",
        "At 1 all units are in order; the further left, the more pairs have changed places. Lines "
        "are means over random orders, shaded from the worst to the best.",
        _many(
            found,
            "lesions-order",
            lambda each: each.swapped,
            lambda lesion: lesion.kendall_tau,
            "Order (Kendall rank correlation with the network's own)",
        ),
        _records(found, lambda each: each.swapped),
    )


def _many(
    found: Sequence[_Lesioned],
    name: str,
    of: Callable[[_Lesioned], Sequence[Lesion]],
    by: Callable[[Lesion], float],
    x_title: str,
) -> Figure:
    lines = []
    for each in found:
        points = each.curve(of(each), by)
        lines.append(
            Curve(
                name=each.subject.name,
                colour=each.subject.colour,
                across=tuple(point.x for point in points),
                values=tuple(100 * point.mean for point in points),
                lows=tuple(100 * point.lowest for point in points),
                highs=tuple(100 * point.highest for point in points),
                marked=True,
            )
        )
    return curves(name, lines, x_title, "Right answers (%)")


def _records(
    found: Sequence[_Lesioned], of: Callable[[_Lesioned], Sequence[Lesion]]
) -> list[Mapping[str, object]]:
    return [
        {
            "network": str(each.subject.spec),
            "units_off": " ".join(str(place + 1) for place in sorted(lesion.off)),
            "order": " ".join(str(unit + 1) for unit in lesion.order),
            "kendall_tau": lesion.kendall_tau,
            "right": each.judged[lesion].correct,
            "pictures": each.judged[lesion].pictures,
        }
        for each in found
        for lesion in (each.intact, *of(each))
        if lesion in each.judged
    ]


EXPERIMENT = Experiment(
    key="lesions",
    title="Lesions and reordering",
    claim="Taking any one unit out of a trained residual network hardly matters, taking a layer "
    "out of a plain network brings it down to guessing; taking out or reordering several units "
    "makes the residual network worse step by step.",
    source="Veit, Wilber and Belongie 2016 (arXiv:1605.06431), Section 4",
    guess=Guess(
        "One unit is taken out, each in turn. At the median, right answers fall to near guessing "
        "(below 20%) ...",
        (
            "in the plain network only",
            "in both networks",
            "in the residual network only",
            "in neither",
        ),
        0,
    ),
    controls=(
        PAIR,
        subjects.pictures_control(
            "200", ("100", "200", "500", "1000"), "How many test pictures judge each network."
        ),
        SEED._replace(help="Draws the pictures, and which units are taken out or change places."),
    ),
    run=_run,
    networks=subjects.pair,
    why_not=subjects.why_untrained,
    published="""
A residual network of 110 layers, 54 units, and VGG:

| what is done | what comes of it |
|---|---|
| any one residual unit is deleted | hardly matters, but for those that downsample |
| any one layer of VGG is deleted | falls to chance |
| many residual units are deleted, or reordered | degrades smoothly |
| trained on the effective paths only | 5.96% test error, against 6.10% |
""",
    scale="The paper's residual network has 54 units, so that each is a small part of it; "
    "ResNet-20 has 9, and taking one out costs more than *hardly matters*. That the plain network "
    "falls to guessing, and the residual one does not, holds with each of the seeds 0, 1 and 2. "
    "The plain network is the residual one's twin instead of VGG: its units are of two "
    "convolutions, and both are taken out.",
)
