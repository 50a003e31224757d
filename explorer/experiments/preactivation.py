"""Original order against full pre-activation: the deeper the network, the more it matters."""

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
from explorer.experiments.tracks import Track, compared, order


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    names = "resnet110-cifar", "resnet110v2-cifar"
    return tuple(f"{name},depth={depth}" for depth in ("20", choices["deep"]) for name in names)


def _run(settings: Settings, watch: Watch) -> Outcome:
    return learning.side_by_side(settings, watch, _judge)


def _judge(found: Sequence[Track]) -> Verdict:
    shallow, shallow_v2, deep, deep_v2 = found
    findings = compared(shallow_v2, shallow), compared(deep_v2, deep)
    return Verdict(findings, order(deep_v2.loss, deep.loss))


EXPERIMENT = Experiment(
    key="preactivation",
    title="Original order against pre-activation",
    claim="With normalisation and ReLU moved in front of the convolutions, nothing stands on the "
    "way from addition to addition: a little better at 110 layers, much better at 1,001.",
    source="He et al. 2016 (arXiv:1603.05027), Table 3 and Section 4.2",
    guess=Guess(
        "After these steps, the training loss of the deeper network with pre-activation will be "
        "...",
        (
            "lower than that of the original order",
            "about the same",
            "higher than that of the original order",
        ),
        0,
    ),
    controls=(
        Control(
            "deep",
            "Depth of the deeper pair",
            ("56", "110", "218", "326"),
            "218",
            "Layers of the deeper two networks; the others have 20. Time grows with it.",
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
Test error on CIFAR-10, Table 3:

| network | original | pre-activation |
|---|---|---|
| ResNet-110 | 6.61% | 6.37% |
| ResNet-164 | 5.93% | 5.46% |
| ResNet-1001 | 7.61% | 4.92% |

ResNet-164 and ResNet-1001 have bottleneck units. All began with a rate of 0.01 for 400 steps, "not
necessary for our proposed unit".
""",
    scale="This is the beginning of a training: narrow networks (8 channels instead of 16), basic "
    "units, small pictures, a constant rate, and training losses where the paper compares test "
    "errors. How much earlier the deeper pre-activation network begins is seen; which of the two "
    "ends lower, after 64,000 steps, is not: at 110 layers and with seed 0 pre-activation is ahead "
    "after 100 steps, and behind after 200.",
)
