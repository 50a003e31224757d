"""What is known about a set of weights: the network it fits, how pictures go in, what it is worth.

Plain data; where the files lie and how they are loaded is in `weights.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, TypeAlias

from explorer.printed import Result
from explorer.spec import ArchitectureSpec, parse
from explorer.tray import clean_name

Fit: TypeAlias = Literal["crop", "stretch", "pad"]
MAX_ABOUT = 400
"""Characters of what a file says of itself."""
FITS: tuple[Fit, ...] = ("crop", "stretch", "pad")
"""The ways to bring a picture to the network's size, the published one first."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the network's input.

    The picture is brought to `crop` x `crop` pixels as `fit` says, and each channel becomes
    (value / divisor - mean) / std, for values from 0 to 255.

    Args:
        resize: pixels of the shorter side before the centre is cut out.
        crop: pixels of each side of what the network is shown.
        channels: their order and number: RGB, BGR, or L for grey.
        mean: for each channel, in that order; or for each value of the cut-out picture.
        std: for each channel, in that order.
        fit: `crop` cuts the centre out of the resized picture, as published accuracies are
            measured; `stretch` resizes both sides to `crop`; `pad` shows the whole picture
            between black margins.
    """

    resize: int
    crop: int
    channels: str
    divisor: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: Fit = "crop"


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
        licence: the licence's name; that of bundled weights is quoted in assets/README.md.
        source: where the weights come from.
        size_bytes: of the file; torchvision's to 500 bytes or so, as it states them.
        sha256: of the file; torchvision publishes the first 8 digits.
        url: where the file can be had; empty for bundled weights.
        note: what else to know; may be empty.
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
    url: str = ""
    note: str = ""
    training: TrainingCard | None = None

    @property
    def spec(self) -> ArchitectureSpec:
        """The architecture these weights fit."""
        return parse(self.architecture)

    @property
    def bundled(self) -> bool:
        """Whether the file comes with the app, so that no network is needed."""
        return not self.url


def read_entry(about: dict[str, Any]) -> WeightsEntry:
    """Return the entry that a bundled file's description holds, as read from JSON."""
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


@dataclass(frozen=True, slots=True)
class FileCard:
    """What a file of weights says about itself.

    Args:
        architecture: text form of the network.
        categories: class labels in index order.
        preprocessing: how pictures become its input.
        about: how it came about and what it is worth, in a sentence or two.
    """

    architecture: str
    categories: tuple[str, ...]
    preprocessing: Preprocessing
    about: str

    @property
    def spec(self) -> ArchitectureSpec:
        """The network."""
        return parse(self.architecture)


def write_file_card(card: FileCard) -> str:
    """Return a card as JSON."""
    return json.dumps(asdict(card), ensure_ascii=False)


def read_file_card(text: str) -> FileCard:
    """Return the card that a file holds; anybody may have written it, so all of it is doubted.

    Raises:
        ValueError: if it is damaged, or does not agree with itself.
    """
    try:
        about = json.loads(text)
        spec = parse(about["architecture"])
        steps = about["preprocessing"]
        preprocessing = Preprocessing(
            **{**steps, "mean": tuple(steps["mean"]), "std": tuple(steps["std"])}
        )
        categories = tuple(clean_name(label) for label in about["categories"])
        card = FileCard(str(spec), categories, preprocessing, clean_name(about["about"], MAX_ABOUT))
        fits = all(categories) and len(set(categories)) == len(categories) == spec.classes
        sound = fits and _makes_inputs(preprocessing, spec)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        sound = False
    if not sound:
        raise ValueError("what the file says about its classes and pictures is damaged")
    return card


def _makes_inputs(steps: Preprocessing, spec: ArchitectureSpec) -> bool:
    """Whether a preprocessing makes inputs of a network, within bounds of time and memory."""
    order = {1: ("L",), 3: ("RGB", "BGR")}.get(spec.in_channels, ())
    numbers = (steps.divisor, *steps.mean, *steps.std)
    return (
        spec.dims == 2
        and steps.channels in order
        and steps.fit in FITS
        and steps.crop == spec.image_size
        and steps.crop <= steps.resize <= 8 * steps.crop
        and type(steps.resize) is int
        and len(steps.mean) == len(steps.std) == spec.in_channels
        and all(type(each) in (int, float) and isfinite(each) for each in numbers)
        and min(steps.divisor, *steps.std) > 0
    )
