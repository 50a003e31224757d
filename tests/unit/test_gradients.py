import math
import re
from statistics import geometric_mean
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from explorer import probing
from explorer.gradients import MAX_SEED, GradientProfile, ProbeSettings, probe
from explorer.gradients.norms import norm
from explorer.gradients.preparation import LOSSES, prepare
from explorer.initialisation import SCHEMES
from explorer.network import build
from explorer.plan import plan, units
from explorer.spec import VALUES, SpecError
from tests.unit.strategies import specs

TINY = "resnet18,width=4,image_size=32,classes=5"
VARIANTS = (
    TINY,
    *(f"{TINY},ordering={ordering}" for ordering in VALUES["ordering"][1:]),
    *(f"{TINY},shortcut={shortcut}" for shortcut in VALUES["shortcut"] if shortcut != "B"),
    f"{TINY},norm=none",
    f"{TINY},norm=none,ordering=v2",
    f"{TINY},norm=none,shortcut=none",
    f"{TINY},norm=group",
    f"{TINY},zero_init=true",
    "resnet50,width=4,image_size=32,classes=5",
    "resnet50,width=4,image_size=32,classes=5,ordering=v2,stride_at=1x1",
    "resnet50,width=4,image_size=32,classes=5,groups=2,width_per_group=3",
    "resnet20-cifar,in_channels=1",
    "lenet5",
    "alexnet-2012,image_size=67,classes=5",
    "vgg11_bn,image_size=64,classes=5",
    "googlenet,image_size=64,classes=5",
    "googlenet-2014,image_size=48,classes=5",
)


class Watched(TorchFunctionMode):
    """Keeps the first convolution's input and the loss's labels of whatever runs inside."""

    images: Tensor
    labels: Tensor

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.conv2d and not hasattr(self, "images"):
            self.images = args[0].detach().clone()
        if func is nn.functional.cross_entropy:
            self.labels = args[1].clone()
        return func(*args, **(kwargs or {}))


def probed(
    variant: Any,
    *,
    images: Tensor | None = None,
    check: Any = lambda: None,
    **settings: Any,
) -> GradientProfile:
    return probe(variant, ProbeSettings(**settings), images, check)


def watched_probe(text: str, **settings: Any) -> tuple[GradientProfile, Tensor, Tensor]:
    with Watched() as watched:
        profile = probed(text, **settings)
    return profile, watched.images, watched.labels


