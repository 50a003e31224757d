"""Built modules against torchvision, against the analysis, and against a forward by hand."""

import copy
import io
import pickle

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from explorer.analysis import analyze
from explorer.layers import SqueezeExcite
from explorer.network import Addition, build
from explorer.spec import VALUES, ArchitectureSpec, SpecError, parse
from explorer.torchvision_ops import import_torchvision
from tests.unit.strategies import classics, specs

import_torchvision()
from torchvision import models  # noqa: E402

SMALL = "stages=2-2,width=4,image_size=8"
TORCHVISION = {
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "resnext50_32x4d": "resnext50_32x4d",
    "resnext101_64x4d": "resnext101_64x4d",
    "wide_resnet50_2": "wide_resnet50_2",
}


def variants() -> list[str]:
    """Every ordering with every block and shortcut, small."""
    blocks = [f"resnet20-cifar,{SMALL},block={block}" for block in VALUES["block"]]
    blocks.append(f"{blocks[-1]},stride_at=1x1")
    return [
        *(f"{text},shortcut=none" for text in blocks),
        *(
            f"{text},shortcut={shortcut},ordering={ordering}"
            for text in blocks
            for shortcut in ("A", "B", "C", *WEIGHTED)
            for ordering in VALUES["ordering"]
        ),
    ]


WEIGHTED = (
    "constant_scaling,shortcut_scale=0.5,branch_scale=0.75",
    "exclusive_gating,gate_bias=-1",
    "shortcut_only_gating,gate_bias=-1",
    "dropout",
)
"""The shortcuts of He et al. 2016, Table 1."""


def trained_looking(module: nn.Module, seed: int = 0) -> nn.Module:
    """Give every normalisation statistics and a scale of its own, as training would."""
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.uniform_(layer.weight, 0.3, 0.9, generator)
            nn.init.normal_(layer.bias, 0, 0.3, generator)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            nn.init.normal_(layer.running_mean, 0, 0.5, generator)
            nn.init.uniform_(layer.running_var, 0.5, 2, generator)
    return module.eval()


def pictures(spec: ArchitectureSpec, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(count, *spec.input_shape, generator=generator)


@pytest.mark.parametrize(("text", "name"), TORCHVISION.items())
def test_weights_and_outputs_are_torchvisions(text: str, name: str) -> None:
    with torch.device("meta"):  # no weights of its own: it takes ours
        theirs = models.get_model(name, weights=None).eval()
    ours = trained_looking(build(text))
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state, strict=True, assign=True)
    images = pictures(parse(f"{text},image_size=64"))
    with torch.no_grad():
        output = ours(images)
        assert torch.isfinite(output).all() and output.std() > 0
        torch.testing.assert_close(output, theirs(images), rtol=0, atol=1e-6)
    ours.load_state_dict(theirs.state_dict(), strict=True)


def leaves(module: nn.Module) -> dict[str, nn.Module]:
    """The modules that the plan has as layers; a squeeze-excitation is one."""
    found = dict(module.named_modules())
    whole = [name for name, m in found.items() if isinstance(m, SqueezeExcite)]
    inside = tuple(f"{name}." for name in whole)
    return {
        name: m
        for name, m in found.items()
        if name
        and (name in whole or not any(True for _ in m.children()))
        and not name.startswith(inside)
    }


@settings(max_examples=150)
@given(specs(small=True))
def test_the_analysis_describes_the_module(spec: ArchitectureSpec) -> None:
    assert_described(spec, "cpu")


@settings(max_examples=30, deadline=None)
@given(classics())
def test_the_analysis_describes_classic_modules(spec: ArchitectureSpec) -> None:
    assert_described(spec, "meta")  # shapes and counts alone: linear layers are large


