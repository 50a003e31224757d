"""Effective receptive fields against hand-computed ones, and against the theoretical square."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.explanation.receptive import (
    EffectiveField,
    Square,
    effective_field,
    noise,
    theoretical_square,
)
from explorer.network import build
from explorer.plan import plan, units
from explorer.spec import ArchitectureSpec, parse
from tests.unit.networks import Network, assert_untouched, pictures, settled, state
from tests.unit.strategies import classics, specs


def positive(text: str, scale: float = 1.0) -> Network:
    """A network in which every weight adds something."""
    spec = parse(text)
    model = build(spec).eval().requires_grad_(False)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.abs_().clamp_(min=0.01).mul_(scale)
    return Network(spec, model)


def box(field: EffectiveField) -> tuple[int, int, int, int]:
    """Where the gradient is not 0: top, left, bottom, right, the last two excluded."""
    rows, columns = np.nonzero(field.share)
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@pytest.mark.parametrize(
    "text",
    [
        "plain20-cifar,norm=none,width=2,image_size=44",
        "resnet20-cifar,norm=none,width=2,image_size=44",
        "resnet20-cifar,norm=none,width=2,image_size=41,ordering=v2",
        "resnet20-cifar,norm=none,width=2,block=bottleneck,shortcut=A,image_size=40",
        "resnet20-cifar,norm=none,width=2,downsample_in=last,image_size=50",
        "lenet5,image_size=60",
    ],
)
def test_where_every_weight_counts_the_field_fills_its_square(text: str) -> None:
    network = positive(text, scale=0.1)
    images = noise(network.spec, 1, 0).abs()
    for name, *_ in units(plan(network.spec).root):
        found = effective_field(*network, name, images)
        assert box(found) == found.square.within((network.spec.image_size,) * 2), name
        assert found.share_inside == pytest.approx(1)
    rows = {row.name: row for row in analyze(network.spec).layers}
    if name in rows:
        assert found.square.side == rows[name].receptive_field


def sees_the_whole_picture(spec: ArchitectureSpec) -> bool:
    return spec.norm == "group" or spec.se_ratio is not None


@settings(max_examples=25)
@given(st.one_of(specs(small=True), classics()), st.data())
def test_no_network_sees_beyond_its_square(spec: ArchitectureSpec, data: st.DataObject) -> None:
    if spec.dims != 2 or sees_the_whole_picture(spec):
        return
    network = settled(spec)
    name = data.draw(st.sampled_from([name for name, *_ in units(plan(spec).root)]))
    try:
        found = effective_field(*network, name, noise(spec, 2, 3))
    except ExplanationError as error:
        assert "no finite gradient" in str(error)
        return
    top, left, bottom, right = found.square.within((spec.image_size,) * 2)
    outside = found.share.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()
    assert found.share.sum() == pytest.approx(1)


@pytest.mark.parametrize("extra", ["se_ratio=2", "norm=group"])
def test_what_looks_at_the_whole_picture_sees_beyond(extra: str) -> None:
    network = settled(f"resnet20-cifar,width=8,{extra}")
    found = effective_field(*network, "layer1.0", noise(network.spec, 1, 0))
    assert 0.5 < found.share_inside < 1


def test_equal_weights_give_powers_of_a_box() -> None:
    """Luo et al., Section 2.1: n convolutions of ones fold a box n times with itself."""
    network = positive("plain20-cifar,norm=none,width=1")
    for layer in network.model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.fill_(1)
    for unit, convolutions in (("layer1.0", 3), ("layer1.2", 7)):
        found = effective_field(*network, unit, noise(network.spec, 1, 0).abs())
        line = np.array([1.0])
        for _ in range(convolutions):
            line = np.convolve(line, [1, 1, 1])
        expected = np.outer(line, line) / line.sum() ** 2
        top, left, bottom, right = found.square.within((32, 32))
        assert (bottom - top, right - left) == expected.shape
        np.testing.assert_allclose(found.share[top:bottom, left:right], expected, atol=1e-6)


def test_one_convolution_by_hand() -> None:
    """LeNet-5's first unit, tanh(W * x + b) without margin: the gradient is W (1 - y^2)."""
    spec, model = settled("lenet5")
    images = pictures(spec)
    found = effective_field(spec, model, "tanh1", images)
    weights = model.get_parameter("c1.weight")
    assert found.place == (14, 14) and found.square == Square(16, 16, 5)
    window = images[0, :, 14:19, 14:19]
    y = torch.tanh((weights * window).sum((1, 2, 3)) + model.get_parameter("c1.bias"))
    expected = torch.einsum("n,nchw->hw", 1 - y**2, weights).abs()
    np.testing.assert_allclose(
        found.share[14:19, 14:19], (expected / expected.sum()).numpy(), rtol=1e-4, atol=1e-6
    )


