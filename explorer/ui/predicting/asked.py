"""Who is asked: a variant of the tray, and the weights it answers with."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from explorer.cards import FileCard, WeightsEntry
from explorer.ui.state import Shown

if TYPE_CHECKING:
    from explorer.training.fine_tuning import FineTuned


class Own(NamedTuple):
    """A file of weights that somebody brought along.

    Args:
        name: of the file.
        identity: tells this upload from any other.
        content: the whole file.
        like: bundled weights whose class names and preprocessing it shares; None for neither.
        card: what it says about these itself, which goes before; None if nothing.
    """

    name: str
    identity: str
    content: bytes
    like: WeightsEntry | None
    card: FileCard | None = None


class Asked(NamedTuple):
    """A variant that is shown pictures; with none of the three, an untrained one."""

    variant: Shown
    entry: WeightsEntry | None = None
    own: Own | None = None
    tuned: "FineTuned | None" = None

    @property
    def key(self) -> Hashable:
        """What its answers depend on, beside the picture."""
        spec = str(self.variant.spec)
        if self.own is not None:
            return spec, "own", self.own.identity, self.own.like and self.own.like.name
        if self.tuned is not None:
            return spec, "tuned", self.tuned.identity
        return spec, self.entry and self.entry.name
