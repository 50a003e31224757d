"""The tray: up to four variants side by side, A to D, and which of them is being edited.

Plain data that changes by making a new tray. Its link form is what stands in the address:
`text` or `text;Name` for each variant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

from explorer.spec import ArchitectureSpec, SpecError, parse
from explorer.words import title

LETTERS = "ABCD"
MAX_VARIANTS = len(LETTERS)
MAX_NAME = 40
"""Characters of a variant's name; what is longer is cut."""

DEFAULT = "resnet50"

_SIGNS = "-+.,()/%=_'"
_LOOSE_UNDERSCORES = re.compile(
    r"(?<![^\W_])_+|_+(?![^\W_])"
)  # Markdown's emphasis, but a_b is none
_WWW = re.compile(r"www(?=\.)", re.IGNORECASE)  # begins a link, to some readers of Markdown


@dataclass(frozen=True, slots=True)
class Variant:
    """A network, and what the person calls it.

    Args:
        spec: the choices.
        name: one line of at most `MAX_NAME` characters; empty if it has none of its own.
    """

    spec: ArchitectureSpec
    name: str = ""

    @property
    def title(self) -> str:
        """The name, or else what the choices are called."""
        return self.name or title(self.spec)

    def __str__(self) -> str:
        return f"{self.spec};{self.name}" if self.name else str(self.spec)


@dataclass(frozen=True, slots=True)
class Tray:
    """One to four variants in order, and the place of the one being edited."""

    variants: tuple[Variant, ...]
    edited: int = 0

    @property
    def current(self) -> Variant:
        """The variant being edited."""
        return self.variants[self.edited]

    @property
    def full(self) -> bool:
        """Whether no further variant has room."""
        return len(self.variants) == MAX_VARIANTS

    def edit(self, place: int) -> "Tray":
        """Edit another variant; a place that is not there changes nothing."""
        return replace(self, edited=place) if place in range(len(self.variants)) else self

    def choose(self, spec: ArchitectureSpec, place: int) -> "Tray":
        """Put other choices in a place; a name given by hand stays."""
        return self._put(place, replace(self.variants[place], spec=spec))

    def rename(self, name: str, place: int) -> "Tray":
        """Call a variant something else, or by its choices again where the name is empty."""
        return self._put(place, replace(self.variants[place], name=clean_name(name)))

    def add(self, variant: Variant) -> "Tray":
        """Put a variant behind the others and edit it; a full tray stays as it is."""
        return self if self.full else Tray((*self.variants, variant), len(self.variants))

    def duplicate(self) -> "Tray":
        """Put a copy behind the variant being edited, and edit the copy."""
        if self.full:
            return self
        behind = self.edited + 1
        copy = Variant(self.current.spec)
        return Tray((*self.variants[:behind], copy, *self.variants[behind:]), behind)

    def remove(self) -> "Tray":
        """Take the variant being edited away, unless it is the only one."""
        left = self.variants[: self.edited] + self.variants[self.edited + 1 :]
        return Tray(left, min(self.edited, len(left) - 1)) if left else self

    def move(self, steps: int) -> "Tray":
        """Move the variant being edited towards the end, or by negative steps towards A."""
        place = min(max(self.edited + steps, 0), len(self.variants) - 1)
        others = self.variants[: self.edited] + self.variants[self.edited + 1 :]
        return Tray((*others[:place], self.current, *others[place:]), place)

    def links(self) -> tuple[str, ...]:
        """Return each variant as it stands in the address."""
        return tuple(map(str, self.variants))

    def _put(self, place: int, variant: Variant) -> "Tray":
        return replace(
            self, variants=(*self.variants[:place], variant, *self.variants[place + 1 :])
        )


class Reading(NamedTuple):
    """What could be read of a link, and sentences on what could not."""

    tray: Tray
    notices: tuple[str, ...]


def read_variant(link: str) -> Variant:
    """Read one variant as it stands in the address.

    Raises:
        SpecError: if the text form names no network.
    """
    text, _, name = link.partition(";")
    return Variant(parse(text), clean_name(name))


def read(links: Sequence[str], letter: str = "") -> Reading:
    """Read what a link says, as far as it can be read.

    Args:
        links: a variant each.
        letter: of the variant being edited; empty for the first.
    """
    found: dict[int, Variant] = {}
    notices = []
    for place, link in enumerate(links[:MAX_VARIANTS]):
        try:
            found[place] = read_variant(link)
        except SpecError as error:
            notices.append(f"The link's variant {link[:80]!r} could not be read: {error}.")
    if len(links) > MAX_VARIANTS:
        notices.append(
            f"The link has {len(links)} variants; these are the first {MAX_VARIANTS} of them."
        )
    wanted = LETTERS.find(letter) if letter else 0
    if found and (len(letter) > 1 or wanted not in found):
        notices.append(f"The link edits the variant {letter[:8]!r}, which is not there.")
    variants = tuple(found.values()) or (Variant(parse(DEFAULT)),)
    return Reading(Tray(variants, list(found).index(wanted) if wanted in found else 0), (*notices,))


@lru_cache(maxsize=256)
def trusted(links: tuple[str, ...], edited: int) -> Tray:
    """Return the tray that was written as these links."""
    return Tray(tuple(map(read_variant, links)), edited)


def clean_name(name: str, longest: int = MAX_NAME) -> str:
    """Return a name on one line, of letters, digits and plain signs, cut where it is too long.

    It comes from a link, which anybody may have made, and is shown on every page: signs that
    Markdown or HTML would read are left out.
    """
    plain = "".join(char if char in _SIGNS or category(char)[0] in "LMN" else " " for char in name)
    plain = _WWW.sub("www ", _LOOSE_UNDERSCORES.sub(" ", plain))
    return " ".join(plain.split())[:longest].rstrip("_ ")
