"""A spec written out: the whole network as a small tree of plain, frozen data.

Everything else reads this tree. Names are torchvision's wherever torchvision has the network,
so that state dicts are interchangeable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from explorer import classics, residual
from explorer.nodes import Chain
from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True)
class Plan:
    """A network and the shape (C, H, W) or (C, L) of what it takes."""

    input_shape: tuple[int, ...]
    root: Chain


@lru_cache(maxsize=64)
def plan(spec: ArchitectureSpec) -> Plan:
    """Write a spec out as a tree."""
    network = residual.network if spec.family == "residual" else classics.network
    return Plan(spec.input_shape, network(spec))


def units(chain: Chain, prefix: str = "", stage: str = "") -> Iterator[tuple[str, str, int]]:
    """Yield the module that ends each unit, the stage and the number, in forward order."""
    for child, following in zip_longest(chain.children, chain.children[1:]):
        name, inside = prefix + child.name, child.stage or stage
        if child.unit is None:
            if isinstance(child.node, Chain):
                yield from units(child.node, f"{name}.", inside)
        elif following is None or (following.stage, following.unit) != (child.stage, child.unit):
            yield name, inside, child.unit


def stage_ends(chain: Chain, prefix: str = "") -> dict[str, str]:
    """Return the module that ends each stage, stem and head included, in forward order."""
    ends: dict[str, str] = {}
    for child in chain.children:
        name = prefix + child.name
        if child.stage is not None:
            ends[child.stage] = name
        elif isinstance(child.node, Chain):
            ends |= stage_ends(child.node, f"{name}.")
    return ends
