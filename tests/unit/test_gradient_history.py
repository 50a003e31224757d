"""Gradient norms over a training, against autograd and against the training left alone."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from explorer.datasets import LabelledImages, bundled_cifar10
from explorer.network import build
from explorer.spec import ArchitectureSpec, parse
from explorer.training.batches import derived_seed
from explorer.training.gradient_history import GradientHistory, record
from explorer.training.loop import Training, TrainingError
from explorer.training.recipe import Recipe

TINY = parse("resnet20-cifar,depth=8,width=4,shortcut=B")
RECIPE = Recipe(
    name="test", iterations=5, batch=8, learning_rate=0.05, schedule="step", milestones=()
)
VARIANTS = (
    TINY,
    TINY.vary(ordering="v2"),
    TINY.plain(),
    TINY.vary(survival=0.5, se_ratio=2),
    TINY.vary(shortcut="exclusive_gating", norm="none"),
    parse("lenet5,in_channels=3"),
)


@pytest.fixture(scope="module")
def pictures() -> LabelledImages:
    train = bundled_cifar10().train
    return LabelledImages(train.images[::50], train.labels[::50])


def norm64(tensor: Tensor) -> float:
    return float(tensor.double().norm())


def last_of(spec: ArchitectureSpec, recipe: Recipe, data: LabelledImages, **more: int):
    *_, history = record(spec, recipe, data, **more)
    assert isinstance(history, GradientHistory)
    return history


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("spec", VARIANTS[:4])
def test_recording_does_not_change_the_training(
    spec: ArchitectureSpec, every: int, pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Training] = []

    def keep(*arguments: object) -> Training:
        recorded.append(Training(*arguments))  # type: ignore[arg-type]
        return recorded[0]

    monkeypatch.setattr("explorer.training.gradient_history.Training", keep)
    history = last_of(spec, RECIPE, pictures, seed=3, every=every)
    alone = Training(spec, RECIPE, pictures, 3)
    losses = tuple(alone.step().loss for _ in range(5))
    assert history.losses == losses
    one, other = recorded[0].state(), alone.state()
    for name, tensor in one["model"].items():
        assert torch.equal(tensor, other["model"][name]), name
    for place, held in one["optimizer"]["state"].items():
        momentum = other["optimizer"]["state"][place]["momentum_buffer"]
        assert torch.equal(held["momentum_buffer"], momentum)


@pytest.mark.parametrize("spec", VARIANTS)
def test_norms_are_those_of_plain_autograd_before_each_step(spec, pictures) -> None:
    history = last_of(spec, RECIPE, pictures, seed=1)
    assert [moment.step for moment in history.moments] == [0, 1, 2, 3, 4]
    training = Training(spec, RECIPE, pictures, 1)
    for moment in history.moments:
        model = build(spec, 1)
        model.load_state_dict(training.model.state_dict())
        wanted = [model.get_parameter(f"{layer}.weight") for layer in history.layers]
        images, labels = training.batches.at(moment.step)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(derived_seed(1, "layers", moment.step))  # of dropped units
            found = torch.autograd.grad(cross_entropy(model(images), labels), wanted)
        training.step()
        expected = [norm64(gradient) for gradient in found]
        assert moment.gradient_norms == pytest.approx(expected, rel=1e-4, abs=1e-7)
        sizes = [norm64(weights.detach()) for weights in wanted]
        assert moment.weight_norms == pytest.approx(sizes, rel=1e-6)
        ratios = [g / w for g, w in zip(expected, sizes, strict=True)]
        assert moment.relative == pytest.approx(ratios, rel=1e-4, abs=1e-7)


def test_every_weighted_layer_has_a_row_in_forward_order(pictures) -> None:
    history = last_of(VARIANTS[3], replace(RECIPE, iterations=1), pictures)
    parts = build(VARIANTS[3]).named_modules()
    weighted = [name for name, part in parts if isinstance(part, nn.Conv2d | nn.Linear)]
    assert sorted(history.layers) == sorted(weighted)
    assert history.layers[0] == "conv1" and history.layers[-1] == "fc"
    assert history.layers[history.first] == "conv1"
    assert history.layers[history.last] == "layer3.0.conv2"
    norms = dict(zip(history.layers, history.moments[0].gradient_norms, strict=True))
    assert history.growth(history.moments[0]) == norms["conv1"] / norms["layer3.0.conv2"]


@pytest.mark.parametrize(
    ("every", "steps"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3, 4]), (9, [0, 4])]
)
def test_each_so_many_th_step_is_kept_and_the_last(every, steps, pictures) -> None:
    histories = list(record(TINY, RECIPE, pictures, every=every))
    assert [history.moments[-1].step for history in histories] == steps
    assert [len(history.losses) for history in histories] == [step + 1 for step in steps]
    assert [moment.step for moment in histories[-1].moments] == steps


def test_a_seed_decides_everything_and_nothing_global_is_touched(pictures) -> None:
    before = torch.get_rng_state()
    spec = VARIANTS[3]
    same, again, other = (last_of(spec, RECIPE, pictures, seed=seed) for seed in (4, 4, 5))
    assert same == again
    assert same.moments[0] != other.moments[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_training_that_diverges_says_so_and_keeps_its_last_step(pictures) -> None:
    spec = TINY.vary(norm="none")
    recipe = replace(RECIPE, learning_rate=100.0, iterations=50)
    history = last_of(spec, recipe, pictures, every=20)
    assert "the loss is" in history.stopped and "a lower learning rate may help" in history.stopped
    assert math.isnan(history.losses[-1]) and all(map(math.isfinite, history.losses[:-1]))
    final = history.moments[-1]
    assert final.step == len(history.losses) - 1 < 49
    assert not all(map(math.isfinite, final.gradient_norms))
    training = Training(spec, recipe, pictures)
    for _ in range(final.step):
        training.step()
    sizes = [norm64(training.model.get_parameter(f"{n}.weight").detach()) for n in history.layers]
    assert final.weight_norms == pytest.approx(sizes, rel=1e-5)


def test_weights_of_zero_have_no_relative_gradient(pictures) -> None:
    spec = TINY.vary(norm="none", init="fixup")
    first = next(iter(record(spec, RECIPE, pictures))).moments[0]
    at = [place for place, size in enumerate(first.weight_norms) if size == 0]
    assert at and all(math.isnan(first.relative[place]) for place in at)


def test_pictures_of_another_size_are_refused(pictures) -> None:
    with pytest.raises(TrainingError, match="takes pictures of"):
        next(record(parse("resnet18"), RECIPE, pictures))


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_a_check_can_stop_before_any_step(pictures) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Stop

    seen = []
    with pytest.raises(Stop):
        seen.extend(record(TINY, RECIPE, pictures, check=stop))
    assert calls == 3