def assert_described(spec: ArchitectureSpec, device: str) -> None:
    with torch.device(device):
        analysis, module = analyze(spec), build(spec).eval()
    rows = {row.name: row for row in analysis.layers}
    parts = leaves(module)
    assert set(parts) == set(rows)
    seen: list[str] = []

    def check(name: str) -> None:
        row = rows[name]

        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen.append(name)
            assert tuple(output.shape[1:]) == row.output_shape
            if row.kind == "concatenation":
                inputs = (torch.cat(inputs, dim=1),)
            assert all(tuple(x.shape[1:]) == row.input_shape for x in inputs)

        parts[name].register_forward_hook(hook)

    for name in parts:
        check(name)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        output = module(pictures(spec, 2).to(device))
    assert seen == list(rows)  # forward order, each once
    assert counter.get_total_flops() == 2 * analysis.flops  # two pictures
    assert tuple(output.shape[1:]) == analysis.output_shape
    for name, row in rows.items():
        assert sum(p.numel() for p in parts[name].parameters()) == row.parameters
        assert sum(b.numel() for b in parts[name].buffers()) == row.buffers
    assert sum(p.numel() for p in module.parameters()) == analysis.parameters


def test_squeeze_excitation_is_that_of_the_formula() -> None:
    layer = SqueezeExcite(6, 2)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(1))
    x = torch.randn(3, 6, 5, 4, generator=torch.Generator().manual_seed(2))
    z = torch.stack([x[:, c].mean(dim=(1, 2)) for c in range(6)], dim=1)
    hidden = torch.clamp(z @ layer.fc1.weight.T + layer.fc1.bias, min=0)
    scale = 1 / (1 + torch.exp(-(hidden @ layer.fc2.weight.T + layer.fc2.bias)))
    expected = torch.einsum("nchw,nc->nchw", x, scale)
    torch.testing.assert_close(layer(x), expected)


def test_squeeze_excitation_stands_on_the_branch_before_the_addition() -> None:
    text = "resnet20-cifar,stages=1,width=4,se_ratio=2"
    module = trained_looking(build(text))
    unit = module.layer1[0]
    with torch.no_grad():
        x = module.relu(module.bn1(module.conv1(pictures(parse(text)))))
        branch = unit.bn2(unit.conv2(torch.relu(unit.bn1(unit.conv1(x)))))
        torch.testing.assert_close(unit(x), torch.relu(unit.se(branch) + x))


