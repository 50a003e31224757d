"""Layer similarity: layers at the same place of different networks are the most alike."""

from collections.abc import Sequence
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
from explorer.figures.experiment import grid
from explorer.spec import ArchitectureSpec

if TYPE_CHECKING:
    from torch import Tensor

_MOST, _HALF = 2 / 3, 1 / 3
"""Shares of the units from which on they count as most, and as about half."""
_WRITTEN = 10
"""Columns up to which each cell has its value written in it."""


class _Layers(NamedTuple):
    """A network, what its units make of the pictures so far, and its outputs.

    Of one that is but a reference, the first network without its weights, the units are not
    compared among themselves.
    """

    subject: Subject
    kernels: "list[Tensor]"
    outputs: "list[Tensor]"
    reference: bool = False


def _run(settings: Settings, watch: Watch) -> Outcome:
    import torch

    from explorer.explanation.similarity import unit_kernels
    from explorer.training.bundled_batch import labelled_batch

    seed, pictures = settings.number("seed"), settings.number("pictures")
    asked = [(each, False) for each in subjects.subjects(settings)]
    if asked[0][0].weights:
        asked.append((asked[0][0].untrained(), True))
    found: list[_Layers] = []
    done, total = 0, sum(sum(subject.spec.stages) for subject, _ in asked)
    stream = Stream(watch, lambda: _told(settings, found))
    for subject, reference in asked:
        images, _ = labelled_batch(subject.spec, pictures, seed, subject.weights)
        model = subjects.module(subject, seed, images)
        layers = _Layers(subject, [], [], reference)
        found.append(layers)
        for name, kernel in unit_kernels(subject.spec, model, images):
            layers.kernels.append(kernel)
            done += 1
            stream.step(done / total, f"{subject.name}, {name}")
        with torch.inference_mode():
            layers.outputs.append(torch.cat([model(part) for part in images.split(50)]))
    return _told(settings, found)


def _told(settings: Settings, found: Sequence[_Layers]) -> Outcome:
    started = [each for each in found if each.kernels]
    others = [(started[0], each) for each in started[1:]]
    pairs = [(each, each) for each in started if not each.reference] + others
    finished = [pair for pair in others if all(each.outputs for each in pair)]
    answer = None
    if not settings.own and finished and finished[0][1].subject.weights:
        answer = _answer(_corresponding(*finished[0]))
    return Outcome(
        findings=tuple(_finding(*pair) for pair in finished),
        charts=tuple(_chart(*pair) for pair in pairs),
        answer=answer,
        conditions=f"Linear CKA of the units' outputs for {settings['pictures']} of CIFAR-10's "
        f"bundled test pictures, all at once, seed {settings['seed']}. Untrained: He's normal, "
        "fan-in, with these pictures' statistics in batch normalisation.",
    )


def _values(one: _Layers, other: _Layers) -> list[list[float]]:
    from explorer.explanation.similarity import similarities

    return similarities(one.kernels, other.kernels)


def _corresponding(one: _Layers, other: _Layers) -> float:
    """Return the share of one's units whose most similar unit stands at the same place, or next.

    Places are counted as shares of the depth; next to means one unit of the shorter network away.
    """
    values = _values(one, other)
    lengths = len(values), len(values[0])
    near = 1 / min(lengths) + 1e-9
    best = [max(range(lengths[1]), key=row.__getitem__) for row in values]
    hits = sum(
        abs((place + 1) / lengths[0] - (match + 1) / lengths[1]) <= near
        for place, match in enumerate(best)
    )
    return hits / lengths[0]


def _answer(share: float) -> int:
    """Return which answer of the guess a share of corresponding units gives."""
    return 0 if share >= _MOST else 1 if share >= _HALF else 2


def _finding(one: _Layers, other: _Layers) -> str:
    from explorer.explanation.similarity import linear_cka

    values = _values(one, other)
    units = len(values)
    first, last = values[0][0], values[-1][-1]
    return (
        f"**{one.subject.name}** and **{other.subject.name}**: for "
        f"**{round(units * _corresponding(one, other))} of {units}** units the most similar one "
        f"stands at the same place, or next to it. The first units' similarity is {first:.2f}, the "
        f"last units' {last:.2f}, the outputs' {linear_cka(one.outputs[0], other.outputs[0]):.2f}."
    )


def _chart(one: _Layers, other: _Layers) -> Chart:
    values = _values(one, other)
    names = one.subject.name, other.subject.name
    within = one is other
    key = "-".join(
        f"{each.subject.spec}{'' if each.subject.weights else '-untrained'}"
        for each in (one, other)
    )
    rows, columns = ([str(place + 1) for place in range(len(line))] for line in (values, values[0]))
    return Chart(
        key,
        f"Similarity of units: {names[0]}, within" if within else f"{names[0]} against {names[1]}",
        "1: the same up to rotation and scale; 0: nothing in common. "
        + (
            "Bright blocks are units that change little; where blocks end, the features change."
            if within
            else "A bright diagonal: units at the same place have learned the same."
        ),
        grid(
            f"similarity-{key}",
            columns,
            rows,
            values,
            "Linear CKA",
            x_title=f"Unit of {names[1]}",
            y_title=f"Unit of {names[0]}",
            form=".1f",
            bounds=(0, 1),
            written=len(columns) <= _WRITTEN,
        ),
        [
            {
                "row": names[0],
                "unit": row + 1,
                "column": names[1],
                "other_unit": n + 1,
                "cka": value,
            }
            for row, line in enumerate(values)
            for n, value in enumerate(line)
        ],
        beside=True,
    )


def _why_not(spec: ArchitectureSpec) -> str:
    return subjects.why_no_pictures(spec) or subjects.why_large(spec, 100)


EXPERIMENT = Experiment(
    key="similarity",
    title="Layer similarity",
    claim="Centred kernel alignment (CKA) finds which layers of differently trained networks "
    "correspond: those at the same place are the most alike.",
    source="Kornblith et al. 2019 (arXiv:1905.00414)",
    guess=Guess(
        "The most similar unit of the plain network stands at the same place as the residual "
        "network's, or next to it, for ...",
        ("most units", "about half of them", "few"),
        0,
    ),
    controls=(
        PAIR,
        subjects.pictures_control("300", ("100", "300", "500", "1000"), "That both networks see."),
        SEED._replace(help="Draws the pictures, and the weights of the untrained network."),
    ),
    run=_run,
    networks=subjects.pair,
    why_not=_why_not,
    most=2,
    published="""
The paper compares networks of one architecture that start from different random weights: CKA
reliably finds which layers correspond, where measures that do not change under any invertible
linear map cannot. We have no number of it that could be repeated here.
""",
    scale="Here are two architectures, each trained once, so that similar units are less expected "
    "than in the paper. Each unit is one of two convolutions, its output taken behind the addition "
    "(and the ReLU behind it, in v1). With each of the seeds 0, 1 and 2, which draw the pictures, "
    "all 9 units of ResNet-20 find their counterpart in plain-20; in the untrained network few do.",
)