def reference(text: str, seed: int, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Gradients of weights and outputs by `torch.autograd.grad`, with nothing done in place."""
    model = build(text, seed)
    wanted: dict[str, Tensor] = {
        f"{name}.weight": layer.weight
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            wanted[name] = output

        return hook

    for name, layer in model.named_modules():
        layer.register_forward_hook(keep(name))
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    torch.manual_seed(seed)  # of what is dropped
    loss = nn.functional.cross_entropy(model(images), labels)
    wanted["loss"] = loss
    return dict(zip(wanted, torch.autograd.grad(loss, list(wanted.values())), strict=True))


def norm64(tensor: Tensor) -> float:
    return float(tensor.double().norm())


def assert_agrees(profile: GradientProfile, gradients: dict[str, Tensor]) -> None:
    for layer in profile.layers:
        expected = norm64(gradients[f"{layer.name}.weight"]), norm64(gradients[layer.name])
        measured = layer.weight_gradient_norm, layer.output_gradient_norm
        assert measured == pytest.approx(expected, rel=1e-6), layer.name
        assert layer.output_numbers == gradients[layer.name].numel()
        rms = norm64(gradients[layer.name]) / math.sqrt(gradients[layer.name].numel())
        assert layer.output_gradient_rms == pytest.approx(rms, rel=1e-4)
    names = {(stage, unit): name for name, stage, unit in units(plan(profile.spec).root)}
    for name, stage, unit, measured_norm, numbers in profile.units:
        assert name == names[stage, unit]
        expected_norm = norm64(gradients[names[stage, unit]])
        assert measured_norm == pytest.approx(expected_norm, rel=1e-6), (stage, unit)
        assert numbers == gradients[names[stage, unit]].numel()


@pytest.mark.parametrize("text", VARIANTS)
def test_norms_are_those_of_plain_autograd(text: str) -> None:
    profile, images, labels = watched_probe(text, batch=4, seed=3)
    assert_agrees(profile, reference(text, 3, images, labels))


@settings(max_examples=15)
@given(specs(small=True).filter(lambda spec: spec.classes > 1))
def test_any_network_has_a_norm_for_every_weighted_layer_and_unit(spec) -> None:
    profile = probed(spec, batch=2)
    parts = build(spec).named_modules()
    weighted = {name for name, part in parts if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear)}
    assert {layer.name for layer in profile.layers} == weighted
    assert len(profile.units) == sum(spec.stages)
    extra = 2 if spec.stem == "deep" else 0  # a stem counts as one layer
    assert len(profile.main_path) - extra == spec.depth
    assert all(math.isfinite(layer.output_gradient_norm) for layer in profile.layers)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("lenet5", "c1", "c5"),
        ("vgg11,image_size=32,classes=5", "features.0", "features.18"),
        ("googlenet-2014,image_size=48,classes=5", "conv1.conv", "inception5b.branch2.1.conv"),
    ],
)
def test_a_classic_networks_path_has_its_depth_and_ends_in_linear_layers(
    text: str, first: str, last: str
) -> None:
    profile = probed(text, batch=2)
    path = {layer.name: layer for layer in profile.main_path}
    assert len(path) == profile.spec.depth and len(profile.units) == sum(profile.spec.stages)
    ends = path[first].weight_gradient_norm, path[last].weight_gradient_norm
    assert profile.weight_growth == ends[0] / ends[1]
    behind = list(path)[list(path).index(last) + 1 :]
    assert behind and all(path[name].kind == "linear" for name in behind)


def test_own_images_are_used_and_left_as_they_were() -> None:
    images = torch.rand(3, 3, 32, 32)
    kept = images.clone()
    profile, used, labels = watched_probe(TINY, seed=5, images=images, source="pictures")
    assert torch.equal(images, kept) and torch.equal(used, kept)
    assert profile.settings == ProbeSettings(batch=3, source="pictures", seed=5)
    assert_agrees(profile, reference(TINY, 5, images, labels))
    assert images.grad is None


@pytest.mark.parametrize("text", ["resnet18,width=1,stages=1-1,image_size=9,classes=3"])
@pytest.mark.parametrize("ordering", ["v1", "v2"])
def test_weight_gradients_are_slopes_of_the_loss(text: str, ordering: str) -> None:
    """Central differences in double precision, without autograd."""
    text = f"{text},ordering={ordering}"
    profile, images, labels = watched_probe(text, batch=4, seed=1)
    model = build(text, 1).double()

    @torch.no_grad()
    def loss() -> float:
        return float(nn.functional.cross_entropy(model(images.double()), labels))

    def slope(weights: Tensor, index: int, step: float = 1e-6) -> float:
        original = float(weights[index])
        weights[index] = original + step
        above = loss()
        weights[index] = original - step
        below = loss()
        weights[index] = original
        return (above - below) / (2 * step)

    for layer in profile.layers:
        weights = model.get_parameter(f"{layer.name}.weight").detach().view(-1)
        slopes = [slope(weights, index) for index in range(len(weights))]
        assert layer.weight_gradient_norm == pytest.approx(math.hypot(*slopes), rel=1e-3, abs=1e-6)


def test_variants_share_noise_and_labels_but_not_with_the_weights() -> None:
    _, images, labels = watched_probe(TINY, batch=4, seed=2)
    _, other_images, other_labels = watched_probe(f"{TINY},ordering=v2", batch=4, seed=2)
    assert torch.equal(images, other_images) and torch.equal(labels, other_labels)
    _, next_images, _ = watched_probe(TINY, batch=4, seed=3)
    assert not torch.equal(images, next_images)
    assert images.std() == pytest.approx(1, abs=0.03) and abs(images.mean()) < 0.03
    weights = build(TINY, 2).get_parameter("conv1.weight").detach().flatten()
    together = torch.stack([weights, images.flatten()[: len(weights)]])
    assert abs(torch.corrcoef(together)[0, 1]) < 0.2


def test_same_seed_gives_the_same_profile() -> None:
    assert probed(TINY, batch=4, seed=11) == probed(TINY, batch=4, seed=11)
    assert probed(TINY, batch=4, seed=11) != probed(TINY, batch=4, seed=12)


def test_nothing_global_is_touched() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    probed(TINY, batch=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("text", "settings", "sentence"),
    [
        (TINY, {"batch": 1}, "a single value per channel in the last stage"),
        (TINY, {"batch": 0}, "at least one image"),
        (TINY, {"seed": -1}, "seed=-1: a whole number from 0"),
        (TINY, {"seed": MAX_SEED + 1}, "a whole number from 0 to 2,147,483,647"),
        (TINY, {"loss": "hinge"}, "no loss 'hinge'; there are cross_entropy, squared_error"),
        (TINY, {"initialisation": ""}, "no initialisation ''; there are kaiming_fan_in"),
        (TINY, {"mode": "test"}, "no mode 'test'; there are train, eval"),
        (TINY, {"source": "web"}, "no source 'web'; there are noise, pictures"),
        ("resnet20-cifar,classes=1", {}, "cross-entropy of a single class is always 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(text: str, settings: Any, sentence: str) -> None:
    with pytest.raises(SpecError, match=re.escape(sentence)):
        probed(text, **settings)


@pytest.mark.parametrize(
    "text", [f"{TINY},norm=none", "resnet20-cifar,norm=group", "resnet20-cifar"]
)
def test_a_single_image_is_enough_where_nothing_is_averaged_over_it_alone(text: str) -> None:
    profile = probed(text, batch=1, seed=MAX_SEED)
    assert all(math.isfinite(layer.weight_gradient_norm) for layer in profile.layers)


@pytest.mark.parametrize("scale", [1e-24, 1e24])
def test_norms_whose_squares_leave_float32_are_exact(scale: float) -> None:
    text = "resnet20-cifar,norm=none,width=4"
    images = scale * torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    profile, _, labels = watched_probe(text, images=images)
    assert_agrees(profile, reference(text, 0, images, labels))
    weight_norms = [layer.weight_gradient_norm for layer in profile.layers]
    assert min(weight_norms) > 1e19 if scale > 1 else max(weight_norms) < 1e-19
    assert all(0 < value < math.inf for value in weight_norms)


def test_deep_network_without_normalisation_stays_finite() -> None:
    text = "resnet110-cifar,norm=none"
    profile, images, labels = watched_probe(text, batch=2)
    assert_agrees(profile, reference(text, 0, images, labels))
    assert profile.growth > 1e6


def test_overflow_is_told_not_hidden() -> None:
    profile = probed("resnet1202-cifar,norm=none,width=2", batch=1)
    assert not math.isfinite(profile.loss)
    assert math.isnan(profile.growth)


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50),
    st.sampled_from([1e-35, 1e-25, 1e-17, 1e-14, 1.0, 1e14, 1e17, 1e25, 1e35]),
)
def test_norm_equals_double_precision(values: list[float], scale: float) -> None:
    tensor = torch.tensor(values) * scale
    assert norm(tensor) == pytest.approx(norm64(tensor), rel=1e-6, abs=1e-38)


@pytest.mark.parametrize("count", [4_001, 16_000, 16_384, 16_385, 300_001, 30_000_001])
def test_the_norm_of_many_numbers_is_exact(count: int) -> None:
    numbers = 1e-4 * torch.randn(count, generator=torch.Generator().manual_seed(0))
    assert norm(numbers) == pytest.approx(norm64(numbers), rel=1e-6)


def test_norm_of_what_is_not_finite() -> None:
    assert norm(torch.tensor([1.0, math.inf])) == math.inf
    assert math.isnan(norm(torch.tensor([1.0, math.nan])))
    assert norm(torch.zeros(3)) == 0


class Stop(Exception):
    """Raised by a check that wants the work to end."""


def test_check_can_stop_forward_and_backward() -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    probed(TINY, batch=2, check=count)
    layers = len(probed(TINY, batch=2).layers)
    assert calls >= 2 * layers  # each in both passes
    for at in (1, layers, calls // 2 + 2, calls):
        seen = 0

        def stop(at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise Stop

        with pytest.raises(Stop):
            probed(TINY, batch=2, check=stop)
        assert seen == at


def test_weight_gradients_are_freed_as_soon_as_they_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[nn.Module] = []
    held: list[int] = []

    def build_and_keep(*args: Any) -> nn.Module:
        built.append(build(*args))
        return built[0]

    def look() -> None:
        held.append(sum(parameter.grad is not None for parameter in built[0].parameters()))

    monkeypatch.setattr("explorer.gradients.preparation.build", build_and_keep)
    probed(TINY, batch=2, check=look)
    look()
    assert set(held) == {0}


# Each factor is at least three standard errors of a mean of three seeds, from the spread of four.
@pytest.mark.parametrize(
    ("text", "growth", "factor", "weight_growth", "weight_factor"),
    [
        ("plain20-cifar", 17.3, 1.25, 5.6, 1.4),
        ("plain56-cifar", 8.9e3, 1.6, 1.7e3, 2.5),
        ("resnet20-cifar", 4.7, 1.15, 1.7, 1.35),
        ("resnet56-cifar", 19.6, 1.15, 7.0, 1.35),
    ],
)
def test_growth_is_that_of_the_reference(
    text: str, growth: float, factor: float, weight_growth: float, weight_factor: float
) -> None:
    profiles = [probed(text, batch=64, seed=seed) for seed in range(3)]
    measured = geometric_mean(profile.growth for profile in profiles)
    assert growth / factor < measured < growth * factor
    measured = geometric_mean(profile.weight_growth for profile in profiles)
    assert weight_growth / weight_factor < measured < weight_growth * weight_factor


def test_the_update_ratio_is_the_step_of_plain_descent_over_the_weights() -> None:
    profile, images, labels = watched_probe(TINY, batch=4, seed=3)
    model = build(TINY, 3)
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    nn.functional.cross_entropy(model(images), labels).backward()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    for layer in profile.layers:
        old = before[f"{layer.name}.weight"]
        moved = norm64(model.get_parameter(f"{layer.name}.weight").detach() - old) / norm64(old)
        assert 0.5 * layer.relative_weight_gradient == pytest.approx(moved, rel=1e-3)
        assert layer.weight_norm == pytest.approx(norm64(old), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_each_loss_is_the_mean_over_the_batch_of_what_it_says(loss: str, mode: str) -> None:
    settings = ProbeSettings(batch=3, seed=4, loss=loss, mode=mode)
    spec, model, images, wanted = prepare(TINY, settings)
    assert model.training == (mode == "train")
    outputs = model(images).detach().requires_grad_()
    gradient = torch.autograd.grad(wanted(outputs), outputs)[0]
    if loss == "cross_entropy":
        rest = outputs.detach().softmax(1) - 3 * gradient
    elif loss == "squared_error":
        rest = outputs.detach() - 3 * gradient / 2
    else:
        rest = None
        directions = 3 * gradient
        assert abs(directions.mean()) < 1 and 0.3 < directions.std() < 2
        assert float(wanted(outputs).detach()) == pytest.approx(
            float((directions * outputs.detach()).sum() / 3)
        )
    if rest is not None:  # the one-hot labels
        labels = rest.argmax(1)
        assert torch.allclose(rest, nn.functional.one_hot(labels, spec.classes).float(), atol=1e-5)
    assert float(probe(TINY, settings).loss) == pytest.approx(
        float(wanted(outputs).detach()), rel=1e-4
    )


def test_eval_mode_measures_with_running_statistics() -> None:
    profile = probed(TINY, batch=4, seed=2, mode="eval")
    _, model, images, loss = prepare(TINY, ProbeSettings(batch=4, seed=2))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):  # mean 0 and variance 1 do nothing
            assert layer.running_mean is not None and not layer.running_mean.any()
            layer.forward = lambda x: x / math.sqrt(1 + 1e-5)  # type: ignore[method-assign]
    loss(model(images)).backward()
    for found in profile.layers:
        gradient = model.get_parameter(f"{found.name}.weight").grad
        assert gradient is not None
        assert found.weight_gradient_norm == pytest.approx(norm64(gradient), rel=1e-4)


def test_what_can_be_chosen_exists() -> None:
    assert LOSSES.keys() == probing.LOSSES.keys()
    assert SCHEMES.keys() == probing.INITIALISATIONS.keys()
