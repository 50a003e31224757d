"""Residual networks, and their plain twins, written out as a tree of nodes.

The orderings and shortcuts of He et al. 2016 are different arrangements of the same nodes.
"""

from dataclasses import replace
from math import gcd
from typing import NamedTuple, TypeAlias

from explorer.nodes import (
    Chain,
    Child,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LearnedScale,
    Linear,
    MaxPool,
    Node,
    Normalisation,
    ReLU,
    Residual,
    Scaling,
    Sigmoid,
    SqueezeExcitation,
    StochasticDepth,
    ZeroPadding,
)
from explorer.spec import ArchitectureSpec

_Parts: TypeAlias = list[tuple[str, Node]]


def network(spec: ArchitectureSpec) -> Chain:
    """Write a residual or plain network out.

    Source:
        He et al. 2015, arXiv:1512.03385, Table 1 and Section 4.2; orderings: He et al. 2016,
        arXiv:1603.05027, Fig. 4. The design for pre-activation follows its appendix: the stem
        is activated before the first unit splits, projections start from the activated signal,
        the last unit is activated after its addition. Fig. 4(d) is treated likewise. Zero-padded
        shortcuts carry the raw signal, as identities do (fb.resnet.torch activates them).
        Units whose shortcut is scaled, gated or dropped (2016, Table 1) are zero-padded where
        the shape changes, as that paper's ResNet-110 is. Deep stem: He et al. 2019,
        arXiv:1812.01187, ResNet-C. With `downsample_in=last`, a unit that only halves the map
        takes every second pixel of its input, as Keras's ResNet v2 does by a max-pool of 1x1.
    """
    children = [Child(name, node, stage="stem") for name, node in _stem(spec)]
    channels = spec.width
    for index in range(len(spec.stages)):
        stage, channels = _stage(spec, index, channels)
        children.append(Child(f"layer{index + 1}", stage, stage=stage_name(spec, index)))
    children += [Child(name, node, stage="head") for name, node in _head(spec, channels)]
    return Chain(tuple(children))


def stage_name(spec: ArchitectureSpec, index: int) -> str:
    """Return what the paper calls a stage: conv2_x ... for ImageNet, stage1 ... for CIFAR."""
    return f"stage{index + 1}" if spec.stem.startswith("cifar") else f"conv{index + 2}_x"


def _chain(parts: _Parts) -> Chain:
    return Chain(tuple(Child(name, node) for name, node in parts))


