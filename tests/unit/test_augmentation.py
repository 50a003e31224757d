"""Crops, flips, turns and contrast, against a look at each pixel and torchvision's own."""

from dataclasses import replace

import pytest
import torch

from explorer.datasets import LabelledImages
from explorer.torchvision_ops import import_torchvision
from explorer.training.augmentation import crop_and_flip, rotate, vary_contrast
from explorer.training.batches import Batches, measure
from explorer.training.recipe import Recipe

import_torchvision()
from torchvision.transforms.v2 import InterpolationMode, functional  # noqa: E402

STILL = Recipe(name="still", epochs=1, batch=8, crop_padding=0, flip=False)


def pictures(count: int = 20, channels: int = 3) -> LabelledImages:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, channels, 16, 16), generator=generator).to(torch.uint8)
    return LabelledImages(images, torch.arange(count))


def batches(data: LabelledImages, recipe: Recipe, seed: int = 0) -> Batches:
    steps = measure(data.images, recipe.normalisation)
    return Batches(data, recipe, steps, seed, torch.device("cpu"))


def test_crops_and_flips_equal_a_direct_look_at_each_pixel() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(6, 2, 5, 5, generator=generator)
    tops, lefts = torch.randint(7, (2, 6), generator=generator)
    tops[:2], lefts[:2] = torch.tensor([0, 6]), torch.tensor([6, 0])
    mirrored = torch.tensor([True, False, True, False, True, False])
    found = crop_and_flip(images, 3, tops, lefts, mirrored)
    for n, c, y, x in torch.cartesian_prod(*map(torch.arange, (6, 2, 5, 5))).tolist():
        row = y + int(tops[n]) - 3
        column = (4 - x if mirrored[n] else x) + int(lefts[n]) - 3
        inside = 0 <= row < 5 and 0 <= column < 5
        assert found[n, c, y, x] == (images[n, c, row, column] if inside else 0)


@pytest.mark.parametrize("degrees", [-33.0, 0.0, 7.5, 120.0])
def test_turns_equal_torchvisions(degrees: float) -> None:
    images = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    expected = functional.rotate(images, degrees, InterpolationMode.BILINEAR)
    found = rotate(images, torch.tensor([degrees, degrees]))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_quarter_turn_is_exact_and_each_picture_has_its_own() -> None:
    images = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    found = rotate(images, torch.tensor([90.0, 0.0, 180.0]))
    expected = torch.stack([images[0].rot90(1, (1, 2)), images[1], images[2].flip(1, 2)])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 1.9])
def test_contrast_of_grey_pictures_equals_torchvisions(factor: float) -> None:
    images = pictures(4, 1).images
    expected = 255 * functional.adjust_contrast(images / 255, factor)
    found = vary_contrast(images, torch.full((4,), factor))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


def test_contrast_moves_colours_about_one_mean_and_each_picture_by_its_own() -> None:
    images = torch.tensor([[10, 30], [100, 100]], dtype=torch.uint8).view(2, 2, 1, 1)
    found = vary_contrast(images, torch.tensor([1.5, 0.0]))
    assert found.flatten().tolist() == [5, 35, 100, 100]


@pytest.mark.parametrize("setting", [{"rotation": 30.0}, {"contrast": 0.5}])
def test_a_setting_changes_pictures_by_the_seed_and_the_iteration_alone(
    setting: dict[str, float],
) -> None:
    data = pictures()
    changed = replace(STILL, **setting)
    first = batches(data, changed)
    images, labels = first.at(4)
    still, known = batches(data, STILL).at(4)
    assert torch.equal(labels, known)  # 12 iterations on, the order is the same
    assert not (images == still).flatten(1).all(1).any()
    first.at(5)
    assert torch.equal(first.at(4)[0], images)
    assert torch.equal(batches(data, changed).at(4)[0], images)
    assert not torch.equal(batches(data, changed, seed=1).at(4)[0], images)


def test_contrast_is_varied_within_its_bounds() -> None:
    data = pictures(2000)
    recipe = replace(STILL, contrast=0.3, batch=2000)
    found = batches(data, recipe).at(0)[0].flatten(1).std(1)
    order = batches(data, replace(STILL, batch=2000)).at(0)[0].flatten(1).std(1)
    ratios = found / order
    assert 0.69 < ratios.min() < 0.72
    assert 1.15 < ratios.max() < 1.31  # bright and dark values stay within a byte


def test_a_channel_of_one_value_becomes_zeros() -> None:
    data = pictures()
    data.images[:, 1] = 7
    images, _ = batches(data, STILL).at(0)
    assert images.isfinite().all()
    assert images[:, 1].abs().max() < 1e-6
    assert 0.9 < images[:, 0].std() < 1.1
