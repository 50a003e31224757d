"""A variant as a Python file of its own: readable PyTorch that needs nothing but torch.

Its modules bear the same names as the built network's, so state dicts fit both ways.
"""

import textwrap

from explorer.analysis import analyze
from explorer.conformance import nearest, where
from explorer.export.classic_code import classic_classes
from explorer.export.unit_code import (
    INDENT,
    class_name,
    convolution,
    norm,
    signature,
    unit_class,
)
from explorer.residual import unit_shapes
from explorer.spec import ArchitectureSpec
from explorer.words import sentence, title


def pytorch_code(spec: ArchitectureSpec) -> str:
    """Return the source of a module that defines the network and, run by itself, tries it."""
    if spec.family == "residual":
        name = "ResNet" if spec.residual else "PlainNet"
        helpers = [code for needed, code in _helpers(spec) if needed]
        classes = [*helpers, unit_class(spec), _stage_function(spec), _network_class(spec, name)]
    else:
        name, classes = classic_classes(spec)
    parts = [*classes, _main(spec, name)]
    return "\n\n\n".join([f"{_docstring(spec)}\n\n{_imports(spec)}", *parts]) + "\n"


def _docstring(spec: ArchitectureSpec) -> str:
    analysis, found = analyze(spec), nearest(spec)
    lines = [*_wrapped(f'"""{title(spec)}.'), "", *_wrapped(sentence(spec)), ""]
    if found.exact:
        how = "As built today" if found.entry.deviates else "As published"
        lines += _wrapped(f"{how}: {found.entry.title}; {where(found.entry)}.")
        lines += _wrapped(found.entry.note) if found.entry.deviates else []
    else:
        lines += _wrapped(f"Nearest published network: {found.entry.title}; {where(found.entry)}.")
        lines += [line for d in found.differences for line in _wrapped(f"- {d.words}", "  ")]
    counts = f"{analysis.parameters:,} parameters; {analysis.macs:,} multiply-accumulates"
    lines += ["", f"{counts} for one input.", "Written by ResNet Explorer for the variant:"]
    lines += [*_wrapped(str(spec).replace(",", ", ")), '"""']
    return "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 92, subsequent_indent=indent, break_on_hyphens=False)


def _imports(spec: ArchitectureSpec) -> str:
    lines = ["import math", ""] if spec.norm == "group" and spec.family == "residual" else []
    lines += ["from collections import OrderedDict", ""] if "googlenet" in spec.family else []
    lines += ["import torch", "from torch import Tensor, nn"]
    functional = spec.shortcut == "dropout" or _pads(spec)
    return "\n".join(lines + (["from torch.nn import functional as F"] if functional else []))


def _pads(spec: ArchitectureSpec) -> bool:
    return spec.residual and spec.shortcut not in ("B", "C")


def _helpers(spec: ArchitectureSpec) -> list[tuple[bool, str]]:
    every = ", ".join([":: self.stride"] * spec.dims)
    zeros = ", ".join(["0, 0"] * spec.dims)
    spread = ", ".join(["None"] * spec.dims)
    places = "(2, 3)" if spec.dims == 2 else "2"
    return [
        (
            spec.norm == "group",
            '''def group_norm(channels: int) -> nn.GroupNorm:
    """At most 32 groups, of two channels or more."""
    return nn.GroupNorm(1 if channels % 2 else math.gcd(32, channels // 2), channels)''',
        ),
        (
            _pads(spec),
            f'''class ZeroPadding(nn.Module):
    """Every `stride`-th pixel, and new channels of zeros (option A)."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, {every}], ({zeros}, 0, self.new_channels))''',
        ),
        (
            spec.se_ratio is not None,
            f'''class SqueezeExcite(nn.Module):
    """Each channel weighted by the means of all channels (Hu et al. 2018, arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = max(1, channels // {spec.se_ratio})
        self.fc1 = nn.Linear(channels, reduced)
        self.fc2 = nn.Linear(reduced, channels)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean({places})))))
        return x * weights[:, :, {spread}]''',
        ),
        (
            spec.skip_init,
            '''class LearnedScale(nn.Module):
    """One learned number that starts at zero (SkipInit, arXiv:2002.10444)."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale''',
        ),
        (
            spec.survival < 1,
            '''def drop_branch(x: Tensor, survival: float, training: bool) -> Tensor:
    """Stochastic depth (Huang et al. 2016, arXiv:1603.09382): one draw for a mini-batch."""
    if training:
        return x * float(torch.rand(()) < survival)
    return x * survival


def survival(unit: int) -> float:
    """Return the chance of a unit's branch: it falls linearly from the first to the last."""
    return 1 - unit / UNITS * (1 - SURVIVAL)'''.replace("UNITS", str(sum(spec.stages))).replace(
                "SURVIVAL", repr(float(spec.survival))
            ),
        ),
    ]


