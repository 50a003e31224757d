"""What a person chose: `ArchitectureSpec` and its text form.

The text form is `name` or `name,field=value,...`, as in `resnet50` or
`resnet110-cifar,shortcut=B,norm=none`. The same text stands in the URL, on the command
line, in file names and in the API.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple

from explorer import rules
from explorer.classic_names import VGG_STAGES, Choice
from explorer.combinations import PREACTIVATED, meaningless
from explorer.names import IMAGENET_PATTERNS, LAYERS_PER_UNIT, NAMES, choices_of, wide_name
from explorer.rules import (
    ALIASES,
    BOUNDS,
    MAX_UNITS,
    REAL_BOUNDS,
    SWITCHES,
    VALUES,
    SpecError,
    no_such,
    quote,
    stages_for,
    written,
)

__all__ = [
    "BOUNDS",
    "FIELDS",
    "VALUES",
    "ArchitectureSpec",
    "Option",
    "SpecError",
    "as_fields",
    "depths",
    "named",
    "options",
    "parse",
    "stages_for",
]


@dataclass(frozen=True, slots=True)
class ArchitectureSpec:
    """Every choice that makes a network, checked on construction.

    A classic network, of a family other than `residual`, leaves all fields but a few at the
    values of its name (see `classic_names.py`).

    Args:
        stages: residual units in each stage; each stage halves the map and doubles the width,
            except the first.
        block: `basic` (two 3x3) or `bottleneck` (1x1, 3x3, 1x1).
        ordering: arrangement of BN and ReLU around the addition, He et al. 2016, Fig. 4.
        shortcut: A zero padding, B projection where the shape changes, C projection
            everywhere, none for the plain network; constant_scaling, exclusive_gating,
            shortcut_only_gating and dropout are those of He et al. 2016, Table 1.
        stride_at: the bottleneck convolution that carries the stride (1x1 is the paper's).
        downsample_in: the unit of a stage that halves the map: its first, or its last as in
            Keras's ResNet v2, where the last stage halves nothing.
        stem: `imagenet` (7x7, stride 2, max-pool), `cifar` (one 3x3), `cifar-pool` (one 3x3
            and a max-pool of stride 1) or `deep` (three 3x3, the first of stride 2, max-pool).
        stem_activation: normalise and activate the stem; without, a pre-activation network's
            first unit does it, as in Keras.
        width: channels of the stem and, times `widen`, of the first stage.
        widen: widening factor of the stages (not of the stem).
        expansion: output channels of a bottleneck over the stage's width.
        groups: cardinality of the bottleneck's 3x3 convolution.
        width_per_group: channels of each group in the first stage; None keeps the stage's width.
        se_ratio: reduction of a squeeze-excitation at the end of each branch; None for none.
        shortcut_scale: the constant on the shortcut, of constant_scaling.
        branch_scale: the constant on the branch, of constant_scaling.
        gate_bias: where the bias of a gate starts.
        shortcut_dropout: the share of numbers that a dropout shortcut drops in training.
        norm: `batch`, `group` (at most 32 groups of 2 channels or more) or `none`.
        bias: convolutions with a bias, beside the linear layer's: `none`, `unnormalised` (those
            with no normalisation right behind) or `all`.
        zero_init: the last normalisation of each branch starts with gamma = 0.
        skip_init: each branch is multiplied by one learned number that starts at 0.
        init: `he`, or `fixup`, which scales branches down for networks without normalisation.
        survival: of the last branch in training by stochastic depth, falling linearly; 1 drops
            none.
        dims: 2 for pictures, 1 for series of `image_size` numbers in `in_channels` channels.
        image_size: height and width of the input in pixels.
        in_channels: channels of the input.
        classes: outputs of the final linear layer.
        family: `residual`, or a classic network; a text form's name says it.
    Raises:
        SpecError: for a value out of bounds or a combination that cannot be built.
    """

    stages: tuple[int, ...]
    block: str = "basic"
    ordering: str = "original"
    shortcut: str = "B"
    stride_at: str = "3x3"
    downsample_in: str = "first"
    stem: str = "imagenet"
    stem_activation: bool = True
    width: int = 64
    widen: int = 1
    expansion: int = 4
    groups: int = 1
    width_per_group: int | None = None
    se_ratio: int | None = None
    shortcut_scale: float = 0.5
    branch_scale: float = 0.5
    gate_bias: float = -6.0
    shortcut_dropout: float = 0.5
    norm: str = "batch"
    bias: str = "none"
    zero_init: bool = False
    skip_init: bool = False
    init: str = "he"
    survival: float = 1.0
    dims: int = 2
    image_size: int = 224
    in_channels: int = 3
    classes: int = 1000
    family: str = "residual"

    def __post_init__(self) -> None:
        rules.check(as_fields(self), _DEFAULTS)

    @property
    def depth(self) -> int:
        """Weighted layers on the main path: stem, branches, linear; projections excluded.

        The three convolutions of a deep stem count as one, as in the name ResNet-50-D.
        """
        return rules.depth_of(self.family, self.block, self.stages)

    @property
    def residual(self) -> bool:
        """Whether its units add a shortcut."""
        return self.shortcut != "none"

    @property
    def preactivated(self) -> bool:
        """Whether units begin with an activation (He et al. 2016, Fig. 4 d and e)."""
        return self.ordering in PREACTIVATED

    @property
    def smallest_image(self) -> int:
        """Size in pixels of the smallest picture the network takes."""
        return rules.smallest_image(self.family, self.stem, self.stages)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input without the batch: (C, H, W), or (C, L) of a series."""
        return (self.in_channels, *(self.image_size,) * self.dims)

    def vary(self, **changes: Any) -> "ArchitectureSpec":
        """Return this spec with some fields changed.

        `depth` is accepted and sets `stages`. A field that the change makes meaningless
        (the ordering of a plain network, say) falls back to its default unless it is given.

        Raises:
            SpecError: for an unknown field, or when the result cannot be built.
        """
        values = {**as_fields(self), **_read_aliases(changes)}
        if values["family"] != self.family:
            raise SpecError("family: a network's name says it, it cannot be changed")
        if not isinstance(values["block"], str) or values["block"] not in LAYERS_PER_UNIT:
            raise SpecError(no_such("block", values["block"], VALUES["block"]))
        depth = values.pop("depth", None)
        if depth is not None:
            stages = stages_for(depth, values["block"], len(self.stages), self.family)
            if changes.get("stages", stages) != stages:
                raise SpecError(
                    f"depth={depth} means stages={written(stages)}: give depth or stages, not both"
                )
            values["stages"] = stages
        if self.family == "residual":
            _drop_meaningless(values, changes)
        return ArchitectureSpec(**values)

    def plain(self) -> "ArchitectureSpec":
        """Return the plain twin: the same layers without shortcuts (He et al. 2015, 3.3).

        A network from before residual learning is its own.
        """
        if not self.residual:
            return self
        return self.vary(shortcut="none")

    def __str__(self) -> str:
        return _text(self)


