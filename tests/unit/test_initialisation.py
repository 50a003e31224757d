import math
from typing import Any

import pytest
import torch
from torch import nn

from explorer.initialisation import SCHEMES
from explorer.network import build
from explorer.torchvision_ops import import_torchvision

LARGE = 20_000  # numbers whose standard deviation is known to 1% and a little


def spread(text: str, scheme: str) -> dict[str, tuple[float, float]]:
    """Standard deviation and largest magnitude of each large weight."""
    return measured(build(text, 3, scheme))


def measured(model: nn.Module) -> dict[str, tuple[float, float]]:
    return {
        name: (float(values.detach().std()), float(values.detach().abs().max()))
        for name, values in model.named_parameters()
        if values.dim() > 1 and values.numel() > LARGE
    }


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("resnet18", "resnet18", {}),
        ("resnext50_32x4d", "resnext50_32x4d", {}),
        ("vgg11_bn", "vgg11_bn", {}),
        ("alexnet", "alexnet", {}),
        ("googlenet", "googlenet", {"aux_logits": False, "init_weights": True}),
    ],
)
def test_torchvisions_scheme_draws_as_torchvision_does(
    text: str, name: str, arguments: dict[str, Any]
) -> None:
    with torch.random.fork_rng(devices=()):
        theirs = measured(getattr(import_torchvision().models, name)(**arguments))
    ours = spread(text, "torchvision")
    assert ours.keys() == theirs.keys() and len(ours) > 5
    for layer, (deviation, largest) in ours.items():
        assert deviation == pytest.approx(theirs[layer][0], rel=0.04), layer
        assert largest == pytest.approx(theirs[layer][1], rel=0.35), layer


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("kaiming_fan_in", lambda fan_in, fan_out: 2 / fan_in),
        ("kaiming_fan_out", lambda fan_in, fan_out: 2 / fan_out),
        ("xavier", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        ("pytorch", lambda fan_in, fan_out: 1 / (3 * fan_in)),
    ],
)
def test_variances_are_those_of_the_papers(scheme: str, variance: Any) -> None:
    model = build("resnet34", 1, scheme)
    checked = 0
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > LARGE:
            size = math.prod(layer.kernel_size)
            expected = variance(layer.in_channels * size, layer.out_channels * size)
            assert float(layer.weight.detach().var()) == pytest.approx(expected, rel=0.06)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_keeps_what_a_variant_says_of_its_start(scheme: str) -> None:
    fixup = build("resnet20-cifar,norm=none,init=fixup", 0, scheme)
    assert not any(
        layer.weight.any() for name, layer in fixup.named_modules() if name.endswith("conv2")
    )
    zero = build("resnet20-cifar,zero_init=true", 0, scheme)
    assert not zero.get_parameter("layer1.0.bn2.weight").any()


def test_the_default_is_what_build_has_always_drawn() -> None:
    one, other = build("resnet20-cifar", 5), build("resnet20-cifar", 5, "kaiming_fan_in")
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
