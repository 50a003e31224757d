"""The classes of a classic network as Python, as a good engineer would write them."""

from collections.abc import Callable, Mapping
from typing import Any

from explorer import nodes
from explorer.classic_names import VGG_WIDTHS
from explorer.classics import INCEPTIONS
from explorer.export.unit_code import INDENT
from explorer.plan import plan
from explorer.spec import ArchitectureSpec


def classic_classes(spec: ArchitectureSpec) -> tuple[str, list[str]]:
    """Return the name of the network's class, and the code of all classes and functions."""
    return _WRITERS[spec.family](spec)


def _laid_out(name: str, says: str) -> Callable[[ArchitectureSpec], tuple[str, list[str]]]:
    """Return a writer of networks whose layers follow one another, written out one by one."""

    def write(spec: ArchitectureSpec) -> tuple[str, list[str]]:
        construction, forward = [], []
        for child in plan(spec).root.children:
            if isinstance(child.node, nodes.Flatten):
                forward.append("x = torch.flatten(x, 1)")
                continue
            construction += _assigned(child, spec)
            forward.append(f"x = self.{child.name}(x)")
        return name, [_network(name, says, spec, construction, forward)]

    return write


def _assigned(child: nodes.Child, spec: ArchitectureSpec) -> list[str]:
    """Write the assignment of a layer, or of several in a row."""
    if not isinstance(child.node, nodes.Chain):
        return [f"self.{child.name} = {_layer(child.node, spec)}"]
    layers = [f"{INDENT}{_layer(part.node, spec)}," for part in child.node.children]
    return [f"self.{child.name} = nn.Sequential(", *layers, ")"]


def _vgg(spec: ArchitectureSpec) -> tuple[str, list[str]]:
    norm = {
        "none": "",
        "batch": "nn.BatchNorm2d(width), ",
        "group": "nn.GroupNorm(32, width), ",
    }[spec.norm]
    construction = [
        f"channels, layers = {spec.in_channels}, []",
        f"for width, convolutions in zip({VGG_WIDTHS}, {spec.stages}, strict=True):",
        f"{INDENT}for _ in range(convolutions):",
        f"{INDENT * 2}convolution = nn.Conv2d(channels, width, 3, padding=1)",
        f"{INDENT * 2}layers += [convolution, {norm}nn.ReLU()]",
        f"{INDENT * 2}channels = width",
        f"{INDENT}layers.append(nn.MaxPool2d(2))",
        "self.features = nn.Sequential(*layers)",
    ]
    forward = ["x = self.features(x)"]
    for child in plan(spec).root.children[1:]:
        if isinstance(child.node, nodes.Flatten):
            forward.append("x = torch.flatten(x, 1)")
            continue
        construction += _assigned(child, spec)
        forward.append(f"x = self.{child.name}(x)")
    says = "Stages of 3x3 convolutions, each ended by a max-pool, and three linear layers"
    return "VGG", [_network("VGG", says, spec, construction, forward)]


def _googlenet(spec: ArchitectureSpec) -> tuple[str, list[str]]:
    paper = spec.family == "googlenet-2014"
    construction, forward, channels = [], [], 0
    for child in plan(spec).root.children:
        if isinstance(child.node, nodes.Concat):
            sizes = INCEPTIONS[child.name.removeprefix("inception")]
            given = f"{channels}, {sizes.one}, {sizes.three}, {sizes.five}, {sizes.pooled}"
            construction.append(f"self.{child.name} = Inception({given})")
            channels = sizes.out_channels
        elif isinstance(child.node, nodes.Chain):
            first = child.node.children[0].node
            assert isinstance(first, nodes.Convolution)
            stride = f", stride={first.stride}" if first.stride > 1 else ""
            sizes_text = f"{first.in_channels}, {first.out_channels}, {first.kernel}{stride}"
            construction.append(f"self.{child.name} = convolution({sizes_text})")
            channels = first.out_channels
        elif isinstance(child.node, nodes.Flatten):
            forward.append("x = torch.flatten(x, 1)")
            continue
        else:
            construction.append(f"self.{child.name} = {_layer(child.node, spec)}")
        forward.append(f"x = self.{child.name}(x)")
    says = "A stem, nine Inception modules and a linear layer"
    network = _network("GoogLeNet", says, spec, construction, forward)
    return "GoogLeNet", [_INCEPTION_PAPER if paper else _INCEPTION, network]


_PARALLEL = '''class Inception(nn.Module):
    """Four parallel branches, whose channels are stacked."""

    def __init__(
        self,
        in_channels: int,
        one: int,
        three: tuple[int, int],
        five: tuple[int, int],
        pooled: int,
    ) -> None:
        super().__init__()
        self.branch1 = convolution(in_channels, one, 1)
        self.branch2 = nn.Sequential(
            convolution(in_channels, three[0], 1), convolution(three[0], three[1], 3)
        )
        self.branch3 = nn.Sequential(
            convolution(in_channels, five[0], 1), convolution(five[0], five[1], KERNEL)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True),
            convolution(in_channels, pooled, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], dim=1)'''