def _drop_meaningless(values: dict[str, Any], kept: Collection[str]) -> None:
    """Reset what the other choices leave without a meaning; one reset can lead to the next."""
    while reset := {
        field: _DEFAULTS[field]
        for field in meaningless(values)
        if field not in kept and values[field] != _DEFAULTS[field]
    }:
        values |= reset


_DEFAULTS: Mapping[str, Any] = {
    field.name: field.default for field in fields(ArchitectureSpec) if field.name != "stages"
}
_NAMES = ("stages", *_DEFAULTS)
FIELDS: tuple[str, ...] = ("depth", *(name for name in _NAMES if name != "family"))
"""Every field a text form may set."""


def as_fields(spec: ArchitectureSpec) -> dict[str, Any]:
    """Return the spec's fields as a dictionary, in declaration order."""
    return {name: getattr(spec, name) for name in _NAMES}


def named(name: str) -> ArchitectureSpec:
    """Return the network of a catalogue name.

    Raises:
        SpecError: if there is no such name; the message lists the nearest.
    """
    if choices_of(name) is None:
        raise SpecError(no_such("network", name, tuple(NAMES)))
    return _named(name)


@lru_cache(maxsize=256)
def _named(name: str) -> ArchitectureSpec:
    choices: Mapping[str, Any] = choices_of(name) or {}
    return ArchitectureSpec(**choices)


def parse(text: str) -> ArchitectureSpec:
    """Read a text form, such as `resnet50,ordering=v2`.

    Raises:
        SpecError: for an unknown name, field or value (with the nearest valid ones), a field
            given twice, or an impossible combination.
    """
    if not isinstance(text, str):
        raise SpecError(f"a variant is a text such as resnet50, not {type(text).__name__}")
    return _parsed(text)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ArchitectureSpec:
    name, *settings = (part.strip() for part in text.split(","))
    spec = named(name.lower())
    changes: dict[str, Any] = {}
    for setting in settings:
        field, equals, value = (part.strip() for part in setting.partition("="))
        if not equals or not value:
            raise SpecError(f"{quote(setting)} is not of the form field=value")
        if field not in FIELDS:
            raise SpecError(no_such("field", field, FIELDS))
        if field in changes:
            raise SpecError(f"{field} is given twice")
        changes[field] = _read(field, value)
    return spec.vary(**changes)


