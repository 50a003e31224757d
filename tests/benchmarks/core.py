"""Speed of what the pages compute, against the libraries that compute the same."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torchinfo
from torch import Tensor, nn

import explorer.analysis
import explorer.plan
from explorer.data import bundled_picture
from explorer.datasets import bundled_cifar10
from explorer.explanation.board import board, remove_each
from explorer.explanation.lesions import sweep
from explorer.gradients import PROBES, ProbeSettings, shattered
from explorer.gradients.activations import measure_activations
from explorer.gradients.by_depth import growth
from explorer.gradients.norms import measure
from explorer.gradients.pathways import measure_pathways
from explorer.names import NAMES
from explorer.network import build
from explorer.prediction import predict
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from explorer.training.batches import normalise
from explorer.ui.lesioning.work import PART
from explorer.weights import find, load
from tests.benchmarks.measuring import Benchmark, paired, seconds
from tests.benchmarks.memory import peak_bytes

import_torchvision()
from torchvision import models  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

Measure = Callable[[], list[float]]


def analysis(variant: str, rounds: int = 5) -> Measure:
    """torchinfo's time over ours, which starts from the text and keeps nothing."""

    def ours() -> Any:
        explorer.plan.plan.cache_clear()
        explorer.analysis._analyze.cache_clear()
        found = explorer.analysis.analyze(variant)
        return found.total, found.receptive_field, found.by_stage_and_kind()

    def measure() -> list[float]:
        module, spec = build(variant).eval(), parse(variant)
        image = torch.zeros(1, *spec.input_shape)

        def theirs() -> Any:
            return torchinfo.summary(module, input_data=image, verbose=0)

        ratios = paired(ours, theirs, least=rounds, enough_s=15 if rounds > 3 else 0)
        torchinfo.torchinfo.clear_cached_forward_pass()
        return [1 / ratio for ratio in ratios]

    return measure


def building(name: str) -> Measure:
    constructor = getattr(models, name)
    return lambda: paired(lambda: build(name), constructor)


def bare_pass(variant: str, batch: int) -> None:
    """What any measurement of gradients has to do: build, draw a batch, forward, backward."""
    module, images, labels = prepare(variant, batch)
    forward_backward(module, images, labels)


def prepare(variant: str, batch: int) -> tuple[nn.Module, Tensor, Tensor]:
    spec = parse(variant)
    images = torch.randn(batch, *spec.input_shape)
    return build(spec).train(), images, torch.randint(spec.classes, (batch,))


def forward_backward(module: nn.Module, images: Tensor, labels: Tensor) -> None:
    module.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(module(images), labels).backward()


def probing(kind: str, variant: str, batch: int) -> Measure:
    settings, work = ProbeSettings(batch=batch), PROBES[kind]
    return lambda: paired(lambda: work(variant, settings), lambda: bare_pass(variant, batch))


def measured_pass(kind: str, variant: str, batch: int) -> Measure:
    """The pass itself, on networks that are built already; each measured one is used once."""
    rounds = 7

    def run() -> list[float]:
        spec, bare = parse(variant), prepare(variant, batch)
        fresh = [prepare(variant, batch) for _ in range(rounds + 1)]

        def loss(outputs: Tensor) -> Tensor:
            return nn.functional.cross_entropy(outputs, bare[2])

        return paired(
            lambda: PASSES[kind](fresh.pop()[0], spec, bare[1], loss),
            lambda: forward_backward(*bare),
            most=rounds,
        )

    return run


def probing_memory(kind: str, variant: str, batch: int) -> Measure:
    return lambda: [
        peak_bytes(kind, variant, batch) / peak_bytes("bare", variant, batch) for _ in range(3)
    ]


PASSES: dict[str, Callable[..., Any]] = {
    "norms": measure,
    "pathways": measure_pathways,
    "activations": lambda module, spec, images, loss: measure_activations(module, spec, images),
}
PROBED = (
    ("norms", "resnet18", 8),
    ("norms", "resnet50", 8),
    ("norms", "resnet152", 2),
    ("norms", "resnet110-cifar", 32),
    ("norms", "resnet1202-cifar", 2),
    ("norms", "resnet1202-cifar", 32),
    ("pathways", "resnet50", 8),
    ("pathways", "resnet110-cifar", 32),
    ("pathways", "resnet56-cifar,shortcut=exclusive_gating", 32),
    ("activations", "resnet50", 8),
    ("activations", "resnet110-cifar", 32),
)


def growing(variant: str, batch: int) -> Measure:
    settings = ProbeSettings(batch=batch)
    return lambda: paired(lambda: growth(variant, settings), lambda: bare_pass(variant, batch))


