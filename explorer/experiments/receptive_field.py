"""Effective receptive field: much smaller than the theoretical one, and shaped like a Gaussian."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from explorer.analysis import analyze
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
from explorer.figures.experiment import Curve, curves
from explorer.figures.maps import field
from explorer.plan import plan, units
from explorer.spec import ArchitectureSpec, SpecError

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.explanation.receptive import EffectiveField

_SIDE, _TILES = 96, 3
"""Pixels of a mosaic, and CIFAR-10's pictures along each of its sides."""
_MOST_UNITS = 9
_PART = 0.95
_NEARLY_ALL, _A_FRACTION = 0.75, 0.4
_THEORY = "#8A95A1"


class _Fields(NamedTuple):
    """A network on mosaics, the units that are measured, and their fields so far."""

    subject: Subject
    units: tuple[str, ...]
    found: "list[EffectiveField]"

    @property
    def last(self) -> "EffectiveField":
        return self.found[-1]


def _on_mosaics(spec: ArchitectureSpec) -> ArchitectureSpec:
    """Return a network for larger pictures, with the same weights.

    Raises:
        SpecError: if it takes no others.
    """
    return spec.vary(image_size=_SIDE)


def _fitting_units(spec: ArchitectureSpec) -> tuple[str, ...]:
    """Return some units, the last among them, whose theoretical field is not above the mosaic."""
    ends = {name: 0 for name, *_ in units(plan(spec).root)}
    for row in analyze(spec).layers:
        name = next((end for end in ends if f"{row.name}.".startswith(f"{end}.")), None)
        if name is not None:
            ends[name] = row.receptive_field or 2 * _SIDE
    fitting = [name for name, side in ends.items() if side <= _SIDE]
    count = min(len(fitting), _MOST_UNITS)
    return tuple(fitting[(place + 1) * len(fitting) // count - 1] for place in range(count))


def _run(settings: Settings, watch: Watch) -> Outcome:
    from explorer.explanation.receptive import effective_field

    found: list[_Fields] = []
    asked = subjects.subjects(settings)
    asked += [each.untrained() for each in asked if each.weights and not settings.own]
    stream = Stream(watch, lambda: _told(settings, [each for each in found if each.found]))
    for number, subject in enumerate(asked):
        spec = _on_mosaics(subject.spec)
        images = _mosaics(subject, settings)
        model = subjects.module(subject._replace(spec=spec), settings.number("seed"), images)
        fields = _Fields(subject, _fitting_units(spec), [])
        found.append(fields)
        for unit in fields.units:
            fields.found.append(effective_field(spec, model, unit, images))
            done = (number + len(fields.found) / len(fields.units)) / len(asked)
            stream.step(done, f"{subject.name}, {unit}")
    return _told(settings, found)


def _mosaics(subject: Subject, settings: Settings) -> "Tensor":
    """Return 3 × 3 test pictures each, put together: shape (N, 3, 96, 96), normalised."""
    from explorer.training.bundled_batch import labelled_batch

    count = settings.number("pictures")
    each = subject.spec.vary(image_size=_SIDE // _TILES)
    images, _ = labelled_batch(each, count * _TILES**2, settings.number("seed"), subject.weights)
    channels = images.shape[1]
    tiles = images.view(count, _TILES, _TILES, channels, *images.shape[2:])
    return tiles.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, _SIDE, _SIDE)


def _told(settings: Settings, found: Sequence[_Fields]) -> Outcome:
    answer = None
    if found and not settings.own and len(found[0].found) == len(found[0].units):
        answer = _answer(_area(found[0].last))
    maps = [each for each in found if each.subject.weights or settings.own]
    return Outcome(
        findings=tuple(map(_finding, found)),
        charts=(_width_chart(found), _profile_chart(maps), *map(_map_chart, maps)),
        answer=answer,
        conditions=f"{settings['pictures']} mosaics of {_SIDE} × {_SIDE} pixels, each of "
        f"{_TILES**2} of CIFAR-10's bundled test pictures, seed {settings['seed']}; absolute "
        "gradient of the sum of all channels at the middle place of a unit's output. Untrained: "
        "He's normal, fan-in, with the mosaics' statistics in batch normalisation. Units are "
        f"measured as far as their theoretical field fits, {_MOST_UNITS} at the most.",
    )


def _area(found: "EffectiveField") -> float:
    """Return the fewest pixels that hold 95% of the gradient, as a share of the theoretical."""
    return found.area(_PART) / found.square.side**2


def _answer(area: float) -> int:
    """Return which answer of the guess a share of the theoretical field gives."""
    return 0 if area >= _NEARLY_ALL else 1 if area >= _A_FRACTION else 2


def _finding(each: _Fields) -> str:
    side, part = each.last.square.side, f"**{_area(each.last):.0%}**"
    return (
        f"**{each.subject.name}**: behind {_unit_words(each)} the theoretical field is {side} × "
        f"{side} pixels; {_PART:.0%} of the gradient comes from {part} of them. A Gaussian "
        f"explains {max(0, each.last.gaussian_fit):.0%} of its profile's variance."
    )


def _unit_words(each: _Fields) -> str:
    total = sum(each.subject.spec.stages)
    names = [name for name, *_ in units(plan(each.subject.spec).root)]
    return f"unit {names.index(each.last.unit) + 1} of {total}"


def _width_chart(found: Sequence[_Fields]) -> Chart:
    lines = []
    for each in found:
        lines.append(
            Curve(
                name=each.subject.name,
                colour=each.subject.colour,
                across=tuple(float(one.square.side) for one in each.found),
                values=tuple(1 + 2 * one.radius_95 for one in each.found),
                dash=each.subject.dash,
                marked=True,
            )
        )
    sides = [float(each.square.side) for fields in found for each in fields.found]
    if sides:
        diagonal = (min(sides), max(sides))
        lines.append(
            Curve(
                name="theoretical field",
                colour=_THEORY,
                across=diagonal,
                values=diagonal,
                dash="dot",
            )
        )
    return Chart(
        "width",
        "Width of the circle that holds 95% of the gradient, behind each unit",
        "Each point is a unit. On the grey line the whole theoretical field would count; the "
        "further below it, the smaller a part of it is used.",
        curves(
            "field-width",
            lines,
            "Width of the theoretical field (pixels)",
            "Width of the effective field (pixels)",
        ),
        [
            {
                "network": str(each.subject.spec),
                "weights": each.subject.weights or "untrained",
                "unit": one.unit,
                "theoretical_side": one.square.side,
                "radius_50": one.radius_50,
                "radius_95": one.radius_95,
                "pixels_of_95_percent": one.area(_PART),
                "share_of_theoretical_area": _area(one),
                "gaussian_r_squared": one.gaussian_fit,
            }
            for each in found
            for one in each.found
        ],
    )


def _profile_chart(found: Sequence[_Fields]) -> Chart:
    lines = []
    for each in found:
        profile, bell = each.last.share.sum(0), each.last.gaussian
        across = tuple(place - each.last.square.x for place in range(len(profile)))
        name, colour = each.subject.name, each.subject.colour
        for words, dash, values in (("", "solid", profile), (": Gaussian", "dash", bell)):
            shown = tuple(100 * float(value) for value in values)
            lines.append(
                Curve(name=f"{name}{words}", colour=colour, across=across, values=shown, dash=dash)
            )
    return Chart(
        "profile",
        "Profile of the effective field behind the last measured unit",
        "How much of the gradient each column of pixels gets; dashed, the Gaussian of the same "
        "width. The axis is as wide as the mosaic.",
        curves("field-profile", lines, "Pixels from the middle", "Part of the gradient (%)"),
        [
            {"network": str(each.subject.spec), "column": place, "part": part, "gaussian": bell}
            for each in found
            for place, (part, bell) in enumerate(
                zip(each.last.share.sum(0).tolist(), each.last.gaussian.tolist(), strict=True)
            )
        ],
    )


def _map_chart(each: _Fields) -> Chart:
    square, share = each.last.square, each.last.share.tolist()
    key = f"map-{each.subject.spec}"
    return Chart(
        key,
        f"Where the gradient arrives: {each.subject.name}",
        "The square is the theoretical field; pixels outside the bright spot hardly count.",
        field(f"field-{key}", share, (square.y, square.x), square.side),
        [
            {"row": row, "column": column, "share": value}
            for row, values in enumerate(share)
            for column, value in enumerate(values)
        ],
        beside=True,
    )


def _why_not(spec: ArchitectureSpec) -> str:
    if spec.dims != 2 or spec.in_channels != 3:
        return "it does not take pictures of three channels"
    try:
        large = _on_mosaics(spec)
        spec.vary(image_size=_SIDE // _TILES)
    except SpecError as error:
        return str(error)
    if not _fitting_units(large):
        return f"already its first unit's theoretical field is above {_SIDE} pixels"
    return subjects.why_large(large, 20)


EXPERIMENT = Experiment(
    key="receptive",
    title="Effective receptive field",
    claim="The pixels that really count for a place in a network's features are a Gaussian spot, "
    "and take up only a fraction of the theoretical receptive field.",
    source="Luo et al. 2016 (arXiv:1701.04128)",
    guess=Guess(
        "Behind the last unit of the trained residual network, 95% of the gradient comes from ... "
        "of the theoretical field",
        ("nearly all (75% or more)", "about half (40% to 75%)", "a fraction (less than 40%)"),
        2,
    ),
    controls=(
        PAIR,
        subjects.pictures_control("8", ("2", "4", "8", "11"), "Mosaics of nine test pictures."),
        SEED._replace(help="Draws the pictures, and the weights of the untrained networks."),
    ),
    run=_run,
    networks=subjects.pair,
    why_not=_why_not,
    published="""
The paper shows maps and curves, and no numbers that could be repeated here: the effective field has
a Gaussian distribution, and occupies only a fraction of the theoretical one.

| network (CIFAR) | theoretical field behind stages 1, 2 and 3, in pixels, computed |
|---|---|
| ResNet-20, plain-20 | 15, 37, 81 |
| ResNet-56, plain-56 | 39, 109, 249 |
""",
    scale="CIFAR-10's pictures of 32 pixels are smaller than most of these fields, which would be "
    "cut off. So nine of them make a mosaic, which the networks were not trained on; a unit whose "
    "field is wider than that is left out. The result is about the same for each of the seeds 0, "
    "1 and 2: 21% or 22% for ResNet-20.",
)
