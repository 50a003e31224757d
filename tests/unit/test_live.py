"""Live training: its settings, its equality with ordinary training, and what it measures."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load as read_tensors
from torch.nn.functional import cross_entropy

from explorer.analysis import analyze
from explorer.datasets import load
from explorer.network import build
from explorer.spec import parse
from explorer.training.live import LiveTraining
from explorer.training.live_experiments import EXPERIMENTS, find
from explorer.training.live_history import moving_average
from explorer.training.live_settings import (
    BATCHES,
    CLASSES,
    DATA,
    MAX_HELD_BYTES,
    LiveError,
    LiveSettings,
)
from explorer.training.loop import Training, evaluate

TINY = LiveSettings(
    variants=("resnet20-cifar", "plain20-cifar"), width=4, units=1, batch=16, steps=6, test_every=3
)


def steps(number: int) -> Callable[[], bool]:
    """Wanted for so many steps of single networks."""
    left = iter(range(number))
    return lambda: next(left, None) is not None


def test_a_network_goes_on_where_another_has_ended() -> None:
    whole, first = trained(), trained(replace(TINY, steps=3))
    live = LiveTraining(TINY)
    for network, before in zip(live.networks, first.networks, strict=True):
        network.go_on(before.training.model.state_dict(), 3)
    live.advance(lambda: True)
    for network, alone in zip(live.networks, whole.networks, strict=True):
        assert [point.step for point in network.history.points] == [4, 5, 6]
        # Same weights and pictures in the next step; momentum begins anew after it.
        assert network.history.points[0].loss == alone.history.points[3].loss
        assert network.history.points[2].loss != alone.history.points[5].loss


def trained(settings: LiveSettings = TINY) -> LiveTraining:
    live = LiveTraining(settings)
    live.advance(lambda: True)
    return live


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_live_network_ends_up_bit_for_bit_where_ordinary_training_does(optimizer: str) -> None:
    live = trained(replace(TINY, optimizer=optimizer))
    torch.set_num_threads(1)
    for network in live.networks:
        alone = Training(
            network.history.spec, live.settings.recipe, load("digits", network.history.spec).train
        )
        losses = [alone.step().loss for _ in range(6)]
        assert [point.loss for point in network.history.points] == losses
        state = network.training.model.state_dict()
        for name, tensor in alone.model.state_dict().items():
            assert torch.equal(state[name], tensor), name


def test_the_gradient_norms_are_those_that_autograd_gives_before_the_step() -> None:
    live = LiveTraining(TINY)
    live.advance(steps(4))
    for network in live.networks:
        training = network.training
        images, labels = training.batches.at(2)
        training.model.train()
        weights = dict(training.model.named_parameters())
        ends = (weights["conv1.weight"], weights["fc.weight"])
        wanted = torch.autograd.grad(cross_entropy(training.model(images), labels), ends)
        # The probe above moved running statistics, which a step in training does not look at.
        network.step()
        point = network.history.points[-1]
        assert point.first_gradient == pytest.approx(float(wanted[0].norm()), rel=1e-5)
        assert point.last_gradient == pytest.approx(float(wanted[1].norm()), rel=1e-5)


def test_networks_see_the_same_batches_and_take_turns() -> None:
    live = LiveTraining(TINY)
    live.advance(steps(3))
    first, second = live.networks
    assert [len(network.history.points) for network in live.networks] == [2, 1]
    assert not live.level
    for iteration in range(3):
        for one, other in zip(
            first.training.batches.at(iteration), second.training.batches.at(iteration), strict=True
        ):
            assert torch.equal(one, other)
    live.advance(steps(1))
    assert live.level


def test_equal_settings_give_equal_histories_and_another_seed_another() -> None:
    def losses(settings: LiveSettings) -> list[float]:
        return [p.loss for network in trained(settings).networks for p in network.history.points]

    assert losses(TINY) == losses(TINY)
    assert losses(TINY) != losses(replace(TINY, seed=1))


def test_test_pictures_are_looked_at_in_time_and_judged_as_evaluate_does() -> None:
    live = trained(replace(TINY, steps=5, test_pictures=100))
    network = live.networks[0]
    assert [point.step for point in network.history.tested()] == [3, 5]
    model = network.training.model
    score = evaluate(model, network.test, network.training.preprocessing)
    assert len(network.test) == 100
    assert network.history.points[-1].test_correct_percent == 100 - score.error_percent


def test_training_ends_after_its_steps_and_computes_on_one_thread() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        live = LiveTraining(TINY)
        seen = set[int]()

        def wanted() -> bool:
            seen.add(torch.get_num_threads())
            return True

        live.advance(wanted)
        assert (seen, torch.get_num_threads()) == ({1}, 2)
    finally:
        torch.set_num_threads(before)
    assert live.finished
    assert [len(network.history.points) for network in live.networks] == [6, 6]


def test_a_loss_that_is_no_number_ends_one_network_and_leaves_the_others() -> None:
    live = trained(
        replace(
            TINY,
            variants=("resnet56-cifar,norm=none", "resnet20-cifar"),
            units=None,
            learning_rate=100.0,
        )
    )
    broken, sound = live.networks
    assert broken.history.error.startswith("the loss is")
    assert "a lower learning rate may help" in broken.history.error
    assert not sound.history.error
    assert len(sound.history.points) == 6
    assert len(broken.history.points) < 6


def test_a_checkpoint_loads_into_the_network_that_it_names() -> None:
    network = trained().networks[0]
    tensors = read_tensors(network.checkpoint())
    module = build(network.history.spec)
    module.load_state_dict(tensors, strict=True)
    images, _ = network.training.batches.at(0)
    network.training.model.eval()
    assert torch.equal(module.eval()(images), network.training.model(images))


@pytest.mark.parametrize("data", DATA)
def test_what_is_known_of_the_pictures_is_true_of_them(data: str) -> None:
    about = DATA[data]
    found = load(data, parse("resnet20-cifar"))
    assert found.train.images.shape == (about.train, about.channels, about.side, about.side)
    assert len(found.test) == about.test
    assert len(found.categories) == CLASSES
    # A last batch of a single picture would leave batch normalisation nothing to compare.
    assert all(about.train % batch != 1 for batch in BATCHES)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("text", ["resnet50", "resnet18v2", "vgg11", "resnext50_32x4d"])
def test_variants_are_adapted_to_the_pictures(data: str, text: str) -> None:
    settings = LiveSettings(variants=(text,), data=data, width=8)
    try:
        spec = settings.networks()[0]
    except LiveError as error:
        assert text == "vgg11"  # it halves 8 pixels five times, or has too many weights
        assert text in str(error)
        return
    assert spec.input_shape == (DATA[data].channels, DATA[data].side, DATA[data].side)
    assert (spec.classes, spec.stem, spec.width) == (10, "cifar", 8)
    assert build(spec)(torch.zeros(2, *spec.input_shape)).shape == (2, 10)


def test_depth_and_normalisation_can_be_set_for_all() -> None:
    settings = replace(TINY, units=9, norm="none")
    for spec in settings.networks():
        assert (spec.depth, spec.norm) == (56, "none")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"learning_rate": 101.0}, "at most 100"),
        ({"batch": 7}, "batch=7"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 10**9}, "5,000"),
        ({"data": "imagenet"}, "data='imagenet'"),
        ({"seed": -1}, "seed=-1"),
        ({"variants": ()}, "0 networks"),
        ({"variants": ("resnet20-cifar",) * 6}, "6 networks"),
    ],
)
def test_settings_out_of_bounds_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(LiveError, match=words):
        replace(TINY, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants": ("alexnet",), "data": "bundled"}, "alexnet cannot be trained"),
        ({"variants": ("resnet18-1d",)}, "series"),
        ({"variants": ("resnet999-cifar",)}, "resnet999-cifar"),
        (
            {"variants": ("resnet110-cifar",), "data": "bundled", "width": 32, "batch": 128},
            "smaller width, depth or batch",
        ),
        ({"variants": ("resnet50",) * 4, "width": None}, "smaller or fewer networks"),
    ],
)
def test_networks_that_cannot_be_trained_live_are_refused(
    changes: dict[str, object], words: str
) -> None:
    settings = replace(TINY, **{"units": None, **changes})  # type: ignore[arg-type]
    with pytest.raises(LiveError, match=words):
        settings.networks()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_memory_held_is_that_of_the_tensors(optimizer: str) -> None:
    live = trained(replace(TINY, optimizer=optimizer))
    held = 0
    for network in live.networks:
        model, optimiser = network.training.model, network.training.optimizer
        parts = [*model.parameters(), *(p.grad for p in model.parameters())]
        for sums in optimiser.state.values():
            parts += [each for each in sums.values() if torch.is_tensor(each) and each.numel() > 1]
        held += sum(part.numel() * part.element_size() for part in parts)
    specs = live.settings.networks()
    assert live.settings.held_bytes(specs) == pytest.approx(held, rel=0.01)
    assert held < MAX_HELD_BYTES


def test_every_experiment_can_be_trained_and_is_recognised() -> None:
    for each in EXPERIMENTS:
        networks = each.settings.networks()
        assert find(each.settings) is each
        assert find(replace(each.settings, learning_rate=0.5)) is each
        # The tray writes variants in their shortest form, by which the page knows them again.
        assert each.settings.variants == tuple(str(parse(t)) for t in each.settings.variants)
        assert all(analyze(spec).parameters > 0 for spec in networks)
    assert find(TINY) is None


def test_a_moving_average_is_the_mean_of_the_latest_values() -> None:
    assert moving_average([1, 2, 3, 4], 2) == [1, 1.5, 2.5, 3.5]
    assert moving_average([5.0, 7.0], 10) == [5, 6]
    spoiled = moving_average([1, math.inf, 3, 5], 2)
    assert spoiled[0] == 1
    assert math.isnan(spoiled[1])
    assert math.isnan(spoiled[2])
    assert spoiled[3] == 4
    assert moving_average([], 3) == []
