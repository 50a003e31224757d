"""How a variant stands to what is published: the same network, or what differs and its effect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from typing import Any

from explorer.analysis import analyze
from explorer.catalog import Published, entries
from explorer.classic_names import CLASSICS, INPUT_FIELDS
from explorer.spec import ArchitectureSpec, SpecError, as_fields, parse
from explorer.words import ORDERING_WORDS, SHORTCUT_WORDS, unit_name


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change adds to a network's costs; negative where it saves."""

    parameters: int
    macs: int

    def __str__(self) -> str:
        return f"{_signed(self.macs, 'MACs')}, {_signed(self.parameters, 'parameters')}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One choice that differs from a published network.

    Args:
        words: what is chosen instead of what.
        effect: of this change alone, made to the published network; None where the change
            alone makes no network.
    """

    words: str
    effect: Effect | None

    def __str__(self) -> str:
        effect = "no network by itself, see the total" if self.effect is None else self.effect
        return f"{self.words}: {effect}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variant beside a published network.

    Args:
        entry: the published network.
        differences: in the order of the spec's fields; none means the same network.
        total: the effect of all differences together.
    """

    entry: Published
    differences: tuple[Difference, ...]
    total: Effect

    @property
    def exact(self) -> bool:
        """Whether the variant is this published network."""
        return not self.differences


@lru_cache(maxsize=128)
def nearest(spec: ArchitectureSpec) -> Comparison:
    """Compare a variant with the published network of its family of fewest differing choices.

    Among equally many, the one of the closest cost is taken.
    """
    return _nearest(spec, [entry for entry in entries() if _family(entry) == spec.family])


@lru_cache(maxsize=128)
def nearest_in_paper(spec: ArchitectureSpec) -> Comparison | None:
    """Do the same, without networks that only a library or a later paper has.

    None where a family has no other.
    """
    found = [entry for entry in entries() if _family(entry) == spec.family and in_own_paper(entry)]
    return _nearest(spec, found) if found else None


def _family(entry: Published) -> str:
    return parse(entry.text).family


def _nearest(spec: ArchitectureSpec, found: Sequence[Published]) -> Comparison:
    counts = [len(_changed(parse(entry.text), spec)) for entry in found]
    fewest = min(counts)
    near = [entry for entry, count in zip(found, counts, strict=True) if count == fewest]
    return compare(spec, min(near, key=lambda entry: _distance(parse(entry.text), spec)))


def compare(spec: ArchitectureSpec, entry: Published) -> Comparison:
    """Say in words how a variant differs from a published network."""
    base = parse(entry.text)
    return Comparison(entry, differences(base, spec), effect(base, spec))


def differences(base: ArchitectureSpec, spec: ArchitectureSpec) -> tuple[Difference, ...]:
    """Say which choices of a variant differ from another's, in the order of the spec's fields.

    Two families have only their input and their classes to compare.
    """
    changed = _changed(base, spec)
    if base.family == spec.family:
        return tuple(_difference(base, field, value) for field, value in changed.items())
    families = Difference(f"{_family_words(spec)} instead of {_family_words(base)}", None)
    shared = [field for field in INPUT_FIELDS if field in changed]
    return (families, *(_difference(base, field, changed[field]) for field in shared))


def _difference(base: ArchitectureSpec, field: str, value: Any) -> Difference:
    return Difference(_words(base, field, value), _effect_alone(base, field, value))


def _family_words(spec: ArchitectureSpec) -> str:
    if spec.family == "residual":
        return "residual units" if spec.residual else "plain units"
    return f"the layers of {CLASSICS[spec.family].title}"


def in_own_paper(entry: Published) -> bool:
    """Whether the paper an entry is named after has this very network.

    ResNet-50 v1.5, say, is named after He et al. 2015, but only libraries and later papers have it.
    """
    if entry.deviates:
        return False
    return not entry.results or bool(_own_sources(entry))


def where(entry: Published) -> str:
    """Return where a network is published: its paper's tables, or else who has it instead."""
    sources = _own_sources(entry)
    if sources:
        authors, identifier = sources[0].split(", ")[0], sources[0].split(", ")[-1]
        places = [", ".join(source.split(", ")[1:-1]) for source in sources]
        return f"{authors}, {'; '.join(places)}, {identifier}"
    return "; ".join(_sources(entry)) or entry.paper


def _sources(entry: Published) -> list[str]:
    return list(dict.fromkeys(result.source for result in entry.results))


def _own_sources(entry: Published) -> list[str]:
    identifier = entry.paper.rpartition(", ")[-1]
    return [source for source in _sources(entry) if source.endswith(identifier)]


