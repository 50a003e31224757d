import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from explorer.data import bundled_picture
from explorer.explanation.cam import grad_cams
from explorer.explanation.errors import ExplanationError
from explorer.explanation.occlusion import MOST_PATCHES, correlation, occlusion, places
from explorer.prediction import preprocess
from explorer.spec import parse
from explorer.weights import find, load
from tests.unit.networks import assert_untouched, pictures, settled, state

TWO = parse("resnet20-cifar,classes=2,image_size=12")


class Corner(nn.Module):
    """Two classes; the second's output is the mean of the 4x4 pixels at the top left."""

    def forward(self, images: Tensor) -> Tensor:
        corner = images[:, :, :4, :4].mean((1, 2, 3))
        return torch.stack([torch.zeros_like(corner), corner], 1)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def bright(side: int = 12) -> Tensor:
    return torch.full((3, side, side), 2.0)


def test_only_the_corner_that_the_answer_depends_on_counts() -> None:
    found = occlusion(TWO, Corner(), bright(), 1, patch=4, stride=2)
    assert found.probability == pytest.approx(sigmoid(2))
    expected = np.zeros((5, 5))
    for row, column, left in ((0, 0, 0), (0, 1, 8), (1, 0, 8), (1, 1, 12)):  # of 16 pixels
        expected[row, column] = sigmoid(2) - sigmoid(2 * left / 16)
    np.testing.assert_allclose(found.drops, expected, atol=1e-6)
    # A pixel within rows 2 and 3 is covered by the squares of rows 0 and 1, and so on.
    assert found.heat[0, 0] == pytest.approx(expected[0, 0], abs=1e-6)
    assert found.heat[2, 0] == pytest.approx(expected[:2, 0].mean(), abs=1e-6)
    assert found.heat[3, 3] == pytest.approx(expected[:2, :2].mean(), abs=1e-6)
    assert found.heat[4, 4] == pytest.approx(expected[1, 1] / 4, abs=1e-6)
    assert not found.heat[6:].any() and not found.heat[:, 6:].any()


def test_the_other_class_gains_what_this_one_loses() -> None:
    lost, gained = (occlusion(TWO, Corner(), bright(), label, patch=3) for label in (1, 0))
    np.testing.assert_allclose(lost.drops, -gained.drops, atol=1e-6)
    assert lost.heat.max() > 0 > gained.heat.min()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))
def test_each_pixel_is_the_mean_of_the_squares_over_it(patch: int, stride: int, seed: int) -> None:
    stride = min(stride, patch)
    image = torch.randn(3, 12, 12, generator=torch.Generator().manual_seed(seed))
    found = occlusion(TWO, Corner(), image, 1, patch, stride)
    starts = sorted({*range(0, 12 - patch, stride), 12 - patch})
    for y, x in ((0, 0), (11, 11), (5, 7), (3, 2)):
        drops = []
        for top in starts:
            for left in starts:
                if top <= y < top + patch and left <= x < left + patch:
                    covered = image.clone()
                    covered[:, top : top + patch, left : left + patch] = 0
                    before, after = (
                        sigmoid(float(each[:, :4, :4].mean())) for each in (image, covered)
                    )
                    drops.append(before - after)
        assert drops
        assert found.heat[y, x] == pytest.approx(np.mean(drops), abs=1e-6)


def test_batches_do_not_matter_and_nothing_is_changed() -> None:
    network = settled("resnet20-cifar,width=4")
    before, image = state(network.model), pictures(network.spec)[0]
    kept = image.clone()
    found = occlusion(*network, image, 3, patch=8, stride=3)  # 81 places in two batches
    assert found.drops.shape == (9, 9)
    covered = image.clone()
    covered[:, 24:, 12:20] = 0
    with torch.no_grad():
        both = network.model(torch.stack([image, covered])).softmax(1)[:, 3]
    assert found.drops[8, 4] == pytest.approx(float(both[0] - both[1]), abs=1e-6)
    assert torch.equal(image, kept)
    assert_untouched(network.model, before)


def test_progress_is_told_and_can_stop_the_work() -> None:
    told: list[float] = []

    def report(done: float, message: str) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    network = settled("resnet20-cifar,width=4")
    with pytest.raises(KeyboardInterrupt):
        occlusion(*network, pictures(network.spec)[0], 0, patch=4, stride=2, report=report)
    assert told == [0, 50 / 225]


@pytest.mark.parametrize(
    ("size", "patch", "stride"), [(12, 5, 2), (12, 12, 4), (13, 3, 3), (12, 1, 1)]
)
def test_the_places_are_known_beforehand(size: int, patch: int, stride: int) -> None:
    spec = parse(f"resnet20-cifar,classes=2,image_size={size}")
    found = occlusion(spec, Corner(), bright(size), 1, patch, stride)
    assert places(spec, patch, stride) == found.drops.size


def test_the_lowest_probability_is_that_of_the_worst_square() -> None:
    found = occlusion(TWO, Corner(), bright(), 1, 4, 4)
    covered = bright().clone()
    covered[:, :4, :4] = 0
    expected = Corner()(covered[None]).softmax(1)[0, 1]
    assert found.lowest == pytest.approx(float(expected), abs=1e-6)
    assert found.lowest < found.probability


def test_a_square_is_chosen_for_who_names_none() -> None:
    found = occlusion(TWO, Corner(), bright(), 1)
    assert (found.patch, found.stride) == (1, 1)
    larger = parse("resnet20-cifar,classes=2,image_size=64")
    chosen = occlusion(larger, Corner(), bright(64), 1)
    assert (chosen.patch, chosen.stride) == (9, 4)


@pytest.mark.parametrize(("patch", "stride"), [(0, 1), (13, 1), (4, 0), (4, 5), (-3, 1)])
def test_a_square_that_does_not_fit_is_refused(patch: int, stride: int) -> None:
    with pytest.raises(ExplanationError, match="a square of 1 to 12 pixels"):
        occlusion(TWO, Corner(), bright(), 1, patch, stride)


def test_too_many_places_are_refused() -> None:
    larger = parse("resnet20-cifar,classes=2,image_size=96")
    with pytest.raises(ExplanationError, match=f"8,649 places, more than {MOST_PATCHES:,}"):
        occlusion(larger, Corner(), bright(96), 1, 4, 1)


@pytest.mark.parametrize("label", [-1, 2])
def test_an_unknown_class_is_refused(label: int) -> None:
    with pytest.raises(ExplanationError, match="knows the classes 0 to 1"):
        occlusion(TWO, Corner(), bright(), label)


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda x: 3 * x + 1, 1), (lambda x: -x, -1), (np.zeros_like, math.nan)],
)
def test_correlation_is_pearsons(
    change: Callable[[np.ndarray], np.ndarray], expected: float
) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert correlation(values, change(values)) == pytest.approx(expected, nan_ok=True)


def test_occlusion_and_grad_cam_agree_on_a_picture_with_one_clear_object() -> None:
    entry = find("resnet50-keras")
    model, label = load(entry.name), entry.categories.index("espresso")
    image, _ = preprocess(bundled_picture("coffee").read().image, entry.preprocessing)
    cam = grad_cams(entry.spec, model, image, label)[-1]
    found = occlusion(entry.spec, model, image, label, patch=64, stride=40)
    assert found.probability > 0.9
    assert correlation(cam.heat, found.heat) > 0.5
