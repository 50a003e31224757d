"""ONNX files against torch: written here, run by onnxruntime, checked by the onnx package."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional as F

from explorer import nodes
from explorer.analysis import analyze
from explorer.export.onnx import INPUT, OUTPUT, graph_of, write_onnx
from explorer.export.onnx_format import model
from explorer.export.origin import ExportError, Origin
from explorer.export.targets import export
from explorer.network import build
from explorer.plan import Plan
from explorer.spec import ArchitectureSpec, parse
from tests.unit.strategies import specs

NAMED = [
    "resnet18",
    "resnet34v2",
    "plain18",
    "keras-resnet50v2",
    "resnext50_32x4d",
    "seresnet50,norm=group",
    "wrn-16-8-cifar",
    "resnet18-1d",
    "resnet110-cifar",
    "resnet1202-cifar",
]


def run(content: bytes, images: Tensor) -> Any:
    """What onnxruntime makes of pictures; what it has to say, a warning say, is an error."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (result,) = session.run([OUTPUT], {INPUT: images.numpy()})
    return result


def close(found: Any, wanted: Tensor) -> bool:
    """Whether two outputs are equal to 1e-4 of the largest number."""
    reference = wanted.numpy()
    assert found.shape == reference.shape
    return bool(np.abs(found - reference).max() <= 1e-4 * np.abs(reference).max())


def without_regularities(module: nn.Module) -> dict[str, Tensor]:
    """Give a module weights none of which is 0 or 1 any more, and return its state dict.

    Two inputs of a normalisation that are swapped are not seen where both are 0, nor a branch that
    starts at zero.
    """
    generator = torch.Generator().manual_seed(5)
    state = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    for name, tensor in state.items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=generator)
        elif tensor.is_floating_point() and tensor.dim() < 2:
            tensor.add_(torch.randn(tensor.shape, generator=generator), alpha=0.3)
    return state


def random_input(shape: tuple[int, ...], batch: int = 3) -> Tensor:
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(7))


@settings(max_examples=80, deadline=None)
@given(spec=specs(small=True))
def test_any_network_gives_what_torch_gives(spec: ArchitectureSpec) -> None:
    module = build(spec).eval()
    content = write_onnx(spec, without_regularities(module), {})
    images = random_input(spec.input_shape)
    with torch.no_grad():
        assert close(run(content, images), module(images))


@pytest.mark.parametrize("text", NAMED)
def test_named_networks_give_what_torch_gives(text: str) -> None:
    spec = parse(text)
    module = build(spec, 3)
    images = random_input(spec.input_shape, 2)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.momentum = 1.0  # its statistics become the batch's; or 1,202 layers overflow
        module(images)
        wanted = module.eval()(images)
    assert close(run(write_onnx(spec, module.state_dict(), {}), images), wanted)


def test_trained_weights_give_what_torch_gives() -> None:
    from explorer.weights import load

    content = export("resnet50,stride_at=1x1", "onnx", Origin(trained="resnet50-keras"))
    images = random_input((3, 224, 224), 1)
    with torch.no_grad():
        assert close(run(content, images), load("resnet50-keras")(images))


