"""What a plan is made of: plain, frozen data, one kind of node for each kind of layer.

Three nodes hold others: `Chain` (one after another), `Residual` (a branch and a shortcut that
are added) and `Concat` (parallel branches whose channels are stacked). Whether a layer works on
pictures (C, H, W) or on series (C, L) is the plan's input shape to say, not the layer's.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution whose kernel, stride and padding are equal in every direction.

    `margin` is its padding; None keeps the size at stride 1. Its weights start as the
    initialisation draws them, times `init_scale`; a bias starts at `bias_start`.
    """

    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    groups: int = 1
    margin: int | None = None
    bias: bool = False
    bias_start: float = 0.0
    init_scale: float = 1.0

    @property
    def padding(self) -> int:
        """Numbers of zeros on each side."""
        return self.kernel // 2 if self.margin is None else self.margin


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Batch normalisation, or group normalisation when `groups` is given; affine."""

    channels: int
    groups: int | None = None
    zero_gamma: bool = False
    epsilon: float = 1e-5


@dataclass(frozen=True, slots=True)
class LocalResponseNormalisation:
    """x / (k + alpha / size * sum of x^2 over `size` neighbouring channels) ^ beta.

    Source:
        Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural
        Networks", Section 3.3. There alpha stands for alpha / size here, as in PyTorch.
    """

    size: int = 5
    alpha: float = 5e-4
    beta: float = 0.75
    k: float = 2.0


@dataclass(frozen=True, slots=True)
class ReLU:
    """max(0, x); not in place where its input is needed again by a shortcut."""

    in_place: bool = True


@dataclass(frozen=True, slots=True)
class Tanh:
    """The hyperbolic tangent."""


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """1 / (1 + exp(-x))."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Max-pooling; `ceil` rounds the size up, so that the last window may hang over the edge."""

    kernel: int
    stride: int
    padding: int = 0
    ceil: bool = False


@dataclass(frozen=True, slots=True)
class AveragePool:
    """The mean of each window, without padding."""

    kernel: int
    stride: int


@dataclass(frozen=True, slots=True)
class AdaptiveAveragePool:
    """Means over windows that cut a map of any size into `size` in each direction."""

    size: int


@dataclass(frozen=True, slots=True)
class GlobalAveragePool:
    """The mean of each channel: (C, H, W) to (C, 1, 1)."""


@dataclass(frozen=True, slots=True)
class Flatten:
    """(C, H, W) to (C * H * W,)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer with bias; weights and bias start times `init_scale`."""

    in_features: int
    out_features: int
    init_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Dropout:
    """In training, zero for a share `rate` of all numbers, the rest times 1 / (1 - rate)."""

    rate: float


@dataclass(frozen=True, slots=True)
class StochasticDepth:
    """In training, the whole branch with probability `survival` and else zero; then its mean.

    Source:
        Huang et al. 2016, arXiv:1603.09382, Sections 3 and eq. 5: one draw for a mini-batch,
        and the branch times its survival probability at test time.
    """

    survival: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """x times a constant."""

    factor: float


@dataclass(frozen=True, slots=True)
class LearnedScale:
    """x times one learned number that starts at zero.

    Source:
        SkipInit, De & Smith 2020, arXiv:2002.10444; ReZero, Bachlechner et al. 2020,
        arXiv:2003.04887.
    """


@dataclass(frozen=True, slots=True)
class ZeroPadding:
    """Shortcut A: every `stride`-th pixel, and new channels of zeros behind the old ones."""

    in_channels: int
    out_channels: int
    stride: int


@dataclass(frozen=True, slots=True)
class SqueezeExcitation:
    """x * sigmoid(W2 relu(W1 mean(x))), channel by channel; W1 and W2 have biases.

    Source:
        Hu et al. 2018, arXiv:1709.01507, Section 3.
    """

    channels: int
    reduced: int


Layer: TypeAlias = (
    Convolution
    | Normalisation
    | LocalResponseNormalisation
    | ReLU
    | Tanh
    | Sigmoid
    | MaxPool
    | AveragePool
    | AdaptiveAveragePool
    | GlobalAveragePool
    | Flatten
    | Linear
    | Dropout
    | StochasticDepth
    | Scaling
    | LearnedScale
    | SqueezeExcitation
    | ZeroPadding
)


class Child(NamedTuple):
    """A named part of a chain, and the stage and unit that begin with it, if any do."""

    name: str
    node: "Node"
    stage: str | None = None
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts that follow one another; an empty chain is the identity."""

    children: tuple[Child, ...] = ()


@dataclass(frozen=True, slots=True)
class Residual:
    """y = after(branch(s) + shortcut(s)), with s = before(x).

    With a gate, g = gate(s), the shortcut is weighted by 1 - g, and the branch by g where
    `gates_branch` says so.

    The parts of `before`, `branch` and `after` are named in the unit's own name space, those of
    the shortcut under `downsample`, of the gate under `gate`; the weighting is `gated_shortcut`
    and `gated_branch`, the addition is `add`.
    """

    before: Chain
    branch: Chain
    shortcut: Chain
    after: Chain
    gate: Chain = Chain()
    gates_branch: bool = False


@dataclass(frozen=True, slots=True)
class Concat:
    """The channels of all branches, stacked; each branch has the same input. Named `concat`."""

    branches: tuple[Child, ...]


Node: TypeAlias = Layer | Chain | Residual | Concat
