"""A plan as an ONNX file, in eval mode.

Initialisers carry the state dict's names, nodes the layers'; the batch may have any size.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer import __version__
from explorer.analysis import analyze
from explorer.export import onnx_format
from explorer.export.onnx_format import Message
from explorer.export.onnx_graph import Graph
from explorer.export.onnx_layers import LAYERS
from explorer.export.origin import ExportError
from explorer.nodes import Chain, Concat, Node, Residual
from explorer.plan import Plan, plan
from explorer.rows import layer_rows
from explorer.spec import ArchitectureSpec
from explorer.words import sentence, title

if TYPE_CHECKING:
    from torch import Tensor

INPUT, OUTPUT = "images", "logits"

_ROOM_BYTES = 32_000_000
"""More than the names and settings of the deepest network take."""


def check_size(spec: ArchitectureSpec) -> None:
    """Refuse a network whose weights are too large for an ONNX file.

    Raises:
        ExportError: if so.
    """
    size = analyze(spec).weights_bytes
    if size > onnx_format.MAX_BYTES - _ROOM_BYTES:
        raise ExportError(
            f"{spec} has {size:,} bytes of weights, and an ONNX file ends at 2 GiB; "
            "safetensors takes any size"
        )


def write_onnx(
    spec: ArchitectureSpec, state: "Mapping[str, Tensor]", notes: Mapping[str, str]
) -> bytes:
    """Return a network in eval mode as an ONNX file.

    Args:
        spec: the architecture.
        state: its state dict, float32.
        notes: metadata of the file.
    Raises:
        ExportError: if the weights are too large for an ONNX file.
    """
    check_size(spec)
    body = graph_of(plan(spec), state, str(spec))
    about = f"{title(spec)}: {sentence(spec)}"
    return onnx_format.model(body, "ResNet Explorer", __version__, about, notes)


def graph_of(network: Plan, state: "Mapping[str, Tensor]", name: str) -> Message:
    """Return a plan as an ONNX graph from `images` to `logits`."""
    rows = layer_rows(network)
    sizes = {row.name: row.input_shape[1:] for row in rows}
    graph = Graph(state, len(network.input_shape) - 1, sizes, {rows[-1].name: OUTPUT})
    _run(graph, network.root, "", INPUT)
    return onnx_format.graph(
        name,
        graph.nodes,
        graph.initialisers,
        [_value(INPUT, network.input_shape)],
        [_value(OUTPUT, rows[-1].output_shape)],
        [_value(row.name, row.output_shape) for row in rows[:-1]],
    )


def _value(name: str, shape: tuple[int, ...]) -> Message:
    return onnx_format.value_info(name, ("batch", *shape))


def _run(graph: Graph, node: Node, path: str, x: str) -> str:
    """Add a node's layers behind the value x, and return the value that comes out."""
    if isinstance(node, Chain):
        for name, part, *_ in node.children:
            x = _run(graph, part, f"{path}.{name}" if path else name, x)
        return x
    if isinstance(node, Residual):
        return _residual(graph, node, path, x)
    if isinstance(node, Concat):
        maps = [_run(graph, part, f"{path}.{name}", x) for name, part, *_ in node.branches]
        return graph.add("Concat", f"{path}.concat", *maps, axis=1)
    return LAYERS[type(node)](graph, node, path, x)


def _residual(graph: Graph, unit: Residual, path: str, x: str) -> str:
    start = _run(graph, unit.before, path, x)
    branch = _run(graph, unit.branch, path, start)
    shortcut = _run(graph, unit.shortcut, f"{path}.downsample", start)
    if unit.gate.children:
        weights = _run(graph, unit.gate, f"{path}.gate", start)
        if unit.gates_branch:
            branch = graph.add("Mul", f"{path}.gated_branch", branch, weights)
        one = graph.numbers(f"{path}.one", [], [1.0])
        rest = graph.add("Sub", f"{path}.rest", one, weights)
        shortcut = graph.add("Mul", f"{path}.gated_shortcut", shortcut, rest)
    return _run(graph, unit.after, path, graph.add("Add", f"{path}.add", branch, shortcut))