_NORMALISED = '''
def convolution(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution, its batch normalisation and ReLU."""
    layers = {
        "conv": nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False),
        "bn": nn.BatchNorm2d(out_channels, eps=0.001),
        "relu": nn.ReLU(),
    }
    return nn.Sequential(OrderedDict(layers))'''

_BIASED = '''
def convolution(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution and its ReLU."""
    layers = {
        "conv": nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2),
        "relu": nn.ReLU(),
    }
    return nn.Sequential(OrderedDict(layers))'''

_INCEPTION = f"{_NORMALISED.strip()}\n\n\n{_PARALLEL}".replace("KERNEL", "3")
_INCEPTION_PAPER = f"{_BIASED.strip()}\n\n\n{_PARALLEL}".replace("KERNEL", "5")


def _network(
    name: str, says: str, spec: ArchitectureSpec, construction: list[str], forward: list[str]
) -> str:
    *first, last = forward
    body = [
        f"def __init__(self, classes: int = {spec.classes}) -> None:",
        *(INDENT + line for line in ("super().__init__()", *construction, "self._initialise()")),
        "",
        "def forward(self, x: Tensor) -> Tensor:",
        *(INDENT + line for line in (*first, f"return {last.removeprefix('x = ')}")),
        "",
        "def _initialise(self) -> None:",
        f'{INDENT}"""Draw weights as in He et al. 2015, arXiv:1502.01852, by fan-in."""',
        f"{INDENT}for layer in self.modules():",
        f"{INDENT * 2}if isinstance(layer, nn.Conv2d):",
        f'{INDENT * 3}nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
        f"{INDENT * 3}if layer.bias is not None:",
        f"{INDENT * 4}nn.init.zeros_(layer.bias)",
    ]
    lines = [f"class {name}(nn.Module):", f'{INDENT}"""{says}."""', ""]
    return "\n".join([*lines, *(INDENT + line if line else "" for line in body)])


def _layer(node: Any, spec: ArchitectureSpec) -> str:
    return _LAYERS[type(node)](node, spec)


def _convolution(node: nodes.Convolution, spec: ArchitectureSpec) -> str:
    settings = f"{node.in_channels}, {node.out_channels}, {node.kernel}"
    for name, value, default in (
        ("stride", node.stride, 1),
        ("padding", node.padding, 0),
        ("groups", node.groups, 1),
    ):
        settings += f", {name}={value}" if value != default else ""
    return f"nn.Conv2d({settings})"


def _linear(node: nodes.Linear, spec: ArchitectureSpec) -> str:
    last = node.out_features == spec.classes and node == _last(spec)
    return f"nn.Linear({node.in_features}, {'classes' if last else node.out_features})"


def _last(spec: ArchitectureSpec) -> Any:
    """Return the network's last layer."""
    node: Any = plan(spec).root
    while isinstance(node, nodes.Chain):
        node = node.children[-1].node
    return node


def _max_pool(node: nodes.MaxPool, spec: ArchitectureSpec) -> str:
    settings = f"{node.kernel}"
    settings += f", stride={node.stride}" if node.stride != node.kernel else ""
    settings += f", padding={node.padding}" if node.padding else ""
    return f"nn.MaxPool2d({settings}{', ceil_mode=True' if node.ceil else ''})"


def _local_response(node: nodes.LocalResponseNormalisation, spec: ArchitectureSpec) -> str:
    return f"nn.LocalResponseNorm({node.size}, alpha={node.alpha}, beta={node.beta}, k={node.k})"


_LAYERS: Mapping[type, Callable[[Any, ArchitectureSpec], str]] = {
    nodes.Convolution: _convolution,
    nodes.Linear: _linear,
    nodes.MaxPool: _max_pool,
    nodes.LocalResponseNormalisation: _local_response,
    nodes.ReLU: lambda node, spec: "nn.ReLU()",
    nodes.Tanh: lambda node, spec: "nn.Tanh()",
    nodes.Dropout: lambda node, spec: f"nn.Dropout({node.rate})",
    nodes.AveragePool: lambda node, spec: f"nn.AvgPool2d({node.kernel})",
    nodes.AdaptiveAveragePool: lambda node, spec: f"nn.AdaptiveAvgPool2d({node.size})",
    nodes.GlobalAveragePool: lambda node, spec: "nn.AdaptiveAvgPool2d(1)",
}

_WRITERS: Mapping[str, Callable[[ArchitectureSpec], tuple[str, list[str]]]] = {
    "lenet5": _laid_out(
        "LeNet5", "Three convolutions with tanh, pooled by means; two linear layers"
    ),
    "alexnet": _laid_out("AlexNet", "Five convolutions and three linear layers"),
    "alexnet-2012": _laid_out("AlexNet", "Five convolutions and three linear layers"),
    "vgg": _vgg,
    "googlenet": _googlenet,
    "googlenet-2014": _googlenet,
}
