"""Initialisation lab: which start lets which depth train, method by method and depth by depth."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from explorer.experiments import learning, tracks
from explorer.experiments.experiment import (
    DATA,
    SEED,
    SEEDS,
    Chart,
    Control,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.figures.experiment import grid
from explorer.spec import ArchitectureSpec, SpecError, parse
from explorer.training.live_history import History
from explorer.words import title

_DEPTHS = (8, 20, 56, 110)
_TRAINS = 0.8
"""Share of the loss of guessing, below which a network counts as one that trains."""

_METHODS = {
    "plain20-cifar": "plain, BN",
    "resnet20-cifar": "BN",
    "resnet20-cifar,zero_init=true": "BN, last gamma 0",
    "resnet20-cifar,survival=0.5": "BN, stochastic depth",
    "resnet20-cifar,norm=none": "no BN",
    "resnet20-cifar,norm=none,init=fixup": "no BN, Fixup",
    "resnet20-cifar,norm=none,skip_init=true": "no BN, SkipInit (ReZero)",
}
_PLAIN_START, *_SCALED_STARTS = tuple(_METHODS)[-3:]


class _Cell(NamedTuple):
    """One method at one depth, and what its trainings, one a seed, have measured."""

    method: str
    spec: ArchitectureSpec
    histories: list[History]

    @property
    def loss(self) -> float | None:
        """The median loss of the last steps; None before the first."""
        ends = [tracks.end_of(each) for each in self.histories if each.points or each.error]
        return tracks.middle(ends) if ends else None

    @property
    def trains(self) -> bool:
        """Whether the loss is clearly below that of guessing."""
        return self.loss is not None and self.loss < _TRAINS * tracks.GUESSING


def _pace(settings: Settings) -> learning.Pace:
    return learning.Pace(learning_rate=float(settings["rate"]))


def _depths(settings: Settings) -> list[int]:
    return [depth for depth in _DEPTHS if depth <= settings.number("deepest")]


def _run(settings: Settings, watch: Watch) -> Outcome:
    from explorer.training.live import LiveTraining

    cells = _cells(settings)
    work = sum(cell.spec.depth for cell in cells) * settings.number("steps") * len(settings.seeds)
    course = learning.Course(watch, work, lambda: _told(settings, cells))
    for seed in settings.seeds:
        for cell in cells:
            one = replace(settings, networks=(str(cell.spec),))
            training = LiveTraining(_pace(settings).live(one, seed))
            cell.histories.append(training.networks[0].history)
            course.follow(training, f"{cell.method}, {cell.spec.depth} layers, seed {seed}")
    return _told(settings, cells)


def _cells(settings: Settings) -> list[_Cell]:
    """Return all cells without measurements, the shallow ones first."""
    rows = dict.fromkeys(parse(text).vary(depth=_DEPTHS[0]) for text in settings.networks)
    names = {parse(text).vary(depth=_DEPTHS[0]): name for text, name in _METHODS.items()}
    return [
        _Cell(title(row) if settings.own else names[row], row.vary(depth=depth), [])
        for depth in _depths(settings)
        for row in rows
    ]


def _told(settings: Settings, cells: Sequence[_Cell]) -> Outcome:
    measured = [cell for cell in cells if cell.loss is not None]
    return Outcome(
        findings=_findings(measured),
        charts=(_chart(settings, cells),),
        answer=_answer(settings, cells),
        conditions=learning.conditions(settings, _pace(settings)),
    )


def _findings(measured: Sequence[_Cell]) -> tuple[str, ...]:
    """Say which methods train at the same depths, those that train deepest first."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for method in dict.fromkeys(cell.method for cell in measured):
        depths = (cell.spec.depth for cell in measured if cell.method == method and cell.trains)
        groups.setdefault(tuple(depths), []).append(f"**{method}**")
    deepest_first = sorted(groups, key=lambda depths: max(depths, default=0), reverse=True)
    return tuple(f"Trains {_at(depths)}: {'; '.join(groups[depths])}." for depths in deepest_first)


def _at(depths: Sequence[int]) -> str:
    return f"at {', '.join(map(str, depths))} layers" if depths else "at no depth"


