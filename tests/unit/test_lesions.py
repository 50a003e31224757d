"""Lesioned networks against networks built without the unit, and against hooks on a copy."""

import copy
import re
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from explorer.explanation.board import (
    Board,
    Lesion,
    board,
    removal,
    remove_each,
    remove_random,
    swap,
    swap_random,
)
from explorer.explanation.errors import ExplanationError
from explorer.explanation.lesions import Guess, Outcome, answer, curve, sweep
from explorer.network import build
from explorer.spec import ArchitectureSpec
from tests.unit.networks import Network, assert_untouched, pictures, settled, state
from tests.unit.strategies import classics, specs

SMALL = "resnet20-cifar,width=4,stages=3-3-2"


def outputs(network: Network, image: Tensor, lesion: Lesion) -> list[float]:
    """The probabilities of all classes, in their order."""
    found = answer(*network, image, lesion, top=1000)
    return [guess.probability for guess in sorted(found, key=lambda guess: guess.index)]


def probabilities(model: nn.Module, image: Tensor) -> list[float]:
    with torch.no_grad():
        return model(image[None]).softmax(1)[0].tolist()


def without(network: Network, stage: int, unit: int) -> nn.Module:
    """The network built with one unit fewer, with the weights of the others."""
    stages = list(network.spec.stages)
    stages[stage - 1] -= 1
    weights = {}
    for name, value in network.model.state_dict().items():
        parts = name.split(".")
        if parts[0] == f"layer{stage}":
            if int(parts[1]) == unit:
                continue
            if int(parts[1]) > unit:
                parts[1] = str(int(parts[1]) - 1)
        weights[".".join(parts)] = value
    smaller = build(network.spec.vary(stages=tuple(stages))).eval()
    smaller.load_state_dict(weights, strict=True)
    return smaller


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        f"{SMALL},ordering=v2",
        f"{SMALL},shortcut=B",
        f"{SMALL},shortcut=B,ordering=v2",
        f"{SMALL},ordering=relu_before_addition",
        f"{SMALL},ordering=relu_only_preactivation",
        f"{SMALL},block=bottleneck,se_ratio=4",
        f"{SMALL},norm=group",
        "plain20-cifar,width=4,stages=3-3-2",
    ],
)
def test_a_lesion_is_the_network_built_without_the_unit(text: str) -> None:
    network = settled(text)
    image = pictures(network.spec)[0]
    for unit in board(network.spec):
        if unit.number == 1:
            continue
        expected = probabilities(without(network, int(unit.name[5]), unit.number - 1), image)
        found = outputs(network, image, removal(board(network.spec), unit.place))
        assert found == pytest.approx(expected, abs=1e-5), unit.name


def test_a_convolution_deleted_from_a_vgg() -> None:
    network = settled("vgg11_bn,image_size=32,classes=5,stages=2-1-1-1-1")
    units = board(network.spec)
    image = pictures(network.spec)[0]
    private = copy.deepcopy(network.model)
    layers = list(private.features)
    assert units[1].name == "features.5"
    private.features = nn.Sequential(*layers[:3], *layers[6:])
    found = outputs(network, image, removal(units, 1))
    assert found == pytest.approx(probabilities(private, image), abs=1e-5)


def lesioned(network: Network, units: Board, lesion: Lesion) -> nn.Module:
    """A copy whose modules are exchanged, and whose additions get zeros instead of a branch."""
    private = copy.deepcopy(network.model)
    sources = {name: part for name, part in private.named_modules()}
    for place, unit in enumerate(lesion.order):
        stage, child = units[place].name.split(".")
        setattr(private.get_submodule(stage), child, sources[units[unit].name])
    for unit in lesion.off:
        sources[f"{units[unit].name}.add"].register_forward_pre_hook(
            lambda part, inputs: (torch.zeros_like(inputs[0]), inputs[1])
        )
    return private


WEIGHTED = (
    f"{SMALL},shortcut=constant_scaling,shortcut_scale=0.5",
    f"{SMALL},shortcut=exclusive_gating,gate_bias=-1",
    f"{SMALL},shortcut=shortcut_only_gating,gate_bias=-1,ordering=v2",
    f"{SMALL},shortcut=C,ordering=v2",
    f"{SMALL},ordering=bn_after_addition",
    f"{SMALL},shortcut=B,ordering=v2",
    f"{SMALL},shortcut=B,downsample_in=last",
    f"{SMALL},shortcut=B",
    SMALL,
)


