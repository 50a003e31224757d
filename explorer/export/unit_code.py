"""The residual unit of a variant as Python: the class a good engineer would write for it."""

from explorer.residual import has_bias
from explorer.spec import ArchitectureSpec

INDENT = "    "
WIDTH = 100


def class_name(spec: ArchitectureSpec) -> str:
    """Return what the unit's class is called."""
    block = "Bottleneck" if spec.block == "bottleneck" else "BasicUnit"
    return block if spec.residual else f"Plain{block.removesuffix('Unit')}"


def norm(spec: ArchitectureSpec, channels: str) -> str:
    """Return the code of a normalisation."""
    return (
        f"group_norm({channels})"
        if spec.norm == "group"
        else f"nn.BatchNorm{spec.dims}d({channels})"
    )


def convolution(
    spec: ArchitectureSpec,
    channels: tuple[str, str],
    kernel: int,
    stride: str = "1",
    groups: int = 1,
    *,
    normalised: bool = True,
) -> str:
    """Return the code of a convolution; `normalised`: a normalisation stands right behind it."""
    settings = [*channels, str(kernel)]
    settings += [f"stride={stride}"] if stride != "1" else []
    settings += [f"padding={kernel // 2}"] if kernel > 1 else []
    settings += [f"groups={groups}"] if groups > 1 else []
    settings += [] if has_bias(spec, normalised) else ["bias=False"]
    return f"nn.Conv{spec.dims}d({', '.join(settings)})"


def unit_class(spec: ArchitectureSpec) -> str:
    """Return the class of a variant's units."""
    unit = _Unit(spec)
    lines = [f"class {class_name(spec)}(nn.Module):", f'{INDENT}"""{unit.says}."""', ""]
    lines += signature("__init__", ["self", *unit.parameters], "None", INDENT)
    lines += [f"{INDENT * 2}{line}" for line in ("super().__init__()", *unit.construction())]
    lines += ["", f"{INDENT}def forward(self, x: Tensor) -> Tensor:"]
    lines += [f"{INDENT * 2}{line}" for line in unit.forward()]
    return "\n".join(lines)


def signature(name: str, parameters: list[str], returns: str, indent: str = "") -> list[str]:
    """Return the line, or lines, that begin a function."""
    whole = f"{indent}def {name}({', '.join(parameters)}) -> {returns}:"
    if len(whole) <= WIDTH:
        return [whole]
    inside = [f"{indent}{INDENT}{', '.join(parameters)}"]
    if len(inside[0]) > WIDTH:
        inside = [f"{indent}{INDENT}{parameter}," for parameter in parameters]
    return [f"{indent}def {name}(", *inside, f"{indent}) -> {returns}:"]