class Option(NamedTuple):
    """One value of a field for a given spec: where it leads, or why it cannot be chosen."""

    value: str
    spec: ArchitectureSpec | None
    reason: str


@lru_cache(maxsize=2048)
def options(spec: ArchitectureSpec, field: str) -> tuple[Option, ...]:
    """Return what each value of a named-value field (a key of `VALUES`) would make of a spec."""
    return tuple(_option(spec, field, value) for value in VALUES[field])


def depths(spec: ArchitectureSpec) -> tuple[int, ...]:
    """Return the depths worth offering for a spec: published ones, and its own."""
    if spec.family != "residual":
        return tuple(sorted({*VGG_STAGES, spec.depth})) if spec.family == "vgg" else (spec.depth,)
    per_unit = LAYERS_PER_UNIT[spec.block]
    if len(spec.stages) == 4:
        units: Sequence[int] = [sum(p) for p in IMAGENET_PATTERNS]
    else:
        published = (3, 5, 7, 9, 18, 200) if spec.block == "basic" else (3, 6, 9, 18, 111)
        units = [len(spec.stages) * n for n in published if len(spec.stages) * n <= MAX_UNITS]
    return tuple(sorted({2 + per_unit * n for n in units} | {spec.depth}))


def _option(spec: ArchitectureSpec, field: str, value: str) -> Option:
    try:
        return Option(value, spec.vary(**{field: value}), "")
    except SpecError as error:
        return Option(value, None, error.reason)


def _read_aliases(changes: Mapping[str, Any]) -> dict[str, Any]:
    for field in changes:
        if field not in FIELDS:
            raise SpecError(no_such("field", field, FIELDS))
    return {
        field: ALIASES[field].get(str(value).lower(), value) if field in ALIASES else value
        for field, value in changes.items()
    }


def _read(field: str, value: str) -> Choice:
    """Read one value of a text form; names and bounds are checked by the spec."""
    if field == "stages":
        return tuple(_read_int(field, part) for part in value.split("-"))
    if field in SWITCHES:
        if value.lower() not in ("true", "false"):
            raise SpecError(f"{field}={quote(value)}: true or false")
        return value.lower() == "true"
    if field in REAL_BOUNDS:
        return _read_real(field, value)
    if field in ("width_per_group", "se_ratio") and value == "none":
        return None
    if field in BOUNDS or field == "depth":
        return _read_int(field, value)
    return value


def _read_int(field: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise SpecError(
            f"{field}={quote(value)}: "
            + (
                "whole numbers joined by -, as in 3-4-6-3"
                if field == "stages"
                else "a whole number"
            )
        )
    return int(value)


def _read_real(field: str, value: str) -> float:
    try:
        return float(value) + 0.0  # no negative zero
    except ValueError:
        raise SpecError(f"{field}={quote(value)}: a number") from None


@lru_cache(maxsize=4096)
def _text(spec: ArchitectureSpec) -> str:
    """Return the text of fewest settings that parses to this spec, from the name most like it."""
    names = [name for name in NAMES if named(name).family == spec.family]
    wide = spec.widen > 1 and (spec.block, spec.shortcut) == ("basic", "B")
    if wide and spec.ordering == "full_preactivation" and len(set(spec.stages)) == 1:
        names.append(wide_name(6 * spec.stages[0] + 4, spec.widen))
    return min(_rank(name, spec) for name in names)[-1]


def _rank(name: str, spec: ArchitectureSpec) -> tuple[bool, int, bool, int, str]:
    """Order texts: no residual network under a plain name, few settings, same layers, short."""
    base, settings = named(name), _settings(named(name), spec)
    text = ",".join((name, *settings))
    misnamed = base.shortcut == "none" != spec.shortcut
    relayered = (base.block, base.stages) != (spec.block, spec.stages)
    return misnamed, len(settings), relayered, len(text), text


def _settings(base: ArchitectureSpec, spec: ArchitectureSpec) -> list[str]:
    settings = []
    for field in FIELDS[1:]:
        value = getattr(spec, field)
        if field == "stages" and _same_depth(base, spec):
            continue
        if value != getattr(base, field):
            settings.append(f"{field}={written(value)}")
    if base.stages != spec.stages and _same_depth(base, spec):
        settings.insert(0, f"depth={spec.depth}")
    return settings


def _same_depth(base: ArchitectureSpec, spec: ArchitectureSpec) -> bool:
    """Whether `depth` alone says the spec's stages when it starts from `base`."""
    if len(base.stages) != len(spec.stages):
        return False
    try:
        return stages_for(spec.depth, spec.block, len(base.stages), spec.family) == spec.stages
    except SpecError:
        return False
