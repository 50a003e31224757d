"""Preprocessing against torchvision, predictions against what the photographs show."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import BundledPicture, bundled_picture, bundled_pictures
from explorer.prediction import (
    PredictionError,
    predict,
    predict_untrained,
    preprocess,
    untrained_preprocessing,
)
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from explorer.weights import Preprocessing, find, load

import_torchvision()
from torchvision import transforms  # noqa: E402

KERAS = find("resnet50-keras")
NAMED = [picture for picture in bundled_pictures() if picture.expected]


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
    steps = untrained_preprocessing(parse("resnet18"))
    assert (steps.resize, steps.crop) == (256, 224)
    tensor, _ = preprocess(noise(320, 240), steps)
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


def top_labels(picture: BundledPicture) -> list[str]:
    return [label.label for label in predict(picture.read().image, KERAS).top]


@pytest.mark.parametrize("picture", NAMED, ids=lambda picture: picture.name)
def test_a_photograph_is_named_rightly(picture: BundledPicture) -> None:
    assert top_labels(picture)[0] in picture.expected
    assert set(picture.expected) <= set(KERAS.categories)


def test_the_cat_is_a_cat_three_times_over() -> None:
    assert set(top_labels(bundled_picture("cat"))[:3]) == {"Egyptian cat", "tabby", "tiger cat"}


def test_what_is_not_among_the_classes_cannot_be_named() -> None:
    unnamed = [picture for picture in bundled_pictures() if not picture.expected]
    assert unnamed
    for picture in unnamed:
        assert not any(picture.subject in label for label in KERAS.categories)
        assert picture.note


def test_a_prediction_is_the_softmax_of_the_network() -> None:
    image = bundled_picture("dog").read().image
    found = predict(image, KERAS, top=1000)
    tensor, _ = preprocess(image, KERAS.preprocessing)
    with torch.inference_mode():
        expected = load(KERAS.name)(tensor[None]).double().softmax(1)[0]
    for label in found.top:
        assert label.probability == pytest.approx(float(expected[label.index]), abs=1e-5)
        assert label.label == KERAS.categories[label.index]
    probabilities = [label.probability for label in found.top]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    assert found.trained
    assert found.preprocess_ms > 0 < found.forward_ms


def test_a_given_module_is_used_and_nothing_is_changed() -> None:
    class Constant(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert torch.is_inference_mode_enabled()
            return torch.nn.functional.one_hot(torch.tensor([7] * len(images)), 1000) * 50.0

    before = {name: tensor.clone() for name, tensor in load(KERAS.name).state_dict().items()}
    image = bundled_picture("cat").read().image
    assert predict(image, KERAS, top=1, module=Constant()).top[0].index == 7
    predict(image, KERAS)
    for name, tensor in load(KERAS.name).state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize("top", [-1, 0, 1, 5, 5000])
def test_the_number_of_classes_stays_within_bounds(top: int) -> None:
    image = noise(64, 64)
    assert len(predict(image, KERAS, top=top).top) == min(max(top, 1), 1000)


@pytest.mark.parametrize("text", ["resnet18", "resnet20-cifar", "resnet20-cifar,in_channels=1"])
def test_an_untrained_network_says_that_it_is(text: str) -> None:
    spec = parse(text)
    image = bundled_picture("cat").read().image
    found = predict_untrained(image, spec, seed=3)
    assert not found.trained
    assert "Untrained" in found.note
    assert found.shown.size == (spec.image_size,) * 2
    assert all(label.label == f"class {label.index}" for label in found.top)
    assert found.top == predict_untrained(image, spec, seed=3).top
    assert found.top != predict_untrained(image, spec, seed=4).top


def test_the_mode_is_explained_where_there_is_batch_norm() -> None:
    notes = [
        predict_untrained(noise(9, 9), parse(f"resnet20-cifar,norm={norm}")).note
        for norm in ("batch", "group", "none")
    ]
    assert ["BatchNorm" in note for note in notes] == [True, False, False]


def test_a_very_deep_untrained_network_overflows_and_says_so() -> None:
    with pytest.raises(PredictionError, match="too many units"):
        predict_untrained(noise(9, 9), parse("resnet20-cifar,stages=100-100-100"))


def test_grey_and_cifar_inputs_have_their_sizes() -> None:
    steps = untrained_preprocessing(parse("resnet20-cifar,in_channels=1"))
    assert (steps.resize, steps.crop, steps.channels) == (37, 32, "L")
    tensor, shown = preprocess(Image.new("RGB", (50, 40), (128, 128, 128)), steps)
    assert (tuple(tensor.shape), shown.mode) == ((1, 32, 32), "L")
    assert float(tensor[0, 0, 0]) == pytest.approx((128 / 255 - 0.449) / 0.226, abs=1e-6)


def test_other_channel_counts_are_refused_with_advice() -> None:
    with pytest.raises(PredictionError, match="takes 5: choose in_channels=3"):
        predict_untrained(noise(8, 8), parse("resnet20-cifar,in_channels=5"))


def test_an_overflowing_output_is_explained() -> None:
    class Infinite(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 1000), torch.inf)

    with pytest.raises(PredictionError, match="overflows"):
        predict(noise(8, 8), KERAS, module=Infinite())


def test_steps_are_hashable_for_caches() -> None:
    assert isinstance(hash(KERAS), int)
    assert isinstance(KERAS.preprocessing, Preprocessing)
