"""What a network says about one picture."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from explorer.network import build
from explorer.spec import ArchitectureSpec
from explorer.weights import Preprocessing, WeightsEntry, load

_MAX_RESIZED_SIDE = 4096  # beyond, only the part that the crop needs is resized
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_GREY_MEAN, _GREY_STD = (0.449,), (0.226,)  # the averages of the three


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
        shown: what the network saw, before normalisation; RGB or, for one channel, grey.
        preprocess_ms: from the picture to the input tensor.
        forward_ms: from the input tensor to the probabilities.
        note: what to keep in mind when reading the result, or an empty text.
    """

    weights: str | None
    top: tuple[Label, ...]
    shown: Image.Image
    preprocess_ms: float
    forward_ms: float
    note: str = ""

    @property
    def trained(self) -> bool:
        """Whether the network has learned anything."""
        return self.weights is not None


def preprocess(image: Image.Image, steps: Preprocessing) -> tuple[Tensor, Image.Image]:
    """Return the network's input and the part of the picture it shows.

    Args:
        image: any mode, any size.
        steps: sizes, channel order and normalisation.
    Returns:
        Tensor of shape (channels, crop, crop), float32, and the crop as a picture.
    Source:
        Equal to torchvision's Resize (bilinear, antialiased), CenterCrop, ToTensor, Normalize.
    """
    shown = _centre_crop(_resize(_convert(image, steps), steps), steps.crop)
    return _normalise(shown, steps), shown


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
    steps = untrained_preprocessing(spec)
    generator = random.Random(seed)
    crops = [
        _random_crop(_resize(_convert(images[n % len(images)], steps), steps), steps, generator)
        for n in range(batch)
    ]
    return torch.stack([_normalise(crop, steps) for crop in crops])


def _random_crop(image: Image.Image, steps: Preprocessing, generator: random.Random) -> Image.Image:
    left = generator.randint(0, max(0, image.width - steps.crop))
    top = generator.randint(0, max(0, image.height - steps.crop))
    crop = image.crop((left, top, left + steps.crop, top + steps.crop))
    mirror = Image.Transpose.FLIP_LEFT_RIGHT
    return crop.transpose(mirror) if generator.random() < 0.5 else crop


def _convert(image: Image.Image, steps: Preprocessing) -> Image.Image:
    return image.convert("L" if steps.channels == "L" else "RGB")


def _normalise(shown: Image.Image, steps: Preprocessing) -> Tensor:
    """Return a square picture as a tensor: channels in order, divided, minus mean, over std."""
    pixels = np.array(shown, np.uint8).reshape(steps.crop, steps.crop, -1)
    values = torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32)
    if steps.channels == "BGR":
        values = values.flip(0)
    mean, std = (
        torch.tensor(v, dtype=torch.float32).view(len(values), -1) for v in (steps.mean, steps.std)
    )
    result = values.flatten(1).div(steps.divisor).sub_(mean).div_(std)
    return result.view(values.shape).contiguous()


def _resize(image: Image.Image, steps: Preprocessing) -> Image.Image:
    """Resize the shorter side to `steps.resize`, the longer in proportion, rounded down."""
    shorter, longer = sorted(image.size)
    resized = int(steps.resize * longer / shorter)
    size = (steps.resize, resized) if image.width <= image.height else (resized, steps.resize)
    if size == image.size:
        return image
    if resized <= _MAX_RESIZED_SIDE:
        return image.resize(size, Image.Resampling.BILINEAR)
    # A strip: resizing all of it would take memory in proportion to its length.
    width, height = (min(side, _MAX_RESIZED_SIDE) for side in size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    x, y = image.width / size[0], image.height / size[1]
    box = (left * x, top * y, (left + width) * x, (top + height) * y)
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _centre_crop(image: Image.Image, side: int) -> Image.Image:
    """Cut out the centre; a picture smaller than that is padded with black first."""
    width, height = image.size
    if width < side or height < side:
        padded = Image.new(image.mode, (max(width, side), max(height, side)))
        padded.paste(image, (max(0, side - width) // 2, max(0, side - height) // 2))
        image, (width, height) = padded, padded.size
    left, top = round((width - side) / 2), round((height - side) / 2)
    return image.crop((left, top, left + side, top + side))


def predict(
    image: Image.Image, entry: WeightsEntry, top: int = 5, module: nn.Module | None = None
) -> Prediction:
    """Return the most probable classes of a picture, by trained weights.

    Args:
        image: any mode, any size.
        entry: the weights, with their preprocessing and labels.
        top: how many classes, at least one.
        module: a network in eval mode with these weights; None takes the shared one. It is
            never changed.
    Raises:
        PredictionError: if the output holds no finite numbers.
        WeightsError: if the weights cannot be loaded.
    """
    network = load(entry.name) if module is None else module
    return _run(image, network, entry.preprocessing, entry.categories, top, entry.name)


def predict_untrained(
    image: Image.Image,
    spec: ArchitectureSpec,
    seed: int = 0,
    top: int = 5,
    module: nn.Module | None = None,
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
    Raises:
        PredictionError: for another number of channels, or if the signal overflows float32.
    """
    steps = untrained_preprocessing(spec)
    labels = [f"class {index}" for index in range(spec.classes)]
    network = build(spec, seed).eval() if module is None else module
    note = "Untrained: the weights are random, the classes mean nothing. Evaluation mode"
    if spec.norm == "batch":
        note += ", where BatchNorm's running statistics are still mean 0 and variance 1"
    return _run(image, network, steps, labels, top, None, note + ".")


def untrained_preprocessing(spec: ArchitectureSpec) -> Preprocessing:
    """Return the usual preprocessing for a network's input size, with ImageNet's statistics.

    Raises:
        PredictionError: if the input is neither grey nor RGB.
    """
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
    if not bool(probabilities.isfinite().all()):
        raise PredictionError(
            "The network's output overflows: the signal grows with every residual unit as long as "
            "BatchNorm has no trained statistics, and this network has too many units."
        )
    values, indices = probabilities.topk(min(max(1, top), len(labels)))
    best = zip(values.tolist(), indices.tolist(), strict=True)
    found = tuple(Label(labels[index], index, value) for value, index in best)
    return Prediction(weights, found, shown, (middle - start) * 1e3, (end - middle) * 1e3, note)
