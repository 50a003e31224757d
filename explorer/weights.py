"""Trained weights: which there are for which architecture, their files, and the loaded modules.

Some are bundled; torchvision's are fetched on request into torch's own cache, where torchvision
finds them too. Torch is imported where it is needed, so that a page can list the bundled weights
before torch is there.
"""

import difflib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from explorer import assets, downloads
from explorer.cards import WeightsEntry, read_entry
from explorer.spec import ArchitectureSpec, as_fields

if TYPE_CHECKING:
    from torch import Tensor, nn

FOLDER = assets.FOLDER / "weights"
DEFAULT = "resnet50-keras"
"""The weights that answer where none are asked for."""
MAX_LOADED_BYTES = 2**30
"""Networks that were used last are kept in memory, up to this size together."""


class WeightsError(ValueError):
    """Why weights cannot be had, in one sentence."""


@lru_cache(maxsize=1)
def available() -> tuple[WeightsEntry, ...]:
    """Return every bundled set of weights whose model card is whole, by name; read once."""
    cards = []
    for file in sorted(FOLDER.glob("*.json")):
        with suppress(assets.AssetError):  # the app says so on every page
            cards.append(assets.read_path(file))
    return tuple(read_entry(json.loads(card)) for card in cards)


def offered() -> tuple[WeightsEntry, ...]:
    """Return every set of weights: the bundled ones, then torchvision's. Imports torchvision."""
    from explorer import torchvision_weights

    return (*available(), *torchvision_weights.entries())


def find(name: str) -> WeightsEntry:
    """Return the weights of that name. Imports torchvision if no bundled ones have it.

    Raises:
        WeightsError: if there are none; the message lists the nearest names.
    """
    for entries in (available, offered):
        known = {entry.name: entry for entry in entries()}
        if name in known:
            return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=3) or list(known)[:3]
    raise WeightsError(f"no weights {name[:60]!r}; there are {', '.join(near)}")


def for_spec(spec: ArchitectureSpec) -> WeightsEntry | None:
    """Return bundled weights for exactly this architecture, or None."""
    return next((entry for entry in available() if entry.spec == spec), None)


def of_cifar10() -> tuple[WeightsEntry, ...]:
    """Return the bundled weights that were trained on CIFAR-10, by name."""
    return tuple(entry for entry in available() if entry.dataset.startswith("CIFAR-10,"))


def cifar10_name(spec: ArchitectureSpec) -> str:
    """Return the name of those for exactly this architecture, or an empty text."""
    return next((entry.name for entry in of_cifar10() if entry.spec == spec), "")


def offered_for(spec: ArchitectureSpec) -> tuple[WeightsEntry, ...]:
    """Return all weights for exactly this architecture, bundled or not. Imports torchvision."""
    return tuple(entry for entry in offered() if entry.spec == spec)


def nearest(spec: ArchitectureSpec) -> WeightsEntry | None:
    """Return the bundled weights that differ in the fewest choices, then in depth, if any are."""
    return min(available(), key=lambda entry: _distance(entry.spec, spec), default=None)


def _distance(one: ArchitectureSpec, other: ArchitectureSpec) -> tuple[int, int]:
    fields, others = as_fields(one), as_fields(other)
    changed = sum(value != others[name] for name, value in fields.items())
    return changed, abs(one.depth - other.depth)


def file_of(entry: WeightsEntry) -> Path:
    """Return where the file of some weights is, or will be once it is fetched.

    That is torch's cache, in the folder that the variable TORCH_HOME names, for what is fetched.
    """
    if entry.bundled:
        return FOLDER / f"{entry.name}.safetensors"
    from torch import hub

    return Path(hub.get_dir(), "checkpoints", entry.url.rpartition("/")[2])


def is_there(entry: WeightsEntry) -> bool:
    """Whether some weights can be loaded without fetching them first."""
    # Unlike Path's, which raises where a folder may not be entered or its name is too long.
    return os.path.isfile(file_of(entry))


