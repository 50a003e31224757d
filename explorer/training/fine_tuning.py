"""A new last layer for a trained network, learned from its features of somebody's pictures.

The layer is the softmax regression that minimises

    mean cross-entropy + weight_decay / 2 * sum of the weights' squares

over the pictures to learn from. That function is convex and has one minimum (the biases, which are
not penalised, sum to 0), so neither a start nor a learning rate decides anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from explorer import weights
from explorer.cards import Preprocessing
from explorer.datasets.records import held_out
from explorer.scores import Outcome, Scores, score
from explorer.spec import ArchitectureSpec
from explorer.training.features import Extracted, with_head
from explorer.training.head_settings import HeadSettings

MAX_ROUNDS = 2_000
"""Steps of L-BFGS, each a pass over all features or a few."""

_FLAT = 1e-7  # the largest slope, in any direction, of what counts as the minimum


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A last layer.

    Args:
        weight: shape (classes, F), float32.
        bias: shape (classes,), float32.
        loss: what was minimised, at its minimum.
        slope: the largest number of the gradient there; 0 at the exact minimum.
        rounds: steps of L-BFGS until then.
    """

    weight: Tensor
    bias: Tensor
    loss: float
    slope: float
    rounds: int

    @property
    def converged(self) -> bool:
        """Whether the minimum was reached."""
        return self.slope <= 10 * _FLAT

    def logits(self, features: Tensor) -> Tensor:
        """Map (N, F) to (N, classes)."""
        return nn.functional.linear(features, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Judged:
    """A held-out picture: its place among all, its class, the answer and its probability."""

    place: int
    truth: int
    answer: int
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """A network with a head of its own, and what it is worth.

    Args:
        name: of the pictures it was trained on.
        base: name of the weights of all layers but the last.
        classes: names in index order.
        settings: of the head.
        head: trained on the pictures that are not held out.
        train_pictures: how many those were.
        train_right: those of them that it names rightly, having learned from them.
        judged: the pictures held out.
        commonest: those of the held-out pictures that the class which most were learned from is.
        seconds: that training took.
        identity: tells it from any other.
    """

    name: str
    base: str
    classes: tuple[str, ...]
    settings: HeadSettings
    head: Head
    train_pictures: int
    train_right: int
    judged: tuple[Judged, ...]
    commonest: int
    seconds: float
    identity: str = field(default_factory=lambda: token_hex(8))

    @property
    def title(self) -> str:
        """What its weights are called."""
        return f"fine-tuned on {self.name}"

    @property
    def spec(self) -> ArchitectureSpec:
        """The network: the base's, with another number of classes."""
        return weights.find(self.base).spec.vary(classes=len(self.classes))

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures go in: as into the base."""
        return weights.find(self.base).preprocessing

    @property
    def scores(self) -> Scores:
        """Accuracy and confusion matrix of the pictures held out."""
        return score([Outcome(each.truth, (each.answer,)) for each in self.judged])

    @property
    def wrong(self) -> tuple[Judged, ...]:
        """The held-out pictures that are named wrongly, those of the surest answers first."""
        found = [each for each in self.judged if each.answer != each.truth]
        return tuple(sorted(found, key=lambda each: -each.probability))

    def network(self) -> nn.Module:
        """Return the network: eval mode, its tensors but the last shared with the base.

        Raises:
            WeightsError: if the base cannot be loaded.
        """
        layer = nn.Linear(self.head.weight.shape[1], len(self.classes), device="meta")
        layer.weight, layer.bias = nn.Parameter(self.head.weight), nn.Parameter(self.head.bias)
        return with_head(weights.load(self.base), layer)


def fine_tune(
    extracted: Extracted, settings: HeadSettings, check: Callable[[], object] = lambda: None
) -> FineTuned:
    """Train a head on a part of the pictures, and judge it by the others.

    Args:
        extracted: the pictures.
        settings: of the head.
        check: called often; what it raises ends the training.
    """
    start = perf_counter()
    held = held_out(extracted.labels, settings.held_out_percent / 100, settings.seed)
    features, labels = extracted.features[~held], extracted.labels[~held]
    classes = len(extracted.classes)
    head = fit_head(features, labels, classes, settings.weight_decay, check)
    seconds = perf_counter() - start
    probabilities = head.logits(extracted.features[held]).softmax(1)
    best, answers = probabilities.max(1)
    truths = extracted.labels[held]
    commonest = int(labels.bincount(minlength=classes).argmax())
    return FineTuned(
        name=extracted.name,
        base=extracted.base,
        classes=extracted.classes,
        settings=settings,
        head=head,
        train_pictures=len(labels),
        train_right=int((head.logits(features).argmax(1) == labels).sum()),
        judged=tuple(
            Judged(*found)
            for found in zip(
                held.nonzero()[:, 0].tolist(),
                truths.tolist(),
                answers.tolist(),
                best.tolist(),
                strict=True,
            )
        ),
        commonest=int((truths == commonest).sum()),
        seconds=seconds,
    )


def fit_head(
    features: Tensor,
    labels: Tensor,
    classes: int,
    weight_decay: float,
    check: Callable[[], object] = lambda: None,
) -> Head:
    """Return the softmax regression of classes on features.

    Args:
        features: shape (N, F).
        labels: shape (N,), each from 0 to `classes` - 1.
        classes: at least two.
        weight_decay: above 0.
        check: called before each look at all features; what it raises ends the training.
    """
    # Minus their mean, which the bias takes over: the minimum is the same and nearer.
    values = features.detach().to(torch.float64)
    mean = values.mean(0)
    # The best weights lie in the span of the pictures' features, so that as many directions do as
    # there are pictures; turned into these, lengths stay as they are.
    basis = torch.linalg.qr((values - mean).T).Q
    values = (values - mean) @ basis
    weight = torch.zeros(classes, values.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)

    def closure() -> Tensor:
        check()
        fit = cross_entropy(values @ weight.T + bias, labels)
        loss = fit + weight_decay / 2 * weight.square().sum()
        weight.grad, bias.grad = torch.autograd.grad(loss, (weight, bias))
        return loss.detach()

    with torch.enable_grad():
        optimizer = torch.optim.LBFGS(
            (weight, bias),
            max_iter=MAX_ROUNDS,
            max_eval=5 * MAX_ROUNDS,
            tolerance_grad=_FLAT,
            tolerance_change=0,
            history_size=20,
            line_search_fn="strong_wolfe",
        )
        optimizer.step(closure)
        lowest = float(closure())
    slope = max(float(each.grad.abs().max()) for each in (weight, bias) if each.grad is not None)
    found = weight.detach() @ basis.T
    return Head(
        weight=found.to(torch.float32),
        bias=(bias.detach() - found @ mean).to(torch.float32),
        loss=lowest,
        slope=slope,
        rounds=int(optimizer.state[weight]["n_iter"]),
    )
