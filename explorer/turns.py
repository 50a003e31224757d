"""One layer and the layer in its place: what turns the one into the other, and what that costs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from explorer.blocks import channels, label, size
from explorer.conformance import Effect
from explorer.costs import Shape
from explorer.rows import LayerRow


class Turn(NamedTuple):
    """One property that turns into another; None on a side where there is nothing.

    Where both sides are alike, `what` says it all; where it is `counted`, they are numbers.
    """

    what: str
    before: str | None
    after: str | None
    moved: bool = False
    counted: bool = False

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return f"{self.what} {'added' if self.before is None else 'removed'}"
        if self.before == self.after:
            return self.what
        if self.counted:
            more = int(self.after) - int(self.before)
            what = self.what.removesuffix("s") if abs(more) == 1 else self.what
            return f"{more:+} {what}".replace("-", "−") + f" ({self.before} → {self.after})"
        if self.moved:
            return f"{self.what} moved from {self.before} to {self.after}"
        return f"{self.what} {self.before} → {self.after}".strip()

    def mirrored(self) -> "Turn":
        """Return the turn back."""
        return self._replace(before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to some layers of a block, and what that adds to its costs.

    `subject` names the layers where the turns do not.
    """

    subject: str
    turns: tuple[Turn, ...]
    effect: Effect

    @property
    def words(self) -> str:
        """The change without its effect."""
        told = ", ".join(map(str, self.turns))
        return f"{self.subject}: {told}" if self.subject else told

    def mirrored(self) -> "Change":
        """Return the change back."""
        taken = Effect(-self.effect.parameters, -self.effect.macs)
        return Change(self.subject, tuple(turn.mirrored() for turn in self.turns), taken)


def effect(before: Iterable[LayerRow], after: Iterable[LayerRow]) -> Effect:
    """Return what some layers cost more than others."""
    gone, come = tuple(before), tuple(after)
    return Effect(
        sum(row.parameters for row in come) - sum(row.parameters for row in gone),
        sum(row.macs for row in come) - sum(row.macs for row in gone),
    )


def total(effects: Iterable[Effect]) -> Effect:
    """Add up effects."""
    kept = tuple(effects)
    return Effect(sum(e.parameters for e in kept), sum(e.macs for e in kept))


def turns_of(a: LayerRow, b: LayerRow) -> tuple[Turn, ...]:
    """Return what changes in a layer, beside its channels and its map; with these if it does."""
    if a.kind == "convolution":
        turns = tuple(_convolution_turns(a, b))
        return (*turns, *size_turns(a, b)) if turns else ()
    if a.kind == "linear":
        old, new = (row.detail.partition(",")[0] for row in (a, b))
        return () if old == new else (Turn("", old, new),)
    if label(a) != label(b):
        return (Turn("", label(a), label(b)),)
    if a.detail == b.detail or a.kind in ("padding", "normalisation", "concatenation"):
        return ()
    if a.kind == "dropout":
        return (Turn("another rate", "", ""),)
    if a.kind == "squeeze-excitation" and a.input_shape[0] != b.input_shape[0]:
        return ()
    old, new = (row.detail.removesuffix(", with biases") for row in (a, b))
    return (Turn("", old, new),)


def _convolution_turns(a: LayerRow, b: LayerRow) -> Iterator[Turn]:
    if size(a) != size(b):
        yield Turn("", size(a), size(b))
    for what in ("stride", "groups"):
        old, new = getattr(a, what), getattr(b, what)
        if old != new:
            yield Turn(what, str(old), str(new))
    if a.kernel == b.kernel and a.padding != b.padding:
        yield Turn("padding", str(a.padding), str(b.padding))
    old, new = ("" if "with bias" in row.detail else None for row in (a, b))
    if old != new:
        yield Turn("bias", old, new)


def size_turns(a: LayerRow, b: LayerRow) -> Iterator[Turn]:
    """Yield how a convolution's channels and, beside its stride, its map differ."""
    if channels(a) != channels(b):
        yield Turn("channels", channels(a), channels(b))
    if a.output_shape[1:] != b.output_shape[1:] and a.stride == b.stride:
        yield map_turn(a.output_shape, b.output_shape)


def map_turn(before: Shape, after: Shape) -> Turn:
    """Say how maps of two shapes differ in height and width."""
    old, new = (" × ".join(map(str, shape[1:])) for shape in (before, after))
    return Turn("maps", old, new)
