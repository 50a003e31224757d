"""Shortcuts that are not the identity: what is multiplied into them is multiplied at each unit."""

from collections.abc import Mapping, Sequence

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
from explorer.experiments.tracks import Track, order, ranking

_OTHERS = {
    "fixed": {
        "constant_scaling": "both paths times 0.5",
        "C": "1×1 convolution",
        "dropout": "dropout of 0.5",
    },
    "gates": {
        "exclusive_gating": "exclusive gating, bias −6",
        "shortcut_only_gating": "shortcut-only gating, bias −6",
        "shortcut_only_gating,gate_bias=0": "shortcut-only gating, bias 0",
    },
}


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    network = f"resnet110-cifar,depth={choices['depth']}"
    return network, *(f"{network},shortcut={other}" for other in _OTHERS[choices["others"]])


def _run(settings: Settings, watch: Watch) -> Outcome:
    names = "identity", *_OTHERS[settings["others"]].values()
    return learning.side_by_side(settings, watch, _judge, names=names)


def _judge(found: Sequence[Track]) -> Verdict:
    identity, *others = found
    below = sum(order(other.loss, identity.loss) == 0 for other in others)
    return Verdict((ranking(found),), below)


EXPERIMENT = Experiment(
    key="shortcuts",
    title="Types of shortcut",
    claim="No shortcut that scales, gates, convolves or drops its signal trains a deep network as "
    "well as the identity, although some of them could represent it.",
    source="He et al. 2016 (arXiv:1603.05027), Table 1",
    guess=Guess(
        "How many of the three other shortcuts will end with a lower training loss than the "
        "identity?",
        ("none", "one", "two", "all three"),
        0,
    ),
    controls=(
        Control(
            "others",
            "Against the identity",
            tuple(_OTHERS),
            "fixed",
            "Which shortcuts are trained beside the identity. Gates are 1×1 convolutions with a "
            "sigmoid: exclusive ones weigh the branch too; a bias of −6 begins near the identity, "
            "0 with half of it.",
            {"fixed": "scaling, convolution, dropout", "gates": "gates"},
        ),
        Control("depth", "Depth", ("20", "56", "110"), "110", "Layers of all four networks."),
        DATA,
        STEPS._replace(default="100"),
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=_networks,
    why_not=learning.why_not,
    published="""
Test error of ResNet-110 on CIFAR-10, median of 5 runs, Table 1; "fails" is an error above 20%:

| shortcut | factor on the shortcut | on the branch | test error |
|---|---|---|---|
| identity | 1 | 1 | 6.61% |
| constant scaling | 0.5 | 1 | fails |
| constant scaling | 0.5 | 0.5 | 12.35% |
| exclusive gating, bias −6 | 1 − g | g | 8.70% |
| shortcut-only gating, bias 0 | 1 − g | 1 | 12.86% |
| shortcut-only gating, bias −6 | 1 − g | 1 | 6.91% |
| 1×1 convolution | convolution | 1 | 12.22% |
| dropout of 0.5 | dropout | 1 | fails |
""",
    scale="This is the beginning of a training: narrow networks (8 channels instead of 16), small "
    "pictures, a constant rate. How fast a network begins is seen; what it reaches in the end, "
    "after 64,000 steps with falling rates, is not, and the paper's failures are failures there. "
    "The 1×1 convolutions have a BN behind them and also stand where the map is halved; the other "
    "shortcuts pad zeros there. With each of the seeds 0, 1 and 2 none of scaling, convolution "
    "and dropout ends lower than the identity.",
)
