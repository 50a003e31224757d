"""Memory against what autograd keeps, and against storages watched during a prediction."""

import weakref
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, fx, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from explorer.analysis import analyze
from explorer.memory import arithmetic_intensity, peak_inference_bytes, saved_for_backward_bytes
from explorer.network import build
from explorer.spec import VALUES, ArchitectureSpec, parse
from tests.unit.strategies import specs

SMALL = "stages=2-2,width=4,image_size=16"
CLASSIC = (
    "lenet5",
    "alexnet,image_size=63,classes=10",
    "alexnet-2012,image_size=99,classes=10",
    "vgg11,image_size=32,classes=10",
    "vgg11,image_size=64,norm=batch,stages=1-1-1-2-1",
    "googlenet,image_size=64",
    "googlenet-2014,image_size=64",
)
LARGE = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet50v2", "plain18")
NETWORKS = (
    "resnet20-cifar",
    "resnet56-cifar",
    "resnet110v2-cifar",
    "plain20-cifar",
    *(f"resnet20-cifar,ordering={ordering}" for ordering in VALUES["ordering"]),
    *(f"resnet20-cifar,shortcut={shortcut}" for shortcut in "ABC"),
    *(f"resnet20-cifar,norm={norm}" for norm in ("none", "group")),
    *(
        f"resnet164-cifar,{SMALL},ordering={ordering},shortcut={shortcut},norm={norm}"
        for ordering in VALUES["ordering"]
        for shortcut in "ABC"
        for norm in VALUES["norm"]
        if (ordering, norm) != ("bn_after_addition", "none")
    ),
)


def pictures(spec: ArchitectureSpec, count: int) -> Tensor:
    return torch.zeros(count, *spec.input_shape)


def saved_by_autograd(spec: ArchitectureSpec, batch: int) -> int:
    """Bytes of the storages autograd saves in train mode, without parameters and buffers."""
    module = build(spec).train()
    own = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers())}
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = module(pictures(spec, batch))  # alive, and with it all that is saved
    assert output.requires_grad
    return sum(sizes.values())


@pytest.mark.parametrize("text", [*NETWORKS, *CLASSIC, *LARGE])
def test_what_autograd_keeps_is_known_exactly(text: str) -> None:
    spec = parse(text)
    assert saved_for_backward_bytes(spec, batch=2) == saved_by_autograd(spec, 2)


@settings(deadline=None, max_examples=40)
@given(specs(small=True))
def test_what_autograd_keeps_is_known_for_any_network(spec: ArchitectureSpec) -> None:
    batch = 3  # batch normalisation needs several numbers in each channel
    assert saved_for_backward_bytes(spec, batch) == saved_by_autograd(spec, batch)


# MiB for each picture in a batch of two.
KEPT = {
    "resnet18": 21.2,
    "resnet34": 30.8,
    "resnet50": 82.1,
    "resnet101": 121.4,
    "resnet152": 169.8,
    "resnet50,groups=32,width_per_group=4": 107.3,
    "resnet20-cifar": 1.45,
    "resnet56-cifar": 4.08,
    "resnet110-cifar": 8.03,
    "resnet110v2-cifar": 8.03,
    "vgg16": 69.9,
}


@pytest.mark.parametrize(("text", "mebibytes"), KEPT.items())
def test_what_training_keeps_as_measured_before(text: str, mebibytes: float) -> None:
    kept = saved_for_backward_bytes(parse(text), batch=2) / 2 / 2**20
    assert kept == pytest.approx(mebibytes, rel=0.003)


def test_what_training_an_alexnet_keeps_as_measured_before() -> None:
    """The measurement has one decimal, and no masks of dropout: 2 x 53 kB for a picture."""
    kept = saved_for_backward_bytes(parse("alexnet"), batch=2) / 2 / 2**20
    assert kept == pytest.approx(3.5, abs=0.05 + 0.1)


