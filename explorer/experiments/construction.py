"""Solution by construction: a trained shallow network, made deeper by units that change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from explorer.experiments import learning, tracks
from explorer.experiments.experiment import (
    DATA,
    SEED,
    SEEDS,
    STEPS,
    Chart,
    Control,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.figures.experiment import COLOURS, grid
from explorer.spec import parse
from explorer.training.live_history import History
from explorer.words import title

if TYPE_CHECKING:
    from explorer.training.live import LiveNetwork

_PACE = learning.Pace()
_DEPTHS = (32, 56, 110)
_KINDS = ("residual", "plain")
_PARTS = (
    ("{shallow}", "dot"),
    ("{deep}, built from it", "solid"),
    ("{deep}, from the start", "dash"),
)
"""What is trained of each kind, one after the other, and how its curve is drawn."""


class Change(NamedTuple):
    """How far a deeper network's outputs are from those of the shallow one it was built from."""

    seed: int
    kind: str
    depth: int
    mode: str
    largest_difference: float


class _Measured(NamedTuple):
    """What all seeds have measured so far.

    Args:
        changes: of the outputs.
        histories: of each part of each seed, those of both kinds.
    """

    changes: list[Change]
    histories: list[list[tuple[History, ...]]]


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    residual = {"v1": "resnet20-cifar", "v2": "resnet110v2-cifar,depth=20"}
    return residual[choices["ordering"]], "plain20-cifar"


def _deep(settings: Settings) -> tuple[str, ...]:
    depth = settings.number("deep")
    return tuple(str(parse(text).vary(depth=depth)) for text in settings.networks)


def _run(settings: Settings, watch: Watch) -> Outcome:
    half = settings.number("steps") // 2
    shallow, deep = (
        sum(parse(text).depth for text in texts) for texts in (settings.networks, _deep(settings))
    )
    work = (half * shallow + 3 * half * deep) * len(settings.seeds)
    measured = _Measured([], [])
    course = learning.Course(watch, work, lambda: _told(settings, measured))
    for seed in settings.seeds:
        measured.histories.append([])
        _train(settings, seed, measured, course)
    return _told(settings, measured)


def _train(settings: Settings, seed: int, measured: _Measured, course: learning.Course) -> None:
    """Train shallow networks for half the steps, go on with deep ones, and train others."""
    from explorer.deepening import deepen
    from explorer.training.live import LiveTraining

    half = settings.number("steps") // 2
    live = _PACE.live(settings, seed)
    deep = replace(live, variants=_deep(settings))

    def follow(training: LiveTraining, what: str) -> None:
        measured.histories[-1].append(tuple(network.history for network in training.networks))
        course.follow(training, f"{what}, seed {seed}")

    shallow, built = LiveTraining(replace(live, steps=half)), LiveTraining(deep)
    follow(shallow, "shallow")
    for kind, before, network in zip(_KINDS, shallow.networks, built.networks, strict=True):
        measured.changes.extend(_changes(seed, kind, before))
        model, spec = before.training.model, before.history.spec
        deeper = deepen(model, spec, network.history.spec.stages, seed)
        network.go_on(deeper.module.state_dict(), half)
    follow(built, "built from the shallow")
    follow(LiveTraining(deep), "from the start")


def _changes(seed: int, kind: str, shallow: "LiveNetwork") -> list[Change]:
    """Return the largest difference of any output for the test pictures, at every depth."""
    from explorer.deepening import deepen, largest_difference
    from explorer.training.batches import normalise

    model, spec = shallow.training.model, shallow.history.spec
    images = normalise(shallow.test.images, shallow.training.preprocessing)
    return [
        Change(seed, kind, depth, mode, largest_difference(model, deeper, images))
        for depth in _DEPTHS
        for mode in ("prediction", "training")
        for deeper in [
            deepen(model.train(mode == "training"), spec, spec.vary(depth=depth).stages).module
        ]
    ]


def _told(settings: Settings, measured: _Measured) -> Outcome:
    found = _tracks(settings, measured)
    charts = [tracks.loss_chart(settings, list(found.values()))]
    findings: tuple[str, ...] = ()
    answer = None
    if measured.changes:
        charts.insert(0, _change_chart(measured.changes))
        findings = tuple(_sentence(kind, measured.changes) for kind in _KINDS)
    if _finished(settings, measured):
        pairs = [(found[kind, 1], found[kind, 2]) for kind in _KINDS]
        findings += tuple(tracks.compared(*pair) for pair in pairs)
        answer = tracks.order(*(track.loss for track in pairs[1]))
    return Outcome(
        findings=findings,
        charts=tuple(charts),
        answer=answer,
        conditions=learning.conditions(
            replace(settings, networks=(*settings.networks, *_deep(settings))), _PACE
        ),
    )


