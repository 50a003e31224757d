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
from explorer.figures.experiment import grid
from explorer.identity_units import why_not as why_no_identity
from explorer.spec import ArchitectureSpec, parse
from explorer.training.live_history import History
from explorer.words import title

if TYPE_CHECKING:
    from explorer.training.live import LiveNetwork

_PACE = learning.Pace()
_MODES = ("prediction", "training")
_INSERTED = {"32": 2, "56": 6, "110": 15}
"""Units inserted into each stage: what makes so many layers of 20."""
_PARTS = (
    ("{shallow}", "dot"),
    ("{deep}, built from it", "solid"),
    ("{deep}, from the start", "dash"),
)
"""What is trained of each network, one after the other, and how its curve is drawn."""


class Change(NamedTuple):
    """How far a deeper network's outputs are from those of the shallow one it was built from.

    Args:
        seed: of the training.
        network: the shallow one.
        inserted: units into each stage.
        layers: of the deeper one.
        mode: prediction or training, of both.
        largest_difference: of any output.
    """

    seed: int
    network: str
    inserted: int
    layers: int
    mode: str
    largest_difference: float


class _Measured(NamedTuple):
    """What all seeds have measured so far.

    Args:
        changes: of the outputs.
        histories: of each part of each seed, those of all networks.
    """

    changes: list[Change]
    histories: list[list[tuple[History, ...]]]


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    residual = {"v1": "resnet20-cifar", "v2": "resnet110v2-cifar,depth=20"}
    return residual[choices["ordering"]], "plain20-cifar"


def _why_not(spec: ArchitectureSpec) -> str:
    if reason := why_no_identity(spec):
        return f"no unit that changes nothing can be added, as {reason}"
    return learning.why_not(_deeper(spec, max(_INSERTED.values())))


def _deeper(spec: ArchitectureSpec, inserted: int) -> ArchitectureSpec:
    return spec.vary(stages=tuple(units + inserted for units in spec.stages))


def _deep(settings: Settings) -> tuple[str, ...]:
    inserted = _INSERTED[settings["deep"]]
    return tuple(str(_deeper(parse(text), inserted)) for text in settings.networks)


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
    networks = zip(settings.networks, shallow.networks, built.networks, strict=True)
    for text, before, network in networks:
        measured.changes.extend(_changes(seed, title(parse(text)), before))
        model, spec = before.training.model, before.history.spec
        deeper = deepen(model, spec, network.history.spec.stages, seed)
        network.go_on(deeper.module.state_dict(), half)
    follow(built, "built from the shallow")
    follow(LiveTraining(deep), "from the start")


def _changes(seed: int, name: str, shallow: "LiveNetwork") -> list[Change]:
    """Return the largest difference of any output for the test pictures, at every depth."""
    from explorer.deepening import deepen, largest_difference
    from explorer.training.batches import normalise

    model, spec = shallow.training.model, shallow.history.spec
    images = normalise(shallow.test.images, shallow.training.preprocessing)
    found = []
    for inserted in _INSERTED.values():
        deeper = _deeper(spec, inserted)
        for mode in _MODES:
            built = deepen(model.train(mode == "training"), spec, deeper.stages).module
            difference = largest_difference(model, built, images)
            found.append(Change(seed, name, inserted, deeper.depth, mode, difference))
    return found


def _told(settings: Settings, measured: _Measured) -> Outcome:
    found = _tracks(settings, measured)
    charts = [tracks.loss_chart(settings, list(found.values()))]
    findings: tuple[str, ...] = ()
    answer = None
    if measured.changes:
        charts.insert(0, _change_chart(measured.changes))
        findings = tuple(_sentence(*named) for named in _by_network(measured.changes).items())
    if _finished(settings, measured):
        pairs = [(found[place, 1], found[place, 2]) for place in range(len(settings.networks))]
        findings += tuple(tracks.compared(*pair) for pair in pairs)
        if not settings.own:
            *_, plain = pairs
            answer = tracks.order(*(track.loss for track in plain))
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


def _tracks(settings: Settings, measured: _Measured) -> dict[tuple[int, int], tracks.Track]:
    """Return the tracks of each network and part that any seed has begun."""
    names = [
        {"shallow": title(parse(shallow)), "deep": title(parse(deep))}
        for shallow, deep in zip(settings.networks, _deep(settings), strict=True)
    ]
    found = {}
    for place in range(len(names)):
        for part, (name, dash) in enumerate(_PARTS):
            begun = tuple(parts[part][place] for parts in measured.histories if part < len(parts))
            if begun:
                found[place, part] = tracks.Track(
                    name.format(**names[place]), begun, settings.colours[place], dash
                )
    return found


def _by_network(changes: Sequence[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for each in changes:
        found.setdefault(each.network, []).append(each)
    return found


def _sentence(network: str, changes: Sequence[Change]) -> str:
    """Say how exactly deeper networks give what the shallow one gives."""
    largest = {
        mode: max(each.largest_difference for each in changes if each.mode == mode)
        for mode in _MODES
    }
    told = " and ".join(
        f"in {mode} mode " + ("exactly the same" if value == 0 else f"up to {value:.2g} away")
        for mode, value in largest.items()
    )
    return f"Identity units in **{network}**, at all of these depths: outputs {told}."


def _change_chart(changes: Sequence[Change]) -> Chart:
    rows = [
        (f"{network}, {mode}", [each for each in its if each.mode == mode])
        for network, its in _by_network(changes).items()
        for mode in _MODES
    ]
    return Chart(
        "outputs",
        "Largest change of any output by the inserted units, before they learn",
        "0 means bit for bit the same outputs for all test pictures looked at; an output is the "
        "score of a class before softmax. In training mode a normalisation takes its mean and "
        "variance from the batch.",
        grid(
            "experiment-construction",
            [f"+{inserted}" for inserted in _INSERTED.values()],
            [name for name, _ in rows],
            [
                [
                    max(each.largest_difference for each in its if each.inserted == inserted)
                    for inserted in _INSERTED.values()
                ]
                for _, its in rows
            ],
            "Largest difference",
            x_title="Units added a stage",
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
            tuple(_INSERTED),
            "56",
            "Layers of the networks that are built from those of 20 and trained on. A network of "
            "your own gets as many units more, whatever its depth.",
            {depth: f"{depth}: +{units} units a stage" for depth, units in _INSERTED.items()},
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
    why_not=_why_not,
    most=2,
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
    "channels), small pictures, a constant rate. With each of the seeds 0, 1 and 2 the plain "
    "network that was built ends lower than the one trained from the start.",
)
