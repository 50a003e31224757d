"""Findings of papers that a live training can show in a minute: what trains, and what it means."""

from typing import NamedTuple

from explorer.training.live_settings import LiveSettings


class Experiment(NamedTuple):
    """Networks to train side by side, and a paper's figure to hold beside them.

    Args:
        key: how the page and the tests call it.
        title: what stands side by side.
        question: what is asked.
        paper: what was published, in words, with its source.
        caveat: why what is seen here is not the same.
        settings: the networks and how they are trained.
    """

    key: str
    title: str
    question: str
    paper: str
    caveat: str
    settings: LiveSettings

    def is_of(self, settings: LiveSettings) -> bool:
        """Say whether these settings train the experiment's networks, at whatever pace."""
        mine = self.settings
        return (mine.variants, mine.units, mine.norm) == (
            settings.variants,
            settings.units,
            settings.norm,
        )


_SCALE = (
    "This is the beginning of a training: narrow networks on a few small pictures, a constant "
    "rate, one seed."
)

EXPERIMENTS = (
    Experiment(
        "degradation",
        "Degradation",
        "Does a deeper network fit its training pictures better?",
        "He et al. 2015 (arXiv:1512.03385), Figure 6, on all of CIFAR-10 in 64,000 steps: plain "
        "networks of 20, 32, 44 and 56 layers get worse with depth, in training error as well as "
        "in test error, and plain-110's error is above 60% and not displayed; ResNets of 20 to 110 "
        "layers get better with depth. So it is not overfitting. The authors print no numbers for "
        "the plain networks, only curves.",
        f"{_SCALE} That plain-56 falls behind plain-20, and both behind the residual networks, is "
        "seen here too, for seeds 0, 1 and 2. That ResNet-56 ends up ahead of ResNet-20 is not: it "
        "takes the full data and the full length.",
        LiveSettings(
            variants=("plain20-cifar", "plain56-cifar", "resnet20-cifar", "resnet56-cifar"),
            width=8,
            steps=200,
        ),
    ),
    Experiment(
        "v1-v2",
        "v1 and v2 at 110 layers",
        "Does the order of normalisation, ReLU and addition matter?",
        "He et al. 2016 (arXiv:1603.05027), Table 3, CIFAR-10 test error: ResNet-110 has 6.61% in "
        "the original order and 6.37% with full pre-activation; ResNet-1001 7.61% and 4.92%.",
        f"{_SCALE} The published difference at 110 layers is a quarter of a percentage point after "
        "a full training; what separates the curves here is how fast they begin.",
        LiveSettings(variants=("resnet110-cifar", "resnet110v2-cifar"), width=8, steps=200),
    ),
    Experiment(
        "shortcuts",
        "Types of shortcut",
        "What happens when a shortcut is not the identity?",
        "He et al. 2016 (arXiv:1603.05027), Table 1, ResNet-110, CIFAR-10 test error, median of 5 "
        "runs: identity 6.61%; shortcut and branch both times 0.5, 12.35%; a 1×1 convolution on "
        "every shortcut, 12.22%; dropout of 0.5 on the shortcut fails (more than 20%).",
        f"{_SCALE} The identity begins at once and the others hardly do; that the paper's 12% come "
        "out in the end, after 64,000 steps, cannot be seen here.",
        LiveSettings(
            variants=(
                "resnet110-cifar",
                "resnet110-cifar,shortcut=constant_scaling",
                "resnet110-cifar,shortcut=C",
                "resnet110-cifar,shortcut=dropout",
            ),
            width=8,
            steps=150,
        ),
    ),
    Experiment(
        "normalisation",
        "With and without BN",
        "What does batch normalisation do for a plain and for a residual network?",
        "He et al. 2015 (arXiv:1512.03385), Section 4.1: the plain networks are trained with BN, "
        "so that neither forward nor backward signals vanish. Zhang et al. 2019, Fixup "
        "(arXiv:1901.09321): without normalisation, residual networks with the usual "
        "initialisation explode with depth. Neither prints these four curves.",
        f"{_SCALE} Without BN the residual network's first outputs are so large that its loss soon "
        "is no number, and the plain one does not begin to learn. That holds for this rate and "
        "this initialisation: Fixup's, a choice of the sidebar, needs no BN.",
        LiveSettings(
            variants=(
                "resnet56-cifar",
                "resnet56-cifar,norm=none",
                "plain56-cifar",
                "plain56-cifar,norm=none",
            ),
            width=8,
            steps=200,
        ),
    ),
    Experiment(
        "zero-gamma",
        "Last gamma at 0 or 1",
        "Does it help when every unit starts as the identity?",
        "Goyal et al. 2017 (arXiv:1706.02677), Section 5.1, start the last gamma of each branch "
        "at 0; torchvision's source says that this improves its ImageNet models by 0.2 to 0.3%. "
        "He et al. 2015, Section 4.2, find a rate of 0.1 too large for ResNet-110 to begin with, "
        "and train it at 0.01 until it errs on fewer than 80% of the training pictures.",
        f"{_SCALE} The rate is that 0.1, with which gamma 1 hardly begins in these steps and gamma "
        "0 does. Choose a rate of 0.02 and gamma 1 is the faster one: a branch with gamma 0 passes "
        "no gradient to its own convolutions at first.",
        LiveSettings(
            variants=("resnet110-cifar", "resnet110-cifar,zero_init=true"),
            width=8,
            learning_rate=0.1,
            steps=200,
        ),
    ),
)


def find(settings: LiveSettings) -> Experiment | None:
    """Return the experiment whose networks these settings train, if there is one."""
    return next((each for each in EXPERIMENTS if each.is_of(settings)), None)
