"""What visitors do: look around, or have the server compute; and what it cost the server."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

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
    """What was measured, in seconds, and what went wrong.

    Attributes:
        arrival_s: until a visitor's first page was all there, while the others came, too.
        light_s: until a page had followed a choice.
        heavy_s: until a piece of work was done, by its kind.
        errors: a sentence each.
    """

    arrival_s: list[float] = field(default_factory=list)
    light_s: list[float] = field(default_factory=list)
    heavy_s: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


class Role(NamedTuple):
    """What a visitor comes for.

    Args:
        pages: one of them is opened,
        query: with these settings, or with those that one draws.
        act: what is done there until the time is over.
    """

    pages: tuple[str, ...]
    query: Callable[[random.Random], dict[str, str]]
    act: "Callable[[Visitor, random.Random, Found, float], Awaitable[None]]"

    @property
    def name(self) -> str:
        return self.act.__name__


async def _turns(until: float) -> AsyncIterator[None]:
    """Go on until the time is over, once at least, with a pause to think in between."""
    while True:
        yield
        if time.monotonic() >= until:
            return
        await asyncio.sleep(THINK_S)


async def look_around(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Choose another network every two seconds, on Explore or on Compare."""
    while time.monotonic() < until:
        await asyncio.sleep(draw.uniform(0.5, 1.5) * THINK_S)
        found.light_s.append(await visitor.set("Variant as text", draw.choice(TEXTS)))


async def probe(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Have the gradients of ResNet-50 measured, seed after seed."""
    async for _ in _turns(until):
        started = time.monotonic()
        await visitor.set("Seed", draw.randrange(10**6))
        await visitor.until_done()
        found.heavy_s.setdefault("probe", []).append(time.monotonic() - started)


async def predict(visitor: Visitor, draw: random.Random, found: Found, until: float) -> None:
    """Upload a picture and have it named."""
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
    async for _ in _turns(until):
        started = time.monotonic()
        await visitor.set("Start again" if "Start again" in visitor.widgets else "Start", True)
        await visitor.until_offered("Start again")
        found.heavy_s.setdefault("training", []).append(time.monotonic() - started)


LIGHT = Role(("", "compare"), lambda draw: {"v": draw.choice(TEXTS)}, look_around)
HEAVY = (
    Role(("gradients",), lambda draw: {"v": "resnet50"}, probe),
    Role(("predict",), lambda draw: {"v": "resnet56-cifar"}, predict),
    Role(("train",), lambda draw: {"v": "resnet20-cifar", "live-steps": "100"}, train),
)


async def crowd(ports: Sequence[int], light: int, heavy: int, seconds: float, seed: int) -> Found:
    """Let so many visitors come within two seconds of each other, and then stay for so long.

    They share the servers that listen on these ports, each staying at one.
    """
    found = Found()
    roles = [LIGHT] * light + [HEAVY[number % len(HEAVY)] for number in range(heavy)]
    draws = [random.Random(f"{seed}-{number}") for number in range(len(roles))]

    async def come(
        place: AsyncExitStack, number: int, role: Role, draw: random.Random
    ) -> Visitor | None:
        await asyncio.sleep(draw.uniform(0, THINK_S))
        started = time.monotonic()
        try:
            visitor = await place.enter_async_context(Visitor(ports[number % len(ports)]))
            await visitor.open(draw.choice(role.pages), **role.query(draw))
        except Exception as error:
            found.errors.append(f"{role.name}, arriving: {type(error).__name__}: {error}")
            return None
        found.arrival_s.append(time.monotonic() - started)
        return visitor

    async def stay(visitor: Visitor | None, role: Role, draw: random.Random) -> None:
        try:
            if visitor is not None:
                await role.act(visitor, draw, found, until)
        except Exception as error:
            found.errors.append(f"{role.name}: {type(error).__name__}: {error}")

    async with AsyncExitStack() as place:
        came = await asyncio.gather(
            *(come(place, *each) for each in zip(count(), roles, draws, strict=False))
        )
        until = time.monotonic() + seconds
        await asyncio.gather(*(stay(*each) for each in zip(came, roles, draws, strict=True)))
    return found


@dataclass(frozen=True)
class Cost:
    """What servers' processes have used together."""

    cpu_s: float
    memory_bytes: int
    peak_bytes: int

    @classmethod
    def of(cls, servers: Sequence[Server]) -> "Cost":
        """Read it from the system, Linux's."""
        each = [cls._of_one(server) for server in servers]
        return cls(
            sum(cost.cpu_s for cost in each),
            sum(cost.memory_bytes for cost in each),
            sum(cost.peak_bytes for cost in each),
        )

    @classmethod
    def _of_one(cls, server: Server) -> "Cost":
        folder = Path("/proc", str(server.process.pid))
        numbers = (folder / "stat").read_text().rpartition(")")[2].split()
        lines = (folder / "status").read_text().splitlines()
        sizes = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        return cls(
            (int(numbers[11]) + int(numbers[12])) / _TICKS,
            int(sizes["VmRSS"]) * 1024,
            int(sizes["VmHWM"]) * 1024,
        )
