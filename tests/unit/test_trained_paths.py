"""Paths through a trained network: a private copy, on test pictures with their own classes."""

import re
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from explorer import weights
from explorer.datasets import bundled_cifar10
from explorer.gradients.routes import trace
from explorer.gradients.trained import prepare_trained
from explorer.network import build
from explorer.spec import SpecError, parse
from explorer.training.bundled_batch import labelled_batch

TINY = parse("resnet20-cifar,depth=8,width=4")
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Weights named `own`, of a network whose running statistics have moved."""
    steps = replace(weights.available()[0].preprocessing, divisor=255.0, mean=MEAN, std=STD)
    entry = replace(weights.available()[0], name="own", architecture=str(TINY), preprocessing=steps)
    model = build(TINY, 5)
    model(torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    model.eval().requires_grad_(False)
    monkeypatch.setattr(weights, "find", {"own": entry}.__getitem__)
    monkeypatch.setattr(weights, "load", {"own": model}.__getitem__)
    return model


def test_a_trained_network_is_copied_and_judged_by_the_pictures_own_classes(trained) -> None:
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    images, labels = labelled_batch(TINY, 4, 3, "own")
    prepared = prepare_trained("own", images, labels)
    assert prepared.spec == TINY and not prepared.model.training
    routes = trace(prepared)
    assert routes.loss == pytest.approx(float(cross_entropy(trained(images), labels)), rel=1e-5)
    total = routes.summed(3)
    whole = sum(each.numbers.double() * 2.0**each.exponent for each in total)
    assert float((whole - routes.whole).norm()) < 1e-5 * float(routes.whole.norm())
    for name, tensor in trained.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in trained.modules())


def test_pictures_are_drawn_by_the_seed_and_normalised_as_the_weights_want_it(trained) -> None:
    images, labels = labelled_batch(TINY, 5, 3, "own")
    again, _ = labelled_batch(TINY, 5, 3, "own")
    other, _ = labelled_batch(TINY, 5, 4, "own")
    assert torch.equal(images, again) and not torch.equal(images, other)
    test = bundled_cifar10().test
    pixels = images * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)
    for picture, label in zip((255 * pixels).round().to(torch.uint8), labels, strict=True):
        place = next(at for at, known in enumerate(test.images) if torch.equal(known, picture))
        assert test.labels[place] == label


def test_without_weights_pictures_are_normalised_by_the_training_pictures() -> None:
    images, _ = labelled_batch(TINY, 256, 0)
    assert images.shape == (256, 3, 32, 32)
    for channel in range(3):
        assert abs(float(images[:, channel].mean())) < 0.1
        assert 0.9 < float(images[:, channel].std()) < 1.1


def test_networks_of_other_input_take_none_of_them() -> None:
    with pytest.raises(SpecError, match=re.escape("takes 3 × 224 × 224, CIFAR-10's pictures are")):
        labelled_batch(parse("resnet18"), 4, 0)