@pytest.mark.parametrize("text", ["resnet50", "seresnet18,norm=group", "resnet20-cifar"])
def test_the_file_is_valid_and_has_the_shapes_of_the_analysis(text: str) -> None:
    content = export(text, "onnx", Origin(1))
    onnx.checker.check_model(content, full_check=True)
    read = onnx.load_from_string(content)
    analysis = analyze(text)
    norms = {row.name for row in analysis.layers if row.kind == "normalisation"}
    told = [value for value in read.graph.value_info if value.name in norms]
    del read.graph.value_info[:]
    if "group" in text:  # whose shapes onnx does not infer
        read.graph.value_info.extend(told)
    inferred = onnx.shape_inference.infer_shapes(read, strict_mode=True, data_prop=True)
    shapes = {
        value.name: [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
        for value in (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)
    }
    assert shapes[INPUT] == ["batch", *analysis.layers[0].input_shape]
    assert shapes[OUTPUT] == ["batch", *analysis.output_shape]
    inside = {row.name: row for row in analysis.layers[:-1]}
    assert {name: shapes[name][1:] for name in inside} == {
        name: list(row.output_shape) for name, row in inside.items()
    }


@pytest.mark.parametrize(
    "text", ["resnet18", "resnet110-cifar", "resnet20-cifar,shortcut=exclusive_gating,bias=all"]
)
def test_initialisers_are_the_state_dict(text: str) -> None:
    read = onnx.load_from_string(export(text, "onnx", Origin(2)))
    found = {each.name: onnx.numpy_helper.to_array(each) for each in read.graph.initializer}
    wanted = {
        name: tensor.numpy()
        for name, tensor in build(text, 2).state_dict().items()
        if not name.endswith("num_batches_tracked")  # of use in training only
    }
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_the_batch_may_have_any_size() -> None:
    content = export("resnet20-cifar", "onnx")
    images = random_input((3, 32, 32), 5)
    one_by_one = np.concatenate([run(content, image[None]) for image in images])
    assert np.allclose(run(content, images), one_by_one, atol=1e-5)


def test_the_file_says_what_it_is_and_is_the_same_each_time() -> None:
    read = onnx.load_from_string(export("resnet20-cifar,norm=none", "onnx", Origin(4)))
    told = {entry.key: entry.value for entry in read.metadata_props}
    assert (told["variant"], told["weights"]) == ("resnet20-cifar,norm=none", "untrained")
    assert told["seed"] == "4"
    assert read.doc_string.startswith("ResNet-20 (CIFAR), no normalisation: 20 weighted layers")
    assert export("resnet20-cifar", "onnx") == export("resnet20-cifar", "onnx")
    assert export("resnet20-cifar", "onnx") != export("resnet20-cifar", "onnx", Origin(1))


def test_nothing_is_said_on_the_way(capfd: pytest.CaptureFixture[str]) -> None:
    run(export("seresnet18,norm=group,image_size=32", "onnx"), random_input((3, 32, 32)))
    assert capfd.readouterr() == ("", "")


def test_weights_over_the_limit_of_the_format_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(ExportError, match="2 GiB"):
        export("resnet50,width=1024", "onnx")


LAYERS: list[tuple[nodes.Layer, tuple[int, ...], Callable[[Tensor], Tensor]]] = [
    (
        nodes.LocalResponseNormalisation(),
        (8, 6, 6),
        lambda x: F.local_response_norm(x, 5, 5e-4, 0.75, 2.0),
    ),
    (nodes.ReLU(), (3, 4, 4), F.relu),
    (nodes.Tanh(), (3, 4, 4), torch.tanh),
    (nodes.Sigmoid(), (3, 4, 4), torch.sigmoid),
    (nodes.MaxPool(3, 2, 1), (3, 7, 7), lambda x: F.max_pool2d(x, 3, 2, 1)),
    *(
        (
            nodes.MaxPool(3, 2, 0, ceil=True),
            (3, size, size),
            lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
        )
        for size in (6, 7, 8)
    ),
    (nodes.MaxPool(2, 2), (3, 9), lambda x: F.max_pool1d(x, 2, 2)),
    (nodes.AveragePool(2, 2), (3, 7, 7), lambda x: F.avg_pool2d(x, 2, 2)),
    (nodes.AveragePool(3, 2), (3, 9), lambda x: F.avg_pool1d(x, 3, 2)),
    *(
        (
            nodes.AdaptiveAveragePool(6),
            (3, size, size),
            lambda x: F.adaptive_avg_pool2d(x, 6),
        )
        for size in (4, 6, 12, 13, 17)
    ),
    (nodes.AdaptiveAveragePool(4), (3, 11), lambda x: F.adaptive_avg_pool1d(x, 4)),
    (nodes.GlobalAveragePool(), (3, 5, 5), lambda x: x.mean((2, 3), keepdim=True)),
    (nodes.Flatten(), (3, 5, 5), lambda x: x.reshape(len(x), -1)),
    (nodes.Dropout(0.5), (3, 5, 5), lambda x: x),
    (nodes.StochasticDepth(0.3), (3, 5, 5), lambda x: 0.3 * x),
    (nodes.Scaling(0.25), (3, 5, 5), lambda x: 0.25 * x),
    (nodes.ZeroPadding(3, 5, 2), (3, 5, 5), lambda x: F.pad(x[..., ::2, ::2], (0,) * 5 + (2,))),
    (nodes.ZeroPadding(3, 5, 1), (3, 5), lambda x: F.pad(x, (0, 0, 0, 2))),
]


@pytest.mark.parametrize(("layer", "shape", "by_hand"), LAYERS, ids=lambda value: str(value)[:60])
def test_a_layer_without_weights_does_what_torch_does(
    layer: nodes.Layer, shape: tuple[int, ...], by_hand: Callable[[Tensor], Tensor]
) -> None:
    content = alone(layer, shape, {})
    onnx.checker.check_model(content, full_check=True)
    images = random_input(shape)
    assert close(run(content, images), by_hand(images))


def alone(layer: nodes.Node, shape: tuple[int, ...], state: dict[str, Tensor]) -> bytes:
    network = Plan(shape, nodes.Chain((nodes.Child("layer", layer),)))
    return model(graph_of(network, state, "alone"), "test", "1", "", {})


def test_branches_side_by_side_do_what_torch_does() -> None:
    weights = random_input((4, 3, 3, 3), 1)[0]
    branches = (
        nodes.Child("pool", nodes.Chain((nodes.Child("0", nodes.MaxPool(3, 1, 1)),))),
        nodes.Child("conv", nodes.Chain((nodes.Child("0", nodes.Convolution(3, 4, 3)),))),
    )
    content = alone(nodes.Concat(branches), (3, 6, 6), {"layer.conv.0.weight": weights})
    images = random_input((3, 6, 6))
    wanted = torch.cat([F.max_pool2d(images, 3, 1, 1), F.conv2d(images, weights, padding=1)], 1)
    assert close(run(content, images), wanted)


def test_every_kind_of_layer_has_its_operator() -> None:
    from explorer.export.onnx_layers import LAYERS as OPERATORS

    assert set(OPERATORS) == set(get_args(nodes.Layer))