class Watch(TorchDispatchMode):
    """Adds up the storages alive after each operation; what belongs to the module is ignored."""

    def __init__(self, module: nn.Module, picture: Tensor) -> None:
        super().__init__()
        self.ignored = {t.untyped_storage().data_ptr() for t in module.state_dict().values()}
        self.holders: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.peak = 0
        self.see(picture)

    def see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        pointer = storage.data_ptr()
        if pointer in self.ignored or not storage.nbytes():
            return
        self.sizes[pointer] = storage.nbytes()
        self.holders[pointer] = self.holders.get(pointer, 0) + 1
        weakref.finalize(tensor, self.forget, pointer)

    def forget(self, pointer: int) -> None:
        self.holders[pointer] -= 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = {id(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):  # an operation in place returns what it was given
            if isinstance(leaf, Tensor) and id(leaf) not in before:
                self.see(leaf)
        alive = sum(self.sizes[pointer] for pointer, held in self.holders.items() if held)
        self.peak = max(self.peak, alive)
        return result


def watched(spec: ArchitectureSpec, *, frees_early: bool) -> int:
    """Peak of a prediction; an fx interpreter frees each value after its last reader."""
    module = build(spec).eval()
    picture = [pictures(spec, 1)]
    run: Any = fx.Interpreter(fx.symbolic_trace(module)).run if frees_early else module
    with torch.no_grad(), Watch(module, picture[0]) as watch:
        run(picture.pop())
    return watch.peak


@pytest.mark.parametrize("text", [*NETWORKS, *CLASSIC])
def test_the_peak_of_a_prediction_that_frees_early(text: str) -> None:
    spec = parse(text)
    assert peak_inference_bytes(spec) == watched(spec, frees_early=True)


@settings(deadline=None, max_examples=40)
@given(specs(small=True))
def test_the_peak_of_any_network_that_frees_early(spec: ArchitectureSpec) -> None:
    assert peak_inference_bytes(spec) == watched(spec, frees_early=True)


@pytest.mark.parametrize("text", [*NETWORKS, *CLASSIC])
def test_the_module_itself_holds_somewhat_more(text: str) -> None:
    spec = parse(text)
    assert 1 <= watched(spec, frees_early=False) / peak_inference_bytes(spec) < 1.92


@pytest.mark.parametrize(("text", "more"), [("resnet18", 1.0), ("resnet50", 1.08)])
def test_how_much_more_the_module_itself_holds(text: str, more: float) -> None:
    spec = parse(text)
    held = watched(spec, frees_early=False) / peak_inference_bytes(spec)
    assert held == pytest.approx(more, abs=0.005)


def test_the_peak_of_resnet18_by_hand() -> None:
    picture, map_ = 3 * 224 * 224, 64 * 112 * 112  # while bn1 reads the first map
    assert peak_inference_bytes(parse("resnet18")) == 4 * (picture + 2 * map_)


@pytest.mark.parametrize(
    "text", ["resnet50", "resnet20-cifar,shortcut=C", "plain18", "googlenet-2014", "vgg16"]
)
def test_intensity_adds_up_over_the_rows(text: str) -> None:
    analysis = analyze(text)
    moved = analysis.weights_bytes
    for row in analysis.layers:
        inputs = 2 if row.kind == "addition" else 1
        if row.output_bytes:
            moved += 4 * (inputs * prod(row.input_shape) + prod(row.output_shape))
    assert analysis.arithmetic_intensity == analysis.flops / moved
    assert arithmetic_intensity(analysis.spec) == analysis.arithmetic_intensity


def test_the_analysis_offers_all_three() -> None:
    analysis, spec = analyze("resnet18"), parse("resnet18")
    told = analysis.as_dict()
    assert told["peak_inference_bytes"] == peak_inference_bytes(spec)
    assert told["saved_for_backward_bytes"] == saved_for_backward_bytes(spec)
    assert told["arithmetic_intensity"] == arithmetic_intensity(spec)