def _chart(settings: Settings, cells: Sequence[_Cell]) -> Chart:
    depths = _depths(settings)
    methods = list(dict.fromkeys(cell.method for cell in cells))
    losses = {(cell.method, cell.spec.depth): cell.loss for cell in cells}
    return Chart(
        "grid",
        f"Training loss after {settings['steps']} steps, mean of the last 20",
        "One cell is one training"
        + (", the median of the seeds" * (len(settings.seeds) > 1))
        + f". Dark is low; guessing has {tracks.GUESSING:.2f}. A network trains here if its loss "
        f"ends below {_TRAINS * tracks.GUESSING:.2f}, {_TRAINS:.0%} of that. NaN is not a "
        "number: the training broke off.",
        grid(
            "experiment-initialisation",
            list(map(str, depths)),
            methods,
            [[losses[method, depth] for depth in depths] for method in methods],
            "Training loss",
            x_title="Layers",
            bounds=(0, tracks.GUESSING),
        ),
        [
            {
                "method": cell.method,
                "depth": cell.spec.depth,
                "seed": seed,
                "loss": tracks.end_of(history),
                "steps": len(history.points),
                "variant": str(history.spec),
            }
            for cell in cells
            for seed, history in zip(settings.seeds, cell.histories, strict=False)
        ],
    )


def _answer(settings: Settings, cells: Sequence[_Cell]) -> int | None:
    """Return which answer the deepest networks without normalisation give."""
    deepest = {cell.method: cell for cell in cells if cell.spec.depth == max(_depths(settings))}
    if settings.own or any(cell.loss is None for cell in deepest.values()):
        return None
    usual = deepest[_METHODS[_PLAIN_START]].trains
    scaled = any(deepest[_METHODS[start]].trains for start in _SCALED_STARTS)
    return 2 * scaled + usual


def _why_not(spec: ArchitectureSpec) -> str:
    if spec.family != "residual":
        return "its depth cannot be chosen"
    try:
        for depth in _DEPTHS:
            spec.vary(depth=depth)
    except SpecError as error:
        return f"not every depth of the grid can be had: {error}"
    return learning.why_not(spec)


EXPERIMENT = Experiment(
    key="initialisation",
    title="Initialisation lab",
    claim="Without normalisation a deep residual network needs branches that start small; then "
    "it trains as deep as one with normalisation.",
    source="Zhang et al. 2019, Fixup (arXiv:1901.09321); De & Smith 2020, SkipInit "
    "(arXiv:2002.10444); Bachlechner et al. 2020, ReZero (arXiv:2003.04887); Huang et al. 2016, "
    "stochastic depth (arXiv:1603.09382)",
    guess=Guess(
        "At the greatest depth and without BN, which networks will train?",
        (
            "none",
            "only those that start as He et al. do",
            "only those whose branches start at zero (Fixup, SkipInit, ReZero)",
            "both sorts",
        ),
        2,
    ),
    controls=(
        Control(
            "deepest",
            "Greatest depth",
            ("8", "20", "56", "110"),
            "56",
            "The last column: each method is trained at this depth and the smaller ones.",
        ),
        Control(
            "rate",
            "Learning rate",
            ("0.02", "0.05", "0.1"),
            "0.1",
            "Of all trainings. Branches that start at zero need a higher one to begin.",
        ),
        DATA,
        Control(
            "steps",
            "Steps",
            ("20", "40", "80", "160"),
            "80",
            "How many batches each network learns from.",
        ),
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=lambda choices: tuple(_METHODS),
    why_not=_why_not,
    published="""
| paper | what it reports |
|---|---|
| He et al. 2015, Section 4.2 | ResNet-110 with BN: a rate of 0.1 is too large to begin with; 0.01 until the training error is below 80% |
| Fixup, abstract | no normalisation: trains at up to 10,000 layers |
| De & Smith 2020, abstract | BN scales the branch down, relative to the shortcut, by about the square root of the depth; SkipInit does so by a multiplier that starts at 0 |
| Stochastic depth, abstract | beyond 1,200 layers test error still improves: 4.91% on CIFAR-10 |
""",  # noqa: E501
    scale="Tens of steps instead of tens of thousands: what does not train here may begin later, "
    "as ResNet-56 with BN does at this rate. Narrow networks (8 channels), small pictures. Fixup "
    "is its scaling alone, without its scalar biases and multipliers; SkipInit and ReZero are the "
    "same here, one learned multiplier a branch that starts at 0. Stochastic depth keeps the last "
    "unit with probability 0.5 in each step, and those before it with more. With each of the seeds "
    "0, 1 and 2, of the deepest networks without BN none trains but such whose branches start at "
    "zero.",
)
