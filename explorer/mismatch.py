"""In which tensors a file of weights differs from a network, and which network it looks like.

Names and shapes are all that is compared. They do not show strides, the place of activations or
how a plain network differs from one with shortcuts that learn nothing.
"""

from functools import lru_cache
from typing import NamedTuple

from explorer.names import NAMES
from explorer.rules import BOUNDS, quote
from explorer.spec import ArchitectureSpec, named
from explorer.tensors import COUNTER, Shape, Shapes, tensor_shapes

_NAMED = 3  # of each sort of difference, and of networks
_LONGEST_NAME = 60
_LEAST_LIKENESS = 0.5  # below, a network is not worth naming


class Mismatch(NamedTuple):
    """How a file differs from a network.

    Args:
        spec: the network.
        matching: tensors of equal name and shape.
        expected: tensors of the network. Counters of batches are not counted here.
        missing: names in the network only.
        unexpected: names in the file only.
        reshaped: name, shape in the file and shape in the network where they differ.
        alike: what the file looks like.
    """

    spec: ArchitectureSpec
    matching: int
    expected: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[tuple[str, Shape, Shape], ...]
    alike: "Likeness"

    def __str__(self) -> str:
        differences = (
            ("missing", self.missing),
            ("not in this network", self.unexpected),
            ("of another shape", tuple(map(_reshaping, self.reshaped))),
        )
        parts = [f"{self.matching:,} of the {self.expected:,} tensors of {self.spec} match"]
        parts += [f"{len(names):,} {what}: {_first(names)}" for what, names in differences if names]
        return "; ".join([*parts, str(self.alike)])


class Likeness(NamedTuple):
    """The listed networks that tensors resemble most.

    Args:
        texts: their text forms; a few, or none.
        share: of the names in either, how many are in both with one shape.
    """

    texts: tuple[str, ...]
    share: float

    def __str__(self) -> str:
        if not self.texts:
            return "these look like no listed network"
        texts = " or ".join(self.texts)
        if self.share == 1:
            return f"these are the names and shapes of {texts}"
        return f"these look most like {texts} ({self.share:.0%} of the tensors)"


def mismatch(found: Shapes, spec: ArchitectureSpec) -> Mismatch | None:
    """Return how tensors differ from a network's, or None if they fit it.

    Counters of batches may be missing: prediction does not need them.
    """
    expected, given = _weighty(tensor_shapes(spec)), _weighty(found)
    reshaped = tuple(
        (name, given[name], shape)
        for name, shape in expected.items()
        if name in given and given[name] != shape
    )
    missing = tuple(name for name in expected if name not in given)
    unexpected = tuple(name for name in given if name not in expected)
    if not (missing or unexpected or reshaped):
        return None
    matching = len(expected) - len(missing) - len(reshaped)
    return Mismatch(
        spec, matching, len(expected), missing, unexpected, reshaped, likeness(found, spec)
    )


def likeness(found: Shapes, spec: ArchitectureSpec | None = None) -> Likeness:
    """Return the listed networks that tensors resemble most, with their channels and classes.

    Args:
        found: shapes by name.
        spec: one more network to hold them against.
    """
    given = _weighty(found)
    candidates = {**({} if spec is None else {spec: _weighty(tensor_shapes(spec))}), **_listed()}
    ends = {each: _ends(given, shapes) for each, shapes in candidates.items()}
    shares = {each: _share(given, {**candidates[each], **ends[each].shapes}) for each in candidates}
    best = max(shares.values())
    nearest = [each for each, share in shares.items() if share == best][:_NAMED]
    if best < _LEAST_LIKENESS:
        nearest = []
    return Likeness(tuple(str(each.vary(**ends[each].fields)) for each in nearest), best)


class _Ends(NamedTuple):
    """What a file has for a network's first and last layer, if these differ in width only."""

    fields: dict[str, int]
    shapes: dict[str, Shape]


def _ends(given: Shapes, network: Shapes) -> _Ends:
    fields: dict[str, int] = {}
    shapes: dict[str, Shape] = {}
    first, *_, weight, bias = network
    shape, own = given.get(first, ()), network[first]
    if len(shape) > 1 and (shape[0], *shape[2:]) == (own[0], *own[2:]):
        fields["in_channels"], shapes[first] = shape[1], shape
    shape, own = given.get(weight, ()), network[weight]
    if len(shape) == 2 and shape[1] == own[1] and given.get(bias) == shape[:1]:
        fields["classes"], shapes[weight], shapes[bias] = shape[0], shape, shape[:1]
    if any(not BOUNDS[name][0] <= n <= BOUNDS[name][1] for name, n in fields.items()):
        return _Ends({}, {})
    return _Ends(fields, shapes)


def _share(one: Shapes, other: Shapes) -> float:
    common = sum(other.get(name) == shape for name, shape in one.items())
    return common / len(one.keys() | other.keys())


@lru_cache(maxsize=1)
def _listed() -> dict[ArchitectureSpec, Shapes]:
    specs = map(named, NAMES)
    return {spec: _weighty(tensor_shapes(spec)) for spec in specs}


def _weighty(shapes: Shapes) -> Shapes:
    """Return all but the counters of batches."""
    return {name: shape for name, shape in shapes.items() if not name.endswith(COUNTER)}


def _reshaping(each: tuple[str, Shape, Shape]) -> str:
    name, found, expected = each
    return f"{printable(name)} ({_by(found)} instead of {_by(expected)})"


def _by(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "a single number"


def _first(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(printable, names[:_NAMED])) + (" ..." if more > 0 else "")


def printable(name: str) -> str:
    """Return a name from a file so that it stays short and on one line."""
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else quote(name)
