"""Networks from before residual learning, written out as a tree of nodes.

Those that torchvision has bear torchvision's module names. A unit is a convolution with what
activates and normalises it, or an Inception module.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import NamedTuple, cast

from explorer.classic_names import VGG_WIDTHS
from explorer.costs import facts
from explorer.nodes import (
    AdaptiveAveragePool,
    AveragePool,
    Chain,
    Child,
    Concat,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    LocalResponseNormalisation,
    MaxPool,
    Node,
    Normalisation,
    ReLU,
    Tanh,
)
from explorer.spec import ArchitectureSpec


def network(spec: ArchitectureSpec) -> Chain:
    """Write a classic network out; its families are those of `classic_names.CLASSICS`."""
    return _BUILDERS[spec.family](spec)


def _lenet5(spec: ArchitectureSpec) -> Chain:
    """Return LeNet-5 as it is built today.

    Source:
        LeCun et al. 1998, Section II.B; there C3 sees some of S2's maps only, S2 and S4 have a
        weight and a bias for each map, and the output measures distances.
    """
    body = [
        *_layers("C1 S2", 1, c1=_conv(spec.in_channels, 6, 5, margin=0), tanh1=Tanh()),
        *_layers("C1 S2", s2=AveragePool(2, 2)),
        *_layers("C3 S4", 1, c3=_conv(6, 16, 5, margin=0), tanh3=Tanh()),
        *_layers("C3 S4", s4=AveragePool(2, 2)),
        *_layers("C5", 1, c5=_conv(16, 120, 5, margin=0), tanh5=Tanh()),
        *_layers("head", flatten=Flatten()),
    ]
    inputs = _numbers_behind(spec, body)
    hidden = _layers("head", f6=Linear(inputs, 84), tanh6=Tanh())
    return Chain((*body, *hidden, *_layers("head", output=Linear(84, spec.classes))))


def _alexnet(spec: ArchitectureSpec) -> Chain:
    """Return torchvision's AlexNet.

    Source:
        Krizhevsky 2014, arXiv:1404.5997, footnote 1, where the fourth convolution has 384
        filters; torchvision's 256 are those of that author's code (cuda-convnet2).
    """
    channels = spec.in_channels
    features = [
        *_unnamed("conv1", 1, _conv(channels, 64, 11, stride=4, margin=2), ReLU()),
        *_unnamed("conv1", None, MaxPool(3, 2)),
        *_unnamed("conv2", 1, _conv(64, 192, 5), ReLU()),
        *_unnamed("conv2", None, MaxPool(3, 2)),
        *_unnamed("conv3", 1, _conv(192, 384, 3), ReLU()),
        *_unnamed("conv4", 1, _conv(384, 256, 3), ReLU()),
        *_unnamed("conv5", 1, _conv(256, 256, 3), ReLU()),
        *_unnamed("conv5", None, MaxPool(3, 2)),
    ]
    inputs = 256 * 6 * 6
    classifier: list[Layer] = [
        *(Dropout(0.5), Linear(inputs, 4096), ReLU()),
        *(Dropout(0.5), Linear(4096, 4096), ReLU()),
        Linear(4096, spec.classes),
    ]
    return _three_parts(features, 6, classifier)


def _alexnet_2012(spec: ArchitectureSpec) -> Chain:
    """Return AlexNet with its two towers as groups, and without the halves' separate drawings.

    Source:
        Krizhevsky et al. 2012, Section 3. The paper's pictures of 224 pixels make maps of 55 only
        with 227. Layers are named as in Caffe's `bvlc_alexnet`.
    """
    body = [
        *_layers("conv1", 1, conv1=_conv(spec.in_channels, 96, 11, stride=4, margin=0)),
        *_layers("conv1", 1, relu1=ReLU(), norm1=LocalResponseNormalisation()),
        *_layers("conv1", pool1=MaxPool(3, 2)),
        *_layers("conv2", 1, conv2=_conv(96, 256, 5, groups=2)),
        *_layers("conv2", 1, relu2=ReLU(), norm2=LocalResponseNormalisation()),
        *_layers("conv2", pool2=MaxPool(3, 2)),
        *_layers("conv3", 1, conv3=_conv(256, 384, 3), relu3=ReLU()),
        *_layers("conv4", 1, conv4=_conv(384, 384, 3, groups=2), relu4=ReLU()),
        *_layers("conv5", 1, conv5=_conv(384, 256, 3, groups=2), relu5=ReLU()),
        *_layers("conv5", pool5=MaxPool(3, 2)),
        *_layers("head", flatten=Flatten()),
    ]
    inputs = _numbers_behind(spec, body)
    head = [
        *_layers("head", fc6=Linear(inputs, 4096), relu6=ReLU(), drop6=Dropout(0.5)),
        *_layers("head", fc7=Linear(4096, 4096), relu7=ReLU(), drop7=Dropout(0.5)),
        *_layers("head", fc8=Linear(4096, spec.classes)),
    ]
    return Chain((*body, *head))


def _vgg(spec: ArchitectureSpec) -> Chain:
    """Return a VGG network, with biases also where a normalisation follows, as torchvision has it.

    Source:
        Simonyan & Zisserman 2014, arXiv:1409.1556, Table 1: A, B, D and E.
    """
    features: list[Child] = []
    channels = spec.in_channels
    for number, (units, width) in enumerate(zip(spec.stages, VGG_WIDTHS, strict=True), start=1):
        for unit in range(1, units + 1):
            layers = [_conv(channels, width, 3), *_vgg_norm(spec, width), ReLU()]
            features += _unnamed(f"conv{number}", unit, *layers)
            channels = width
        features += _unnamed(f"conv{number}", None, MaxPool(2, 2))
    classifier: list[Layer] = [
        *(Linear(channels * 7 * 7, 4096), ReLU(), Dropout(0.5)),
        *(Linear(4096, 4096), ReLU(), Dropout(0.5)),
        Linear(4096, spec.classes),
    ]
    return _three_parts(features, 7, classifier)


def _vgg_norm(spec: ArchitectureSpec, channels: int) -> list[Layer]:
    if spec.norm == "none":
        return []
    return [Normalisation(channels, 32 if spec.norm == "group" else None)]


class Inception(NamedTuple):
    """Channels of a module's branches; those of two convolutions name both."""

    one: int
    three: tuple[int, int]
    five: tuple[int, int]
    pooled: int

    @property
    def out_channels(self) -> int:
        """Channels of all branches together."""
        return self.one + self.three[1] + self.five[1] + self.pooled


