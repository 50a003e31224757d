import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.gradients.autocorrelation import NOISES, autocorrelation, first_below, noise


def test_numbers_by_hand() -> None:
    """1, 2, 3, 6: less the mean -2, -1, 0, 3, whose squares sum to 14."""
    found = autocorrelation(torch.tensor([[1.0], [2.0], [3.0], [6.0]]))
    assert found == pytest.approx((1, (2 + 0 + 0) / 14, (0 - 3) / 14, -6 / 14))


def test_vectors_by_hand() -> None:
    found = autocorrelation(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    assert found == pytest.approx((1, (0 - 1) / 4, -1 / 4))


def test_what_alternates_is_the_opposite_of_its_neighbours() -> None:
    found = autocorrelation(torch.tensor([1.0, -1.0] * 50).view(-1, 1))
    assert found == pytest.approx([(-1) ** shift * (100 - shift) / 100 for shift in range(100)])


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40).filter(lambda v: len({*v}) > 1))
def test_numbers_as_numpy_correlates_them(values: list[int]) -> None:
    centred = np.array(values) - np.mean(values)
    expected = np.correlate(centred, centred, "full")[len(values) - 1 :] / np.sum(centred**2)
    found = autocorrelation(torch.tensor(values, dtype=torch.float32).view(-1, 1))
    assert found == pytest.approx(expected.tolist(), abs=1e-9)


@given(st.integers(0, 1000), st.integers(2, 20))
def test_vectors_are_weighted_means_of_their_components(seed: int, points: int) -> None:
    sequence = noise("brown", points, 3, seed)
    spread = (sequence - sequence.mean(0)).square().sum(0).double()
    each = torch.tensor([autocorrelation(sequence[:, n : n + 1]) for n in range(3)])
    expected = (each.T @ (spread / spread.sum()).float()).tolist()
    assert autocorrelation(sequence) == pytest.approx(expected, abs=1e-5)
    moved = autocorrelation(sequence.view(points, 3, 1) * 7 + 2)
    assert moved == pytest.approx(autocorrelation(sequence), abs=1e-5)


def expected_of(covariance: Tensor) -> list[float]:
    """Autocorrelation of very many independent components that covary so along the sequence."""
    points = len(covariance)
    centre = torch.eye(points) - 1 / points
    centred = centre @ covariance @ centre
    return [float(centred.diagonal(shift).sum() / centred.trace()) for shift in range(points)]


def test_white_noise_is_alike_to_itself_alone() -> None:
    points = 32
    found = autocorrelation(noise("white", points, 20_000, 0))
    assert found == pytest.approx(expected_of(torch.eye(points)), abs=0.01)
    bias = -(points - 1) / (points * (points - 1))  # of taking the sequence's own mean away
    assert found[1] == pytest.approx(bias, abs=0.01)


def test_brown_noise_forgets_slowly() -> None:
    points = 32
    walked = torch.arange(1.0, points + 1)
    found = autocorrelation(noise("brown", points, 20_000, 0))
    expected = expected_of(torch.minimum(walked[:, None], walked))
    assert found == pytest.approx(expected, abs=0.01)
    assert found[1] > 0.8 and first_below(found, 0.5) in (3, 4, 5)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_is_drawn_from_its_seed_alone(kind: str) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert torch.equal(noise(kind, 5, 4, 1), noise(kind, 5, 4, 1))
    assert not torch.equal(noise(kind, 5, 4, 1), noise(kind, 5, 4, 2))
    assert torch.equal(torch.get_rng_state(), before)


def test_brown_noise_is_the_sum_of_white_noise() -> None:
    brown, white = noise("brown", 100, 50, 3), noise("white", 100, 50, 3)
    assert torch.allclose(brown.diff(dim=0), white[1:], atol=1e-5)
    assert white.std() == pytest.approx(1, abs=0.05) and abs(white.mean()) < 0.05


@pytest.mark.parametrize("value", [0.0, 1.0, -3e-20, 7e18])
def test_a_constant_is_as_alike_to_itself_as_can_be(value: float) -> None:
    rounded = value * (1 + 1e-7 * noise("white", 10, 5, 0))
    for sequence in (torch.full((10, 5), value), rounded):
        assert autocorrelation(sequence) == (1.0,) * 10


def test_a_small_change_of_a_large_gradient_is_none_of_rounding() -> None:
    sequence = 100 + noise("white", 10, 1000, 0)
    assert autocorrelation(sequence)[1] < 0.1


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_what_is_not_finite_has_no_correlation(odd: float) -> None:
    sequence = noise("white", 5, 3, 0)
    sequence[2, 1] = odd
    assert all(map(math.isnan, autocorrelation(sequence)))


@pytest.mark.parametrize(
    ("level", "shift"), [(1.5, 0), (0.7, 1), (0.5, 3), (0.2, 3), (-0.5, None), (math.nan, None)]
)
def test_the_first_shift_below_a_level(level: float, shift: int | None) -> None:
    assert first_below((1.0, 0.6, 0.5, 0.1, 0.3, -0.2), level) == shift
