"""What visitors do: look around, or have the server compute; and what it cost the server."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.visitor import Visitor
from tests.serving import ROOT, Server

THINK_S = 2.0
_TICKS = 100
"""Clock ticks a second in /proc."""

TEXTS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnet50v2",
    "resnet110-cifar",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "vgg16",
)
PICTURE = ROOT / "assets" / "pictures" / "coffee.jpg"


@dataclass
class Found:
    """What was measured: seconds of light steps and of heavy jobs, and what went wrong."""

    light_s: list[float] = field(default_factory=list)
    heavy_s: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


Act = Callable[[Visitor, random.Random, Found, float], Awaitable[None]]


async def _turns(until: float) -> AsyncIterator[None]:
    """Go on until the time is over, once at least, with a pause to think in between."""
    while True:
        yield
        if time.monotonic() >= until:
            return
        await asyncio.sleep(THINK_S)


async def look_around(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Choose another network every two seconds, on Explore or on Compare."""
    await visitor.open()
    await visitor.open(draw.choice(("", "compare")), v=draw.choice(TEXTS))
    while time.monotonic() < until:
        await asyncio.sleep(draw.uniform(0.5, 1.5) * THINK_S)
        found.light_s.append(await visitor.set("Variant as text", draw.choice(TEXTS)))


async def probe(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Have the gradients of ResNet-50 measured, seed after seed."""
    await visitor.open("gradients", v="resnet50")
    async for _ in _turns(until):
        started = time.monotonic()
        await visitor.set("Seed", draw.randrange(10**6))
        await visitor.until_done()
        found.heavy_s.setdefault("probe", []).append(time.monotonic() - started)


async def predict(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Upload a picture and have it named."""
    await visitor.open("predict", v="resnet56-cifar")
    await visitor.until_done()
    content = PICTURE.read_bytes()
    async for _ in _turns(until):
        started = time.monotonic()
        # A picture that nobody has uploaded before.
        await visitor.upload(
            "Your pictures: choose them, or drop them here", "cup.jpg", content + draw.randbytes(8)
        )
        await visitor.until_done()
        found.heavy_s.setdefault("prediction", []).append(time.monotonic() - started)


async def train(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Train a small network live for a hundred steps, and begin again when it is done."""
    await visitor.open("train", **{"v": "resnet20-cifar", "live-steps": "100"})
    async for _ in _turns(until):
        started = time.monotonic()
        await visitor.set("Start again" if "Start again" in visitor.widgets else "Start", True)
        await visitor.until_offered("Start again")
        found.heavy_s.setdefault("training", []).append(time.monotonic() - started)


HEAVY: tuple[Act, ...] = (probe, predict, train)


async def crowd(port: int, light: int, heavy: int, seconds: float, seed: int) -> Found:
    """Let so many visitors come within two seconds of each other, and stay for so long."""
    found = Found()
    until = time.monotonic() + seconds

    async def visit(number: int, act: Act) -> None:
        draw = random.Random(f"{seed}-{number}")
        await asyncio.sleep(draw.uniform(0, THINK_S))
        try:
            async with Visitor(port) as visitor:
                await act(visitor, draw, found, until)
        except Exception as error:
            found.errors.append(f"{act.__name__}: {type(error).__name__}: {error}")

    acts = [look_around] * light + [HEAVY[number % len(HEAVY)] for number in range(heavy)]
    await asyncio.gather(*(visit(*each) for each in enumerate(acts)))
    return found


@dataclass(frozen=True)
class Cost:
    """What a server's process has used."""

    cpu_s: float
    memory_bytes: int
    peak_bytes: int

    @classmethod
    def of(cls, server: Server) -> "Cost":
        """Read it from the system, Linux's."""
        folder = Path("/proc", str(server.process.pid))
        numbers = (folder / "stat").read_text().rpartition(")")[2].split()
        lines = (folder / "status").read_text().splitlines()
        sizes = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        return cls(
            (int(numbers[11]) + int(numbers[12])) / _TICKS,
            int(sizes["VmRSS"]) * 1024,
            int(sizes["VmHWM"]) * 1024,
        )