INCEPTIONS: Mapping[str, Inception] = {
    "3a": Inception(64, (96, 128), (16, 32), 32),
    "3b": Inception(128, (128, 192), (32, 96), 64),
    "4a": Inception(192, (96, 208), (16, 48), 64),
    "4b": Inception(160, (112, 224), (24, 64), 64),
    "4c": Inception(128, (128, 256), (24, 64), 64),
    "4d": Inception(112, (144, 288), (32, 64), 64),
    "4e": Inception(256, (160, 320), (32, 128), 128),
    "5a": Inception(256, (160, 320), (32, 128), 128),
    "5b": Inception(384, (192, 384), (48, 128), 128),
}
"""Szegedy et al. 2014, arXiv:1409.4842, Table 1."""


def _googlenet(spec: ArchitectureSpec) -> Chain:
    """Return GoogLeNet without its auxiliary classifiers: the paper's, or torchvision's.

    torchvision's has batch normalisations instead of biases, 3x3 convolutions where the paper
    has 5x5, no local response normalisation, and a last max-pool of 2x2.

    Source:
        Szegedy et al. 2014, arXiv:1409.4842, Table 1 and Fig. 3. The paper does not print the
        local response normalisation's constants: they are AlexNet's here.
    """
    paper = spec.family == "googlenet-2014"
    pools = {
        "inception4": MaxPool(3, 2, ceil=True),
        "inception5": MaxPool(3 if paper else 2, 2, ceil=True),
    }
    children = _googlenet_stem(spec, paper)
    channels, unit = 192, 0
    for name, inception in INCEPTIONS.items():
        stage, first = f"inception{name[0]}", name[1] == "a"
        if first and stage in pools:
            pool = f"maxpool{int(name[0]) - 1}"
            children.append(Child(pool, pools[stage], stage))
        unit = 1 if first else unit + 1
        module = _inception(channels, inception, paper)
        children.append(Child(f"inception{name}", module, stage, unit))
        channels = inception.out_channels
    dropout, linear = Dropout(0.4 if paper else 0.2), Linear(channels, spec.classes)
    head = _layers("head", avgpool=GlobalAveragePool(), flatten=Flatten())
    return Chain((*children, *head, *_layers("head", dropout=dropout, fc=linear)))


