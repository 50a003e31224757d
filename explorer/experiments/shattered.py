"""Shattered gradients: in deep plain networks, one input's gradient tells nothing of the next's."""

from collections.abc import Mapping, Sequence
from math import isnan, prod
from statistics import mean
from typing import TYPE_CHECKING

from explorer.experiments import subjects
from explorer.experiments.experiment import (
    DEEP,
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
from explorer.experiments.subjects import Stream
from explorer.figures.shattered import NOISE_COLOURS, Correlation, Walk, autocorrelations, walks
from explorer.spec import ArchitectureSpec, parse
from explorer.words import title

if TYPE_CHECKING:
    from explorer.gradients.shattered import GradientLine

_ALIKE, _NOISE = 0.8, 0.2
"""Correlations of neighbours above which they count as nearly the same, below which as noise."""
_DASHES = ("solid", "solid", "dash", "dash")
_POINTS = ("32", "64", "128", "256")


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    deep = choices["deep"]
    return (f"plain{deep}-cifar", f"resnet{deep}-cifar", "plain20-cifar", "resnet20-cifar")


def _run(settings: Settings, watch: Watch) -> Outcome:
    from explorer.gradients import shattered
    from explorer.probing import ProbeSettings

    found: dict[str, list[GradientLine]] = {}
    networks = tuple(dict.fromkeys(settings.networks))
    units = sum(sum(parse(text).stages) for text in networks)
    done, total = 0, len(settings.seeds) * 2 * units
    stream = Stream(watch, lambda: _told(settings, found))

    def check() -> None:
        nonlocal done
        done += 1
        stream.step(done / total, f"{sum(map(len, found.values()))} lines measured")

    for seed in settings.seeds:
        for text in networks:
            probe = ProbeSettings(batch=settings.number("points"), seed=seed)
            line = shattered.probe(text, probe, check=check)
            found.setdefault(text, []).append(line)
    return _told(settings, found)


def _told(settings: Settings, found: "Mapping[str, list[GradientLine]]") -> Outcome:
    curves = {text: _curve(settings, text, runs) for text, runs in found.items()}
    noises = _noises(settings)
    findings = [
        f"**{curves[text].name}**: {_finding(curves[text], runs)}" for text, runs in found.items()
    ]
    answer = None
    if not settings.own and found:
        answer = _answer(curves[settings.networks[0]].values[1])
    return Outcome(
        findings=tuple(findings),
        charts=(_correlation_chart(settings, found, [*curves.values(), *noises]),)
        + ((_walk_chart(settings, found),) if found else ()),
        answer=answer,
        conditions=f"{settings['points']} inputs on the line between two pictures of N(0, 1) "
        "noise; gradient of one random direction of the output. Untrained networks (He's normal, "
        "fan-in), batch normalisation by the statistics of the line (training), "
        f"{settings.seed_words}: each has its own weights and its own line.",
    )


def _finding(curve: Correlation, runs: "Sequence[GradientLine]") -> str:
    from explorer.gradients.autocorrelation import told

    near = (curve.lows[1], curve.highs[1]) if curve.lows else None
    return told(curve.values, near, not any(any(run.along) for run in runs))


def _answer(near: float) -> int | None:
    """Return which answer of the guess the correlation of neighbours gives."""
    if isnan(near):
        return None
    return 0 if near > _ALIKE else 1 if near >= _NOISE else 2


def _curve(settings: Settings, text: str, runs: "Sequence[GradientLine]") -> Correlation:
    place = settings.networks.index(text)
    # The experiment's own are two depths of two kinds: a colour for each kind, a dash for a depth.
    colour = settings.colours[place if settings.own else place % 2]
    dash = "solid" if settings.own else _DASHES[place]
    shifts = list(zip(*(run.correlations for run in runs), strict=True))
    several = len(runs) > 1
    return Correlation(
        title(parse(text)),
        colour,
        dash,
        tuple(map(mean, shifts)),
        tuple(map(min, shifts)) if several else (),
        tuple(map(max, shifts)) if several else (),
    )


def _noises(settings: Settings) -> list[Correlation]:
    from explorer.gradients.autocorrelation import NOISES, autocorrelation, noise

    size = prod(parse(settings.networks[0]).input_shape)
    points, seed = settings.number("points"), settings.number("seed")
    return [
        Correlation(
            f"{kind} noise",
            NOISE_COLOURS[kind],
            "dot",
            autocorrelation(noise(kind, points, size, seed)),
        )
        for kind in NOISES
    ]


def _correlation_chart(
    settings: Settings, found: "Mapping[str, list[GradientLine]]", curves: Sequence[Correlation]
) -> Chart:
    return Chart(
        "correlation",
        "Autocorrelation of the input's gradient along a line of inputs",
        "The sooner a line falls to 0, the less a gradient says about the next input's. The grey "
        "and the brown dotted line are noises."
        + (
            " Lines are means, shaded from the least to the greatest seed."
            * (settings["seeds"] > "1")
        ),
        autocorrelations(curves, settings.number("points")),
        [
            {"network": text, "seed": run.settings.seed, "shift": shift, "autocorrelation": value}
            for text, runs in found.items()
            for run in runs
            for shift, value in enumerate(run.correlations)
        ],
    )


def _walk_chart(settings: Settings, found: "Mapping[str, list[GradientLine]]") -> Chart:
    shown = {text: _curve(settings, text, runs) for text, runs in found.items()}
    return Chart(
        "along",
        f"The gradient itself: its component along the line, seed {settings['seed']}",
        "Each is moved and scaled to a mean of 0 and a deviation of 1. What counts is whether it "
        "wanders or jumps.",
        walks([Walk(each.name, each.colour, found[text][0].along) for text, each in shown.items()]),
        [
            {"network": text, "input": place, "component_along_line": value}
            for text, runs in found.items()
            for place, value in enumerate(runs[0].along)
        ],
    )


def _why_not(spec: ArchitectureSpec) -> str:
    if spec.dims != 2:
        return "a network for series takes no pictures"
    return subjects.why_large(spec, int(_POINTS[2]))


EXPERIMENT = Experiment(
    key="shattered",
    title="Shattered gradients",
    claim="In plain networks the gradients at neighbouring inputs resemble each other "
    "exponentially less with depth, until they look like white noise; with skip connections the "
    "resemblance falls far more slowly.",
    source="Balduzzi et al. 2017 (arXiv:1702.08591)",
    guess=Guess(
        "In the deeper plain network, before any training, the gradients at two neighbouring "
        "inputs on the line correlate by ...",
        (
            "more than 0.8: nearly the same",
            "0.2 to 0.8: alike",
            "less than 0.2: like white noise",
        ),
        2,
    ),
    controls=(
        DEEP,
        Control(
            "points",
            "Inputs on the line",
            _POINTS,
            "128",
            "More inputs are closer to each other, and their gradients more alike.",
        ),
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=_networks,
    why_not=_why_not,
    published="""
| networks | correlation of gradients, by depth | at depth L |
|---|---|---|
| feedforward, without skip connections | falls exponentially: white noise in the end | 1/2^L |
| with skip connections | falls sublinearly | 1/√L |

The rates are those of the paper's analysis, not of measured networks.
""",
    scale="The paper draws it for fully connected networks whose input is one number, so that a "
    "line is all it can be. Here the line between two pictures takes its place, and how alike "
    "neighbours are depends on how many inputs stand on it. With each of the seeds 0, 1 and 2 the "
    "deeper plain network's gradients are as uncorrelated as white noise, and the residual one's "
    "are not.",
)
