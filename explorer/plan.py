"""A spec written out: the whole network as a small tree of plain, frozen data.

Everything else reads this tree. Names are torchvision's wherever torchvision has the network,
so that state dicts are interchangeable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
    """Yield the module name, the stage and the number of every unit, in forward order."""
    for child in chain.children:
        name, inside = prefix + child.name, child.stage or stage
        if child.unit is not None:
            yield name, inside, child.unit
        elif isinstance(child.node, Chain):
            yield from units(child.node, f"{name}.", inside)