@pytest.mark.parametrize("text", WEIGHTED)
def test_a_unit_that_is_off_adds_zeros_to_its_shortcut(text: str) -> None:
    network = settled(text)
    before, image, units = state(network.model), pictures(network.spec)[0], board(network.spec)
    lesions = [*remove_each(units), removal(units, 1, 3, 7)]
    lesions += remove_random(units, [8], draws=1, seed=0)
    for lesion in lesions:
        expected = probabilities(lesioned(network, units, lesion), image)
        assert outputs(network, image, lesion) == pytest.approx(expected, abs=1e-5)
    assert_untouched(network.model, before)


@pytest.mark.parametrize("text", [SMALL, f"{SMALL},ordering=v2", f"{SMALL},block=bottleneck"])
def test_swapped_units_are_the_network_with_the_modules_exchanged(text: str) -> None:
    network = settled(text)
    image, units = pictures(network.spec)[0], board(network.spec)
    lesions = [swap(units, 1, 2), swap(units, 5, 4), *swap_random(units, [3], draws=5, seed=0)]
    lesions += [Lesion(swap(units, 1, 2).order, frozenset({1, 6}))]
    intact = outputs(network, image, removal(units))
    for lesion in lesions:
        expected = probabilities(lesioned(network, units, lesion), image)
        assert outputs(network, image, lesion) == pytest.approx(expected, abs=1e-5)
        assert lesion.first_change == 8 or expected != pytest.approx(intact, abs=1e-4)


def test_a_downsampling_unit_that_is_off_is_its_projection() -> None:
    network = settled(f"{SMALL},shortcut=B")
    unit = network.model.get_submodule("layer2.0")
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    kept = x.clone()
    conv, norm = unit.get_submodule("downsample.0"), unit.get_submodule("downsample.1")
    expected = torch.relu(norm(nn.functional.conv2d(x, conv.weight, stride=2)))
    torch.testing.assert_close(unit.shortcut_alone(x), expected)
    identity = network.model.get_submodule("layer2.1")
    y = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(identity.shortcut_alone(y), y.relu())
    assert torch.equal(x, kept) and bool((y < 0).any()), "an input was changed in place"


@settings(max_examples=12)
@given(st.one_of(specs(small=True), specs(small=True), classics()))
def test_every_removal_runs_and_none_is_the_network(spec: ArchitectureSpec) -> None:
    if spec.dims != 2:
        return
    network = settled(spec)
    image, units = pictures(spec)[0], board(spec)
    intact = outputs(network, image, removal(units))
    assert intact == pytest.approx(probabilities(network.model, image), abs=1e-5, nan_ok=True)
    for lesion in remove_each(units):
        assert len(outputs(network, image, lesion)) in (0, spec.classes)


def swept(network: Network, lesions: tuple[Lesion, ...], count: int = 30) -> list[Outcome]:
    images = pictures(network.spec, count)
    with torch.no_grad():
        labels = network.model(images).argmax(1)
    labels[::3] = (labels[::3] + 1) % network.spec.classes  # a third is answered wrongly
    return list(sweep(*network, lesions, images, labels, batch=12))


@pytest.mark.parametrize("text", [SMALL, f"{SMALL},ordering=v2", "plain20-cifar,width=4"])
def test_a_sweep_is_every_lesion_run_by_itself(text: str) -> None:
    network = settled(text)
    before, units = state(network.model), board(network.spec)
    lesions = (
        *remove_each(units),
        *remove_random(units, [0, 2, 4], draws=4, seed=1),
        *swap_random(units, [1, 4], draws=4, seed=1),
    )
    images = pictures(network.spec, 30)
    with torch.no_grad():
        labels = network.model(images).argmax(1)
    labels[::3] = (labels[::3] + 1) % 10
    found = {outcome.lesion: outcome for outcome in swept(network, lesions)}
    for lesion in lesions:
        alone = [answer(*network, image, lesion, top=1)[0].index for image in images]
        right = sum(one == int(label) for one, label in zip(alone, labels, strict=True))
        assert found[lesion] == Outcome(lesion, right, 30)
    assert found[removal(units)].accuracy == 20 / 30
    assert len({outcome.correct for outcome in found.values()}) >= 3
    assert_untouched(network.model, before)