def along_a_line(variant: str, points: int) -> Measure:
    settings = ProbeSettings(batch=points)

    def bare() -> None:
        module, ends, _ = prepare(variant, 2)
        inputs = shattered.line(ends, points).requires_grad_()
        torch.autograd.grad(module.requires_grad_(False)(inputs).sum(), inputs)

    return lambda: paired(lambda: shattered.probe(variant, settings), bare)


def predicting() -> list[float]:
    entry = find("resnet50-keras")
    module, steps = load(entry.name), entry.preprocessing
    image = bundled_picture("dog").read().image.convert("RGB")
    transform = v2.Compose(
        [
            v2.Resize(steps.resize),
            v2.CenterCrop(steps.crop),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32),
            v2.Normalize(steps.mean, steps.std),
        ]
    )

    def theirs() -> Any:
        with torch.inference_mode():
            return module(transform(image).flip(0).unsqueeze(0))

    return paired(lambda: predict(image, entry, 5), theirs)


def sweeping(variant: str, pictures: int) -> Measure:
    spec = parse(variant)
    lesions = remove_each(board(spec))
    images = torch.randn(pictures, *spec.input_shape)
    labels = torch.randint(spec.classes, (pictures,))

    def measure() -> list[float]:
        module = build(spec).eval()

        def naive() -> None:
            with torch.inference_mode():
                for _ in lesions:
                    module(images.contiguous(memory_format=torch.channels_last))

        def ours() -> Any:
            return list(sweep(spec, module, lesions, images, labels))

        return paired(ours, naive)

    return measure


def page_sweep(name: str, pictures: int) -> list[float]:
    """Seconds for what the page streams, part by part, over 20."""
    entry = find(name)
    module, lesions = load(name), remove_each(board(entry.spec))
    test = bundled_cifar10().test

    def ours() -> None:
        for start in range(0, pictures, PART):
            part = slice(start, start + PART)
            images = normalise(test.images[part], entry.preprocessing)
            list(sweep(entry.spec, module, lesions, images, test.labels[part]))

    return [seconds(ours) / 20 for _ in range(3)]


BENCHMARKS = [
    *(
        Benchmark(
            "analysis",
            f"full analysis of {variant}, from its text",
            "torchinfo.summary of the built module (their time / ours)",
            50,
            analysis(variant),
            at_least=True,
        )
        for variant in ("resnet50", "resnet152", "resnet1202-cifar")
    ),
    *(
        Benchmark(
            "catalogue",
            f"full analysis of {variant}, from its text",
            "torchinfo.summary of the built module (their time / ours)",
            50,
            analysis(variant, rounds=3),
            at_least=True,
        )
        for variant in NAMES
    ),
    *(
        Benchmark("build", f"{name}", "torchvision's constructor", 1, building(name))
        for name in ("resnet18", "resnet50", "resnet152")
    ),
    *(
        Benchmark(
            "probe",
            f"{kind} in {variant}, batch {batch}",
            against,
            1.10,
            work(kind, variant, batch),
        )
        for kind, variant, batch in PROBED
        for against, work in (
            ("forward and backward, both on a network that is ready", measured_pass),
            ("build, draw a batch, forward, backward", probing),
        )
    ),
    *(
        Benchmark(
            "growth of the gradient by depth",
            f"{variant}, batch {batch}",
            "build, draw a batch, forward, backward",
            1.10,
            growing(variant, batch),
        )
        for variant, batch in (("plain56-cifar", 32), ("resnet110-cifar", 32))
    ),
    *(
        Benchmark(
            "gradients along a line",
            f"{variant}, {points} inputs",
            "build, draw the line, forward, backward to the inputs",
            1.10,
            along_a_line(variant, points),
        )
        for variant, points in (("resnet56-cifar", 128), ("resnet18", 32))
    ),
    *(
        Benchmark(
            "memory",
            f"peak memory of the probe of {kind}, {variant}, batch {batch}",
            "the same bare pass, each in a fresh process",
            1,
            probing_memory(kind, variant, batch),
        )
        for kind, variant, batch in PROBED
    ),
    Benchmark(
        "prediction",
        "five likeliest classes of a photograph, ResNet-50",
        "torchvision's transforms and a forward pass",
        1.15,
        predicting,
    ),
    Benchmark(
        "lesions",
        "each unit of ResNet-56 removed in turn, 50 pictures",
        "the whole network once for each lesion",
        0.65,
        sweeping("resnet56-cifar", 50),
    ),
    Benchmark(
        "lesions",
        "each unit of ResNet-56 removed in turn, 500 pictures",
        "20 s",
        1.0,
        partial(page_sweep, "resnet56-cifar", 500),
    ),
]
