"""Grad-CAM against hooks and a full backward pass, on models built independently."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.explanation.cam import Cam, focus, grad_cams
from explorer.explanation.errors import ExplanationError
from explorer.network import build
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from tests.unit.networks import assert_untouched, pictures, settled, state

import_torchvision()
from torchvision import models  # noqa: E402

SMALL = "image_size=64,classes=5"
LAYERS = {  # of each network, the modules whose outputs are weighed
    f"resnet18,width=8,{SMALL}": "maxpool layer1.1 layer2.1 layer3.1 layer4.1",
    f"resnet18v2,width=8,{SMALL}": "maxpool layer1.1 layer2.1 layer3.1 post_relu",
    f"resnet18,width=8,ordering=relu_only_preactivation,{SMALL}": "maxpool layer1.1 layer2.1 "
    "layer3.1 post_relu",
    "plain20-cifar": "relu layer1.2 layer2.2 layer3.2",
    f"googlenet,{SMALL}": "maxpool2 inception3b inception4e inception5b",
    "lenet5": "s2 s4 tanh5",
}


def by_hooks(model: nn.Module, layers: list[str], image: Tensor, label: int) -> list[Tensor]:
    """Grad-CAM of each layer as most code computes it: hooks and `backward`."""
    model = copy.deepcopy(model).requires_grad_(True)
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            output.retain_grad()
            seen[name] = output

        return hook

    for part in model.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
    for name in layers:
        model.get_submodule(name).register_forward_hook(keep(name))
    model(image[None])[0, label].backward()
    maps = []
    for name in layers:
        features, gradient = seen[name].detach()[0], seen[name].grad
        assert gradient is not None
        weights = gradient[0].flatten(1).mean(1)
        maps.append(torch.einsum("c,chw->hw", weights, features).clamp(min=0))
    return maps


def assert_agrees(cams: tuple[Cam, ...], maps: list[Tensor], size: int) -> None:
    for cam, expected in zip(cams, maps, strict=True):
        scale = float(expected.max()) or 1.0
        np.testing.assert_allclose(cam.values, expected.numpy(), rtol=1e-3, atol=1e-4 * scale)
        heat = F.interpolate(expected[None, None], size=(size, size), mode="bilinear")[0, 0]
        heat = heat / (heat.max() or 1)
        np.testing.assert_allclose(cam.heat, heat.numpy(), atol=2e-3)
        assert cam.heat.max() == (1 if expected.max() > 0 else 0)


def test_every_stage_of_resnet18_is_torchvisions() -> None:
    network = settled("resnet18,image_size=64,classes=7")
    theirs = models.resnet18(num_classes=7).eval()
    theirs.load_state_dict(network.model.state_dict(), strict=True)
    image = pictures(network.spec)[0]
    cams = grad_cams(*network, image, 3)
    layers = ["maxpool", "layer1", "layer2", "layer3", "layer4"]
    assert_agrees(cams, by_hooks(theirs, layers, image, 3), 64)
    assert [cam.stage for cam in cams] == ["stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x"]
    assert [cam.values.shape for cam in cams] == [(s, s) for s in (16, 16, 8, 4, 2)]
    assert sum(cam.values.max() > 0 for cam in cams) >= 4


@pytest.mark.parametrize(("text", "layers"), LAYERS.items())
def test_the_layers_are_named_and_weighed(text: str, layers: str) -> None:
    network = settled(text)
    before, image = state(network.model), pictures(network.spec)[0]
    kept = image.clone()
    cams = grad_cams(*network, image, 4)
    assert [cam.layer for cam in cams] == layers.split()
    fresh = build(network.spec).eval()
    fresh.load_state_dict(network.model.state_dict())
    assert_agrees(cams, by_hooks(fresh, layers.split(), image, 4), network.spec.image_size)
    assert torch.equal(image, kept) and not image.requires_grad
    assert_untouched(network.model, before)


@pytest.mark.parametrize("text", ["resnet20-cifar", "resnet110v2-cifar,stages=1-1-1"])
def test_the_last_map_is_the_classifiers_weights_times_the_features(text: str) -> None:
    """Where a global pooling and one linear layer follow, Grad-CAM is CAM (Zhou et al. 2016)."""
    spec, model = settled(text)
    image = pictures(spec)[0]
    seen: list[Tensor] = []
    private = copy.deepcopy(model)
    private.get_submodule("avgpool").register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0].clone())
    )
    private(image[None])
    weights = model.get_parameter("fc.weight")[2] / 64
    expected = torch.einsum("c,chw->hw", weights, seen[0][0]).relu()
    np.testing.assert_allclose(grad_cams(spec, model, image, 2)[-1].values, expected, atol=1e-5)


def test_weights_that_ask_for_gradients_get_none() -> None:
    network = settled("resnet20-cifar,width=4")
    image = pictures(network.spec)[0]
    frozen = grad_cams(*network, image, 1)
    network.model.requires_grad_(True)
    asking = grad_cams(*network, image, 1)
    assert all(parameter.grad is None for parameter in network.model.parameters())
    for one, other in zip(frozen, asking, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    with torch.no_grad():
        np.testing.assert_array_equal(grad_cams(*network, image, 1)[-1].heat, frozen[-1].heat)


def test_a_class_that_nothing_speaks_for_has_an_empty_map() -> None:
    network = settled("resnet20-cifar,width=4")
    network.model.get_parameter("fc.weight")[6] = -1.0
    last = grad_cams(*network, pictures(network.spec)[0], 6)[-1]
    assert not last.values.any() and not last.heat.any()


@pytest.mark.parametrize(
    ("heat", "part", "share"),
    [
        ([[1, 1], [1, 1]], 0.5, 0.5),
        ([[0, 4], [0, 0]], 0.5, 0.25),
        ([[3, 1], [1, 1]], 0.5, 0.25),
        ([[3, 2], [1, 0]], 0.75, 0.5),
        ([[3, 2], [1, 0]], 1.0, 0.75),
    ],
)
def test_the_focus_is_the_share_of_pixels_that_hold_a_part(
    heat: list[list[float]], part: float, share: float
) -> None:
    assert focus(np.array(heat, np.float32), part) == share


@pytest.mark.parametrize(("label", "size"), [(10, 32), (-1, 32), (0, 31)])
def test_what_the_network_does_not_know_is_refused(label: int, size: int) -> None:
    network = settled("resnet20-cifar,width=4")
    with pytest.raises(ExplanationError, match=r"knows the classes|3 x 32 x 32"):
        grad_cams(*network, torch.zeros(3, size, size), label)


def test_overflow_is_told() -> None:
    spec = parse("resnet20-cifar,stages=100-100-100,width=4")
    with pytest.raises(ExplanationError, match="overflows"):
        grad_cams(spec, build(spec).eval(), pictures(spec)[0], 0)