def test_results_come_batch_by_batch_and_get_more_exact() -> None:
    network = settled(SMALL)
    lesions = remove_each(board(network.spec))
    found = swept(network, (*lesions, *lesions))
    assert [outcome.pictures for outcome in found] == [12] * 8 + [24] * 8 + [30] * 8
    assert [outcome.lesion for outcome in found] == [*lesions] * 3
    for lesion in lesions:
        correct = [outcome.correct for outcome in found if outcome.lesion == lesion]
        assert correct == sorted(correct)


def test_a_sweep_computes_what_its_lesions_share_once() -> None:
    network = settled("plain20-cifar,width=4,stages=4")
    runs: Counter[str] = Counter()
    for name, part in network.model.named_modules():
        part.register_forward_hook(lambda part, inputs, output, name=name: runs.update([name]))
    swept(network, remove_each(board(network.spec)), count=12)
    runs.subtract(dict.fromkeys(runs, 1))  # by `swept` itself, for the labels
    units = [runs[f"layer1.{n}"] for n in range(4)]
    # Unit n runs for each removal before it, and once to get past it; nobody is behind the last.
    assert units == [1, 1 + 1, 2 + 1, 3]
    assert (runs["conv1"], runs["fc"]) == (1, 4)


def test_a_sweep_leaves_gradients_on_between_its_results() -> None:
    network = settled(SMALL)
    images, labels = pictures(network.spec, 4), torch.zeros(4, dtype=torch.int64)
    for _ in sweep(*network, remove_each(board(network.spec)), images, labels):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_outputs_that_are_no_numbers_are_wrong_answers() -> None:
    spec = "resnet20-cifar,stages=100-100-100,width=4"
    network = Network(settled(SMALL).spec.vary(stages=(100, 100, 100)), build(spec).eval())
    units = board(network.spec)
    images = pictures(network.spec, 2)
    assert answer(*network, images[0], removal(units)) == ()
    assert answer(*network, images[0], removal(units, *range(300)))
    labels = torch.zeros(2, dtype=torch.int64)
    (outcome,) = sweep(*network, [removal(units)], images, labels)
    assert (outcome.correct, outcome.pictures) == (0, 2)


def test_the_most_probable_classes_come_first() -> None:
    network = settled(SMALL)
    image = pictures(network.spec)[0]
    found = answer(*network, image, removal(board(network.spec), 2), top=3)
    chances = outputs(network, image, removal(board(network.spec), 2))
    best = sorted(range(10), key=lambda index: -chances[index])[:3]
    assert found == tuple(Guess(index, chances[index]) for index in best)


def test_a_curve_is_mean_and_range_of_the_last_results() -> None:
    units = board(settled(SMALL).spec)
    none, one, other, two = (removal(units, *off) for off in ((), (1,), (2,), (1, 2)))
    outcomes = [Outcome(one, 0, 10), Outcome(none, 9, 10), Outcome(two, 1, 10)]
    outcomes += [Outcome(one, 12, 20), Outcome(other, 4, 20)]
    assert curve(outcomes, lambda lesion: len(lesion.off)) == (
        (0, 0.9, 0.9, 0.9, 1),
        (1, pytest.approx(0.4), 0.2, 0.6, 2),
        (2, 0.1, 0.1, 0.1, 1),
    )


def test_what_does_not_fit_is_refused() -> None:
    network = settled(SMALL)
    images, labels = pictures(network.spec, 3), torch.zeros(3, dtype=torch.int64)
    lesion = removal(board(network.spec))
    with pytest.raises(ExplanationError, match="3 pictures and 2 labels"):
        next(sweep(*network, [lesion], images, labels[:2]))
    with pytest.raises(ExplanationError, match=re.escape("3 x 32 x 32")):
        answer(*network, images[0, :1], lesion)
    with pytest.raises(ExplanationError, match="a lesion of 9 units, and the network has 8"):
        answer(*network, images[0], Lesion(tuple(range(9))))
    assert list(sweep(*network, [], images, labels)) == []
