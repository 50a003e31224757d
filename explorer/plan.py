"""A spec written out: the whole network as a small tree of plain, frozen data.

Everything else reads this tree. The orderings and shortcuts of He et al. 2016 are
different arrangements of the same nodes. Names are torchvision's wherever torchvision has
the network, so that state dicts are interchangeable.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import NamedTuple, TypeAlias

from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True)
class Convolution:
    """A square 2-D convolution without bias; padding keeps the size at stride 1."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    groups: int = 1

    @property
    def padding(self) -> int:
        """Pixels of zeros on each side."""
        return self.kernel // 2


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Batch normalisation, or group normalisation when `groups` is given; affine."""

    channels: int
    groups: int | None = None
    zero_gamma: bool = False


@dataclass(frozen=True, slots=True)
class ReLU:
    """max(0, x); not in place where its input is needed again by a shortcut."""

    in_place: bool = True


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Square max-pooling with padding."""

    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class GlobalAveragePool:
    """The mean of each channel: (C, H, W) to (C, 1, 1)."""


@dataclass(frozen=True, slots=True)
class Flatten:
    """(C, H, W) to (C * H * W,)."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer with bias."""

    in_features: int
    out_features: int


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
    | ReLU
    | MaxPool
    | GlobalAveragePool
    | Flatten
    | Linear
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

    The parts of `before`, `branch` and `after` are named in the unit's own name space, those
    of the shortcut under `downsample`, the addition is `add`.
    """

    before: Chain
    branch: Chain
    shortcut: Chain
    after: Chain


Node: TypeAlias = Layer | Chain | Residual


@dataclass(frozen=True, slots=True)
class Plan:
    """A network and the shape (C, H, W) of the picture it takes."""

    input_shape: tuple[int, int, int]
    root: Chain


@lru_cache(maxsize=64)
def plan(spec: ArchitectureSpec) -> Plan:
    """Write a spec out as a tree.

    Source:
        He et al. 2015, arXiv:1512.03385, Table 1 and Section 4.2; orderings: He et al. 2016,
        arXiv:1603.05027, Fig. 4. The design for pre-activation follows its appendix: the stem
        is activated before the first unit splits, projections start from the activated signal,
        the last unit is activated after its addition. Fig. 4(d) is treated likewise. Zero-padded
        shortcuts carry the raw signal, as identities do (fb.resnet.torch activates them).
    """
    children = [Child(name, node, stage="stem") for name, node in _stem(spec)]
    channels = spec.width
    for index, units in enumerate(spec.stages):
        stage, channels = _stage(spec, index, units, channels)
        children.append(Child(f"layer{index + 1}", stage, stage=stage_name(spec, index)))
    children += [Child(name, node, stage="head") for name, node in _head(spec, channels)]
    return Plan((spec.in_channels, spec.image_size, spec.image_size), Chain(tuple(children)))


def stage_name(spec: ArchitectureSpec, index: int) -> str:
    """Return what the paper calls a stage: conv2_x ... for ImageNet, stage1 ... for CIFAR."""
    return f"conv{index + 2}_x" if spec.stem == "imagenet" else f"stage{index + 1}"


_Parts: TypeAlias = list[tuple[str, Node]]


def _chain(parts: _Parts) -> Chain:
    return Chain(tuple(Child(name, node) for name, node in parts))


def _norm(spec: ArchitectureSpec, name: str, channels: int, zero_gamma: bool = False) -> _Parts:
    if spec.norm == "none":
        return []
    groups = None
    if spec.norm == "group":  # two channels each, or more
        groups = 1 if channels % 2 else gcd(32, channels // 2)
    return [(name, Normalisation(channels, groups, zero_gamma))]


def _stem(spec: ArchitectureSpec) -> _Parts:
    imagenet = spec.stem == "imagenet"
    kernel, stride = (7, 2) if imagenet else (3, 1)
    parts: _Parts = [("conv1", Convolution(spec.in_channels, spec.width, kernel, stride))]
    parts += [*_norm(spec, "bn1", spec.width), ("relu", ReLU())]
    if spec.stem == "cifar":
        return parts
    return [*parts, ("maxpool", MaxPool(3, 2 if imagenet else 1, 1))]


def _head(spec: ArchitectureSpec, channels: int) -> _Parts:
    parts: _Parts = []
    if spec.ordering == "full_preactivation":
        parts += _norm(spec, "post_bn", channels)
    if spec.preactivated:
        parts.append(("post_relu", ReLU()))
    parts += [("avgpool", GlobalAveragePool()), ("flatten", Flatten())]
    return [*parts, ("fc", Linear(channels, spec.classes))]


def _stage(spec: ArchitectureSpec, index: int, units: int, channels: int) -> tuple[Chain, int]:
    """Return a stage and the channels it gives; only its first unit changes the shape."""
    shape = _UnitShape.of(spec, index, channels)
    first = _unit(spec, shape, first=index == 0)
    same = shape._replace(in_channels=shape.out_channels, stride=1)
    rest = _unit(spec, same, first=False)
    nodes = (first, *((rest,) * (units - 1)))
    children = tuple(Child(str(n), node, unit=n + 1) for n, node in enumerate(nodes))
    return Chain(children), shape.out_channels


class _UnitShape(NamedTuple):
    in_channels: int
    inner: int
    out_channels: int
    stride: int

    @classmethod
    def of(cls, spec: ArchitectureSpec, index: int, in_channels: int) -> "_UnitShape":
        width = spec.width * spec.widen * 2**index
        inner = width
        if spec.width_per_group is not None:
            inner = spec.groups * spec.width_per_group * 2**index
        out = width * spec.expansion if spec.block == "bottleneck" else width
        return cls(in_channels, inner, out, 1 if index == 0 else 2)

    @property
    def changes(self) -> bool:
        return self.stride != 1 or self.in_channels != self.out_channels


def _convolutions(spec: ArchitectureSpec, shape: _UnitShape) -> list[Convolution]:
    if spec.block == "basic":
        return [
            Convolution(shape.in_channels, shape.inner, 3, shape.stride),
            Convolution(shape.inner, shape.out_channels, 3),
        ]
    reducing, middle = (shape.stride, 1) if spec.stride_at == "1x1" else (1, shape.stride)
    return [
        Convolution(shape.in_channels, shape.inner, 1, reducing),
        Convolution(shape.inner, shape.inner, 3, middle, spec.groups),
        Convolution(shape.inner, shape.out_channels, 1),
    ]


def _unit(spec: ArchitectureSpec, shape: _UnitShape, first: bool) -> Node:
    """Return one unit; `first` is the network's first, which the stem has activated already."""
    convolutions = _convolutions(spec, shape)
    if spec.preactivated:
        opening, branch = _preactivated_branch(spec, convolutions, first)
        after: _Parts = []
    else:
        opening = []
        branch, after = _postactivated_branch(spec, convolutions)
    if spec.se_ratio is not None:
        reduced = max(1, shape.out_channels // spec.se_ratio)
        branch.append(("se", SqueezeExcitation(shape.out_channels, reduced)))
    if spec.shortcut == "none":
        return _chain(branch + after)
    shortcut = _shortcut(spec, shape)
    if not shortcut or spec.shortcut == "A":  # no weights: it carries the raw signal
        opening, branch = [], opening + branch
    return Residual(_chain(opening), _chain(branch), _chain(shortcut), _chain(after))


def _postactivated_branch(
    spec: ArchitectureSpec, convolutions: list[Convolution]
) -> tuple[_Parts, _Parts]:
    """Return the branch and what follows the addition, for Fig. 4(a), (b) and (c)."""
    branch: _Parts = []
    last = len(convolutions)
    for n, convolution in enumerate(convolutions[:-1], start=1):
        branch += [(f"conv{n}", convolution)]
        branch += [*_norm(spec, f"bn{n}", convolution.out_channels), (f"relu{n}", ReLU())]
    closing = _norm(spec, f"bn{last}", convolutions[-1].out_channels, spec.zero_init)
    branch.append((f"conv{last}", convolutions[-1]))
    relu: _Parts = [("relu", ReLU())]
    if spec.ordering == "bn_after_addition":
        return branch, closing + relu
    if spec.ordering == "relu_before_addition":
        return branch + closing + relu, []
    return branch + closing, relu


def _preactivated_branch(
    spec: ArchitectureSpec, convolutions: list[Convolution], first: bool
) -> tuple[_Parts, _Parts]:
    """Return the opening activation and the branch behind it, for Fig. 4(d) and (e)."""
    full = spec.ordering == "full_preactivation"
    opening: _Parts = []
    if not first:
        opening = _norm(spec, "bn1", convolutions[0].in_channels) if full else []
        opening = [*opening, ("relu1", ReLU(in_place=bool(opening)))]
    branch: _Parts = []
    for n, convolution in enumerate(convolutions, start=1):
        if full and n > 1:
            branch += _norm(spec, f"bn{n}", convolution.in_channels)
        if n > 1:
            branch.append((f"relu{n}", ReLU()))
        branch.append((f"conv{n}", convolution))
        if not full:
            zero_gamma = spec.zero_init and n == len(convolutions)
            branch += _norm(spec, f"bn{n}", convolution.out_channels, zero_gamma)
    return opening, branch


def _shortcut(spec: ArchitectureSpec, shape: _UnitShape) -> _Parts:
    """Return the parts of a shortcut; none for the identity."""
    if not shape.changes and spec.shortcut != "C":
        return []
    if spec.shortcut == "A":
        return [("0", ZeroPadding(shape.in_channels, shape.out_channels, shape.stride))]
    projection = Convolution(shape.in_channels, shape.out_channels, 1, shape.stride)
    # Pre-activation normalises before the split, so its projection has no BN behind it.
    norm = [] if spec.ordering == "full_preactivation" else _norm(spec, "1", shape.out_channels)
    return [("0", projection), *norm]