def _changed(base: ArchitectureSpec, spec: ArchitectureSpec) -> dict[str, Any]:
    before = as_fields(base)
    return {field: value for field, value in as_fields(spec).items() if value != before[field]}


def _distance(one: ArchitectureSpec, other: ArchitectureSpec) -> float:
    a, b = analyze(one), analyze(other)
    return abs(log(a.macs / b.macs)) + abs(log(a.parameters / b.parameters))


def _effect_alone(base: ArchitectureSpec, field: str, value: Any) -> Effect | None:
    # `vary` would drop choices that lose their meaning; here nothing else may change.
    try:
        return effect(base, replace(base, **{field: value}))
    except SpecError:
        return None


def effect(base: ArchitectureSpec, spec: ArchitectureSpec) -> Effect:
    """Return what one network costs more than another."""
    before, after = analyze(base), analyze(spec)
    return Effect(after.parameters - before.parameters, after.macs - before.macs)


def _signed(number: int, unit: str) -> str:
    return f"{number:+,} {unit}".replace("-", "−") if number else f"same {unit}"


def _words(base: ArchitectureSpec, field: str, new: Any) -> str:
    say = _FIELD_WORDS[field]
    if field == "stages":
        return f"{say(new)} instead of {say(base.stages)} {unit_name(base)}s in the stages"
    return f"{say(new)} instead of {say(getattr(base, field))}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


_STEM_WORDS = {
    "imagenet": "the ImageNet stem (7x7, stride 2, max-pool)",
    "cifar": "the CIFAR stem (one 3x3)",
    "cifar-pool": "the pooled CIFAR stem (one 3x3 and a max-pool of stride 1)",
    "deep": "the deep stem (three 3x3, the first of stride 2, max-pool)",
}
_BIAS_WORDS = {
    "none": "convolutions without biases",
    "unnormalised": "biases where no normalisation is right behind",
    "all": "biases in all convolutions",
}
_INIT_WORDS = {"he": "He's initialisation", "fixup": "Fixup's scaled initialisation"}
_NORM_WORDS = {
    "batch": "batch normalisation",
    "group": "group normalisation",
    "none": "no normalisation",
}
_FIELD_WORDS: Mapping[str, Callable[[Any], str]] = {
    "stages": lambda units: "-".join(map(str, units)),
    "block": lambda block: f"{block} units",
    "ordering": lambda ordering: f"ordering {ORDERING_WORDS[ordering].replace(': ', ', ')}",
    "shortcut": lambda kind: SHORTCUT_WORDS[kind].replace(": ", ", "),
    "stride_at": lambda place: f"stride in the {place}",
    "downsample_in": lambda unit: f"downsampling in a stage's {unit} unit",
    "stem": _STEM_WORDS.__getitem__,
    "stem_activation": lambda there: f"{'an' if there else 'no'} activation behind the stem",
    "width": lambda width: f"a width of {_counted(width, 'channel')}",
    "widen": lambda times: "stages not widened" if times == 1 else f"stages widened {times}-fold",
    "expansion": lambda times: f"bottlenecks expanding {times}-fold",
    "groups": lambda groups: f"{_counted(groups, 'group')} in the bottlenecks' 3x3",
    "width_per_group": lambda width: (
        "groups sharing the stage's width" if width is None else f"{width:,} channels a group"
    ),
    "se_ratio": lambda ratio: (
        "no squeeze-excitation" if ratio is None else f"squeeze-excitation of reduction {ratio}"
    ),
    "shortcut_scale": lambda factor: f"shortcuts times {factor:g}",
    "branch_scale": lambda factor: f"branches times {factor:g}",
    "gate_bias": lambda bias: f"gate biases starting at {bias:g}",
    "shortcut_dropout": lambda rate: f"shortcuts dropping {rate:.0%}",
    "norm": _NORM_WORDS.__getitem__,
    "bias": _BIAS_WORDS.__getitem__,
    "zero_init": lambda zero: f"branches whose last gamma starts at {0 if zero else 1}",
    "skip_init": lambda there: f"branches {'times' if there else 'without'} a learned number",
    "init": _INIT_WORDS.__getitem__,
    "survival": lambda least: f"last branches surviving at {least:.0%} in training",
    "dims": lambda dims: "pictures" if dims == 2 else "series",
    "image_size": lambda size: f"pictures of {size} × {size}",
    "in_channels": lambda channels: _counted(channels, "input channel"),
    "classes": lambda classes: f"{classes:,} {'class' if classes == 1 else 'classes'}",
}
