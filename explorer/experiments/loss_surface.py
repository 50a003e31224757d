"""Loss landscape: around trained weights, plain against residual, with filter normalisation."""

from collections.abc import Sequence
from math import inf, isfinite, log
from typing import TYPE_CHECKING, NamedTuple

from explorer.experiments import subjects
from explorer.experiments.experiment import (
    SEED,
    Chart,
    Control,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.experiments.subjects import PAIR, Stream, Subject
from explorer.figures.experiment import Curve, curves
from explorer.figures.maps import LossMap, contours, surfaces

if TYPE_CHECKING:
    from explorer.explanation.loss_surface import LossSurface

_CLOSE = 0.1
"""Difference of two shares within which they count as about the same."""
_LEAST = 1e-3
"""The lowest loss that the logarithmic scale shows."""
_MOST = 100.0


class _Around(NamedTuple):
    """A network, and its loss at each place that is measured: a row for each of the first."""

    subject: Subject
    classes: int
    losses: list[list[float | None]]

    @property
    def whole(self) -> list[list[float]]:
        """The losses, those that are not measured yet as if infinite."""
        return [[inf if loss is None else loss for loss in row] for row in self.losses]

    @property
    def finished(self) -> bool:
        return all(loss is not None for row in self.losses for loss in row)

    @property
    def centre(self) -> float:
        middle = len(self.losses) // 2
        return self.whole[middle][middle]

    @property
    def below_guessing(self) -> float:
        """Share of the places where the loss is below that of guessing, the classes' logarithm."""
        losses = [loss for row in self.whole for loss in row]
        return sum(loss < log(self.classes) for loss in losses) / len(losses)


def _places(settings: Settings) -> list[float]:
    count, reach = settings.number("grid"), float(settings["reach"])
    return [reach * (2 * place / (count - 1) - 1) for place in range(count)]


def _run(settings: Settings, watch: Watch) -> Outcome:
    places = _places(settings)
    found: list[_Around] = []
    asked = subjects.subjects(settings)
    total = len(asked) * len(places) ** 2
    stream = Stream(watch, lambda: _told(settings, found))
    for subject in asked:
        surface = _surface(subject, settings)
        around = _Around(subject, subject.spec.classes, [[None] * len(places) for _ in places])
        found.append(around)
        for row, column in _outwards(len(places)):
            around.losses[row][column] = surface.at(places[row], places[column])
            known = sum(loss is not None for each in found for line in each.losses for loss in line)
            stream.step(known / total, f"{subject.name}, place {known:,} of {total:,}")
    return _told(settings, found, finished=True)


def _surface(subject: Subject, settings: Settings) -> "LossSurface":
    from explorer import weights
    from explorer.explanation.loss_surface import LossSurface
    from explorer.training.bundled_batch import labelled_batch

    seed, count = settings.number("seed"), settings.number("pictures")
    images, labels = labelled_batch(subject.spec, count, seed, subject.weights, "train")
    return LossSurface(weights.load(subject.weights), images, labels, seed)


def _outwards(count: int) -> list[tuple[int, int]]:
    """Return all places of a grid, the middle first."""
    middle = count // 2
    every = [(row, column) for row in range(count) for column in range(count)]
    return sorted(every, key=lambda place: max(abs(each - middle) for each in place))


def _told(settings: Settings, found: Sequence[_Around], finished: bool = False) -> Outcome:
    places = _places(settings)
    known = [loss for each in found for row in each.losses for loss in row if loss is not None]
    highest = max((loss for loss in known if isfinite(loss)), default=1.0)
    bounds = max(_LEAST, min(known, default=_LEAST)), max(2 * _LEAST, min(_MOST, highest))
    maps = [LossMap(each.subject.name, places, each.losses) for each in found]
    charts = [_map_chart(each, shown, bounds) for each, shown in zip(found, maps, strict=True)]
    charts.append(_slice_chart(places, found))
    if finished:
        charts.append(_surface_chart(maps, bounds, found, places))
    shares = [_not_convex(each) for each in found if each.finished]
    return Outcome(
        findings=tuple(_finding(each) for each in found if each.finished),
        charts=tuple(charts),
        answer=_answer(*shares) if finished and not settings.own else None,
        conditions=f"Mean cross-entropy of {settings['pictures']} of the bundled pictures that the "
        f"networks were trained on, at {len(places)} × {len(places)} places up to "
        f"{settings['reach']} filter norms away, seed {settings['seed']}. Each filter of a random "
        "direction is as long as the network's own; biases and batch normalisation's parameters "
        "do not move, and its running statistics stay, as in the paper's own code.",
    )


def _not_convex(each: _Around) -> float:
    from explorer.explanation.loss_surface import not_convex

    return not_convex(each.whole)


def _answer(residual: float, plain: float) -> int:
    """Return which answer of the guess the shares of places that are not convex give."""
    if abs(plain - residual) <= _CLOSE:
        return 1
    return 2 if plain > residual else 0


def _finding(each: _Around) -> str:
    highest = max(loss for row in each.whole for loss in row)
    return (
        f"**{each.subject.name}**: from {each.centre:.2g} at its weights, the loss rises up to "
        f"{highest:.3g}. At **{_not_convex(each):.0%}** of the places the surface is not convex; "
        f"at {each.below_guessing:.0%} the loss is still below that of guessing, "
        f"{log(each.classes):.2g}."
    )


def _map_chart(each: _Around, shown: LossMap, bounds: tuple[float, float]) -> Chart:
    return Chart(
        f"map-{each.subject.weights}",
        f"Loss around the weights of {each.subject.name}",
        "Seen from above: the cross is the trained network, a step of 1 moves every filter by its "
        "own length. All maps have one colour scale, logarithmic; lines join equal losses.",
        contours(f"loss-map-{each.subject.weights}", shown, bounds),
        _records([each], shown.places),
        beside=True,
    )


def _slice_chart(places: Sequence[float], found: Sequence[_Around]) -> Chart:
    middle = len(places) // 2
    lines = []
    for each in found:
        first, second = [row[middle] for row in each.whole], each.whole[middle]
        for words, dash, losses in (("first", "solid", first), ("second", "dash", second)):
            lines.append(
                Curve(
                    name=f"{each.subject.name}, {words} direction",
                    colour=each.subject.colour,
                    across=tuple(places),
                    values=tuple(losses),
                    dash=dash,
                    marked=True,
                )
            )
    return Chart(
        "slices",
        "Slices through the middle of the maps",
        "The same losses along one direction alone. The wider the valley, the further the weights "
        "can move before the network forgets.",
        curves("loss-slices", lines, "Step along the direction", "Loss", logarithmic=True),
        _records(found, places),
    )


def _surface_chart(
    maps: Sequence[LossMap],
    bounds: tuple[float, float],
    found: Sequence[_Around],
    places: Sequence[float],
) -> Chart:
    return Chart(
        "surfaces",
        "The same as surfaces",
        "Drag to turn them: they turn together. Height and colour are the logarithm of the loss, "
        f"cut off at {bounds[1]:.3g}.",
        surfaces("loss-surfaces", maps, bounds),
        _records(found, places),
    )


def _records(found: Sequence[_Around], places: Sequence[float]) -> list[dict[str, object]]:
    return [
        {"network": str(each.subject.spec), "first": a, "second": b, "loss": loss}
        for each in found
        for a, row in zip(places, each.losses, strict=True)
        for b, loss in zip(places, row, strict=True)
        if loss is not None
    ]


EXPERIMENT = Experiment(
    key="landscape",
    title="Loss landscape",
    claim="Around the weights of a deep plain network the loss is chaotic; with skip connections "
    "it stays smooth and nearly convex.",
    source="Li et al. 2018 (arXiv:1712.09913), Figures 1 and 5",
    guess=Guess(
        "Beside the residual network's map of the loss, the plain one's has ... where the surface "
        "is not convex",
        ("clearly fewer places", "about as many places", "clearly more places"),
        2,
    ),
    controls=(
        PAIR,
        Control(
            "grid",
            "Places each way",
            ("7", "11", "15", "21"),
            "11",
            "The loss is measured at the square of this many places for each network.",
        ),
        Control(
            "reach",
            "Reach",
            ("0.25", "0.5", "1"),
            "1",
            "How far the map goes, in lengths of each filter.",
        ),
        subjects.pictures_control("50", ("25", "50", "100", "200"), "Of which the loss is."),
        SEED._replace(help="Draws the two directions and the pictures."),
    ),
    run=_run,
    networks=subjects.pair,
    why_not=subjects.why_untrained,
    most=2,
    published="""
The paper shows surfaces and contours, and no numbers for them: with skip connections (ResNet-56)
the loss around the weights is smooth and nearly convex, without them it is chaotic, with steep
walls and many valleys. Networks of 20 layers look alike with and without.
""",
    scale="The networks here have 20 layers, for which the paper finds little difference; the "
    "claim is about 56 and more. It does not hold at this size: in four draws of directions, the "
    "share of places where the surface is not convex was from 6 points lower to 20 points higher "
    "around the plain network than around the residual one. The places are far apart, and the "
    "pictures few, so that fine ripples are not seen. How far weights may move is told in "
    "lengths of each filter: without that, a network of larger weights would look flatter than an "
    "equal one of smaller weights.",
)
