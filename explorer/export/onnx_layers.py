"""The leaf layers of a plan as ONNX operators, in eval mode: one function a kind."""

from collections.abc import Callable, Mapping
from typing import Any

from explorer import nodes
from explorer.export.onnx_graph import Graph

_END = 2**31 - 1
"""Behind the last number of any axis."""


def _convolution(graph: Graph, layer: nodes.Convolution, path: str, x: str) -> str:
    weights = graph.weights(path, "weight", *(["bias"] if layer.bias else []))
    window = _window(graph, layer.kernel, layer.stride)
    pads = [layer.padding] * 2 * graph.dims
    return graph.add("Conv", path, x, *weights, **window, pads=pads, group=layer.groups)


def _window(graph: Graph, kernel: int, stride: int) -> dict[str, list[int]]:
    return {"kernel_shape": [kernel] * graph.dims, "strides": [stride] * graph.dims}


def _normalisation(graph: Graph, layer: nodes.Normalisation, path: str, x: str) -> str:
    if layer.groups is not None:
        affine = graph.weights(path, "weight", "bias")
        settings = {"num_groups": layer.groups, "epsilon": layer.epsilon}
        return graph.add("GroupNormalization", path, x, *affine, **settings)
    statistics = graph.weights(path, "weight", "bias", "running_mean", "running_var")
    return graph.add("BatchNormalization", path, x, *statistics, epsilon=layer.epsilon)


def _local_response(
    graph: Graph, layer: nodes.LocalResponseNormalisation, path: str, x: str
) -> str:
    return graph.add(
        "LRN", path, x, size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k
    )


def _relu(graph: Graph, layer: nodes.ReLU, path: str, x: str) -> str:
    return graph.add("Relu", path, x)


def _tanh(graph: Graph, layer: nodes.Tanh, path: str, x: str) -> str:
    return graph.add("Tanh", path, x)


def _sigmoid(graph: Graph, layer: nodes.Sigmoid, path: str, x: str) -> str:
    return graph.add("Sigmoid", path, x)


def _max_pool(graph: Graph, layer: nodes.MaxPool, path: str, x: str) -> str:
    window = _window(graph, layer.kernel, layer.stride)
    pads = [layer.padding] * 2 * graph.dims
    return graph.add("MaxPool", path, x, **window, pads=pads, ceil_mode=int(layer.ceil))


def _average_pool(graph: Graph, layer: nodes.AveragePool, path: str, x: str) -> str:
    return graph.add("AveragePool", path, x, **_window(graph, layer.kernel, layer.stride))


def _adaptive_average_pool(
    graph: Graph, layer: nodes.AdaptiveAveragePool, path: str, x: str
) -> str:
    """Multiply by the matrix of means from both sides: ONNX has no such pooling."""
    size = graph.sizes[path][-1]
    if size == layer.size:
        return graph.add("Identity", path, x)
    means = _means(size, layer.size)
    if graph.dims == 2:
        rows = [share for window in means for share in window]
        left = graph.numbers(f"{path}.rows", [layer.size, size], rows)
        x = graph.add("MatMul", f"{path}.vertical", left, x)
    columns = [window[place] for place in range(size) for window in means]
    right = graph.numbers(f"{path}.columns", [size, layer.size], columns)
    return graph.add("MatMul", path, x, right)


def _means(size: int, count: int) -> list[list[float]]:
    """Return the share of each place in each of the windows that adaptive pooling cuts."""
    windows = []
    for n in range(count):
        first, end = n * size // count, -(-(n + 1) * size // count)
        windows.append([(first <= place < end) / (end - first) for place in range(size)])
    return windows


def _global_average_pool(graph: Graph, layer: nodes.GlobalAveragePool, path: str, x: str) -> str:
    return graph.add("GlobalAveragePool", path, x)


def _flatten(graph: Graph, layer: nodes.Flatten, path: str, x: str) -> str:
    return graph.add("Flatten", path, x)


def _linear(graph: Graph, layer: nodes.Linear, path: str, x: str) -> str:
    return _fully_connected(graph, path, x)


def _fully_connected(graph: Graph, path: str, x: str) -> str:
    return graph.add("Gemm", path, x, *graph.weights(path, "weight", "bias"), transB=1)


def _dropout(graph: Graph, layer: nodes.Dropout, path: str, x: str) -> str:
    return graph.add("Identity", path, x)


def _stochastic_depth(graph: Graph, layer: nodes.StochasticDepth, path: str, x: str) -> str:
    return graph.add("Mul", path, x, graph.numbers(f"{path}.survival", [], [layer.survival]))


def _scaling(graph: Graph, layer: nodes.Scaling, path: str, x: str) -> str:
    return graph.add("Mul", path, x, graph.numbers(f"{path}.factor", [], [layer.factor]))


def _learned_scale(graph: Graph, layer: nodes.LearnedScale, path: str, x: str) -> str:
    return graph.add("Mul", path, x, *graph.weights(path, "scale"))


def _squeeze_excitation(graph: Graph, layer: nodes.SqueezeExcitation, path: str, x: str) -> str:
    means = graph.add("GlobalAveragePool", f"{path}.avgpool", x)
    hidden = _fully_connected(graph, f"{path}.fc1", graph.add("Flatten", f"{path}.flatten", means))
    hidden = graph.add("Relu", f"{path}.relu", hidden)
    weights = graph.add(
        "Sigmoid", f"{path}.sigmoid", _fully_connected(graph, f"{path}.fc2", hidden)
    )
    axes = graph.whole_numbers(f"{path}.axes", range(2, 2 + graph.dims))
    return graph.add("Mul", path, x, graph.add("Unsqueeze", f"{path}.weights", weights, axes))


def _zero_padding(graph: Graph, layer: nodes.ZeroPadding, path: str, x: str) -> str:
    dims = graph.dims
    if layer.stride > 1:
        limits = {
            "starts": [0] * dims,
            "ends": [_END] * dims,
            "axes": range(2, 2 + dims),
            "steps": [layer.stride] * dims,
        }
        names = [graph.whole_numbers(f"{path}.{key}", each) for key, each in limits.items()]
        x = graph.add("Slice", f"{path}.slice", x, *names)
    before, new = [0] * (2 + dims), layer.out_channels - layer.in_channels
    pads = graph.whole_numbers(f"{path}.pads", [*before, 0, new, *[0] * dims])
    return graph.add("Pad", path, x, pads)


LAYERS: Mapping[type[nodes.Layer], Callable[[Graph, Any, str, str], str]] = {
    nodes.Convolution: _convolution,
    nodes.Normalisation: _normalisation,
    nodes.LocalResponseNormalisation: _local_response,
    nodes.ReLU: _relu,
    nodes.Tanh: _tanh,
    nodes.Sigmoid: _sigmoid,
    nodes.MaxPool: _max_pool,
    nodes.AveragePool: _average_pool,
    nodes.AdaptiveAveragePool: _adaptive_average_pool,
    nodes.GlobalAveragePool: _global_average_pool,
    nodes.Flatten: _flatten,
    nodes.Linear: _linear,
    nodes.Dropout: _dropout,
    nodes.StochasticDepth: _stochastic_depth,
    nodes.Scaling: _scaling,
    nodes.LearnedScale: _learned_scale,
    nodes.SqueezeExcitation: _squeeze_excitation,
    nodes.ZeroPadding: _zero_padding,
}
