"""Depth against width against cardinality: three ways to spend twice the operations."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import product

from explorer.analysis import analyze
from explorer.experiments import learning
from explorer.experiments.experiment import (
    DATA,
    SEED,
    SEEDS,
    STEPS,
    Control,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.experiments.learning import Verdict
from explorer.experiments.tracks import Track, lowest, ranking
from explorer.spec import ArchitectureSpec, parse
from explorer.training.live_settings import LiveSettings

_PACE = learning.Pace(width=None, batch=16)
_BASE = "resnet164-cifar,depth=20,width=32"
_LEAST, _MOST = 1.8, 2.3
"""What the larger networks may cost, of what the small one does."""


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    return _BASE, *map(str, equals(choices["data"], int(choices["groups"])))


@lru_cache(maxsize=8)
def equals(data: str, groups: int) -> tuple[ArchitectureSpec, ...]:
    """Return a deeper, a wider and a grouped network whose MACs are as close as can be.

    Args:
        data: a key of the live training's data, whose pictures the MACs are for.
        groups: cardinality of the last one.
    """
    kinds = _deeper(), _wider(1), _wider(groups)
    cost = {spec: _macs(spec, data) for kind in kinds for spec in kind}
    least, most = (factor * _macs(parse(_BASE), data) for factor in (_LEAST, _MOST))
    fitting = ([spec for spec in kind if least <= cost[spec] <= most] for kind in kinds)

    def apart(three: tuple[ArchitectureSpec, ...]) -> float:
        macs = [cost[spec] for spec in three]
        return max(macs) / min(macs)

    return min(product(*fitting), key=apart)


def _deeper() -> tuple[ArchitectureSpec, ...]:
    """Return deeper networks whose stages gain about as many units each, the last ones first."""
    base = parse(_BASE)
    more = [each for each in product(range(1, 5), repeat=3) if 0 <= each[2] - each[0] <= 1]
    return tuple(
        base.vary(stages=tuple(map(sum, zip(base.stages, each, strict=True))))
        for each in more
        if list(each) == sorted(each)
    )


def _wider(groups: int) -> tuple[ArchitectureSpec, ...]:
    """Return networks with wider bottlenecks, in as many groups."""
    base = parse(_BASE)
    return tuple(
        base.vary(groups=groups, width_per_group=channels)
        for channels in range(1, 5 * base.width // groups)
    )


def _macs(spec: ArchitectureSpec, data: str) -> int:
    return analyze(_adapted(spec, data)).macs


def _adapted(spec: ArchitectureSpec, data: str) -> ArchitectureSpec:
    return LiveSettings(variants=(_BASE,), data=data).adapted(spec)


def _run(settings: Settings, watch: Watch) -> Outcome:
    names = () if settings.own else _names(settings)
    return learning.side_by_side(settings, watch, partial(_judge, settings), _PACE, names)


def _judge(settings: Settings, found: Sequence[Track]) -> Verdict:
    return Verdict((ranking(found), *_costs(settings, found)), lowest(found[1:]))


def _names(settings: Settings) -> list[str]:
    base, deeper, wider, grouped = map(parse, settings.networks)
    return [
        f"small: {base.depth} layers",
        f"deeper: {deeper.depth} layers",
        f"wider: {wider.width_per_group} channels in the 3×3",
        f"{grouped.groups} groups of {grouped.width_per_group} channels",
    ]


def _costs(settings: Settings, found: Sequence[Track]) -> list[str]:
    """Say what each network takes, and how far apart those of the same budget are."""
    costs = [analyze(_adapted(parse(text), settings["data"])) for text in settings.networks]
    told = [
        f"**{track.name}**: {cost.macs / 1e6:.2f} million MACs, {cost.parameters:,} parameters."
        for track, cost in zip(found, costs, strict=True)
    ]
    macs = [cost.macs for cost in costs[1:]]
    return [*told, f"The MACs of the last three differ by {max(macs) / min(macs) - 1:.1%} at most."]


EXPERIMENT = Experiment(
    key="budget",
    title="Depth, width or cardinality",
    claim="Twice the operations are better spent on more groups in each unit (cardinality) than "
    "on more or on wider units.",
    source="Xie et al. 2017, ResNeXt (arXiv:1611.05431), Table 4",
    guess=Guess(
        "Of three networks with equal MACs, which will have the lowest training loss?",
        ("the deeper one", "the wider one", "the one with more groups"),
        2,
    ),
    controls=(
        Control(
            "groups",
            "Groups",
            ("4", "8", "16"),
            "8",
            "Groups of the 3×3 convolutions in the network with the higher cardinality. The width "
            "of a group and the other two networks are searched so that all three take equal MACs.",
        ),
        DATA,
        STEPS._replace(default="100"),
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=_networks,
    why_not=learning.why_not,
    published="""
Validation error on ImageNet (top-1, one crop of 224×224), Table 4; the last four take twice the
operations of the first two:

| network | top-1 error |
|---|---|
| ResNet-101 | 22.0% |
| ResNeXt-101, 32×4d | 21.2% |
| ResNet-200 (deeper) | 21.7% |
| ResNet-101, 1×100d (wider) | 21.3% |
| ResNeXt-101, 2×64d | 20.7% |
| ResNeXt-101, 64×4d | 20.4% |
""",
    scale="The paper trains on ImageNet to the end; this is the beginning of a training on "
    "small pictures, with networks of 20 to 44 layers. At first the deeper network is behind, "
    "because it is harder to begin with; which of the other two leads depends on the seed (more "
    "groups for 0, the wider one for 1). What a number of MACs buys in the end is not seen. "
    "Equal MACs are neither equal parameters nor equal time: the deeper network has more layers to "
    "wait for.",
)
