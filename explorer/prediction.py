"""What a network says about one picture."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from PIL import Image
from torch import Tensor, nn

from explorer.cards import Preprocessing, WeightsEntry
from explorer.network import build
from explorer.preprocessing import preprocess, random_crop
from explorer.spec import ArchitectureSpec
from explorer.weights import load

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_GREY_MEAN, _GREY_STD = (0.449,), (0.226,)  # the averages of the three
_OVERFLOW = (
    "The network's output overflows or is no number: these weights do not fit what is fed to them."
)
_UNTRAINED_OVERFLOW = (
    "The network's output overflows: the signal grows with every residual unit as long as "
    "BatchNorm has no trained statistics, and this network has too many units."
)


class PredictionError(ValueError):
    """Why a network has nothing to say about a picture, in one sentence."""


@dataclass(frozen=True, slots=True)
class Label:
    """One class, its index and the probability the network gives it, from 0 to 1."""

    label: str
    index: int
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The most probable classes of one picture.

    Args:
        weights: name of the weights; None for an untrained network.
        top: most probable first.
        probabilities: of all classes, shape (classes,), float32, in index order.
        shown: what the network saw, before normalisation; RGB or, for one channel, grey.
        preprocess_ms: from the picture to the input tensor.
        forward_ms: from the input tensor to the probabilities.
        note: what to keep in mind when reading the result, or an empty text.
    """

    weights: str | None
    top: tuple[Label, ...]
    probabilities: Tensor
    shown: Image.Image
    preprocess_ms: float
    forward_ms: float
    note: str = ""

    @property
    def trained(self) -> bool:
        """Whether the network has learned anything."""
        return self.weights is not None


def predict(
    image: Image.Image,
    entry: WeightsEntry,
    top: int = 5,
    module: nn.Module | None = None,
    steps: Preprocessing | None = None,
) -> Prediction:
    """Return the most probable classes of a picture, by trained weights.

    Args:
        image: any mode, any size.
        entry: the weights, with their preprocessing and labels.
        top: how many classes, at least one.
        module: a network in eval mode with these weights; None takes the shared one. It is
            never changed.
        steps: another preprocessing than the published one.
    Raises:
        PredictionError: if the output holds no finite numbers.
        WeightsError: if the weights cannot be loaded.
    """
    network = load(entry.name) if module is None else module
    published = entry.preprocessing
    return _run(image, network, steps or published, entry.categories, top, entry.name)


def predict_own(
    image: Image.Image,
    network: nn.Module,
    steps: Preprocessing,
    labels: Sequence[str],
    name: str,
    top: int = 5,
) -> Prediction:
    """Return the most probable classes of a picture, by weights that somebody brought along.

    Args:
        image: any mode, any size.
        network: in eval mode, as `checkpoints.module_from` returns it.
        steps: how its pictures become inputs, see `usual_preprocessing`.
        labels: of its classes in index order, see `class_names`.
        name: what the weights are called in the result.
        top: how many classes, at least one.
    Raises:
        PredictionError: if the labels are not as many as the outputs, or these are not finite.
    """
    return _run(image, network, steps, labels, top, name)


def class_names(spec: ArchitectureSpec) -> tuple[str, ...]:
    """Return names for classes nobody has named: class 0, class 1 and so on."""
    return tuple(f"class {index}" for index in range(spec.classes))


def predict_untrained(
    image: Image.Image,
    spec: ArchitectureSpec,
    seed: int = 0,
    top: int = 5,
    module: nn.Module | None = None,
    steps: Preprocessing | None = None,
) -> Prediction:
    """Return what a network answers before it has learned anything: classes are mere numbers.

    The network is in eval mode, where BatchNorm uses its running statistics. Untrained, these are
    mean 0 and variance 1, so normalisation changes nothing, the signal grows with every residual
    unit, and the network is often quite sure of a class that means nothing.

    Args:
        image: any mode, any size.
        spec: a network of one or three input channels.
        seed: draws the weights.
        top: how many classes, at least one.
        module: that network, if it is already built, in eval mode.
        steps: another preprocessing than the usual one.
    Raises:
        PredictionError: for another number of channels, or if the signal overflows float32.
    """
    usual = usual_preprocessing(spec)
    network = build(spec, seed).eval() if module is None else module
    note = untrained_note(spec)
    return _run(image, network, steps or usual, class_names(spec), top, None, note)


def untrained_note(spec: ArchitectureSpec) -> str:
    """Say what to keep in mind when reading the answer of an untrained network."""
    note = "Untrained: the weights are random, the classes mean nothing. Evaluation mode"
    if spec.norm == "batch":
        note += ", where BatchNorm's running statistics are still mean 0 and variance 1"
    return f"{note}."


def usual_preprocessing(spec: ArchitectureSpec) -> Preprocessing:
    """Return the usual preprocessing for a network's input size, with ImageNet's statistics.

    Raises:
        PredictionError: if the input is neither grey nor RGB, or no picture.
    """
    if spec.dims != 2:
        raise PredictionError("This network takes series of numbers, not pictures.")
    if spec.in_channels not in (1, 3):
        raise PredictionError(
            f"A picture has one channel (grey) or three (RGB) and this network takes "
            f"{spec.in_channels}: choose in_channels=3 or 1."
        )
    grey = spec.in_channels == 1
    return Preprocessing(
        resize=round(spec.image_size * 256 / 224),
        crop=spec.image_size,
        channels="L" if grey else "RGB",
        divisor=255.0,
        mean=_GREY_MEAN if grey else _IMAGENET_MEAN,
        std=_GREY_STD if grey else _IMAGENET_STD,
    )


def picture_batch(
    images: Sequence[Image.Image], spec: ArchitectureSpec, batch: int, seed: int
) -> Tensor:
    """Return a batch of random crops, half of them mirrored, going round the pictures in turn.

    Args:
        images: at least one, any mode, any size.
        spec: the network they are for; sets size and channels.
        batch: how many crops.
        seed: draws the crops; the same seed gives the same batch.
    Returns:
        Shape (batch, channels, size, size), float32, normalised by ImageNet's statistics.
    Raises:
        PredictionError: if the network takes neither grey nor RGB pictures.
    """
    steps = usual_preprocessing(spec)
    generator = random.Random(seed)
    crops = [random_crop(images[n % len(images)], steps, generator) for n in range(batch)]
    return torch.stack([tensor for tensor, _ in crops])


def _run(
    image: Image.Image,
    network: nn.Module,
    steps: Preprocessing,
    labels: Sequence[str],
    top: int,
    weights: str | None,
    note: str = "",
) -> Prediction:
    start = perf_counter()
    tensor, shown = preprocess(image, steps)
    middle = perf_counter()
    with torch.inference_mode():
        probabilities = network(tensor.unsqueeze(0)).softmax(1)[0]
    end = perf_counter()
    if len(probabilities) != len(labels):
        raise PredictionError(
            f"The network has {len(probabilities):,} outputs and there are {len(labels):,} labels: "
            "give one for each, in the order of the outputs."
        )
    if not bool(probabilities.isfinite().all()):
        raise PredictionError(_UNTRAINED_OVERFLOW if weights is None else _OVERFLOW)
    values, indices = probabilities.topk(min(max(1, top), len(labels)))
    best = zip(values.tolist(), indices.tolist(), strict=True)
    found = tuple(Label(labels[index], index, value) for value, index in best)
    times = (middle - start) * 1e3, (end - middle) * 1e3
    return Prediction(weights, found, probabilities, shown, *times, note)
