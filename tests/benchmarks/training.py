"""Speed of training, against the plainest correct loop and against the machine's arithmetic.

All of it on one thread: beside other work several wait for each other, and nothing is comparable.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

import torch
from torch import nn
from torch.utils.data import DataLoader

from explorer.analysis import analyze
from explorer.datasets import LabelledImages, bundled_cifar10
from explorer.network import build
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from explorer.training.loop import Training
from explorer.training.recipe import RECIPES
from tests.benchmarks.measuring import Benchmark, paired, seconds

import_torchvision()
from torchvision import transforms  # noqa: E402
from torchvision.transforms.functional import to_pil_image  # noqa: E402

BATCHES = 6
PICTURES = BATCHES * RECIPES["short"].batch
_GEMM_SIDE, _GEMM_RUNS = 2048, 5


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pictures() -> LabelledImages:
    data = bundled_cifar10().train
    return LabelledImages(data.images[:PICTURES], data.labels[:PICTURES])


def ours(variant: str) -> Callable[[], None]:
    """Some batches of the recipe `short`: bfloat16, channels-last, pictures kept as tensors."""
    training = Training(parse(variant), RECIPES["short"].for_epochs(1_000), pictures())

    def work() -> None:
        for _ in range(BATCHES):
            training.step()

    return work


def plain(variant: str) -> Callable[[], None]:
    """The same batches by PyTorch's tutorial: PIL, transforms, a DataLoader, float32."""
    data, recipe = pictures(), RECIPES["short"]
    prepare = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        ]
    )
    images = [to_pil_image(image) for image in data.images]

    class Prepared(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, int]:
            return prepare(images[place]), int(data.labels[place])

    loader = DataLoader(Prepared(), batch_size=recipe.batch, shuffle=True)
    model, criterion = build(variant), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(
        model.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
    )

    def work() -> None:
        model.train()
        wrong = 0
        for inputs, labels in loader:
            outputs = model(inputs)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            wrong += int((outputs.argmax(1) != labels).sum())

    return work


class Clock:
    """Runs some work and keeps how many pictures a second it took."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work, self.rates = work, list[float]()

    def __call__(self) -> None:
        start = perf_counter()
        self.work()
        self.rates.append(PICTURES / (perf_counter() - start))

    @property
    def told(self) -> str:
        return f"{median(self.rates[1:]):,.0f}"


def against_plain(variant: str) -> list[float]:
    """The plain loop's time over ours."""
    mine, theirs = Clock(ours(variant)), Clock(plain(variant))
    with one_thread():
        ratios = paired(mine, theirs, least=3, enough_s=0)
    print(f"{variant}, pictures/s: {mine.told} here, {theirs.told} by the plain loop")
    return [1 / ratio for ratio in ratios]


def against_arithmetic(variant: str) -> list[float]:
    """Our time over what the multiplications alone would take at the speed of a large product.

    Every layer multiplies three times, forward, for the gradient of its input and for that of its
    weights; the first needs no gradient of its input.
    """
    mine = Clock(ours(variant))
    layers = [row.macs for row in analyze(variant).layers if row.macs]
    flops = 2 * PICTURES * (3 * sum(layers) - layers[0])
    sides = torch.randn(2, _GEMM_SIDE, _GEMM_SIDE).bfloat16()

    def product() -> None:
        for _ in range(_GEMM_RUNS):
            torch.mm(sides[0], sides[1])

    ratios, bounds = [], []
    with one_thread():
        seconds(mine), seconds(product)
        for _ in range(3):
            speed = _GEMM_RUNS * 2 * _GEMM_SIDE**3 / seconds(product)
            bounds.append(PICTURES * speed / flops)
            ratios.append(seconds(mine) * speed / flops)
    print(f"{variant}, pictures/s: {mine.told} here, {median(bounds):,.0f} by arithmetic alone")
    return ratios


BENCHMARKS = [
    Benchmark(
        "training",
        "ResNet-20 on CIFAR-10, recipe short, one thread",
        "DataLoader, transforms, float32 (their time / ours)",
        1.5,
        lambda: against_plain("resnet20-cifar"),
        at_least=True,
    ),
    Benchmark(
        "training",
        "the same",
        "its multiplications as one large bfloat16 product",
        3.5,
        lambda: against_arithmetic("resnet20-cifar"),
    ),
]
