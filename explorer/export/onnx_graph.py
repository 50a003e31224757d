"""An ONNX graph in the making."""

import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from explorer.export import onnx_format
from explorer.export.onnx_format import Attribute, Message

if TYPE_CHECKING:
    from torch import Tensor


class Graph:
    """Nodes in forward order. Each has one output, which is called what the node is.

    Args:
        state: the state dict that initialisers come from.
        dims: 2 for pictures, 1 for series.
        sizes: size of the map that each layer takes, (H, W) or (L,); empty behind a flattening.
        renamed: outputs that are called otherwise than their nodes.
    """

    def __init__(
        self,
        state: "Mapping[str, Tensor]",
        dims: int,
        sizes: Mapping[str, tuple[int, ...]],
        renamed: Mapping[str, str],
    ) -> None:
        self.nodes: list[Message] = []
        self.initialisers: list[Message] = []
        self.dims, self.sizes = dims, sizes
        self._state, self._renamed = state, renamed

    def add(self, operator: str, name: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node and return the name of its output."""
        output = self._renamed.get(name, name)
        self.nodes.append(onnx_format.node(operator, name, inputs, output, attributes))
        return output

    def weights(self, layer: str, *kinds: str) -> list[str]:
        """Take over tensors of a layer from the state dict and return their names."""
        names = [f"{layer}.{kind}" for kind in kinds]
        for name in names:
            tensor = self._state[name]
            data = tensor.contiguous().numpy().reshape(-1).data.cast("B")
            self.initialisers.append(onnx_format.tensor(name, tensor.shape, data, whole=False))
        return names

    def numbers(self, name: str, shape: Sequence[int], values: Sequence[float]) -> str:
        """Add a constant of float32 and return its name."""
        data = struct.pack(f"<{len(values)}f", *values)
        self.nodes.append(
            onnx_format.constant(name, onnx_format.tensor("", shape, data, whole=False))
        )
        return name

    def whole_numbers(self, name: str, values: Sequence[int]) -> str:
        """Add a constant list of int64 and return its name."""
        data = struct.pack(f"<{len(values)}q", *values)
        values_of = onnx_format.tensor("", [len(values)], data, whole=True)
        self.nodes.append(onnx_format.constant(name, values_of))
        return name
