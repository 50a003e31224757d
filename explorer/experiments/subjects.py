"""The networks that an experiment measures: trained on CIFAR-10 where weights are bundled."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from explorer import weights
from explorer.analysis import analyze
from explorer.experiments.experiment import Control, Outcome, Settings, Watch
from explorer.spec import ArchitectureSpec, parse
from explorer.words import title

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHOWN_EVERY_S = 1.0
_MOST_MACS = 5e11
_MOST_BYTES = 2e9


class Subject(NamedTuple):
    """A network, how it is drawn, and the name of its trained weights; empty if untrained."""

    spec: ArchitectureSpec
    colour: str
    weights: str = ""

    @property
    def name(self) -> str:
        """What the network is called beside others."""
        return title(self.spec) if self.weights else f"{title(self.spec)}, untrained"

    @property
    def dash(self) -> str:
        """Of its line: untrained networks are dashed."""
        return "solid" if self.weights else "dash"

    def untrained(self) -> "Subject":
        """Return the same network without its weights."""
        return self._replace(weights="")


def subjects(settings: Settings) -> list[Subject]:
    """Return the different networks of a run, with weights where they are bundled."""
    coloured: dict[ArchitectureSpec, str] = {}
    for text, colour in zip(settings.networks, settings.colours, strict=True):
        coloured.setdefault(parse(text), colour)
    return [Subject(spec, colour, weights.cifar10_name(spec)) for spec, colour in coloured.items()]


def why_untrained(spec: ArchitectureSpec) -> str:
    """Return why a network cannot take part where weights are needed."""
    if weights.cifar10_name(spec):
        return ""
    known = ", ".join(entry.architecture for entry in weights.of_cifar10())
    return f"no weights of it, trained on CIFAR-10, come with the app; there are those of {known}"


def why_no_pictures(spec: ArchitectureSpec) -> str:
    """Return why a network cannot take CIFAR-10's pictures."""
    return "" if spec.input_shape == (3, 32, 32) else "it does not take 3 × 32 × 32 pictures"


def why_large(spec: ArchitectureSpec, pictures: int) -> str:
    """Return why a network takes too long or too much memory for so many pictures, back as well."""
    whole = analyze(spec)
    if 3 * pictures * whole.macs > _MOST_MACS or pictures * whole.activation_bytes > _MOST_BYTES:
        return f"{pictures} pictures, forward and back, are too much of it for a minute"
    return ""


def trained_control(key: str, label: str, fits: Callable[[ArchitectureSpec], bool]) -> Control:
    """Return the choice of a network with bundled weights, the smallest by default.

    Args:
        key: its name in the link.
        label: its name on the page.
        fits: which of the networks are offered.
    """
    found = [entry.spec for entry in weights.of_cifar10() if fits(entry.spec)]
    found.sort(key=lambda spec: (spec.depth, str(spec)))
    texts = tuple(map(str, found)) or ("resnet20-cifar",)
    words = {text: title(parse(text)) for text in texts}
    help_ = "Networks that were trained on CIFAR-10 and whose weights come with the app."
    return Control(key, label, texts, texts[0], help_, words)


def _has_plain_twin(spec: ArchitectureSpec) -> bool:
    return spec.residual and bool(weights.cifar10_name(spec.plain()))


PAIR = trained_control("network", "Network and plain twin", _has_plain_twin)


def pair(choices: Mapping[str, str]) -> tuple[str, ...]:
    """Return the residual network that was chosen, and its plain twin."""
    spec = parse(choices["network"])
    return str(spec), str(spec.plain())


def pictures_control(default: str, choices: tuple[str, ...], what: str) -> Control:
    """Return the choice of how many pictures a measurement takes."""
    return Control("pictures", "Pictures", choices, default, what)


def module(subject: Subject, seed: int, images: "Tensor") -> "nn.Module":
    """Return a network in eval mode, without gradients of weights.

    One with weights is shared, and for forward passes only. An untrained one has the statistics of
    the images in its batch normalisation: those that it starts with would change nothing.

    Args:
        subject: the network.
        seed: of the weights of an untrained one.
        images: shape (N, C, H, W), normalised.
    """
    import torch

    from explorer.network import build

    if subject.weights:
        return weights.load(subject.weights)
    model = build(subject.spec, seed)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0  # the statistics of this batch alone
    with torch.no_grad():
        model(images)
    return model.eval().requires_grad_(False)


class Stream:
    """Tells who waits of the progress, and at most once a second of the outcome so far.

    Args:
        watch: who waits.
        told: the outcome so far.
    """

    def __init__(self, watch: Watch, told: Callable[[], Outcome]) -> None:
        self._watch, self._told = watch, told
        self._shown = monotonic()

    def step(self, progress: float, message: str) -> None:
        """Report progress from 0 to 1; raises if nobody wants the outcome any more."""
        self._watch.report(min(progress, 1.0), message)
        if monotonic() - self._shown > _SHOWN_EVERY_S:
            self._shown = monotonic()
            self._watch.show(self._told())
