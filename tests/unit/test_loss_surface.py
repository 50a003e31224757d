"""The loss around weights: against a network worked out by hand, and its own loss in the middle."""

from math import exp, inf, log, pi, sin

import pytest
import torch
from torch import nn

from explorer.explanation.errors import ExplanationError
from explorer.explanation.loss_surface import LossSurface, direction, not_convex
from explorer.network import build
from tests.unit.networks import assert_untouched, pictures, settled, state

PLACES = [(0.0, 0.0), (1.0, 0.0), (0.0, -0.5), (0.3, 0.7), (-1.0, 2.0)]


def test_each_filter_of_a_direction_is_as_long_as_the_network_s() -> None:
    model = settled("resnet20-cifar,width=4,depth=8").model
    found = direction(model, torch.Generator().manual_seed(7))
    assert set(found) == {name for name, _ in model.named_parameters()}
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            assert not found[name].any(), name
            continue
        for filter_, drawn in zip(weight, found[name], strict=True):
            assert float(drawn.norm()) == pytest.approx(float(filter_.norm()), rel=1e-5), name
            assert not torch.equal(drawn, filter_)


def test_a_seed_s_directions_are_not_the_weights_that_it_draws() -> None:
    model = build("resnet20-cifar,width=4,depth=8", seed=3).eval()
    surface = LossSurface(model, torch.ones(1, 3, 32, 32), torch.tensor([0]), seed=3)
    one, other = (
        torch.cat([found[name].flatten() for name, _ in model.named_parameters()])
        for found in surface._directions
    )
    start = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    for pair in ((one, start), (other, start), (one, other)):
        assert abs(float(torch.cosine_similarity(*pair, dim=0))) < 0.05


def test_a_filter_of_zeros_stays_where_it_is() -> None:
    model = nn.Linear(3, 2)
    with torch.no_grad():
        model.weight[0] = 0
    found = direction(model, torch.Generator().manual_seed(0))["weight"]
    assert not found[0].any() and found[1].any()


def test_a_network_of_two_numbers_by_hand() -> None:
    """z = Wx + c with two outputs: the loss of class 0 is log(1 + exp(z1 - z0))."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten()).eval()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([3.0, -4.0]).view(2, 1, 1, 1))
        model[0].bias.copy_(torch.tensor([0.5, 0.25]))
    x = 0.5
    surface = LossSurface(model, torch.full((1, 1, 1, 1), x), torch.tensor([0]), seed=0)
    # A filter of one number as long as the weight: its sign is all that is drawn.
    generator = torch.Generator().manual_seed(0xC2B2AE35)
    signs = [torch.randn(2, 1, 1, 1, generator=generator).sign().flatten() for _ in range(2)]
    for a, b in PLACES:
        w0, w1 = (
            weight + abs(weight) * (a * float(signs[0][row]) + b * float(signs[1][row]))
            for row, weight in enumerate((3.0, -4.0))
        )
        expected = log(1 + exp((w1 * x + 0.25) - (w0 * x + 0.5)))
        assert surface.at(a, b) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_middle_is_the_network_s_own_loss_and_nothing_of_it_changes() -> None:
    network = settled("resnet20-cifar,width=4,depth=8")
    before, images = state(network.model), pictures(network.spec, 6)
    labels = torch.arange(6)
    surface = LossSurface(network.model, images, labels, seed=1)
    away = surface.at(0.5, 0.5)
    with torch.no_grad():
        own = float(nn.functional.cross_entropy(network.model(images), labels))
    assert surface.at(0, 0) == pytest.approx(own, rel=1e-6)
    assert surface.at(0.5, 0.5) == away != own
    assert LossSurface(network.model, images, labels, seed=2).at(0.5, 0.5) != away
    assert_untouched(network.model, before)


def test_a_network_that_learns_is_refused() -> None:
    with pytest.raises(ExplanationError, match="train mode"):
        LossSurface(nn.Linear(1, 1), torch.ones(1, 1), torch.tensor([0]), 0)


def mapped(function, count=9):
    places = [2 * place / (count - 1) - 1 for place in range(count)]
    return [[function(a, b) for b in places] for a in places]


@pytest.mark.parametrize(
    ("function", "share"),
    [
        (lambda a, b: a * a + 3 * b * b + a * b, 0.0),
        (lambda a, b: 2 * a - b, 0.0),
        (lambda a, b: a * a - b * b, 1.0),
        (lambda a, b: 3 * a * b, 1.0),
        (lambda a, b: -a * a - b * b, 1.0),
        (lambda a, b: inf, 1.0),
    ],
    ids=["bowl", "slope", "saddle", "turned saddle", "hill", "overflow"],
)
def test_surfaces_of_known_curvature(function, share) -> None:
    assert not_convex(mapped(function)) == pytest.approx(share)


def test_waves_are_convex_in_every_other_half() -> None:
    share = not_convex(mapped(lambda a, b: -sin(2 * pi * a) + b * b, 101))
    assert share == pytest.approx(0.5, abs=0.02)
