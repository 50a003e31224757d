"""Who is asked: a variant of the tray, and the weights it answers with."""

from collections.abc import Hashable
from typing import NamedTuple

from explorer.cards import WeightsEntry
from explorer.ui.state import Shown


class Own(NamedTuple):
    """A file of weights that somebody brought along.

    Args:
        name: of the file.
        identity: tells this upload from any other.
        content: the whole file.
        like: bundled weights whose class names and preprocessing it shares; None for neither.
    """

    name: str
    identity: str
    content: bytes
    like: WeightsEntry | None


class Asked(NamedTuple):
    """A variant that is shown pictures; with neither entry nor file, an untrained one."""

    variant: Shown
    entry: WeightsEntry | None = None
    own: Own | None = None

    @property
    def key(self) -> Hashable:
        """What its answers depend on, beside the picture."""
        spec = str(self.variant.spec)
        if self.own is not None:
            return spec, "own", self.own.identity, self.own.like and self.own.like.name
        return spec, self.entry and self.entry.name
