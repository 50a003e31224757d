"""What the picture of a network shows: its stages, its units, and the layers inside each."""

from dataclasses import dataclass
from typing import TypeAlias

from explorer.costs import Shape


@dataclass(frozen=True, slots=True)
class Part:
    """One layer: `label` is short enough for a small box, shapes are (C, H, W)."""

    name: str
    kind: str
    label: str
    detail: str
    output_shape: Shape
    parameters: int


Parts: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Parallel branches that all take what comes before them, and the layer that joins them."""

    branches: tuple[Parts, ...]
    joint: Part

    @property
    def output_shape(self) -> Shape:
        """Shape of what the branches make together."""
        return self.joint.output_shape


Piece: TypeAlias = Part | Fork
Pieces: TypeAlias = tuple[Piece, ...]


def flat(pieces: Pieces) -> Parts:
    """Return the layers of pieces, those of each branch after another's."""
    parts: list[Part] = []
    for piece in pieces:
        if isinstance(piece, Fork):
            parts += (part for branch in piece.branches for part in branch)
            parts.append(piece.joint)
        else:
            parts.append(piece)
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Unit:
    """Identical units in a row, told once: the layers are those of the first of `members`.

    `members` are the units' names in the built network, and `first` is the place of the first of
    them in its stage. The parts are those of `nodes.Residual`; what a gate weights ends in its
    `gating`. Where `skip` is "none" there is no addition and all pieces stand in `branch`; so do
    layers that belong to no unit, as in a stem and a head, whose `first` is 0. `noun` is what such
    a unit is called.
    """

    members: tuple[str, ...]
    first: int
    skip: str
    before: Parts = ()
    branch: Pieces = ()
    shortcut: Parts = ()
    addition: Part | None = None
    after: Parts = ()
    gate: Parts = ()
    noun: str = "unit"

    @property
    def name(self) -> str:
        """Name of the first of these units, which stands for all of them."""
        return self.members[0]

    @property
    def count(self) -> int:
        """How many units these are."""
        return len(self.members)

    @property
    def parts(self) -> Parts:
        """Every part, on the main path or beside it."""
        return flat(self.main_path) + self.shortcut + self.gate

    @property
    def main_path(self) -> Pieces:
        """Every piece but the shortcut's and the gate's, in forward order."""
        addition = () if self.addition is None else (self.addition,)
        return self.before + self.branch + addition + self.after

    @property
    def output_shape(self) -> Shape:
        """Shape of what the unit gives."""
        return self.main_path[-1].output_shape

    @property
    def parameters(self) -> int:
        """Learnable numbers of one such unit."""
        return sum(part.parameters for part in self.parts)

    @property
    def caption(self) -> str:
        """Which units these are: `unit 1`, `units 2 to 200`."""
        if self.count == 1:
            return f"{self.noun} {self.first}"
        return f"{self.noun}s {self.first} to {self.first + self.count - 1}"


@dataclass(frozen=True, slots=True)
class Group:
    """A stage, or the stem or the head: what it is called and its distinct units in order."""

    name: str
    units: tuple[Unit, ...]

    @property
    def count(self) -> int:
        """Units in the stage; 0 for the stem and the head."""
        return sum(unit.count for unit in self.units if unit.first)

    @property
    def counted(self) -> str:
        """How many units these are, in words; nothing for the stem and the head."""
        nouns = [unit.noun for unit in self.units if unit.first]
        return f"{self.count} {nouns[0]}{'' if self.count == 1 else 's'}" if nouns else ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A network as a picture shows it."""

    input_shape: Shape
    groups: tuple[Group, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of layer in the picture, by first appearance."""
        units = (unit for group in self.groups for unit in group.units)
        return tuple(dict.fromkeys(p.kind for u in units for p in u.parts))

    def find(self, name: str) -> tuple[Group, Unit]:
        """Return the unit that bears a name or stands for it; for no such name, the first one.

        A stem or a head is only taken for the first where there is no unit.
        """
        places = [(group, unit) for group in self.groups for unit in group.units]
        found = [place for place in places if name in place[1].members]
        return (found or [place for place in places if place[1].first] or places)[0]
