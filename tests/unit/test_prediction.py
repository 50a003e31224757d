"""Predictions against what the photographs show, and against the network asked directly."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.cards import Preprocessing
from explorer.data import BundledPicture, bundled_picture, bundled_pictures
from explorer.network import build
from explorer.prediction import (
    PredictionError,
    class_names,
    predict,
    predict_own,
    predict_untrained,
    usual_preprocessing,
)
from explorer.preprocessing import preprocess
from explorer.spec import parse
from explorer.weights import find, load

KERAS = find("resnet50-keras")
NAMED = [picture for picture in bundled_pictures() if picture.expected]


def noise(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * 10_000 + height)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))


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
    torch.testing.assert_close(found.probabilities.double(), expected, rtol=0, atol=1e-5)
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
    steps = usual_preprocessing(parse("resnet20-cifar,in_channels=1"))
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


def test_another_preprocessing_gives_the_answer_of_that_input() -> None:
    image = noise(500, 200)
    steps = replace(KERAS.preprocessing, fit="stretch")
    found = predict(image, KERAS, steps=steps)
    with torch.inference_mode():
        expected = load(KERAS.name)(preprocess(image, steps)[0][None]).softmax(1)[0]
    assert found.top[0].probability == pytest.approx(float(expected.max()), abs=1e-6)
    assert found.top != predict(image, KERAS).top
    assert np.array_equal(found.shown, image.resize((224, 224), Image.Resampling.BILINEAR))


def test_weights_brought_along_answer_by_their_own_labels() -> None:
    spec = parse("resnet20-cifar,classes=3")
    network, steps = build(spec, seed=4).eval(), usual_preprocessing(spec)
    image = noise(40, 40)
    found = predict_own(image, network, steps, ["cat", "dog", "bird"], "mine.safetensors")
    untrained = predict_untrained(image, spec, seed=4)
    assert found.trained
    assert (found.weights, found.note) == ("mine.safetensors", "")
    assert {label.label for label in found.top} == {"cat", "dog", "bird"}
    assert [label.probability for label in found.top] == [x.probability for x in untrained.top]
    assert class_names(spec) == ("class 0", "class 1", "class 2")


def test_labels_that_are_too_few_or_too_many_are_refused() -> None:
    spec = parse("resnet20-cifar,classes=3")
    network, steps = build(spec).eval(), usual_preprocessing(spec)
    for labels in (["cat", "dog"], ["cat", "dog", "bird", "fish"], []):
        with pytest.raises(PredictionError, match=f"3 outputs .* {len(labels)} labels"):
            predict_own(noise(40, 40), network, steps, labels, "mine")


def test_a_network_for_series_is_told_from_one_for_pictures() -> None:
    with pytest.raises(PredictionError, match="series"):
        predict_untrained(noise(8, 8), parse("resnet18-1d"))
