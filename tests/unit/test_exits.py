"""Early exits against nearest class means computed with hooks and numpy."""

import copy
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.explanation.errors import ExplanationError
from explorer.explanation.exits import early_exits, exit_answers
from tests.unit.networks import Network, assert_untouched, pictures, settled, state

LAYERS = {
    "resnet20-cifar,width=4,classes=3": "relu layer1.2 layer2.2 layer3.2",
    "resnet20-cifar,width=4,classes=3,ordering=v2": "relu layer1.2 layer2.2 post_relu",
    "lenet5,in_channels=3,classes=3": "s2 s4 tanh5",
}


def labelled(network: Network, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Noise whose brightness tells a little about its class."""
    labels = torch.arange(count) % 3
    return pictures(network.spec, count, seed) + 0.2 * labels.view(-1, 1, 1, 1), labels


def pooled(network: Network, layer: str, images: Tensor) -> np.ndarray:
    seen: list[Tensor] = []
    model = copy.deepcopy(network.model)
    model.get_submodule(layer).register_forward_hook(
        lambda part, inputs, output: seen.append(output.clone())
    )
    model(images)
    return seen[0].double().numpy().mean(axis=(2, 3))


@pytest.mark.parametrize(("text", "layers"), LAYERS.items())
def test_exits_answer_by_the_nearest_mean(text: str, layers: str) -> None:
    network = settled(text)
    before, train, test = state(network.model), labelled(network, 90, 1), labelled(network, 31, 2)
    exits = early_exits(*network, train, test)
    assert [found.layer for found in exits] == layers.split()
    answers = exit_answers(*network, exits, test[0][4])
    for found, answer in zip(exits, answers, strict=True):
        known = pooled(network, found.layer, train[0])
        means = np.stack([known[train[1].numpy() == label].mean(0) for label in range(3)])
        np.testing.assert_allclose(found.means, means, rtol=1e-5, atol=1e-6)
        asked = pooled(network, found.layer, test[0])
        distances = np.sqrt(((asked[:, None] - means[None]) ** 2).sum(2))
        assert found.correct == (distances.argmin(1) == test[1].numpy()).sum()
        assert (found.pictures, found.accuracy) == (31, found.correct / 31)
        assert answer.stage == found.stage
        assert list(answer.classes) == distances[4].argsort().tolist()
        np.testing.assert_allclose(answer.distances, np.sort(distances[4]), rtol=1e-4)
    assert_untouched(network.model, before)


def test_progress_is_told_and_can_stop_the_work() -> None:
    network = settled("resnet20-cifar,width=4,classes=3")
    told: list[float] = []
    early_exits(
        *network,
        labelled(network, 75, 1),
        labelled(network, 25, 2),
        lambda done, message: told.append(done),
    )
    assert told == [0, 0.5, 0.75]

    def stop(done: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        early_exits(*network, labelled(network, 9, 1), labelled(network, 9, 2), stop)


@pytest.mark.parametrize(
    ("train", "test", "sentence"),
    [
        ([0, 1, 1], [0], "3 classes apart: each of them"),
        ([0, 1, 3], [0], "3 classes apart"),
        ([0, 1, 2], [3], "3 classes apart"),
        ([0, 1, 2, 2], [0], "3 pictures and 4 labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    train: list[int], test: list[int], sentence: str
) -> None:
    network = settled("resnet20-cifar,width=4,classes=3")
    images = pictures(network.spec, 3)
    with pytest.raises(ExplanationError, match=re.escape(sentence)):
        early_exits(
            *network, (images, torch.tensor(train)), (images[: len(test)], torch.tensor(test))
        )


def test_pictures_of_another_size_are_refused() -> None:
    network = settled("resnet20-cifar,width=4,classes=3,image_size=40")
    labels = torch.arange(3)
    images = torch.zeros(3, 3, 32, 32)
    with pytest.raises(ExplanationError, match="3 x 40 x 40"):
        early_exits(*network, (images, labels), (images, labels))