def test_radii_are_distances_that_hold_a_part() -> None:
    network = positive("plain20-cifar,norm=none,width=1,stages=1")
    for layer in network.model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.zero_()[..., 1, 1] = 1  # passes the middle on ...
    network.model.get_parameter("conv1.weight").fill_(1)  # ... of nine equal pixels
    found = effective_field(*network, "layer1.0", noise(network.spec, 1, 0).abs())
    assert found.square == Square(16, 16, 7)
    assert np.count_nonzero(found.share) == 9
    assert found.radius_50 == 1  # five of nine
    assert found.radius_95 == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(
    ("text", "unit", "square"),
    [
        ("resnet50", "layer1.0", Square(112, 112, 19)),
        ("resnet18", "layer4.1", Square(96, 96, 435)),
        ("vgg16", "features.1", Square(112, 112, 3)),
        ("vgg16", "features.6", Square(112.5, 112.5, 10)),
        ("resnet20-cifar", "layer1.2", Square(16, 16, 15)),
    ],
)
def test_known_squares(text: str, unit: str, square: Square) -> None:
    spec = parse(text)
    row = next(row for row in analyze(spec).layers if row.name.startswith(unit))
    place = row.output_shape[1] // 2
    assert theoretical_square(spec, unit, (place, place)) == square


def test_a_square_is_cut_at_the_edges() -> None:
    assert Square(2, 30, 7).within((32, 32)) == (0, 27, 6, 32)
    assert Square(2.5, 2.5, 4).corner == (1, 1)


def test_several_pictures_give_the_mean_and_nothing_is_changed() -> None:
    network = settled("resnet20-cifar,width=4")
    before, images = state(network.model), noise(network.spec, 60, 0)
    kept = images.clone()
    found = effective_field(*network, "layer2.1", images)
    total = np.zeros((32, 32))
    for image in images:
        start = image[None].clone().requires_grad_()
        x = network.model.relu(network.model.bn1(network.model.conv1(start)))
        y = network.model.layer2[:2](network.model.layer1(x))
        y[0, :, 8, 8].sum().backward()
        assert start.grad is not None
        total += start.grad[0].abs().sum(0).numpy()
    np.testing.assert_allclose(found.share, total / total.sum(), atol=1e-6)
    assert found.pictures == 60 and torch.equal(images, kept)
    assert_untouched(network.model, before)


def test_noise_is_that_of_its_seed() -> None:
    spec = parse("resnet20-cifar")
    assert torch.equal(noise(spec, 2, 5), noise(spec, 2, 5))
    assert not torch.equal(noise(spec, 2, 5), noise(spec, 2, 6))


@pytest.mark.parametrize("unit", ["layer1", "fc", "", "layer9.0"])
def test_an_unknown_unit_is_refused(unit: str) -> None:
    network = settled("resnet20-cifar,width=4")
    with pytest.raises(ExplanationError, match=r"the first is layer1\.0"):
        effective_field(*network, unit, pictures(network.spec))


def test_a_unit_that_no_gradient_leaves_is_told() -> None:
    network = positive("plain20-cifar,norm=none,width=2", scale=0)
    with pytest.raises(ExplanationError, match="no finite gradient other than 0"):
        effective_field(*network, "layer1.0", pictures(network.spec))


def test_progress_is_told_and_can_stop_the_work() -> None:
    network = settled("resnet20-cifar,width=4")
    told: list[float] = []

    def report(done: float, message: str) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        effective_field(*network, "layer1.0", noise(network.spec, 40, 0), report)
    assert told == [0, 16 / 40]


def test_as_many_pictures_go_back_together_as_memory_is_meant_to_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = settled("resnet20-cifar,width=4")
    limit = 3 * analyze(network.spec).activation_bytes
    monkeypatch.setattr("explorer.explanation.receptive._BYTES_AT_ONCE", limit)
    told: list[str] = []
    effective_field(
        *network, "layer1.0", noise(network.spec, 7, 0), lambda done, message: told.append(message)
    )
    assert told == ["picture 1 of 7", "picture 4 of 7", "picture 7 of 7"]


def spread(share: np.ndarray) -> EffectiveField:
    share = share / share.sum()
    return EffectiveField("unit", (0, 0), Square(0, 0, 1), share, 1.0, 0.0, 0.0, 1)


def test_the_area_is_that_of_the_fewest_pixels() -> None:
    found = spread(np.array([[1.0, 40.0], [9.0, 50.0]]))
    assert [found.area(part) for part in (0.5, 0.9, 0.95, 1.0)] == [1, 2, 3, 4]


def test_a_gaussian_is_explained_by_its_own_and_a_ring_is_not() -> None:
    places = np.arange(61) - 27.0
    bell = np.exp(-(places**2) / (2 * 4.0**2))
    found = spread(np.outer(np.ones(5), bell))
    np.testing.assert_allclose(found.gaussian, bell / bell.sum(), atol=1e-6)
    assert found.gaussian_fit == pytest.approx(1, abs=1e-6)
    edges = (np.abs(places - 3) > 20).astype(float)
    assert spread(edges[None]).gaussian_fit < 0.2


def test_all_in_one_column_is_a_gaussian_without_width() -> None:
    found = spread(np.eye(1, 9, 4))
    assert found.gaussian.tolist() == found.share[0].tolist()