def _stage_function(spec: ArchitectureSpec) -> str:
    inner = spec.block == "bottleneck"
    activates = spec.preactivated and spec.stem_activation
    parameters = ["in_channels: int", *(["inner: int"] if inner else [])]
    parameters += ["channels: int", "units: int", "stride: int"]
    parameters += ["before: int"] if spec.survival < 1 else []
    parameters += ["activated: bool = False"] if activates else []
    which, place = ("first", "0") if spec.downsample_in == "first" else ("last", "units - 1")
    given = ["entering", *(["inner"] if inner else []), "channels", "step"]
    given += ["activated and n == 0"] if activates else []
    given += ["kept"] if spec.survival < 1 else []
    lines = [
        *signature("stage", parameters, "nn.Sequential"),
        f'{INDENT}"""Return units in a row; the {which} one carries the stride."""',
        f"{INDENT}layers = []",
        f"{INDENT}for n in range(units):",
        f"{INDENT * 2}entering = in_channels if n == 0 else channels",
        f"{INDENT * 2}step = stride if n == {place} else 1",
        *([f"{INDENT * 2}kept = survival(before + n + 1)"] if spec.survival < 1 else []),
        f"{INDENT * 2}layers.append({class_name(spec)}({', '.join(given)}))",
        f"{INDENT}return nn.Sequential(*layers)",
    ]
    return "\n".join(lines)


def _network_class(spec: ArchitectureSpec, name: str) -> str:
    stages = len(spec.stages)
    says = "a stem, one stage and a linear layer"
    if stages > 1:
        says = f"a stem, the stages `layer1` to `layer{stages}` and a linear layer"
    lines = [f"class {name}(nn.Module):", f'{INDENT}"""The network: {says}."""', ""]
    lines += [f"{INDENT}def __init__(self, classes: int = {spec.classes}) -> None:"]
    lines += [INDENT * 2 + line for line in ("super().__init__()", *_layers(spec))]
    lines += [f"{INDENT * 2}self._initialise()", ""]
    lines += [f"{INDENT}def forward(self, x: Tensor) -> Tensor:"]
    lines += [INDENT * 2 + line for line in _forward(spec)]
    lines += ["", f"{INDENT}def _initialise(self) -> None:"]
    lines += [f'{INDENT * 2}"""Draw weights as in He et al. 2015, arXiv:1502.01852, by fan-in."""']
    lines += [INDENT * 2 + line for line in _initialisation(spec)]
    return "\n".join(lines)


def _layers(spec: ArchitectureSpec) -> list[str]:
    lines = _three_convolutions(spec) if spec.stem == "deep" else _one_convolution(spec)
    if spec.stem_activation and spec.norm != "none":
        lines.append(f"self.bn1 = {norm(spec, str(spec.width))}")
    if spec.stem != "cifar":
        stride = 1 if spec.stem == "cifar-pool" else 2
        lines.append(f"self.maxpool = nn.MaxPool{spec.dims}d(3, stride={stride}, padding=1)")
    channels, before = spec.width, 0
    for index, units in enumerate(spec.stages):
        shapes = unit_shapes(spec, index, channels)
        inner = [shapes[0].inner] if spec.block == "bottleneck" else []
        stride = max(shape.stride for shape in shapes)
        given = [str(n) for n in (channels, *inner, shapes[0].out_channels)]
        given += [f"units={units}", f"stride={stride}"]
        given += [f"before={before}"] if spec.survival < 1 else []
        if spec.preactivated and spec.stem_activation and index == 0:
            given.append("activated=True")
        lines.append(f"self.layer{index + 1} = stage({', '.join(given)})")
        channels, before = shapes[0].out_channels, before + units
    if spec.ordering == "full_preactivation" and spec.norm != "none":
        lines.append(f"self.post_bn = {norm(spec, str(channels))}")
    lines.append(f"self.avgpool = nn.AdaptiveAvgPool{spec.dims}d(1)")
    return [*lines, f"self.fc = nn.Linear({channels}, classes)"]


