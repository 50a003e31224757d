"""A few networks in training, step by step in turns, and what each step measured."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import torch
from safetensors.torch import save
from torch import nn

from explorer import __version__
from explorer.datasets import Dataset, LabelledImages, load
from explorer.spec import ArchitectureSpec
from explorer.training.live_history import History, Point
from explorer.training.live_settings import LiveSettings
from explorer.training.loop import Training, TrainingError, evaluate


class LiveNetwork:
    """One network in training, and its history.

    Attributes:
        history: what its steps have measured; outlives the network.
    """

    def __init__(self, spec: ArchitectureSpec, settings: LiveSettings, data: Dataset) -> None:
        self.settings = settings
        self.training = Training(spec, settings.recipe, data.train, settings.seed)
        shown = slice(settings.tested)
        self.test = LabelledImages(data.test.images[shown], data.test.labels[shown])
        self.history = History(spec)
        layers = [
            module
            for module in self.training.model.modules()
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear)
        ]
        self._ends = layers[0].weight, layers[-1].weight

    @property
    def finished(self) -> bool:
        """Whether it trains no further."""
        return bool(self.history.error) or self.training.iteration >= self.settings.steps

    def go_on(self, weights: Mapping[str, torch.Tensor], step: int) -> None:
        """Begin with given weights where a number of steps would have led.

        The next step sees the pictures of that place in the order; the optimiser's sums are 0.
        """
        self.training.model.load_state_dict(weights)
        self.training.iteration = step

    def step(self) -> None:
        """Learn from one batch and note what happened, or why no more can be learned."""
        started = perf_counter()
        try:
            step = self.training.step()
        except TrainingError as error:
            self.history.error = str(error).removeprefix(f"{self.history.spec}: ")
            return
        seconds = perf_counter() - started
        number = self.training.iteration
        first, last = (_norm(weight.grad) for weight in self._ends)
        due = number % self.settings.test_every == 0 or number == self.settings.steps
        correct = 100 * (1 - step.wrong / step.pictures)
        test = self._tested() if due else None
        self.history.points.append(Point(number, step.loss, correct, first, last, seconds, test))

    def _tested(self) -> float:
        score = evaluate(self.training.model, self.test, self.training.preprocessing)
        return 100 - score.error_percent

    def checkpoint(self) -> bytes:
        """Return weights and running statistics as a safetensors file that says where it is from.

        Its names are those of `explorer.build(variant)`, into which it loads.
        """
        weights = {
            name: tensor.detach().contiguous()
            for name, tensor in self.training.model.state_dict().items()
        }
        about = {
            "format": "pt",
            "variant": str(self.training.spec),
            "written_by": f"ResNet Explorer {__version__}",
            "weights": f"trained live for {self.training.iteration} steps",
            "data": self.settings.data,
            "batch": str(self.settings.batch),
            "learning_rate": str(self.settings.learning_rate),
            "optimizer": self.settings.optimizer,
            "seed": str(self.settings.seed),
        }
        return save(weights, about)


class LiveTraining:
    """Networks that take turns: same seed, same pictures in the same order, same settings.

    Args:
        settings: what to train, and how. Equal settings give equal histories but for the seconds,
            on the same processor.
    Raises:
        LiveError: if a network cannot be trained, or asks for too much.
    """

    def __init__(self, settings: LiveSettings) -> None:
        networks = settings.networks()
        data = load(settings.data, networks[0])
        self.settings = settings
        self.networks = tuple(LiveNetwork(spec, settings, data) for spec in networks)
        self._turn = 0

    @property
    def finished(self) -> bool:
        """Whether no network trains any further."""
        return all(network.finished for network in self.networks)

    @property
    def level(self) -> bool:
        """Whether the next step is the first network's: all have had as many."""
        return self._turn == 0

    def advance(self, wanted: Callable[[], bool]) -> None:
        """Train one network after another, a step each, for as long as more is wanted.

        Args:
            wanted: asked before each network's step.
        """
        with _one_thread():
            while not self.finished and wanted():
                network = self.networks[self._turn]
                self._turn = (self._turn + 1) % len(self.networks)
                if not network.finished:
                    network.step()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread, and give back as many as there were.

    Small layers gain nothing from several, which on a busy machine wait for each other: measured
    there, the degradation experiment made 23 steps in 240 s with two threads and 259 in 115 s with
    one. The numbers are then the same on any count of cores, too.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _norm(gradient: torch.Tensor | None) -> float:
    return math.nan if gradient is None else float(torch.linalg.vector_norm(gradient))
