"""Weights that somebody brings along as a safetensors file: nothing in it is run or trusted."""

import json
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from explorer.cards import FileCard, read_file_card
from explorer.mismatch import mismatch, printable
from explorer.network import build
from explorer.spec import ArchitectureSpec
from explorer.tensors import COUNTER, Shape, tensor_shapes
from explorer.torchvision_weights import without_auxiliary

MAX_BYTES = 800_000_000
"""The largest file that is read: 200 million numbers in float32."""
MAX_HEADER_BYTES = 4_000_000
"""The largest header: names, types and shapes."""
MAX_TENSORS = 20_000
"""The most tensors; ResNet-1202 has 7,208."""
TYPES = ("F16", "BF16", "F32", "F64")
"""What weights may be stored as; all become float32."""

CARD = "card"
"""The entry of a file's metadata that holds a `FileCard`."""
PREFIXES = ("module.", "model.", "_orig_mod.")
"""What DataParallel, Lightning and torch.compile put before every name."""

_LENGTH_BYTES = 8
_COUNTER_TYPES = ("U8", "I8", "I16", "I32", "I64")
_OTHER_KINDS = (
    (b"PK\x03\x04", "a PyTorch file or another archive"),
    (b"\x80\x02", "a PyTorch file"),
    (b"\x89HDF", "an HDF5 file, as Keras writes them"),
)
_CONVERT = "python -m explorer convert FILE.pt -o FILE.safetensors turns a PyTorch file into one"


T = TypeVar("T")


class CheckpointError(ValueError):
    """Why a file cannot be used as weights, in one sentence."""


class _Header(NamedTuple):
    shapes: dict[str, Shape]
    types: dict[str, str]
    card: str


def module_from(data: bytes, spec: ArchitectureSpec) -> nn.Module:
    """Return a network with the weights of a safetensors file: eval mode, float32, no gradients.

    Weights that only training needs may be in the file (GoogLeNet's auxiliary classifiers) or
    missing (counters of batches).

    Args:
        data: the whole file.
        spec: the network. Shapes alone are compared: nobody can see from a file whether strides
            and activations are this network's too.
    Raises:
        CheckpointError: if the file is damaged, too large, of another network (with what differs
            and which network it looks like), or holds numbers that are none.
    """
    header = _read_header(data)
    shapes = without_auxiliary(header.shapes, spec)
    different = mismatch(shapes, spec)
    if different is not None:
        raise CheckpointError(f"the file does not fit: {different}")
    needed = tensor_shapes(spec)
    for name in needed.keys() & shapes.keys():
        _check_type(name, header.types[name])
    module = build(spec)
    try:
        tensors = without_prefixes(load(data))
        module.load_state_dict({name: tensors[name] for name in needed.keys() & tensors.keys()})
    except (SafetensorError, RuntimeError):  # where two readers of the header would not agree
        raise CheckpointError("the file is damaged") from None
    for name, tensor in module.state_dict().items():
        _check_numbers(name, tensor)
    return module.eval().requires_grad_(False)


def shapes_of(data: bytes) -> dict[str, Shape]:
    """Return the shapes in a safetensors file by name, to be held against networks.

    Raises:
        CheckpointError: if the file is damaged or too large.
    """
    return _read_header(data).shapes


def card_of(data: bytes) -> FileCard | None:
    """Return what a safetensors file says about its classes and pictures; None if nothing.

    Raises:
        CheckpointError: if the file, or what it says, is damaged.
    """
    card = _read_header(data).card
    if not card:
        return None
    try:
        return read_file_card(card)
    except ValueError as error:
        raise CheckpointError(str(error)) from None


def without_prefixes(tensors: Mapping[str, T]) -> dict[str, T]:
    """Return weights under the names that the network itself gives them."""
    names = list(tensors)
    while prefix := _common_prefix(names):
        names = [name.removeprefix(prefix) for name in names]
    return dict(zip(names, tensors.values(), strict=True))


def _common_prefix(names: list[str]) -> str:
    found = (prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in names))
    return next(found, "") if names else ""


def _read_header(data: bytes) -> _Header:
    _check_size(data)
    (length,) = struct.unpack_from("<Q", data)
    if length > MAX_HEADER_BYTES:
        raise CheckpointError(
            f"the file's header claims {length:,} bytes and the limit is {MAX_HEADER_BYTES:,}"
        )
    end = _LENGTH_BYTES + length
    if end > len(data):
        raise CheckpointError(f"the file is cut off within its header, after {len(data):,} bytes")
    try:
        about = json.loads(data[_LENGTH_BYTES:end])
        card = (about.pop("__metadata__", None) or {}).get(CARD, "")
        header = _Header(
            without_prefixes({name: _shape(each["shape"]) for name, each in about.items()}),
            without_prefixes({name: str(each["dtype"]) for name, each in about.items()}),
            str(card),
        )
        ends = [_shape(each["data_offsets"])[1] for each in about.values()]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise CheckpointError("the file's header is damaged") from None
    _check_content(len(header.shapes), len(data), end + max(ends, default=0))
    return header


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise CheckpointError(
            f"the file has {len(data):,} bytes and the limit is {MAX_BYTES:,}: store it as float16"
        )
    for start, kind in _OTHER_KINDS:
        if data.startswith(start):
            raise CheckpointError(f"the file is {kind}, not a safetensors file: {_CONVERT}")
    if data[_LENGTH_BYTES : _LENGTH_BYTES + 1] != b"{":
        raise CheckpointError(f"the file is no safetensors file: {_CONVERT}")


def _check_content(tensors: int, size: int, expected: int) -> None:
    if tensors > MAX_TENSORS:
        raise CheckpointError(f"the file has {tensors:,} tensors and the limit is {MAX_TENSORS:,}")
    if size != expected:
        raise CheckpointError(
            f"the file is cut off or damaged: it has {size:,} bytes and its header speaks of "
            f"{expected:,}"
        )


def _shape(value: Any) -> Shape:
    if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
        raise ValueError("not a list of whole numbers")
    return tuple(value)


def _check_type(name: str, found: str) -> None:
    allowed = (*TYPES, *_COUNTER_TYPES) if name.endswith(COUNTER) else TYPES
    if found not in allowed:
        raise CheckpointError(
            f"{printable(name)} is stored as {printable(found)}: {', '.join(TYPES)} can be read"
        )


def _check_numbers(name: str, tensor: Tensor) -> None:
    if not bool(tensor.isfinite().all()):
        wrong = tensor.numel() - int(tensor.isfinite().sum())
        raise CheckpointError(
            f"{name} holds {wrong:,} of {tensor.numel():,} numbers that are not finite in float32: "
            "the training had diverged, or the file is damaged"
        )
    if name.endswith("running_var") and bool((tensor < 0).any()):
        raise CheckpointError(f"{name} holds variances below zero: the file is damaged")
