"""From a picture to a network's input, and what it looks like on the way.

Source:
    Equal to torchvision's Resize (bilinear, antialiased), CenterCrop, ToTensor and Normalize.
"""

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.cards import Fit, Preprocessing

_MAX_RESIZED_SIDE = 4096  # beyond, only the part that the crop needs is resized


class Step(NamedTuple):
    """What a picture has become.

    Args:
        name: original, resized, stretched, cropped, padded or normalised.
        image: to be shown; RGB, or grey for a network of one channel.
        size: (width, height) in pixels; those of `image`, unless a strip is too long to be shown
            and only its middle is.
        text: what was done, in a sentence.
    """

    name: str
    image: Image.Image
    size: tuple[int, int]
    text: str


def preprocess(image: Image.Image, steps: Preprocessing) -> tuple[Tensor, Image.Image]:
    """Return the network's input and the picture it shows.

    Args:
        image: any mode, any size.
        steps: sizes, channel order and normalisation.
    Returns:
        Tensor of shape (channels, crop, crop), float32, and the same as a picture.
    """
    shown = _fit(image, steps)[-1].image
    return _normalise(shown, steps), shown


def preprocess_in_steps(image: Image.Image, steps: Preprocessing) -> tuple[Step, ...]:
    """Return the picture as it is, after each step of `preprocess`, and as the numbers it becomes.

    Args:
        image: any mode, any size.
        steps: sizes, channel order and normalisation.
    """
    fitted = _fit(image, steps)
    original = Step("original", image, image.size, f"The picture: {_pixels(image.size)}.")
    return (original, *fitted, _visible(_normalise(fitted[-1].image, steps), steps))


def random_crop(
    image: Image.Image, steps: Preprocessing, generator: random.Random
) -> tuple[Tensor, Image.Image]:
    """Return what `preprocess` does, for a crop from anywhere, mirrored half of the time.

    Args:
        image: any mode, any size.
        steps: sizes, channel order and normalisation; not how to fit.
        generator: draws the place and the mirroring.
    """
    resized = _resize(_convert(image, steps), _resized_size(image, steps))
    left = generator.randint(0, max(0, resized.width - steps.crop))
    top = generator.randint(0, max(0, resized.height - steps.crop))
    crop = resized.crop((left, top, left + steps.crop, top + steps.crop))
    mirror = Image.Transpose.FLIP_LEFT_RIGHT
    shown = crop.transpose(mirror) if generator.random() < 0.5 else crop
    return _normalise(shown, steps), shown


def _fit(image: Image.Image, steps: Preprocessing) -> tuple[Step, ...]:
    """Return the steps to the network's size; the last picture is what the network is shown."""
    return _FITTING[steps.fit](_convert(image, steps), steps)


def _convert(image: Image.Image, steps: Preprocessing) -> Image.Image:
    return image.convert("L" if steps.channels == "L" else "RGB")


def _crop(image: Image.Image, steps: Preprocessing) -> tuple[Step, ...]:
    size = _resized_size(image, steps)
    resized = _resize(image, size)
    shown = _centre(resized, steps.crop)
    text = f"The shorter side becomes {steps.resize} pixels: {_pixels(size)}."
    small = min(size) < steps.crop
    done = "what is missing is black" if small else "the rest is cut off"
    square = _pixels(shown.size)
    return (
        Step("resized", resized, size, text),
        Step("cropped", shown, shown.size, f"The centre of {square} is kept, {done}."),
    )


def _stretch(image: Image.Image, steps: Preprocessing) -> tuple[Step, ...]:
    shown = _resize(image, (steps.crop, steps.crop))
    text = f"Both sides become {steps.crop} pixels, whatever the proportions were."
    return (Step("stretched", shown, shown.size, text),)


def _pad(image: Image.Image, steps: Preprocessing) -> tuple[Step, ...]:
    longer = max(image.size)
    width, height = (max(1, round(side * steps.crop / longer)) for side in image.size)
    resized = _resize(image, (width, height))
    shown = _centre(resized, steps.crop)
    text = f"The longer side becomes {steps.crop} pixels: {_pixels(resized.size)}."
    margins = f"The whole picture is kept, with black margins up to {_pixels(shown.size)}."
    return (
        Step("resized", resized, resized.size, text),
        Step("padded", shown, shown.size, margins),
    )


_FITTING: Mapping[Fit, Callable[[Image.Image, Preprocessing], tuple[Step, ...]]] = {
    "crop": _crop,
    "stretch": _stretch,
    "pad": _pad,
}


def _resized_size(image: Image.Image, steps: Preprocessing) -> tuple[int, int]:
    """Return the size whose shorter side is `steps.resize`, the longer rounded down."""
    shorter, longer = sorted(image.size)
    resized = int(steps.resize * longer / shorter)
    return (steps.resize, resized) if image.width <= image.height else (resized, steps.resize)


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize a picture, or cut the middle out of what would be a very long one."""
    if size == image.size:
        return image
    if max(size) <= _MAX_RESIZED_SIDE:
        return image.resize(size, Image.Resampling.BILINEAR)
    # A strip: resizing all of it would take memory in proportion to its length.
    width, height = (min(side, _MAX_RESIZED_SIDE) for side in size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    x, y = image.width / size[0], image.height / size[1]
    box = (left * x, top * y, (left + width) * x, (top + height) * y)
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _centre(image: Image.Image, side: int) -> Image.Image:
    """Cut out the centre; a picture smaller than that is padded with black first."""
    width, height = image.size
    if width < side or height < side:
        padded = Image.new(image.mode, (max(width, side), max(height, side)))
        padded.paste(image, (max(0, side - width) // 2, max(0, side - height) // 2))
        image, (width, height) = padded, padded.size
    left, top = round((width - side) / 2), round((height - side) / 2)
    return image.crop((left, top, left + side, top + side))


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


def _visible(values: Tensor, steps: Preprocessing) -> Step:
    """Map the numbers, lowest to highest, to 0 to 255; colours keep their place."""
    low, high = float(values.min()), float(values.max())
    scaled = (values - low).mul_(255 / (high - low or 1)).round_().to(torch.uint8)
    order = ""
    if steps.channels == "BGR":
        scaled, order = scaled.flip(0), ", blue before green before red"
    pixels = scaled.permute(1, 2, 0).numpy()
    image = Image.fromarray(pixels[..., 0] if len(values) == 1 else pixels)
    shape = " × ".join(map(str, values.shape))
    text = (
        f"The {shape} numbers that the network is given{order}: {low:.2f} is shown as 0, "
        f"{high:.2f} as full brightness."
    )
    return Step("normalised", image, image.size, text.replace("-", "\N{MINUS SIGN}"))


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]:,} × {size[1]:,} pixels"
