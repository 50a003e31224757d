import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.explanation.features import feature_maps, first_filters, layers
from explorer.network import build
from explorer.spec import parse
from tests.unit.networks import Network, assert_untouched, pictures, settled, state

VARIANTS = (
    "resnet20-cifar,width=4,stages=2-1",
    "resnet18v2,width=4,image_size=32,stages=1-1",
    "resnet20-cifar,width=4,stages=1-1,ordering=relu_only_preactivation,se_ratio=2",
    "resnet20-cifar,width=4,stages=1-1,shortcut=exclusive_gating",
    "googlenet,image_size=32,classes=5",
    "lenet5",
)


def hooked(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Every module's output, copied before the next one can change it."""
    outputs: dict[str, Tensor] = {}
    model = copy.deepcopy(network.model)
    for name, part in model.named_modules():
        part.register_forward_hook(
            lambda part, inputs, output, name=name: outputs.update({name: output.clone()})
        )
    model(images)
    return outputs


@pytest.mark.parametrize("text", VARIANTS)
def test_maps_of_every_layer_are_those_that_hooks_see(text: str) -> None:
    network = settled(text)
    before, images = state(network.model), pictures(network.spec)
    outputs = hooked(network, images)
    for name in layers(network.spec):
        found = feature_maps(*network, images[0], name, count=3)
        expected = outputs[name][0]
        assert found.channels == len(expected)
        torch.testing.assert_close(torch.from_numpy(found.maps), expected[list(found.indices)])
    assert_untouched(network.model, before)


def test_the_strongest_channels_come_first() -> None:
    network = settled("resnet20-cifar,width=4")
    image = pictures(network.spec)[0]
    found = feature_maps(*network, image, "layer2.1.bn1", count=5)
    everything = hooked(network, image[None])["layer2.1.bn1"][0].numpy()
    strengths = np.abs(everything).mean(axis=(1, 2))
    order = sorted(range(8), key=lambda channel: -strengths[channel])
    assert list(found.indices) == order[:5]
    np.testing.assert_allclose(found.strengths, strengths[order[:5]], rtol=1e-5)
    assert (found.maps < 0).any(), "the ReLU behind has worked in place"


def test_channels_that_are_not_shown_count_too() -> None:
    network = settled("resnet20-cifar,width=4")
    image = pictures(network.spec)[0]
    network.model.get_parameter("conv1.weight")[2] = 0
    everything = hooked(network, image[None])["conv1"][0].double().abs().mean((1, 2))
    found = feature_maps(*network, image, "conv1", count=1)
    assert found.total == pytest.approx(float(everything.sum()), rel=1e-5)
    assert found.silent == 1 and len(found.maps) == 1


def test_numbers_that_are_not_finite_are_told() -> None:
    network = settled("resnet20-cifar,width=4")
    network.model.get_parameter("conv1.weight")[0, 0] = float("inf")
    with pytest.raises(ExplanationError, match="overflows"):
        feature_maps(*network, pictures(network.spec)[0], "conv1")


@pytest.mark.parametrize(("count", "shown"), [(-2, 1), (0, 1), (3, 3), (1000, 4)])
def test_the_number_of_maps_stays_within_bounds(count: int, shown: int) -> None:
    network = settled("resnet20-cifar,width=4")
    found = feature_maps(*network, pictures(network.spec)[0], "conv1", count)
    assert found.maps.shape == (shown, 32, 32)


def test_layers_are_those_with_maps_in_forward_order() -> None:
    spec = parse("resnet20-cifar")
    names = [row.name for row in analyze(spec).layers]
    assert list(layers(spec)) == names[: names.index("flatten")]


@pytest.mark.parametrize("layer", ["fc", "flatten", "", "layer1", "layer9.0", "add"])
def test_a_layer_without_maps_is_refused(layer: str) -> None:
    network = settled("resnet20-cifar,width=4")
    with pytest.raises(ExplanationError, match=f"no layer {layer!r} that gives maps"):
        feature_maps(*network, pictures(network.spec)[0], layer)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_filters_are_pictures_with_zero_as_mid_grey(channels: str) -> None:
    spec = parse("resnet18,image_size=32")
    model = build(spec)
    weights = model.get_parameter("conv1.weight").detach().numpy()
    found = first_filters(spec, model, channels)
    assert found.shape == (64, 7, 7, 3)
    for number in (0, 31, 63):
        filter_ = weights[number].transpose(1, 2, 0)
        if channels == "BGR":
            filter_ = filter_[:, :, ::-1]
        np.testing.assert_allclose(
            (found[number] - 0.5) * 2 * np.abs(filter_).max(), filter_, atol=1e-6
        )
    extremes = np.abs(found - 0.5).max(axis=(1, 2, 3))
    np.testing.assert_allclose(extremes, 0.5)


def test_a_filter_of_zeros_is_grey_and_a_deep_stem_has_its_first() -> None:
    spec = parse("resnet18,stem=deep,image_size=32,in_channels=1")
    model = build(spec)
    with torch.no_grad():
        model.get_parameter("conv1.0.weight")[2] = 0
    found = first_filters(spec, model, "L")
    assert found.shape == (32, 3, 3, 1)
    assert (found[2] == 0.5).all() and np.isfinite(found).all()


@pytest.mark.parametrize(
    ("text", "channels"), [("lenet5", "RGB"), ("resnet18", "L"), ("resnet18-1d", "L")]
)
def test_filters_that_are_no_pictures_are_refused(text: str, channels: str) -> None:
    spec = parse(text)
    with torch.device("meta"):
        model = build(spec)
    with pytest.raises(ExplanationError, match="its filters are no"):
        first_filters(spec, model, channels)
