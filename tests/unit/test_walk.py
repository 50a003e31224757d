import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import (
    check_finite,
    check_images,
    check_label,
    pictures_at_once,
    private,
    run,
    stage_outputs,
    steps,
)
from explorer.network import build
from explorer.plan import plan, units
from explorer.spec import ArchitectureSpec, parse
from tests.unit.networks import assert_untouched, pictures, settled, state
from tests.unit.strategies import classics, specs


@settings(max_examples=15)
@given(st.one_of(specs(small=True), specs(small=True), classics()))
def test_the_steps_of_any_network_are_the_network(spec: ArchitectureSpec) -> None:
    network = settled(spec)
    before, images = state(network.model), pictures(spec, 2)
    kept, seen, x = images.clone(), [], images
    with torch.inference_mode():
        for step in steps(*network):
            x = step(x)
            seen.append((x, x.clone()))
        assert torch.equal(x, network.model(images))
    assert torch.equal(images, kept)
    for output, copy in seen:
        assert torch.equal(output, copy), "a later step has changed it"
    assert_untouched(network.model, before)


@settings(max_examples=20)
@given(st.one_of(specs(small=True), classics()))
def test_steps_have_the_places_of_the_analysis(spec: ArchitectureSpec) -> None:
    with torch.device("meta"):
        walked = steps(spec, build(spec).eval())
    for row in analyze(spec).layers:
        holders = [step for step in walked if f"{row.name}.".startswith(f"{step.name}.")]
        assert [(step.stage, step.unit) for step in holders] == [(row.stage, row.unit)]
    ends = {name for name, *_ in units(plan(spec).root)}
    assert ends <= {step.name for step in walked}


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("resnet18", "maxpool layer1.1 layer2.1 layer3.1 layer4.1"),
        ("resnet50v2", "maxpool layer1.2 layer2.3 layer3.5 post_relu"),
        ("resnet20-cifar,ordering=relu_only_preactivation", "relu layer1.2 layer2.2 post_relu"),
        ("plain20-cifar", "relu layer1.2 layer2.2 layer3.2"),
        ("vgg11", "features.2 features.5 features.10 features.15 features.20"),
        ("googlenet", "maxpool2 inception3b inception4e inception5b"),
        ("alexnet-2012", "pool1 pool2 relu3 relu4 pool5"),
        ("lenet5", "s2 s4 tanh5"),
    ],
)
def test_a_stages_features_are_its_last_or_the_activated_ones(text: str, layers: str) -> None:
    spec = parse(text)
    with torch.device("meta"):
        model = build(spec).eval()
    assert list(stage_outputs(steps(spec, model))) == layers.split()


def test_batches_are_bounded_in_pictures_and_memory() -> None:
    assert pictures_at_once(parse("resnet20-cifar")) == 50
    assert pictures_at_once(parse("resnet18,image_size=2048")) == 1
    wide = parse("wrn-28-10-cifar")
    count = pictures_at_once(wide)
    assert 1 < count < 50
    assert count * analyze(wide).peak_inference_bytes <= 64 * 2**20


def test_a_network_in_train_mode_is_refused() -> None:
    spec = parse("resnet20-cifar,width=4")
    with pytest.raises(ExplanationError, match="call its eval"):
        steps(spec, build(spec))


@pytest.mark.parametrize(
    ("shape", "found"),
    [((1, 1, 32, 32), "1 of 1 x 32 x 32"), ((0, 3, 32, 32), "0 of 3 x 32 x 32"), ((3,), "3 of ")],
)
def test_pictures_of_another_shape_are_refused(shape: tuple[int, ...], found: str) -> None:
    with pytest.raises(ExplanationError, match=f"3 x 32 x 32 numbers, these are {found}"):
        check_images(parse("resnet20-cifar"), torch.zeros(shape))


def test_series_and_unknown_classes_and_overflow_are_refused() -> None:
    with pytest.raises(ExplanationError, match="takes series"):
        check_images(parse("resnet18-1d"), torch.zeros(1, *parse("resnet18-1d").input_shape))
    for label in (-1, 10):
        with pytest.raises(ExplanationError, match="knows the classes 0 to 9"):
            check_label(parse("resnet20-cifar"), label)
    for number in (float("nan"), float("inf")):
        with pytest.raises(ExplanationError, match="overflows"):
            check_finite(torch.tensor([1.0, number]))


def test_running_no_steps_changes_nothing() -> None:
    x = torch.ones(2)
    assert run([], x) is x


def test_a_private_copy_shares_its_numbers_and_keeps_its_hooks() -> None:
    network = settled("resnet20-cifar,width=4")
    before, images = state(network.model), pictures(network.spec)
    copied = private(network.model)
    seen: list[Tensor] = []
    copied.get_submodule("layer1").register_forward_hook(
        lambda module, inputs, output: seen.append(output)
    )
    assert torch.equal(copied(images), network.model(images)) and len(seen) == 1
    for name, tensor in network.model.state_dict().items():
        assert copied.state_dict()[name].data_ptr() == tensor.data_ptr(), name
    assert_untouched(network.model, before)
