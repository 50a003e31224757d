"""Linear CKA against HSIC written out, its properties, and what a network's own modules give."""

from math import isnan

import pytest
import torch
from torch import Tensor

from explorer.explanation.errors import ExplanationError
from explorer.explanation.similarity import (
    kernel,
    linear_cka,
    similarities,
    similarity,
    unit_kernels,
)
from tests.unit.networks import pictures, settled

SHAPES = [((12, 3), (12, 5)), ((6, 40), (6, 2, 4, 4)), ((9, 9), (9, 30)), ((7, 1), (7, 50))]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def hsic(one: Tensor, other: Tensor) -> float:
    """Gretton et al. 2005: the trace of K H L H over (n - 1)^2, sum by sum."""
    count = len(one)
    centring = torch.eye(count, dtype=torch.float64) - 1 / count
    kernels = [
        torch.tensor([[float(torch.dot(a, b)) for b in rows] for a in rows], dtype=torch.float64)
        for rows in (one.flatten(1), other.flatten(1))
    ]
    return float(torch.trace(kernels[0] @ centring @ kernels[1] @ centring)) / (count - 1) ** 2


@pytest.mark.parametrize(("first", "second"), SHAPES)
def test_it_is_hsic_over_the_root_of_its_own(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    one, other = drawn(*first), drawn(*second, seed=1)
    expected = hsic(one, other) / (hsic(one, one) * hsic(other, other)) ** 0.5
    assert linear_cka(one, other) == pytest.approx(expected, rel=1e-9)
    assert similarity(kernel(one), kernel(other)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [3, 60])
def test_rotation_scale_and_shift_change_nothing_but_a_linear_map_does(width: int) -> None:
    features = drawn(20, width)
    rotation, _ = torch.linalg.qr(drawn(width, width, seed=2))
    assert linear_cka(features, features) == pytest.approx(1)
    assert linear_cka(features, -7 * features @ rotation + 3) == pytest.approx(1)
    stretched = features * torch.linspace(0.01, 5, width, dtype=torch.float64)
    assert linear_cka(features, stretched) < 0.99


def test_unrelated_features_of_many_pictures_have_little_in_common() -> None:
    assert linear_cka(drawn(2000, 3), drawn(2000, 4, seed=1)) < 0.02


def test_features_without_spread_are_like_nothing() -> None:
    constant = torch.full((8, 3), 0.1)
    assert isnan(linear_cka(constant, drawn(8, 3)))
    assert isnan(linear_cka(torch.full((8, 90), 0.1), drawn(8, 90)))
    assert isnan(linear_cka(torch.tensor([[float("inf")], [0.0]]), drawn(2, 1)))


def test_different_pictures_are_refused() -> None:
    with pytest.raises(ExplanationError, match="5 pictures and 4"):
        linear_cka(drawn(5, 2), drawn(4, 2))


def test_units_are_what_the_network_s_own_modules_give() -> None:
    network = settled("resnet20-cifar,width=4,depth=8")
    images = pictures(network.spec, 60)
    model = network.model
    x = model.relu(model.bn1(model.conv1(images)))
    outputs = []
    for stage in (model.layer1, model.layer2, model.layer3):
        x = stage(x)
        outputs.append(x)
    found = dict(unit_kernels(*network, images))
    assert list(found) == ["layer1.0", "layer2.0", "layer3.0"]
    expected = [[linear_cka(one, other) for other in outputs] for one in outputs]
    kernels = list(found.values())
    for row, wanted in zip(similarities(kernels, kernels), expected, strict=True):
        assert row == pytest.approx(wanted, abs=1e-5)
