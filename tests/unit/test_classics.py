"""Networks from before residual learning, against torchvision and forwards written by hand."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from explorer.analysis import analyze
from explorer.classic_names import CLASSIC_NAMES, CLASSICS
from explorer.names import NAMES
from explorer.network import build
from explorer.plan import plan, stage_ends, units
from explorer.spec import SpecError, depths, options, parse
from explorer.torchvision_ops import import_torchvision

import_torchvision()
from torchvision import models  # noqa: E402

VGGS = [f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")]
BARE = {"init_weights": False}
WITHOUT_HEADS = {"init_weights": False, "transform_input": False, "aux_logits": False}


def pictures(text: str, count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(count, *parse(text).input_shape, generator=generator)


def settled(module: nn.Module) -> nn.Module:
    """Give normalisations statistics and biases values, so that neither could be forgotten."""
    generator = torch.Generator().manual_seed(1)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            nn.init.normal_(layer.running_mean, 0, 0.5, generator)
            nn.init.uniform_(layer.running_var, 0.5, 2, generator)
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.normal_(layer.bias, 0, 0.3, generator)
    return module.eval()


@pytest.mark.parametrize(
    ("name", "settings"),
    [("alexnet", {}), *((vgg, BARE) for vgg in VGGS), ("googlenet", WITHOUT_HEADS)],
)
def test_weights_and_outputs_are_torchvisions(name: str, settings: dict[str, bool]) -> None:
    with torch.device("meta"):  # no weights of its own: it takes ours
        theirs = models.get_model(name, weights=None, **settings).eval()
    ours = settled(build(name))
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state, strict=True, assign=True)
    images = pictures(f"{name},image_size=80")
    with torch.no_grad():
        output = ours(images)
        assert torch.isfinite(output).all() and output.std() > 0
        torch.testing.assert_close(output, theirs(images), rtol=0, atol=1e-6)
    ours.load_state_dict(theirs.state_dict(), strict=True)


class ByHand:
    """A forward written down from a paper, over a state dict."""

    def __init__(self, module: nn.Module) -> None:
        self.state = module.state_dict()

    def conv(self, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return F.conv2d(x, weight, bias, stride, padding, groups=x.shape[1] // weight.shape[1])

    def fc(self, name: str, x: Tensor) -> Tensor:
        return x @ self.state[f"{name}.weight"].T + self.state[f"{name}.bias"]


def response_normalised(x: Tensor) -> Tensor:
    """Krizhevsky et al. 2012, Section 3.3, channel by channel: k = 2, n = 5, alpha = 1e-4."""
    count = x.shape[1]
    divisors = []
    for channel in range(count):
        near = x[:, max(0, channel - 2) : min(count, channel + 3)]
        divisors.append((2 + 1e-4 * near.square().sum(dim=1)) ** 0.75)
    return x / torch.stack(divisors, dim=1)


def test_lenet5_is_that_of_the_paper_with_a_dense_c3() -> None:
    module = settled(build("lenet5"))
    net, images = ByHand(module), pictures("lenet5")
    x = torch.tanh(net.conv("c1", images))
    x = torch.tanh(net.conv("c3", F.avg_pool2d(x, 2)))
    x = torch.tanh(net.conv("c5", F.avg_pool2d(x, 2)))
    assert x.shape == (2, 120, 1, 1)
    expected = net.fc("output", torch.tanh(net.fc("f6", x.flatten(1))))
    torch.testing.assert_close(module(images), expected)


def test_lenet5s_layers_have_the_papers_counts() -> None:
    parameters = {row.name: row.parameters for row in analyze("lenet5").layers if row.parameters}
    assert parameters == {"c1": 156, "c3": 2_416, "c5": 48_120, "f6": 10_164, "output": 850}


def test_alexnet_of_2012_is_that_of_the_paper() -> None:
    text = "alexnet-2012,classes=10"
    module = settled(build(text))
    net, images = ByHand(module), 3 * pictures(text, 1)

    def towers(name: str, x: Tensor, padding: int) -> Tensor:
        """Each half of the filters sees its own half of the maps."""
        weight, bias = net.state[f"{name}.weight"], net.state[f"{name}.bias"]
        halves = zip(x.chunk(2, 1), weight.chunk(2), bias.chunk(2), strict=True)
        return F.relu(torch.cat([F.conv2d(h, w, b, 1, padding) for h, w, b in halves], dim=1))

    x = F.relu(net.conv("conv1", images, stride=4))
    assert x.shape == (1, 96, 55, 55)
    x = F.max_pool2d(response_normalised(x), 3, 2)
    x = F.max_pool2d(response_normalised(towers("conv2", x, 2)), 3, 2)
    x = F.relu(net.conv("conv3", x, padding=1))
    x = F.max_pool2d(towers("conv5", towers("conv4", x, 1), 1), 3, 2)
    assert x.shape == (1, 256, 6, 6)
    x = F.relu(net.fc("fc7", F.relu(net.fc("fc6", x.flatten(1)))))
    torch.testing.assert_close(module(images), net.fc("fc8", x), rtol=1e-4, atol=1e-5)


def test_googlenet_of_2014_is_that_of_the_paper() -> None:
    text = "googlenet-2014,image_size=224,classes=10"
    module = settled(build(text))
    net, images = ByHand(module), pictures(text, 1)

    def conv(name: str, x: Tensor, padding: int = 0, stride: int = 1) -> Tensor:
        return F.relu(net.conv(f"{name}.conv", x, stride, padding))

    def pool(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def inception(name: str, x: Tensor) -> Tensor:
        branches = (
            conv(f"{name}.branch1", x),
            conv(f"{name}.branch2.1", conv(f"{name}.branch2.0", x), 1),
            conv(f"{name}.branch3.1", conv(f"{name}.branch3.0", x), 2),
            conv(f"{name}.branch4.1", F.max_pool2d(x, 3, 1, 1)),
        )
        return torch.cat(branches, dim=1)

    x = response_normalised(pool(conv("conv1", images, 3, 2)))
    assert x.shape == (1, 64, 56, 56)
    x = pool(response_normalised(conv("conv3", conv("conv2", x), 1)))
    assert x.shape == (1, 192, 28, 28)
    x = pool(inception("inception3b", inception("inception3a", x)))
    assert x.shape == (1, 480, 14, 14)
    for letter in "abcde":
        x = inception(f"inception4{letter}", x)
    x = inception("inception5b", inception("inception5a", pool(x)))
    assert x.shape == (1, 1024, 7, 7)
    torch.testing.assert_close(module(images), net.fc("fc", x.mean((2, 3))), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CLASSIC_NAMES)
def test_operations_are_those_that_torch_counts(name: str) -> None:
    counter = FlopCounterMode(display=False)
    with torch.device("meta"), counter:
        output = build(name).eval()(torch.empty(1, *parse(name).input_shape))
    assert counter.get_total_flops() == analyze(name).flops
    assert output.shape == (1, parse(name).classes)


@pytest.mark.parametrize(
    ("text", "layer", "field"),
    [
        ("lenet5", "c5", 32),
        ("alexnet", "features.12", 195),
        ("alexnet-2012", "pool5", 195),
        ("vgg16", "features.30", 212),
        ("vgg19", "features.36", 268),
    ],
)
def test_receptive_fields(text: str, layer: str, field: int) -> None:
    rows = {row.name: row for row in analyze(text).layers}
    assert rows[layer].receptive_field == field == analyze(text).receptive_field


@pytest.mark.parametrize(
    ("text", "pixels", "last"),
    [
        ("lenet5", 96, "c5"),
        ("alexnet-2012", 451, "pool5"),
        ("googlenet", 448, "inception4e"),
        ("vgg11", 448, "features.20"),
    ],
)
def test_the_receptive_field_is_the_support_of_the_gradient(
    text: str, pixels: int, last: str
) -> None:
    """Every weight is positive and every pooling a mean, so that no path is dead."""
    spec = parse(f"{text},image_size={pixels},classes=1,in_channels=1")
    module = build(spec).eval()
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.MaxPool2d):
            sizes = (layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode)
            module.set_submodule(name, nn.AvgPool2d(*sizes))
        elif isinstance(layer, nn.LocalResponseNorm | nn.BatchNorm2d | nn.Tanh):
            module.set_submodule(name, nn.Identity())
        elif isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
    maps: list[Tensor] = []
    module.get_submodule(last).register_forward_hook(lambda _, inputs, output: maps.append(output))
    image = torch.ones(1, 1, pixels, pixels, requires_grad=True)
    module(image)
    middle = maps[0].shape[-1] // 2
    (gradient,) = torch.autograd.grad(maps[0][0, :, middle, middle].sum(), image)
    seen = gradient[0, 0].sum(dim=0).nonzero().flatten()
    assert seen[0] > 0 and seen[-1] < pixels - 1  # not cut off by a border
    rows = {row.name: row for row in analyze(spec).layers}
    row = rows.get(last) or rows[f"{last}.concat"]
    assert len(seen) == seen[-1] - seen[0] + 1 == row.receptive_field


@pytest.mark.parametrize("family", CLASSICS)
def test_the_smallest_picture_is_the_smallest_that_torch_can_run(family: str) -> None:
    least, name = CLASSICS[family].smallest_image, "vgg11" if family == "vgg" else family
    with torch.device("meta"):
        module = build(f"{name},image_size={least}").eval()
        channels = parse(name).in_channels
        assert module(torch.empty(1, channels, least, least)).shape == (1, parse(name).classes)
        with pytest.raises(RuntimeError, match="size"):
            module(torch.empty(1, channels, least - 1, least - 1))
    with pytest.raises(SpecError, match=f"the smallest input .* is {least} pixels"):
        parse(f"{name},image_size={least - 1}")


@pytest.mark.parametrize("name", CLASSIC_NAMES)
def test_units_and_stages_name_modules(name: str) -> None:
    spec = parse(name)
    with torch.device("meta"):
        module = build(spec)
    found = list(units(plan(spec).root))
    assert len(found) == sum(spec.stages) == len({unit for unit, *_ in found})
    counts = [
        [number for _, inside, number in found if inside == stage]
        for stage in dict.fromkeys(stage for _, stage, _ in found)
    ]
    assert [len(numbers) for numbers in counts] == list(spec.stages)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in counts)
    for name in (*(unit for unit, *_ in found), *stage_ends(plan(spec).root).values()):
        module.get_submodule(name)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lenet5,ordering=v2", "LeNet-5 has no such choice; its choices are image_size"),
        ("googlenet,norm=none", "GoogLeNet has no such choice"),
        ("alexnet,depth=9", "the valid depths of AlexNet are 8"),
        ("vgg16,depth=17", "the valid depths of VGG are 11, 13, 16, 19"),
        ("vgg16,stages=1-1-1", "VGG has 5 stages"),
        ("vgg16,shortcut=B", "VGG has no such choice; its choices are stages, norm"),
        ("lenet5,family=vgg", "no field 'family'"),
        ("vgg17", "vgg16"),
    ],
)
def test_what_a_classic_network_has_not_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("vgg16,depth=19", "vgg19"),
        ("vgg11,norm=batch", "vgg11_bn"),
        ("vgg19_bn,norm=none,stages=2-2-2-2-2", "vgg13"),
        ("vgg16,stages=1-1-1-1-1", "vgg11,stages=1-1-1-1-1"),
        ("lenet5,image_size=32,classes=10", "lenet5"),
    ],
)
def test_a_text_prints_in_its_shortest_form(text: str, shortest: str) -> None:
    assert str(parse(text)) == shortest


def test_only_what_makes_a_network_is_offered() -> None:
    vgg, lenet = parse("vgg13"), parse("lenet5")
    assert depths(vgg) == (11, 13, 16, 19) and depths(lenet) == (5,)
    assert [option.spec is not None for option in options(vgg, "norm")] == [True, True, True]
    assert [o.value for o in options(lenet, "shortcut") if o.spec] == ["none"]
    assert [o.value for o in options(lenet, "norm") if o.spec] == ["none"]
    assert vgg.plain() == vgg and set(CLASSIC_NAMES) <= set(NAMES)