def _one_convolution(spec: ArchitectureSpec) -> list[str]:
    kernel, stride = (7, "2") if spec.stem == "imagenet" else (3, "1")
    channels = (str(spec.in_channels), str(spec.width))
    code = convolution(spec, channels, kernel, stride, normalised=spec.stem_activation)
    return [f"self.conv1 = {code}"]


def _three_convolutions(spec: ArchitectureSpec) -> list[str]:
    half = max(1, spec.width // 2)
    sizes = (spec.in_channels, half, half, spec.width)
    lines = ["self.conv1 = nn.Sequential("]
    for n in range(3):
        channels, stride = (str(sizes[n]), str(sizes[n + 1])), "2" if n == 0 else "1"
        normalised = n < 2 or spec.stem_activation
        lines.append(f"{INDENT}{convolution(spec, channels, 3, stride, normalised=normalised)},")
        if n < 2:
            lines += [f"{INDENT}{norm(spec, str(half))},"] if spec.norm != "none" else []
            lines.append(f"{INDENT}nn.ReLU(),")
    return [*lines, ")"]


def _forward(spec: ArchitectureSpec) -> list[str]:
    call = "self.conv1(x)"
    if spec.stem_activation:
        call = f"torch.relu({f'self.bn1({call})' if spec.norm != 'none' else call})"
    lines = [f"x = {call}"]
    if spec.stem != "cifar":
        lines.append("x = self.maxpool(x)")
    lines += [f"x = self.layer{n}(x)" for n in range(1, len(spec.stages) + 1)]
    if spec.preactivated:
        last = "self.post_bn(x)"
        if spec.ordering != "full_preactivation" or spec.norm == "none":
            last = "x"
        lines.append(f"x = torch.relu({last})")
    return [*lines, "return self.fc(torch.flatten(self.avgpool(x), 1))"]


def _initialisation(spec: ArchitectureSpec) -> list[str]:
    lines = ["for layer in self.modules():", f"{INDENT}if isinstance(layer, nn.Conv{spec.dims}d):"]
    lines += [f'{INDENT * 2}nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")']
    if spec.bias != "none":
        lines += [f"{INDENT * 2}if layer.bias is not None:"]
        lines += [f"{INDENT * 3}nn.init.zeros_(layer.bias)"]
    if "gating" in spec.shortcut:
        bias = f"nn.init.constant_(unit.gate[0].bias, {float(spec.gate_bias)!r})"
        lines += [*_each_unit(spec), f"{INDENT * 2}{bias}"]
    return lines + (_fixup(spec) if spec.init == "fixup" else [])


def _each_unit(spec: ArchitectureSpec) -> list[str]:
    return ["for unit in self.modules():", f"{INDENT}if isinstance(unit, {class_name(spec)}):"]


def _fixup(spec: ArchitectureSpec) -> list[str]:
    count = 3 if spec.block == "bottleneck" else 2
    scale = f"{sum(spec.stages)} ** (-1 / {2 * count - 2})"
    return [
        "# Fixup, arXiv:1901.09321: branches start small, and their ends at zero.",
        *_each_unit(spec),
        *(f"{INDENT * 2}unit.conv{n}.weight.data *= {scale}" for n in range(1, count)),
        f"{INDENT * 2}nn.init.zeros_(unit.conv{count}.weight)",
        "nn.init.zeros_(self.fc.weight)",
        "nn.init.zeros_(self.fc.bias)",
    ]


def _main(spec: ArchitectureSpec, name: str) -> str:
    shape = ", ".join(map(str, (1, *spec.input_shape)))
    return f"""if __name__ == "__main__":
    network = {name}().eval()
    print(sum(weights.numel() for weights in network.parameters()), "parameters")
    print(network(torch.randn({shape})).shape)"""