def fetch(entry: WeightsEntry, progress: downloads.Progress = lambda done, total: None) -> None:
    """Have the file of some weights on this machine; return at once if it is.

    Args:
        entry: the weights; `size_bytes` is what will be fetched.
        progress: is told the bytes that are there and those that there will be; what it raises
            ends the transfer, which the next attempt continues.
    Raises:
        WeightsError: if they cannot be fetched, with what can be used instead.
    """
    if entry.bundled:
        return
    try:
        downloads.fetch(entry.url, file_of(entry), entry.sha256, entry.size_bytes, progress)
    except downloads.DownloadError as error:
        raise WeightsError(
            f"{entry.name} could not be fetched: {error}. {DEFAULT} is bundled and needs no network"
        ) from None


def damaged() -> tuple[str, ...]:
    """Return the files of bundled weights, as in `assets`, that are not the published ones.

    A missing file, or one of another size, is noticed at once; an altered one when it is loaded.
    """
    found = []
    for entry in available():
        file = file_of(entry)
        if file in _altered or not is_there(entry) or file.stat().st_size != entry.size_bytes:
            found.append(f"weights/{file.name}")
    return tuple(found)


_altered: set[Path] = set()
_lock = Lock()
_loaded: dict[str, "nn.Module"] = {}  # used last, last


def load(name: str) -> "nn.Module":
    """Return the network with its weights: eval mode, float32, no gradients.

    The module is shared by all threads. It is for forward passes only: no hooks, no train mode,
    no backward pass. Copy it to do more.

    Raises:
        WeightsError: for an unknown name, or a file that is missing, altered or not yet fetched.
    """
    entry = find(name)
    with _lock:
        module = _loaded.pop(name, None)
        if module is None:
            module = _read_module(entry)
            _make_room(_bytes(module))
        _loaded[name] = module
        return module


def loaded_bytes() -> tuple[int, ...]:
    """Return the size of each network that is kept in memory; waits for none being loaded."""
    return tuple(map(_bytes, list(_loaded.values())))


def _make_room(coming_bytes: int) -> None:
    """Forget the networks that have not been used for longest, as far as is necessary."""
    sizes = {name: _bytes(module) for name, module in _loaded.items()}
    for name in list(_loaded):
        if sum(sizes.values()) + coming_bytes <= MAX_LOADED_BYTES:
            return
        del _loaded[name], sizes[name]


def _bytes(module: "nn.Module") -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())


def _read_module(entry: WeightsEntry) -> "nn.Module":
    from explorer.network import build

    tensors = _read_tensors(entry)
    module = build(entry.architecture)
    module.load_state_dict(tensors, strict=True)  # float16 is widened as it is copied
    return module.eval().requires_grad_(False)


def _read_tensors(entry: WeightsEntry) -> "Mapping[str, Tensor]":
    import torch
    from safetensors.torch import load_file

    from explorer.torchvision_weights import without_auxiliary

    file = _verified(entry)
    if entry.bundled:
        return load_file(file)
    tensors = torch.load(file, map_location="cpu", weights_only=True)
    return without_auxiliary(tensors, entry.spec)


def _verified(entry: WeightsEntry) -> Path:
    """Return the file of some weights after comparing it with the published checksum."""
    file = file_of(entry)
    if downloads.matches(file, entry.sha256):
        _altered.discard(file)
        return file
    fetching = f"fetch it with: python -m explorer fetch {entry.name}"
    if not is_there(entry):
        remedy = "make it as assets/README.md says, or restore it" if entry.bundled else fetching
        raise WeightsError(f"{file.name} is missing: {remedy}")
    if entry.bundled:
        _altered.add(file)
    raise WeightsError(
        f"{file.name} is not the published file: {file.stat().st_size:,} bytes instead of "
        f"{entry.size_bytes:,}, or altered ones; {'restore it' if entry.bundled else fetching}"
    )
