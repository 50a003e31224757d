"""Pictures on their way into a network, against torchvision's transforms and Pillow's own."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from explorer.cards import FITS, Fit, Preprocessing
from explorer.prediction import usual_preprocessing
from explorer.preprocessing import preprocess, preprocess_in_steps, random_crop
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from explorer.weights import find

import_torchvision()
from torchvision import transforms  # noqa: E402
from torchvision.transforms.v2 import functional  # noqa: E402

KERAS = find("resnet50-keras")
IMAGENET = usual_preprocessing(parse("resnet18"))


def noise(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * 10_000 + height)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))


def torchvision_crop(resize: int, crop: int) -> Callable[[Image.Image], Image.Image]:
    both = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(crop)])
    return lambda image: both(image)


SIZES = [
    (640, 480),
    (480, 641),
    (451, 300),
    (256, 256),
    (256, 300),
    (257, 399),
    (33, 17),
    (1, 1),
    (2, 31),
    (1000, 70),
]


@pytest.mark.parametrize("size", SIZES)
def test_the_crop_is_torchvisions_to_the_pixel(size: tuple[int, int]) -> None:
    _, shown = preprocess(noise(*size), KERAS.preprocessing)
    assert np.array_equal(shown, torchvision_crop(256, 224)(noise(*size)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("resize", "crop"), [(37, 32), (20, 33), (19, 40)])
def test_other_sizes_and_padding_are_torchvisions(
    size: tuple[int, int], resize: int, crop: int
) -> None:
    steps = replace(KERAS.preprocessing, resize=resize, crop=crop)
    _, shown = preprocess(noise(*size), steps)
    assert np.array_equal(shown, torchvision_crop(resize, crop)(noise(*size)))


@pytest.mark.parametrize("size", [(2048, 20), (17, 1500)])
def test_a_strip_gives_the_crop_of_the_whole_within_rounding(size: tuple[int, int]) -> None:
    _, shown = preprocess(noise(*size), KERAS.preprocessing)
    whole = torchvision_crop(256, 224)(noise(*size))
    assert np.abs(np.asarray(shown, int) - np.asarray(whole, int)).max() <= 1


def test_a_strip_of_one_pixel_takes_no_memory_to_speak_of() -> None:
    tensor, _ = preprocess(noise(2048, 1), KERAS.preprocessing)
    assert tensor.shape == (3, 224, 224)


def test_imagenet_normalisation_is_torchvisions() -> None:
    assert (IMAGENET.resize, IMAGENET.crop) == (256, 224)
    tensor, _ = preprocess(noise(320, 240), IMAGENET)
    reference = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )(noise(320, 240))
    assert torch.equal(tensor, reference)
    assert tensor.is_contiguous()


def test_keras_normalisation_is_bgr_minus_the_means() -> None:
    image = Image.new("RGB", (300, 300), (10, 20, 30))
    tensor, shown = preprocess(image, KERAS.preprocessing)
    means = torch.tensor([103.939, 116.779, 123.68])
    expected = (torch.tensor([30.0, 20.0, 10.0]) - means).view(3, 1, 1)
    torch.testing.assert_close(tensor, expected.expand(3, 224, 224))
    assert shown.getpixel((0, 0)) == (10, 20, 30)


@pytest.mark.parametrize("size", SIZES)
def test_stretching_is_torchvisions_resize_of_both_sides(size: tuple[int, int]) -> None:
    tensor, shown = preprocess(noise(*size), replace(IMAGENET, fit="stretch"))
    assert np.array_equal(shown, transforms.Resize((224, 224))(noise(*size)))
    assert torch.equal(tensor, preprocess(shown, IMAGENET_AS_IS)[0])


IMAGENET_AS_IS = replace(IMAGENET, resize=224)


@pytest.mark.parametrize("size", [size for size in SIZES if min(size) > 2])
@pytest.mark.parametrize("side", [224, 33])
def test_padding_is_pillows_letterbox(size: tuple[int, int], side: int) -> None:
    _, shown = preprocess(noise(*size), replace(IMAGENET, crop=side, fit="pad"))
    whole = ImageOps.contain(noise(*size), (side, side), Image.Resampling.BILINEAR)
    left, top = (side - whole.width) // 2, (side - whole.height) // 2
    found = np.array(shown)
    inside = (slice(top, top + whole.height), slice(left, left + whole.width))
    assert np.array_equal(found[inside], whole)
    found[inside] = 0
    assert not found.any()


@pytest.mark.parametrize("size", [size for size in SIZES if min(size) > 1])
@pytest.mark.parametrize("side", [224, 33, 32])
def test_padding_is_torchvisions_resize_and_pad(size: tuple[int, int], side: int) -> None:
    steps = replace(IMAGENET, crop=side, fit="pad")
    tensor, shown = preprocess(noise(*size), steps)
    width, height = (max(1, round(length * side / max(size))) for length in size)
    resized = functional.resize(noise(*size), [height, width])
    left, top = (side - width) // 2, (side - height) // 2
    margins = [left, top, side - width - left, side - height - top]
    whole = functional.pad(resized, margins, fill=0)
    assert np.array_equal(shown, whole)
    numbers = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(steps.mean, steps.std)]
    )
    assert torch.equal(tensor, numbers(whole))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(1, 1), (2048, 1), (1, 2048), (3, 7)])
def test_every_way_to_fit_takes_every_size(fit: Fit, size: tuple[int, int]) -> None:
    tensor, shown = preprocess(noise(*size), replace(IMAGENET, fit=fit))
    assert tensor.shape == (3, 224, 224)
    assert shown.size == (224, 224)


@pytest.mark.parametrize(
    ("fit", "names", "sizes"),
    [
        (
            "crop",
            ["original", "resized", "cropped", "normalised"],
            [(640, 480), (341, 256), (224, 224), (224, 224)],
        ),
        (
            "pad",
            ["original", "resized", "padded", "normalised"],
            [(640, 480), (224, 168), (224, 224), (224, 224)],
        ),
        (
            "stretch",
            ["original", "stretched", "normalised"],
            [(640, 480), (224, 224), (224, 224)],
        ),
    ],
)
def test_steps_are_shown_one_after_another(fit: Fit, names: list[str], sizes: list[Any]) -> None:
    steps = replace(IMAGENET, fit=fit)
    image = noise(640, 480)
    found = preprocess_in_steps(image, steps)
    assert [step.name for step in found] == names
    assert [step.size for step in found] == [step.image.size for step in found] == sizes
    assert found[0].image is image
    assert np.array_equal(found[-2].image, preprocess(image, steps)[1])
    assert all(step.text.endswith(".") for step in found)
    assert "640 × 480" in found[0].text


@pytest.mark.parametrize("steps", [IMAGENET, KERAS.preprocessing], ids=["RGB", "BGR"])
def test_what_the_network_is_given_is_shown_from_lowest_to_highest(steps: Preprocessing) -> None:
    image = noise(300, 300)
    *_, cropped, normalised = preprocess_in_steps(image, steps)
    found = np.asarray(normalised.image, np.float64)
    assert (found.min(), found.max()) == (0, 255)
    # Colours stay where they were: but for rounding, each channel is a line over the crop's own.
    for channel in range(3):
        before = np.asarray(cropped.image, np.float64)[..., channel].ravel()
        after = found[..., channel].ravel()
        assert np.abs(np.polyval(np.polyfit(before, after, 1), before) - after).max() < 1
    lowest, highest = (float(value) for value in preprocess(image, steps)[0].aminmax())
    assert f"{abs(lowest):.2f}" in normalised.text
    assert f"{highest:.2f}" in normalised.text
    assert ("blue before green" in normalised.text) == (steps.channels == "BGR")


def test_one_colour_and_grey_are_shown_too() -> None:
    steps = usual_preprocessing(parse("resnet20-cifar,in_channels=1"))
    *_, normalised = preprocess_in_steps(Image.new("RGB", (50, 40), (9, 9, 9)), steps)
    assert (normalised.image.mode, normalised.image.getextrema()) == ("L", (0, 0))


def test_a_picture_smaller_than_the_crop_says_what_is_black() -> None:
    steps = replace(IMAGENET, resize=19, crop=40)
    cropped = preprocess_in_steps(noise(30, 30), steps)[2]
    assert "missing is black" in cropped.text
    assert "missing" not in preprocess_in_steps(noise(30, 30), IMAGENET)[2].text


def test_a_strip_says_its_size_and_shows_its_middle() -> None:
    resized = preprocess_in_steps(noise(2048, 1), IMAGENET)[1]
    assert resized.size == (524_288, 256)
    assert resized.image.size == (4096, 256)


def test_a_random_crop_is_a_part_of_the_resized_picture() -> None:
    steps = replace(IMAGENET, resize=37, crop=32)
    whole = np.asarray(transforms.Resize(37)(noise(60, 80)))
    mirrored = set()
    for seed in range(8):
        tensor, shown = random_crop(noise(60, 80), steps, random.Random(seed))
        assert torch.equal(tensor, preprocess(shown, replace(steps, resize=32))[0])
        places = [
            (turned, left, top)
            for turned, picture in enumerate((np.asarray(shown), np.asarray(shown)[:, ::-1]))
            for left in range(whole.shape[1] - 31)
            for top in range(whole.shape[0] - 31)
            if np.array_equal(whole[top : top + 32, left : left + 32], picture)
        ]
        assert len(places) == 1
        mirrored.add(places[0][0])
    assert mirrored == {0, 1}
