"""Trained weights: what is bundled, for which architecture, and the loaded module.

Torch is imported by `load` alone, so that a page can list weights before torch is there.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from explorer.printed import Result
from explorer.spec import ArchitectureSpec, as_fields, parse

if TYPE_CHECKING:
    from torch import nn

FOLDER = Path(__file__).parent.parent / "assets" / "weights"
DEFAULT = "resnet50-keras"
"""The weights that answer where none are asked for."""


class WeightsError(ValueError):
    """Why weights cannot be had, in one sentence."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the network's input.

    The shorter side is resized to `resize` pixels, the centre `crop` x `crop` is cut out, and
    each channel becomes (value / divisor - mean) / std, for values from 0 to 255.

    Args:
        channels: their order and number: RGB, BGR, or L for grey.
        mean: for each channel, in that order; or for each value of the cut-out picture.
        std: for each channel, in that order.
    """

    resize: int
    crop: int
    channels: str
    divisor: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Published accuracy in percent, how it was measured, and who says so."""

    top1_percent: float
    top5_percent: float
    evaluation: str
    source: str


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Where a network stood after an epoch of its training.

    Args:
        epoch: counted from 1; the last may have been cut short by the recipe.
        iteration: steps until then.
        learning_rate: of the epoch's last step.
        train_loss: mean over the epoch's augmented pictures, each before its step.
        train_error_percent: over the same.
        test_loss: over all test pictures after the epoch; None where it was not measured.
        test_error_percent: over the same.
        seconds: that the epoch took.
        validation_loss: over the held-out part of the training pictures; None if there is none.
        validation_error_percent: over the same.
    """

    epoch: int
    iteration: int
    learning_rate: float
    train_loss: float
    train_error_percent: float
    test_loss: float | None
    test_error_percent: float | None
    seconds: float
    validation_loss: float | None = None
    validation_error_percent: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingCard:
    """How our own weights came about, and what they are worth.

    Args:
        recipe: every setting of the recipe, see `explorer.training.recipe.Recipe`.
        seed: of weights, order and crops.
        train_pictures: how many there were to learn from.
        test_pictures: how many the test error is of.
        test_wrong: those of them whose class the bundled weights miss.
        test_error_percent: the same as a share.
        bundled_test_wrong: pictures missed in the bundled part of the test set.
        published: printed errors of the same network, each with its source; may be empty.
        curve: one point for each epoch.
        versions: of what trained it.
    """

    recipe: Mapping[str, Any] = field(hash=False)
    seed: int
    train_pictures: int
    test_pictures: int
    test_wrong: int
    test_error_percent: float
    bundled_test_wrong: int
    published: tuple[Result, ...]
    curve: tuple[CurvePoint, ...]
    versions: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One set of weights.

    Args:
        name: how it is called in the URL and on the command line.
        title: how it is called on a page.
        architecture: text form of the variant it fits.
        dataset: what it was trained on.
        categories: class labels in index order.
        accuracy: of the original weights.
        licence: the licence's name; its text is in assets/README.md.
        source: where the weights come from.
        size_bytes: of the file.
        sha256: of the file.
        training: of weights that were trained here; None for others'.
    """

    name: str
    title: str
    architecture: str
    dataset: str
    preprocessing: Preprocessing
    categories: tuple[str, ...]
    accuracy: Accuracy
    licence: str
    source: str
    size_bytes: int
    sha256: str
    training: TrainingCard | None = None

    @property
    def spec(self) -> ArchitectureSpec:
        """The architecture these weights fit."""
        return parse(self.architecture)

    @property
    def path(self) -> Path:
        """The safetensors file."""
        return FOLDER / f"{self.name}.safetensors"


@lru_cache(maxsize=1)
def available() -> tuple[WeightsEntry, ...]:
    """Return every bundled set of weights, by name. The descriptions are read once."""
    files = sorted(FOLDER.glob("*.json"))
    return tuple(_entry(json.loads(file.read_text(encoding="utf-8"))) for file in files)


def _entry(about: dict[str, Any]) -> WeightsEntry:
    steps = about["preprocessing"]
    preprocessing = Preprocessing(
        **{**steps, "mean": tuple(steps["mean"]), "std": tuple(steps["std"])}
    )
    parts = {
        "preprocessing": preprocessing,
        "categories": tuple(about["categories"]),
        "accuracy": Accuracy(**about["accuracy"]),
        "training": _card(about["training"]) if "training" in about else None,
    }
    return WeightsEntry(**{**about, **parts})


def _card(about: dict[str, Any]) -> TrainingCard:
    parts = {
        "published": tuple(Result(**figure) for figure in about["published"]),
        "curve": tuple(CurvePoint(**point) for point in about["curve"]),
    }
    return TrainingCard(**{**about, **parts})


def find(name: str) -> WeightsEntry:
    """Return the weights of that name.

    Raises:
        WeightsError: if there are none; the message lists the nearest names.
    """
    known = {entry.name: entry for entry in available()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=3) or list(known)
    raise WeightsError(f"no weights {name[:60]!r}; there are {', '.join(near)}")


def for_spec(spec: ArchitectureSpec) -> WeightsEntry | None:
    """Return weights for exactly this architecture, or None."""
    return next((entry for entry in available() if entry.spec == spec), None)


def nearest(spec: ArchitectureSpec) -> WeightsEntry:
    """Return the weights whose architecture differs in the fewest choices, then in depth.

    Raises:
        WeightsError: if no weights are bundled at all.
    """
    if not available():
        raise WeightsError(f"no weights are bundled: {FOLDER.name} holds no description")
    return min(available(), key=lambda entry: _distance(entry.spec, spec))


def _distance(one: ArchitectureSpec, other: ArchitectureSpec) -> tuple[int, int]:
    fields, others = as_fields(one), as_fields(other)
    changed = sum(value != others[name] for name, value in fields.items())
    return changed, abs(one.depth - other.depth)


_lock = Lock()
_loaded: dict[str, "nn.Module"] = {}


def load(name: str) -> "nn.Module":
    """Return the network with its weights: eval mode, float32, no gradients.

    The module is loaded once and shared by all threads. It is for forward passes only: no hooks,
    no train mode, no backward pass. Copy it to do more.

    Raises:
        WeightsError: for an unknown name, a missing file or one that was altered.
    """
    entry = find(name)
    with _lock:
        if name not in _loaded:
            _loaded[name] = _read_module(entry)
        return _loaded[name]


def _read_module(entry: WeightsEntry) -> "nn.Module":
    from safetensors.torch import load as read_tensors

    from explorer.network import build

    tensors = read_tensors(read_verified(entry))
    module = build(entry.architecture)
    module.load_state_dict(tensors, strict=True)  # float16 is widened as it is copied
    return module.eval().requires_grad_(False)


def read_verified(entry: WeightsEntry) -> bytes:
    """Return the bytes of a weights file after comparing them with the published checksum.

    Raises:
        WeightsError: if the file is missing or its SHA-256 differs.
    """
    if not entry.path.is_file():
        raise WeightsError(
            f"{entry.path.name} is missing: make it as assets/README.md says, or restore it"
        )
    data = entry.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise WeightsError(
            f"{entry.path.name} is not the published file: {len(data):,} bytes instead of "
            f"{entry.size_bytes:,}, or altered ones; restore it"
        )
    return data