class ByHand:
    """A CIFAR network written down from He et al. 2016, Fig. 4, over a state dict."""

    def __init__(self, spec: ArchitectureSpec, state: dict[str, Tensor]) -> None:
        self.spec, self.state = spec, state
        self.layers = 2 if spec.block == "basic" else 3
        self.projecting = spec.shortcut in ("B", "C")

    def conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = self.state[f"{name}.weight"]
        bias = self.state.get(f"{name}.bias")
        return F.conv2d(x, weight, bias, stride=stride, padding=weight.shape[-1] // 2)

    def bn(self, name: str, x: Tensor) -> Tensor:
        mean, var, weight, bias = (
            self.state[f"{name}.{key}"][:, None, None]
            for key in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias

    def shortcut(self, unit: str, x: Tensor, stride: int, channels: int) -> Tensor:
        """h(x) for a unit that has a projection or changes the shape."""
        if not self.projecting:
            small = x[:, :, ::stride, ::stride]
            zeros = torch.zeros(len(x), channels - x.shape[1], *small.shape[2:])
            return torch.cat([small, zeros], dim=1)
        x = self.conv(f"{unit}.downsample.0", x, stride)
        return (
            x if self.spec.ordering == "full_preactivation" else self.bn(f"{unit}.downsample.1", x)
        )

    def unit(self, unit: str, x: Tensor, stride: int, channels: int, first: bool) -> Tensor:
        ordering, last = self.spec.ordering, self.layers
        strides = {1 if last == 2 or self.spec.stride_at == "1x1" else 2: stride}

        def conv(n: int, x: Tensor) -> Tensor:
            return self.conv(f"{unit}.conv{n}", x, strides.get(n, 1))

        def bn(n: int, x: Tensor) -> Tensor:
            return self.bn(f"{unit}.bn{n}", x)

        projects = stride > 1 or x.shape[1] != channels or self.spec.shortcut == "C"
        branch = identity = x
        if ordering == "full_preactivation":
            for n in range(1, last + 1):
                if n > 1 or not first:
                    branch = F.relu(bn(n, branch))
                if n == 1 and projects and self.projecting:
                    identity = branch
                branch = conv(n, branch)
        elif ordering == "relu_only_preactivation":
            for n in range(1, last + 1):
                if n > 1 or not first:
                    branch = F.relu(branch)
                if n == 1 and projects and self.projecting:
                    identity = branch
                branch = bn(n, conv(n, branch))
        else:
            for n in range(1, last):
                branch = F.relu(bn(n, conv(n, branch)))
            branch = conv(last, branch)
            if ordering != "bn_after_addition":
                branch = bn(last, branch)
            if ordering == "relu_before_addition":
                branch = F.relu(branch)
        if self.spec.shortcut == "none":
            return F.relu(branch)
        carried = self.shortcut(unit, identity, stride, channels) if projects else identity
        total = self.join(unit, x, branch, carried, stride)
        if ordering == "original":
            return F.relu(total)
        if ordering == "bn_after_addition":
            return F.relu(bn(last, total))
        return total

    def join(self, unit: str, x: Tensor, branch: Tensor, carried: Tensor, stride: int) -> Tensor:
        """h(x) and F(x), weighted as in He et al. 2016, Section 3.1, and added."""
        if self.spec.shortcut == "constant_scaling":
            return 0.5 * carried + 0.75 * branch
        if self.spec.shortcut.endswith("gating"):
            gate = 1 / (1 + torch.exp(-self.conv(f"{unit}.gate.0", x, stride)))
            if self.spec.shortcut == "exclusive_gating":
                branch = gate * branch
            return (1 - gate) * carried + branch
        return carried + branch

    def __call__(self, x: Tensor) -> Tensor:
        spec = self.spec
        x = F.relu(self.bn("bn1", self.conv("conv1", x)))
        for stage, units in enumerate(spec.stages):
            channels = spec.width * 2**stage * (1 if spec.block == "basic" else spec.expansion)
            for number in range(units):
                stride = 2 if stage > 0 and number == 0 else 1
                first = stage == number == 0
                x = self.unit(f"layer{stage + 1}.{number}", x, stride, channels, first)
        if spec.ordering == "full_preactivation":
            x = self.bn("post_bn", x)
        if spec.ordering.endswith("preactivation"):
            x = F.relu(x)
        return x.mean(dim=(2, 3)) @ self.state["fc.weight"].T + self.state["fc.bias"]


@pytest.mark.parametrize("text", variants())
def test_outputs_are_those_of_a_forward_by_hand(text: str) -> None:
    spec = parse(text)
    module = trained_looking(build(spec))
    images = pictures(spec, 2)
    with torch.no_grad():
        expected = ByHand(spec, module.state_dict())(images)
        torch.testing.assert_close(module(images), expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 1e-3


@pytest.mark.parametrize(
    "text",
    [
        f"{text},norm={norm}"
        for text in variants()
        for norm in VALUES["norm"]
        if not (norm == "none" and "bn_after_addition" in text)
    ],
)
def test_working_in_place_changes_no_output_and_no_gradient(text: str) -> None:
    spec = parse(text)
    module = build(spec).train()
    careful = copy.deepcopy(module)
    for layer in careful.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    results = []
    for network in (module, careful):
        images = pictures(spec, 2).requires_grad_()
        torch.manual_seed(0)  # of what is dropped
        output = network(images)
        output.square().sum().backward()
        results.append([output, images.grad, *(p.grad for p in network.parameters())])
    for value, expected in zip(*results, strict=True):
        torch.testing.assert_close(value, expected, rtol=0, atol=0)


def test_a_seed_decides_the_weights_and_nothing_else_does() -> None:
    text = f"resnet20-cifar,{SMALL}"
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build(text).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = build(text, seed=0).state_dict(), build(text, seed=1).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    weights = [key for key in first if "conv" in key or "fc" in key]
    assert not any(torch.equal(first[key], other[key]) for key in weights)


def test_convolutions_start_with_hes_deviation() -> None:
    for name, layer in build("resnet18").named_modules():
        if isinstance(layer, nn.Conv2d):
            fan_in = layer.in_channels * layer.kernel_size[0] ** 2
            assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.05), name
            assert abs(layer.weight.mean().item()) < 0.02
        elif isinstance(layer, nn.Linear):
            assert layer.weight.abs().max().item() == pytest.approx(512**-0.5, rel=0.01)
        elif isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.eq(1).all() and layer.bias.eq(0).all()


@pytest.mark.parametrize(
    "ordering", ["original", "relu_before_addition", "relu_only_preactivation"]
)
def test_zero_init_makes_every_branch_start_at_zero(ordering: str) -> None:
    text = f"resnet20-cifar,{SMALL},ordering={ordering},zero_init=true"
    module = build(text).eval()
    branches: list[Tensor] = []
    for layer in module.modules():
        if isinstance(layer, Addition):
            layer.register_forward_pre_hook(lambda _, inputs: branches.append(inputs[0]))
    with torch.no_grad():
        module(pictures(parse(text)))
    assert len(branches) == 4
    assert all(branch.eq(0).all() for branch in branches)


@pytest.mark.parametrize("text", [f"resnet20-cifar,{SMALL}", f"resnet164v2-cifar,{SMALL}"])
def test_copies_behave_like_the_original(text: str) -> None:
    module = trained_looking(build(text))
    images = pictures(parse(text))
    saved = io.BytesIO()
    torch.save(module.state_dict(), saved)
    saved.seek(0)
    loaded = build(text, seed=3).eval()
    loaded.load_state_dict(torch.load(saved, weights_only=True))
    with torch.no_grad():
        expected = module(images)
        for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), loaded):
            assert torch.equal(twin(images), expected)