class _Unit:
    """What is said of a unit in several places of its class."""

    def __init__(self, spec: ArchitectureSpec) -> None:
        self.spec = spec
        self.bottleneck = spec.block == "bottleneck"
        self.count = 3 if self.bottleneck else 2
        self.inner = "inner" if self.bottleneck else "channels"
        self.activates = spec.preactivated and spec.stem_activation
        self.drops = spec.survival < 1

    @property
    def says(self) -> str:
        sizes = "131" if self.bottleneck else "33"
        kernels = ["x".join([size] * self.spec.dims) for size in sizes]
        form = f"Convolutions of {', '.join(kernels[:-1])} and {kernels[-1]}"
        return form + (" beside a shortcut" if self.spec.residual else "")

    @property
    def parameters(self) -> list[str]:
        found = ["in_channels: int"] + (["inner: int"] if self.bottleneck else [])
        found += ["channels: int", "stride: int"]
        found += ["activated: bool"] if self.activates else []
        return found + (["survival: float"] if self.drops else [])

    def convolutions(self) -> list[tuple[tuple[str, str], str]]:
        """Return channels and code of each convolution."""
        spec, inner = self.spec, self.inner
        last = spec.ordering not in ("bn_after_addition", "full_preactivation")
        if not self.bottleneck:
            first, second = ("in_channels", inner), (inner, "channels")
            return [
                (first, convolution(spec, first, 3, "stride")),
                (second, convolution(spec, second, 3, normalised=last)),
            ]
        reducing, middle = ("stride", "1") if spec.stride_at == "1x1" else ("1", "stride")
        one, two, three = ("in_channels", inner), (inner, inner), (inner, "channels")
        return [
            (one, convolution(spec, one, 1, reducing)),
            (two, convolution(spec, two, 3, middle, spec.groups)),
            (three, convolution(spec, three, 1, normalised=last)),
        ]

    def construction(self) -> list[str]:
        """Return the lines that make the unit's layers."""
        spec, lines = self.spec, []
        normalised = spec.norm != "none"
        for n, (channels, code) in enumerate(self.convolutions(), start=1):
            before = spec.ordering == "full_preactivation"
            made = f"self.bn{n} = {norm(spec, channels[0 if before else 1])}"
            if before and normalised and n == 1 and self.activates:
                lines += ["self.activated = activated", "if not activated:", INDENT + made]
            elif before and normalised:
                lines.append(made)
            lines.append(f"self.conv{n} = {code}")
            if normalised and not before:
                lines.append(made)
        if self.activates and not any("self.activated" in line for line in lines):
            lines.insert(0, "self.activated = activated")
        if spec.zero_init:
            lines.append(f"nn.init.zeros_(self.bn{self.count}.weight)")
        if spec.se_ratio is not None:
            lines.append("self.se = SqueezeExcite(channels)")
        if spec.skip_init:
            lines.append("self.learned_scale = LearnedScale()")
        if self.drops:
            lines.append("self.survival = survival")
        return lines + self._shortcut_construction()

    def _shortcut_construction(self) -> list[str]:
        spec = self.spec
        if not spec.residual:
            return []
        lines = []
        if "gating" in spec.shortcut:
            gate = f"nn.Conv{spec.dims}d(in_channels, channels, 1, stride)"
            lines.append(f"self.gate = nn.Sequential({gate}, nn.Sigmoid())")
        projection, made = ("in_channels", "channels"), []
        if spec.shortcut in ("B", "C"):
            behind = spec.ordering != "full_preactivation" and spec.norm != "none"
            made = [convolution(spec, projection, 1, "stride", normalised=behind)]
            made += [norm(spec, "channels")] if behind else []
        if spec.shortcut == "C":
            return [*lines, *_sequential("self.downsample", made)]
        lines.append("self.downsample = None")
        halves = spec.downsample_in == "last" and spec.shortcut == "B"
        if halves and spec.preactivated:
            lines.append("self.projects = in_channels != channels")
        if halves:
            lines += ["if in_channels != channels:"]
        else:
            lines += ["if stride != 1 or in_channels != channels:"]
        if not made:
            made = ["ZeroPadding(channels - in_channels, stride)"]
        lines += [INDENT + line for line in _sequential("self.downsample", made)]
        if halves:
            lines += ["elif stride != 1:"]
            lines += [f"{INDENT}self.downsample = nn.MaxPool{spec.dims}d(1, stride)"]
        return lines

    def forward(self) -> list[str]:
        """Return the lines of the forward pass."""
        spec = self.spec
        lines, signal = self._branch()
        if spec.se_ratio is not None:
            lines.append("y = self.se(y)")
        if spec.shortcut == "constant_scaling":
            lines.append(f"y = {float(spec.branch_scale)!r} * y")
        if spec.skip_init:
            lines.append("y = self.learned_scale(y)")
        if self.drops:
            lines.append("y = drop_branch(y, self.survival, self.training)")
        if spec.residual:
            lines += self._join(signal)
        return [*lines, *self._after()]

    def _branch(self) -> tuple[list[str], str]:
        """Return the branch's lines, and the name of the signal that a projection starts from."""
        spec = self.spec
        normalised = spec.norm != "none"
        if not spec.preactivated:
            lines, signal = [], "x"
            for n in range(1, self.count + 1):
                call = f"self.conv{n}({'x' if n == 1 else 'y'})"
                last = n == self.count
                if normalised and not (last and spec.ordering == "bn_after_addition"):
                    call = f"self.bn{n}({call})"
                if not last or spec.ordering == "relu_before_addition":
                    call = f"torch.relu({call})"
                lines.append(f"y = {call}")
            return lines, signal
        full = spec.ordering == "full_preactivation"
        opening = "torch.relu(self.bn1(x))" if full and normalised else "torch.relu(x)"
        if self.activates:
            opening = f"x if self.activated else {opening}"
        lines = [f"active = {opening}"]
        for n in range(1, self.count + 1):
            given = "active" if n == 1 else "y"
            if n > 1:
                given = f"torch.relu(self.bn{n}(y))" if full and normalised else "torch.relu(y)"
            call = f"self.conv{n}({given})"
            lines.append(f"y = self.bn{n}({call})" if normalised and not full else f"y = {call}")
        return lines, "active"

    def _join(self, signal: str) -> list[str]:
        """Return the lines from the shortcut to the addition."""
        spec = self.spec
        start = signal if spec.shortcut in ("B", "C") else "x"
        gated = "gating" in spec.shortcut
        lines = ["g = self.gate(x)"] if gated else []
        if spec.shortcut == "C":
            lines.append(f"shortcut = self.downsample({start})")
        elif spec.shortcut == "B" and spec.downsample_in == "last" and start != "x":
            signal = f"{start} if self.projects else x"
            lines.append(f"shortcut = x if self.downsample is None else self.downsample({signal})")
        else:
            lines.append(f"shortcut = x if self.downsample is None else self.downsample({start})")
        if spec.shortcut == "constant_scaling":
            lines.append(f"shortcut = {float(spec.shortcut_scale)!r} * shortcut")
        if spec.shortcut == "dropout":
            rate = float(spec.shortcut_dropout)
            lines.append(f"shortcut = F.dropout(shortcut, {rate!r}, self.training)")
        branch = "g * y" if spec.shortcut == "exclusive_gating" else "y"
        lines.append(f"y = {branch} + {'(1 - g) * ' if gated else ''}shortcut")
        return lines

    def _after(self) -> list[str]:
        """Return the line that ends the forward pass."""
        spec = self.spec
        if spec.ordering == "bn_after_addition":
            return [f"return torch.relu(self.bn{self.count}(y))"]
        if spec.ordering == "original":
            return ["return torch.relu(y)"]
        return ["return y"]


def _sequential(name: str, layers: list[str]) -> list[str]:
    """Write an assignment of layers, over several lines where one is too long."""
    whole = f"{name} = nn.Sequential({', '.join(layers)})"
    if len(layers) == 1 and len(whole) <= WIDTH - len(INDENT * 3):
        return [whole]
    comma = "," if len(layers) > 1 else ""
    return [f"{name} = nn.Sequential(", *(f"{INDENT}{layer}{comma}" for layer in layers), ")"]
