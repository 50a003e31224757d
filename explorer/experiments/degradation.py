"""Degradation: a deeper plain network fits its training pictures worse, a residual one not."""

from collections.abc import Mapping, Sequence

from explorer.experiments import learning
from explorer.experiments.experiment import (
    DATA,
    DEEP,
    SEED,
    SEEDS,
    STEPS,
    Experiment,
    Guess,
    Outcome,
    Settings,
    Watch,
)
from explorer.experiments.learning import Verdict
from explorer.experiments.tracks import Track, compared, order


def _networks(choices: Mapping[str, str]) -> tuple[str, ...]:
    deep = choices["deep"]
    return ("plain20-cifar", f"plain{deep}-cifar", "resnet20-cifar", f"resnet{deep}-cifar")


def _run(settings: Settings, watch: Watch) -> Outcome:
    return learning.side_by_side(settings, watch, _judge)


def _judge(found: Sequence[Track]) -> Verdict:
    shallow, deep, residual, deeper = found
    findings = compared(deep, shallow), compared(deeper, residual)
    return Verdict(findings, order(deep.loss, shallow.loss))


EXPERIMENT = Experiment(
    key="degradation",
    title="Degradation",
    claim="A plain network with more layers has a higher training error: it is not overfitting, it "
    "is harder to train. Residual networks have it the other way round.",
    source="He et al. 2015 (arXiv:1512.03385), Figures 1 and 6",
    guess=Guess(
        "After these steps, the training loss of the deeper plain network will be ...",
        ("lower than the shallow one's", "about the same", "higher than the shallow one's"),
        2,
    ),
    controls=(
        DEEP,
        DATA,
        STEPS,
        SEED,
        SEEDS,
    ),
    run=_run,
    networks=_networks,
    why_not=learning.why_not,
    published="""
Figure 6 shows curves only: plain networks of 20, 32, 44 and 56 layers get worse with depth, in
training as in test error; plain-110's error is above 60% and not displayed. Table 6 gives the
residual networks' test errors on CIFAR-10, in 64,000 steps:

| network | test error |
|---|---|
| ResNet-20 | 8.75% |
| ResNet-32 | 7.51% |
| ResNet-44 | 7.17% |
| ResNet-56 | 6.97% |
| ResNet-110 | 6.43% (best of 5; 6.61 ± 0.16) |
| ResNet-1202 | 7.93% |
""",
    scale="This is the beginning of a training: narrow networks (8 channels instead of 16), small "
    "pictures, a constant rate. That the deeper plain network falls behind is seen at once. That "
    "the deeper residual network ends up *ahead* of the shallow one is not: it takes the full data "
    "and the full length.",
)