def _finished(settings: Settings, measured: _Measured) -> bool:
    """Whether every network of the last seed so far has made all its steps, or broke off."""
    *_, last = measured.histories
    return len(last) == len(_PARTS) and all(
        history.error or (history.points and history.points[-1].step == settings.number("steps"))
        for history in last[-1]
    )


def _tracks(settings: Settings, measured: _Measured) -> dict[tuple[str, int], tracks.Track]:
    """Return the tracks of each kind and part that any seed has begun."""
    names = [
        {"shallow": title(parse(shallow)), "deep": title(parse(deep))}
        for shallow, deep in zip(settings.networks, _deep(settings), strict=True)
    ]
    found = {}
    for place, kind in enumerate(_KINDS):
        for part, (name, dash) in enumerate(_PARTS):
            begun = tuple(parts[part][place] for parts in measured.histories if part < len(parts))
            if begun:
                found[kind, part] = tracks.Track(
                    name.format(**names[place]), begun, COLOURS[place], dash
                )
    return found


def _sentence(kind: str, changes: Sequence[Change]) -> str:
    """Say how exactly deeper networks of a kind give what the shallow one gives."""
    largest = {
        mode: max(
            each.largest_difference for each in changes if (each.kind, each.mode) == (kind, mode)
        )
        for mode in ("prediction", "training")
    }
    told = " and ".join(
        f"in {mode} mode " + ("exactly the same" if value == 0 else f"up to {value:.2g} away")
        for mode, value in largest.items()
    )
    return f"Identity units in the **{kind}** network, at all of these depths: outputs {told}."


def _change_chart(changes: Sequence[Change]) -> Chart:
    rows = [(kind, mode) for kind in _KINDS for mode in ("prediction", "training")]
    return Chart(
        "outputs",
        "Largest change of any output by the inserted units, before they learn",
        "0 means bit for bit the same outputs for all test pictures looked at; an output is the "
        "score of a class before softmax. In training mode a normalisation takes its mean and "
        "variance from the batch.",
        grid(
            "experiment-construction",
            list(map(str, _DEPTHS)),
            [f"{kind}, {mode}" for kind, mode in rows],
            [
                [
                    max(
                        (
                            each.largest_difference
                            for each in changes
                            if (each.kind, each.mode, each.depth) == (*row, depth)
                        ),
                        default=None,
                    )
                    for depth in _DEPTHS
                ]
                for row in rows
            ],
            "Largest difference",
            x_title="Layers",
            form=".2g",
        ),
        [each._asdict() for each in changes],
    )


EXPERIMENT = Experiment(
    key="construction",
    title="Solution by construction",
    claim="A deeper network needs no higher training error: copy a trained shallow one and let the "
    "added layers be the identity. That solvers do not find such a solution is the problem.",
    source="He et al. 2015 (arXiv:1512.03385), Section 1",
    guess=Guess(
        "The deeper plain network is built from the trained shallow one and trained on. After as "
        "many steps in all, its training loss will be ...",
        (
            "lower than that of one trained from the start",
            "about the same",
            "higher than that of one trained from the start",
        ),
        0,
    ),
    controls=(
        Control(
            "deep",
            "Depth",
            tuple(map(str, _DEPTHS)),
            "56",
            "Layers of the networks that are built from those of 20 and trained on.",
        ),
        Control(
            "ordering",
            "Residual network",
            ("v1", "v2"),
            "v1",
            "The order of normalisation, ReLU and addition in it.",
            {"v1": "v1: original", "v2": "v2: pre-activation"},
        ),
        DATA,
        STEPS,
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=_networks,
    published="""
The paper gives the argument, and errors that contradict the hope: a plain network of 34 layers
could have all that one of 18 has, and one of them comes out worse. Validation error on ImageNet
(top-1, 10 crops), Table 2:

| layers | plain | residual |
|---|---|---|
| 18 | 27.94% | 27.88% |
| 34 | 28.54% | 25.03% |
""",
    scale="The paper builds no such network; it argues that there is one. Here it is built. A "
    "residual unit is the identity once its branch ends in zeros (the last BN's gamma and beta, or "
    "the last convolution in v2), in training mode too. A plain unit copies each channel by its "
    "kernels, and its BN neither shifts nor scales, which it can do with fixed statistics alone: "
    "in training mode each BN takes those of the batch, so that the plain network starts from "
    "another function than the shallow one's. All networks see the same pictures in the same "
    "order; the optimiser's momentum begins anew where units are inserted. Narrow networks (8 "
    "channels), small pictures, a constant rate.",
)