def _norm(spec: ArchitectureSpec, name: str, channels: int, zero_gamma: bool = False) -> _Parts:
    if spec.norm == "none":
        return []
    groups = None
    if spec.norm == "group":  # two channels each, or more
        groups = 1 if channels % 2 else gcd(32, channels // 2)
    return [(name, Normalisation(channels, groups, zero_gamma))]


def has_bias(spec: ArchitectureSpec, normalised: bool) -> bool:
    """Whether a convolution has a bias; `normalised`: its place is right before a norm's."""
    behind = normalised and spec.norm != "none"
    return spec.bias == "all" or (spec.bias == "unnormalised" and not behind)


def _biased(spec: ArchitectureSpec, convolution: Convolution, normalised: bool) -> Convolution:
    return replace(convolution, bias=True) if has_bias(spec, normalised) else convolution


def _stem(spec: ArchitectureSpec) -> _Parts:
    first = _STEMS[spec.stem](spec)
    activation = [*_norm(spec, "bn1", spec.width), ("relu", ReLU())]
    parts = [*first, *activation] if spec.stem_activation else first
    if spec.stem == "cifar":
        return parts
    return [*parts, ("maxpool", MaxPool(3, 1 if spec.stem == "cifar-pool" else 2, 1))]


def _one_convolution(spec: ArchitectureSpec, kernel: int, stride: int) -> _Parts:
    convolution = Convolution(spec.in_channels, spec.width, kernel, stride)
    return [("conv1", _biased(spec, convolution, spec.stem_activation))]


def _three_convolutions(spec: ArchitectureSpec) -> _Parts:
    half = max(1, spec.width // 2)
    shapes = ((spec.in_channels, half, 2), (half, half, 1), (half, spec.width, 1))
    parts: _Parts = []
    for n, (before, after, stride) in enumerate(shapes):
        convolution = Convolution(before, after, 3, stride)
        parts.append(("conv", _biased(spec, convolution, n < 2 or spec.stem_activation)))
        if n < 2:
            parts += [*_norm(spec, "bn", after), ("relu", ReLU())]
    return [("conv1", _chain([(str(n), node) for n, (_, node) in enumerate(parts)]))]


_STEMS = {
    "imagenet": lambda spec: _one_convolution(spec, 7, 2),
    "cifar": lambda spec: _one_convolution(spec, 3, 1),
    "cifar-pool": lambda spec: _one_convolution(spec, 3, 1),
    "deep": _three_convolutions,
}


def _head(spec: ArchitectureSpec, channels: int) -> _Parts:
    parts: _Parts = []
    if spec.ordering == "full_preactivation":
        parts += _norm(spec, "post_bn", channels)
    if spec.preactivated:
        parts.append(("post_relu", ReLU()))
    parts += [("avgpool", GlobalAveragePool()), ("flatten", Flatten())]
    scale = 0.0 if spec.init == "fixup" else 1.0
    return [*parts, ("fc", Linear(channels, spec.classes, scale))]


def _stage(spec: ArchitectureSpec, index: int, channels: int) -> tuple[Chain, int]:
    """Return a stage and the channels it gives."""
    before = sum(spec.stages[:index])
    shapes = unit_shapes(spec, index, channels)
    nodes: list[Node] = []
    for n, shape in enumerate(shapes):
        activated = index == n == 0 and spec.stem_activation
        chance = survival(spec, before + n + 1)
        alike = n > 1 and shape == shapes[n - 1] and chance == 1
        nodes.append(nodes[-1] if alike else _unit(spec, shape, activated, chance))
    children = tuple(Child(str(n), node, unit=n + 1) for n, node in enumerate(nodes))
    return Chain(children), shapes[0].out_channels


def survival(spec: ArchitectureSpec, number: int) -> float:
    """Return p_l = 1 - l / L (1 - p_L) (Huang et al. 2016, arXiv:1603.09382, eq. 4)."""
    return 1 - number / sum(spec.stages) * (1 - spec.survival)


class UnitShape(NamedTuple):
    """Channels into, inside and out of a unit's branch, and the stride it carries."""

    in_channels: int
    inner: int
    out_channels: int
    stride: int

    @property
    def changes(self) -> bool:
        """Whether the output has another shape than the input."""
        return self.stride != 1 or self.in_channels != self.out_channels


def unit_shapes(spec: ArchitectureSpec, index: int, in_channels: int) -> list[UnitShape]:
    """Return the shape of each of a stage's units; one of them halves the map."""
    width = spec.width * spec.widen * 2**index
    inner = width
    if spec.width_per_group is not None:
        inner = spec.groups * spec.width_per_group * 2**index
    out = width * spec.expansion if spec.block == "bottleneck" else width
    units = spec.stages[index]
    shapes = [UnitShape(out if n else in_channels, inner, out, 1) for n in range(units)]
    if spec.downsample_in == "first" and index > 0:
        shapes[0] = shapes[0]._replace(stride=2)
    if spec.downsample_in == "last" and index < len(spec.stages) - 1:
        shapes[-1] = shapes[-1]._replace(stride=2)
    return shapes


def _convolutions(spec: ArchitectureSpec, shape: UnitShape) -> list[Convolution]:
    if spec.block == "basic":
        found = [
            Convolution(shape.in_channels, shape.inner, 3, shape.stride),
            Convolution(shape.inner, shape.out_channels, 3),
        ]
    else:
        reducing, middle = (shape.stride, 1) if spec.stride_at == "1x1" else (1, shape.stride)
        found = [
            Convolution(shape.in_channels, shape.inner, 1, reducing),
            Convolution(shape.inner, shape.inner, 3, middle, spec.groups),
            Convolution(shape.inner, shape.out_channels, 1),
        ]
    open_ended = ("bn_after_addition", "full_preactivation")  # what follows is the addition
    found[:-1] = [_biased(spec, convolution, True) for convolution in found[:-1]]
    found[-1] = _biased(spec, found[-1], spec.ordering not in open_ended)
    return _fixed_up(spec, found) if spec.init == "fixup" else found


def _fixed_up(spec: ArchitectureSpec, convolutions: list[Convolution]) -> list[Convolution]:
    """Scale a branch of m layers by L^(-1 / (2m - 2)), its last layer by 0, for L units.

    Source:
        Zhang et al. 2019, arXiv:1901.09321, the initialisation rules 1 and 2 of Fixup; rule 3,
        scalar biases and multipliers, is left out.
    """
    scale = sum(spec.stages) ** (-1 / (2 * len(convolutions) - 2))
    *inner, last = convolutions
    return [*(replace(c, init_scale=scale) for c in inner), replace(last, init_scale=0.0)]


def _unit(spec: ArchitectureSpec, shape: UnitShape, activated: bool, chance: float) -> Node:
    """Return one unit; `activated` where the stem has activated its input already."""
    convolutions = _convolutions(spec, shape)
    if spec.preactivated:
        opening, branch = _preactivated_branch(spec, convolutions, activated)
        after: _Parts = []
    else:
        opening = []
        branch, after = _postactivated_branch(spec, convolutions)
    branch += _branch_end(spec, shape, chance)
    if spec.shortcut == "none":
        return _chain(opening + branch + after)
    shortcut = _shortcut(spec, shape)
    if not any(isinstance(node, Convolution) for _, node in shortcut):  # it carries the raw signal
        opening, branch = [], opening + branch
    return Residual(
        _chain(opening),
        _chain(branch),
        _chain(shortcut),
        _chain(after),
        _chain(_gate(spec, shape)),
        spec.shortcut == "exclusive_gating",
    )


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
    spec: ArchitectureSpec, convolutions: list[Convolution], activated: bool
) -> tuple[_Parts, _Parts]:
    """Return the opening activation and the branch behind it, for Fig. 4(d) and (e)."""
    full = spec.ordering == "full_preactivation"
    opening: _Parts = []
    if not activated:
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


def _branch_end(spec: ArchitectureSpec, shape: UnitShape, chance: float) -> _Parts:
    """Return what weighs a branch before the addition."""
    parts: _Parts = []
    if spec.se_ratio is not None:
        reduced = max(1, shape.out_channels // spec.se_ratio)
        parts.append(("se", SqueezeExcitation(shape.out_channels, reduced)))
    if spec.shortcut == "constant_scaling":
        parts.append(("scale", Scaling(spec.branch_scale)))
    if spec.skip_init:
        parts.append(("learned_scale", LearnedScale()))
    if chance < 1:
        parts.append(("stochastic_depth", StochasticDepth(chance)))
    return parts


def _shortcut(spec: ArchitectureSpec, shape: UnitShape) -> _Parts:
    """Return the parts of a shortcut; none for the identity."""
    if spec.shortcut in ("B", "C"):
        return _projection(spec, shape) if shape.changes or spec.shortcut == "C" else []
    parts: _Parts = []
    if shape.changes:
        parts.append(("0", ZeroPadding(shape.in_channels, shape.out_channels, shape.stride)))
    if spec.shortcut == "constant_scaling":
        parts.append(("scale", Scaling(spec.shortcut_scale)))
    if spec.shortcut == "dropout":
        parts.append(("dropout", Dropout(spec.shortcut_dropout)))
    return parts


def _projection(spec: ArchitectureSpec, shape: UnitShape) -> _Parts:
    only_halves = shape.in_channels == shape.out_channels and shape.stride > 1
    if only_halves and spec.downsample_in == "last" and spec.shortcut == "B":
        return [("0", MaxPool(1, shape.stride))]
    # Pre-activation normalises before the split, so its projection has no BN behind it.
    norm = [] if spec.ordering == "full_preactivation" else _norm(spec, "1", shape.out_channels)
    projection = Convolution(shape.in_channels, shape.out_channels, 1, shape.stride)
    return [("0", _biased(spec, projection, bool(norm))), *norm]


def _gate(spec: ArchitectureSpec, shape: UnitShape) -> _Parts:
    """Return g(x) = sigmoid(W x + b), a 1x1 convolution (He et al. 2016, Section 3.1)."""
    if spec.shortcut not in ("exclusive_gating", "shortcut_only_gating"):
        return []
    convolution = Convolution(
        shape.in_channels,
        shape.out_channels,
        1,
        shape.stride,
        bias=True,
        bias_start=float(spec.gate_bias),
    )
    return [("0", convolution), ("1", Sigmoid())]