def test_the_head_can_be_replaced() -> None:
    text = f"resnet20-cifar,{SMALL}"
    module = build(text)
    assert isinstance(module.fc, nn.Linear)
    module.fc = nn.Linear(module.fc.in_features, 3)
    assert module(pictures(parse(text), 2)).shape == (2, 3)


def test_a_module_starts_in_train_mode_and_takes_other_picture_sizes() -> None:
    module = build(f"resnet20-cifar,{SMALL}")
    assert module.training
    assert module(torch.randn(2, 3, 20, 15)).shape == (2, 10)


def test_a_text_that_is_no_network_is_refused() -> None:
    with pytest.raises(SpecError, match="resnet50"):
        build("resnet51")


@pytest.mark.parametrize(
    "text",
    [
        "resnet20-cifar,stages=1",
        "resnet20-cifar,stages=2-1",
        "resnet20-cifar,stages=1-1-1",
        "plain20-cifar,stages=1-2-1",
        "resnet20-cifar,stages=1-1-1,shortcut=B,ordering=v2",
        "resnet164-cifar,stages=1-2-1,stride_at=1x1",
        "resnet164-cifar,stages=1-2-1,stride_at=3x3",
        "resnet164v2-cifar,stages=2-2,stride_at=3x3",
        "resnet18,stages=1-1,in_channels=1",
        "resnet50,stages=1-1-1,stride_at=1x1",
        "resnet50,stages=1-1-1,groups=2",
    ],
)
def test_the_receptive_field_is_the_support_of_the_gradient(text: str) -> None:
    spec = parse(f"{text},width=2,image_size=192")
    module = build(spec).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.abs() + 0.1)  # no dead unit, no cancelling
    if hasattr(module, "maxpool"):
        module.maxpool = nn.AvgPool2d(3, 2, 1)  # every pixel of the window counts
    maps: list[Tensor] = []
    module.avgpool.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
    images = pictures(spec).abs().double().requires_grad_()
    module.double()(images)
    middle = maps[0].shape[-1] // 2
    maps[0][0, 0, middle, middle].backward()
    assert images.grad is not None
    touched = images.grad[0, 0] != 0
    for extent in (touched.any(dim=0), touched.any(dim=1)):
        pixels = extent.nonzero().flatten()
        assert pixels[0] > 0 and pixels[-1] < spec.image_size - 1  # not cut off by a border
        assert len(pixels) == pixels[-1] - pixels[0] + 1 == analyze(spec).receptive_field