def _googlenet_stem(spec: ArchitectureSpec, paper: bool) -> list[Child]:
    norm = LocalResponseNormalisation()
    return [
        *_layers("stem", conv1=_activated(_conv(spec.in_channels, 64, 7, stride=2), paper)),
        *_layers("stem", maxpool1=MaxPool(3, 2, ceil=True)),
        *(_layers("stem", norm1=norm) if paper else []),
        *_layers("stem", conv2=_activated(_conv(64, 64, 1), paper)),
        *_layers("stem", conv3=_activated(_conv(64, 192, 3), paper)),
        *(_layers("stem", norm2=norm) if paper else []),
        *_layers("stem", maxpool2=MaxPool(3, 2, ceil=True)),
    ]


def _inception(channels: int, sizes: Inception, paper: bool) -> Concat:
    def activated(before: int, after: int, kernel: int = 1) -> Chain:
        return _activated(_conv(before, after, kernel), paper)

    def reduced(inner: int, after: int, kernel: int) -> Chain:
        return _numbered((activated(channels, inner), activated(inner, after, kernel)))

    pooled = (MaxPool(3, 1, 1, ceil=True), activated(channels, sizes.pooled))
    return Concat(
        (
            Child("branch1", activated(channels, sizes.one)),
            Child("branch2", reduced(*sizes.three, 3)),
            Child("branch3", reduced(*sizes.five, 5 if paper else 3)),
            Child("branch4", _numbered(pooled)),
        )
    )


def _activated(convolution: Convolution, paper: bool) -> Chain:
    """Return a convolution and its ReLU; between them, torchvision's normalises and adds no bias.

    Source:
        torchvision's `BasicConv2d`, with its epsilon of 0.001.
    """
    norm = [] if paper else [Child("bn", Normalisation(convolution.out_channels, epsilon=1e-3))]
    return Chain((Child("conv", replace(convolution, bias=paper)), *norm, Child("relu", ReLU())))


def _conv(
    before: int,
    after: int,
    kernel: int,
    stride: int = 1,
    margin: int | None = None,
    groups: int = 1,
) -> Convolution:
    """Return a convolution with a bias."""
    return Convolution(before, after, kernel, stride, groups, margin, bias=True)


def _layers(stage: str, unit: int | None = None, **nodes: Node) -> list[Child]:
    """Return named parts of a stage, and of one of its units."""
    return [Child(name, node, stage, unit) for name, node in nodes.items()]


def _unnamed(stage: str, unit: int | None, *layers: Layer) -> list[Child]:
    """Return parts of a stage that will be named by their place."""
    return [Child("", layer, stage, unit) for layer in layers]


def _numbered(parts: Iterable[Child | Node]) -> Chain:
    """Name parts 0, 1, 2 ..."""
    children = (part if isinstance(part, Child) else Child("", part) for part in parts)
    return Chain(tuple(child._replace(name=str(n)) for n, child in enumerate(children)))


def _three_parts(features: list[Child], size: int, classifier: list[Layer]) -> Chain:
    """Return a network in the three parts that torchvision names."""
    head = _layers("head", avgpool=AdaptiveAveragePool(size), flatten=Flatten())
    rest = _layers("head", classifier=_numbered(classifier))
    return Chain((Child("features", _numbered(features)), *head, *rest))


def _numbers_behind(spec: ArchitectureSpec, layers: list[Child]) -> int:
    """Return how many numbers layers make of the network's input."""
    shape = spec.input_shape
    for child in layers:
        shape = facts(cast(Layer, child.node), shape).output_shape
    return prod(shape)


_BUILDERS: Mapping[str, Callable[[ArchitectureSpec], Chain]] = {
    "lenet5": _lenet5,
    "alexnet": _alexnet,
    "alexnet-2012": _alexnet_2012,
    "vgg": _vgg,
    "googlenet": _googlenet,
    "googlenet-2014": _googlenet,
}
