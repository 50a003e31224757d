"""ONNX files byte by byte: the messages of onnx.proto in Protocol Buffers' wire format.

The numbers in `put` calls are onnx.proto's field numbers. Written out here, a file needs
neither the onnx package nor torch's exporters, which need it.

Source:
    github.com/onnx/onnx, onnx/onnx.proto; protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

OPSET = 21
"""Version of the operators: the first in which GroupNormalization scales each channel."""

MAX_BYTES = 2**31 - 1
"""No reader of Protocol Buffers takes a longer message."""

_IR_VERSION = 10
_FLOAT, _INT64 = 1, 7

Attribute: TypeAlias = int | float | str | Sequence[int]
Dimension: TypeAlias = int | str


class Message:
    """A message in the making: chunks in order, joined once at the end."""

    def __init__(self) -> None:
        self.size = 0
        self._chunks: list[bytes | memoryview] = []

    def put_int(self, field: int, value: int) -> None:
        """Add a whole number of 0 or more."""
        self._add(_varint(field << 3), _varint(value))

    def put_float(self, field: int, value: float) -> None:
        """Add a float32."""
        self._add(_varint(field << 3 | 5), struct.pack("<f", value))

    def put(self, field: int, value: "str | bytes | memoryview | Message") -> None:
        """Add a text, bytes or a message."""
        data = value.encode() if isinstance(value, str) else value
        size = data.size if isinstance(data, Message) else len(data)
        chunks = data._chunks if isinstance(data, Message) else [data]
        self._add(_varint(field << 3 | 2), _varint(size), *chunks)

    def _add(self, *chunks: bytes | memoryview) -> None:
        self._chunks += chunks
        self.size += sum(map(len, chunks))

    def finish(self) -> bytes:
        """Return the whole message."""
        return b"".join(self._chunks)


def _varint(value: int) -> bytes:
    """Return a number of 0 or more, seven bits a byte, the low ones first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def node(
    operator: str,
    name: str,
    inputs: Sequence[str],
    output: str,
    attributes: Mapping[str, Attribute] | None = None,
) -> Message:
    """Return a NodeProto: one operator, its named inputs and its one output."""
    message = Message()
    for value in inputs:
        message.put(1, value)
    message.put(2, output)
    message.put(3, name)
    message.put(4, operator)
    for key, setting in (attributes or {}).items():
        message.put(5, _attribute(key, setting))
    return message


def constant(name: str, values: Message) -> Message:
    """Return a NodeProto whose output is a tensor of `tensor`."""
    attribute = Message()
    attribute.put(1, "value")
    attribute.put(5, values)
    attribute.put_int(20, 4)
    message = Message()
    message.put(2, name)
    message.put(3, name)
    message.put(4, "Constant")
    message.put(5, attribute)
    return message


def _attribute(name: str, value: Attribute) -> Message:
    message = Message()
    message.put(1, name)
    if isinstance(value, float):
        message.put_float(2, value)
        message.put_int(20, 1)
    elif isinstance(value, int):
        message.put_int(3, value)
        message.put_int(20, 2)
    elif isinstance(value, str):
        message.put(4, value)
        message.put_int(20, 3)
    else:
        for number in value:
            message.put_int(8, number)
        message.put_int(20, 7)
    return message


def tensor(name: str, shape: Sequence[int], data: bytes | memoryview, whole: bool) -> Message:
    """Return a TensorProto.

    Args:
        name: of an initialiser; empty for a constant.
        shape: its size in each direction; empty for a single number.
        data: float32, or int64 where they are `whole`, little-endian, the last axis fastest.
        whole: whether the numbers are whole.
    """
    message = Message()
    for size in shape:
        message.put_int(1, size)
    message.put_int(2, _INT64 if whole else _FLOAT)
    message.put(8, name)
    message.put(9, data)
    return message


def value_info(name: str, shape: Sequence[Dimension]) -> Message:
    """Return a ValueInfoProto of float32; a dimension that is a name may have any size."""
    sizes = Message()
    for size in shape:
        dimension = Message()
        if isinstance(size, int):
            dimension.put_int(1, size)
        else:
            dimension.put(2, size)
        sizes.put(1, dimension)
    of_tensor, of_type, message = Message(), Message(), Message()
    of_tensor.put_int(1, _FLOAT)
    of_tensor.put(2, sizes)
    of_type.put(1, of_tensor)
    message.put(1, name)
    message.put(2, of_type)
    return message


def graph(
    name: str,
    nodes: Sequence[Message],
    initialisers: Sequence[Message],
    inputs: Sequence[Message],
    outputs: Sequence[Message],
    inside: Sequence[Message],
) -> Message:
    """Return a GraphProto.

    Args:
        name: of the graph.
        nodes: in an order in which they can be run.
        initialisers: tensors that nodes take.
        inputs: what the graph takes.
        outputs: what it gives.
        inside: the shapes of values on the way, for readers that do not infer them.
    """
    message = Message()
    for part in nodes:
        message.put(1, part)
    message.put(2, name)
    for field, parts in ((5, initialisers), (11, inputs), (12, outputs), (13, inside)):
        for part in parts:
            message.put(field, part)
    return message


def model(
    body: Message, producer: str, version: str, about: str, notes: Mapping[str, str]
) -> bytes:
    """Return a ModelProto, which is a whole ONNX file.

    Args:
        body: the graph.
        producer: the program that writes the file.
        version: of that program.
        about: what the model is.
        notes: metadata that go with it.
    """
    message = Message()
    message.put_int(1, _IR_VERSION)
    message.put(2, producer)
    message.put(3, version)
    message.put(6, about)
    message.put(7, body)
    operators = Message()
    operators.put(1, "")
    operators.put_int(2, OPSET)
    message.put(8, operators)
    for key, value in notes.items():
        note = Message()
        note.put(1, key)
        note.put(2, value)
        message.put(14, note)
    return message.finish()
