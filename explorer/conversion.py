"""A file of torch.save as a safetensors file, without running code from it."""

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from explorer.checkpoints import CheckpointError, without_prefixes
from explorer.mismatch import likeness, mismatch, printable
from explorer.spec import ArchitectureSpec
from explorer.torchvision_weights import without_auxiliary

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Entries of a checkpoint in which the weights are looked for, at any depth."""

_DEEPEST = 8  # of wrappers: a file may hold itself
_NAMED = 5


def convert(file: Path, spec: ArchitectureSpec | None = None) -> tuple[bytes, str]:
    """Return a PyTorch checkpoint as the content of a safetensors file, and what it holds in words.

    Args:
        file: written by torch.save: a state dict, or a dictionary that holds one.
        spec: the network it must fit; then weights that only training needs are left out.
    Raises:
        CheckpointError: if it holds no state dict, more than tensors, or does not fit.
    """
    loaded = read(file)
    try:
        tensors = state_dict(loaded)
    except CheckpointError as error:
        raise CheckpointError(f"{file.name}: {error}") from None
    about = {"format": "pt"}
    if spec is not None:
        tensors = without_auxiliary(tensors, spec)
        about["variant"] = str(spec)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    different = mismatch(shapes, spec) if spec is not None else None
    if different is not None:
        raise CheckpointError(f"{file.name} does not fit: {different}")
    numbers = sum(tensor.numel() for tensor in tensors.values())
    fit = likeness(shapes) if spec is None else f"they fit {spec}"
    return save(tensors, about), f"{len(tensors):,} tensors, {numbers:,} numbers; {fit}"


def read(file: Path) -> Any:
    """Return what torch.save wrote, if that is tensors, numbers, texts and their containers.

    Raises:
        CheckpointError: if it cannot be read, or asks for code to be run.
    """
    try:
        content = file.open("rb")
    except OSError as error:
        raise CheckpointError(f"{file}: {error.strerror or error}") from None
    with content, warnings.catch_warnings(action="ignore"):  # of rare formats
        try:
            return torch.load(content, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises almost anything on other files
            raise CheckpointError(f"{file.name} {_trouble(error)}") from None


def _trouble(error: Exception) -> str:
    found = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
    if not isinstance(error, UnpicklingError) or found is None:
        return "is damaged, or not written by torch.save"
    return (
        f"holds more than weights ({found[1]}), and reading that could run code: save it again "
        "with torch.save(model.state_dict(), FILE)"
    )


def state_dict(loaded: Any) -> dict[str, Tensor]:
    """Return the weights within what was loaded, under the names that the network gives them.

    Raises:
        CheckpointError: if there are none, or of a sort that is not supported.
    """
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f"it holds no named weights, but a {type(loaded).__name__}")
    found = loaded
    for _ in range(_DEEPEST):
        if _is_state_dict(found):
            _check_names(found)
            return {name: _plain(name, each) for name, each in without_prefixes(found).items()}
        inner = [found[name] for name in WRAPPERS if isinstance(found.get(name), Mapping)]
        if not inner:
            break
        found = inner[0]
    names = ", ".join(printable(str(name)) for name in list(found)[:_NAMED])
    raise CheckpointError(f"it holds no state dict; its entries are: {names or 'none'}")


def _is_state_dict(value: Mapping[Any, Any]) -> bool:
    named = all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items())
    return named and bool(value)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise CheckpointError(f"{printable(name)} is no name that can be written") from None


def _plain(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor of its own memory, in plain layout."""
    plain = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    if not plain or tensor.is_complex():
        raise CheckpointError(
            f"{printable(name)} is sparse, quantised, complex or without numbers: only plain "
            "tensors can be converted"
        )
    return tensor.detach().clone(memory_format=torch.contiguous_format)
