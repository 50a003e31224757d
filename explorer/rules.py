"""What can be chosen, what goes with what, and the sentence for what does not.

Choices are plain mappings from field to value here; `spec.py` gives them their type.
"""

import difflib
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from explorer.classic_names import CLASSICS, VGG_STAGES, Choice
from explorer.combinations import Values, conflicts, total_stride
from explorer.names import IMAGENET_PATTERNS, LAYERS_PER_UNIT

ORDERINGS = (
    "original",
    "bn_after_addition",
    "relu_before_addition",
    "relu_only_preactivation",
    "full_preactivation",
)
VALUES: Mapping[str, tuple[str, ...]] = {
    "block": ("basic", "bottleneck"),
    "ordering": ORDERINGS,
    "shortcut": (
        "A",
        "B",
        "C",
        "none",
        "constant_scaling",
        "exclusive_gating",
        "shortcut_only_gating",
        "dropout",
    ),
    "stride_at": ("1x1", "3x3"),
    "downsample_in": ("first", "last"),
    "stem": ("imagenet", "cifar", "cifar-pool", "deep"),
    "norm": ("batch", "group", "none"),
    "bias": ("none", "unnormalised", "all"),
    "init": ("he", "fixup"),
}
FAMILIES = ("residual", *CLASSICS)
SWITCHES = ("stem_activation", "zero_init", "skip_init")
ALIASES: Mapping[str, Mapping[str, str]] = {
    "ordering": {"v1": "original", "v2": "full_preactivation"},
    # The 1x1 convolution on every shortcut (2016, Table 1) is option C of 2015.
    "shortcut": {"a": "A", "b": "B", "c": "C", "conv": "C"},
}
BOUNDS: Mapping[str, tuple[int, int]] = {
    "width": (1, 1024),
    "widen": (1, 32),
    "expansion": (1, 16),
    "groups": (1, 1024),
    "width_per_group": (1, 1024),
    "se_ratio": (1, 64),
    "image_size": (1, 2048),
    "in_channels": (1, 1024),
    "classes": (1, 100_000),
    "dims": (1, 2),
}
REAL_BOUNDS: Mapping[str, tuple[float, float]] = {
    "shortcut_scale": (0, 10),
    "branch_scale": (0, 10),
    "gate_bias": (-20, 20),
    "shortcut_dropout": (0, 0.95),
    "survival": (0.01, 1),
}
MAX_STAGES = 6
MAX_UNITS = 1000


class SpecError(ValueError):
    """A text or a combination of choices that stands for no network.

    The message says what is wrong and what would be valid; `reason` is the bare why of it.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


def check(values: Values, defaults: Values) -> None:
    """Refuse values out of bounds and combinations that cannot be built.

    Raises:
        SpecError: for the first thing that is wrong.
    """
    _check_values(values, defaults)
    if values["family"] in CLASSICS:
        _check_classic(values, defaults)
        return
    for conflict in conflicts(values, defaults):
        if conflict.present:
            sentence = f"{conflict.choices}: {conflict.reason}; {conflict.remedy}"
            raise SpecError(sentence, conflict.reason)


def smallest_image(family: str, stem: str, stages: Sequence[int]) -> int:
    """Return the size in pixels of the smallest picture a network takes."""
    if family in CLASSICS:
        return CLASSICS[family].smallest_image
    return total_stride(stem, stages)


def depth_of(family: str, block: str, stages: Sequence[int]) -> int:
    """Return the weighted layers on the main path; a stem counts as one, a projection not."""
    if family in CLASSICS:
        classic = CLASSICS[family]
        return classic.other_layers + classic.layers_per_unit * sum(stages)
    return 2 + LAYERS_PER_UNIT[block] * sum(stages)


def stages_for(depth: int, block: str, count: int, family: str = "residual") -> tuple[int, ...]:
    """Return the units per stage of a published network, or of an evenly divided one.

    Four stages follow the ImageNet networks; any other number is divided evenly, as the
    CIFAR networks are (depth 6n+2, or 9n+2 with bottlenecks). A classic family has its own.

    Raises:
        SpecError: if that depth has no such network; the message lists the valid depths.
    """
    if type(depth) is not int:
        raise SpecError(f"depth={quote(depth)}: a whole number")
    if family in CLASSICS:
        return _classic_stages(depth, family)
    valid = {2 + LAYERS_PER_UNIT[block] * sum(p): p for p in IMAGENET_PATTERNS}
    if count == 4:
        if depth in valid:
            return valid[depth]
        others = {2 + n * sum(p): b for p in IMAGENET_PATTERNS for b, n in LAYERS_PER_UNIT.items()}
        hint = f" (or block={others[depth]})" if depth in others else ""
        raise SpecError(
            f"depth={depth} is no network of four stages of {block} units: valid depths are "
            f"{listed(valid)}{hint}; for another, give the units per stage, as in stages=3-4-6-3"
        )
    step = LAYERS_PER_UNIT[block] * count
    units, rest = divmod(depth - 2, step)
    if rest or units < 1:
        near = sorted({2 + step * max(1, units), 2 + step * max(1, units + 1)})
        raise SpecError(
            f"depth={depth} does not divide into {count} equal stages of {block} units: "
            f"depth is {step}n+2, the nearest are {listed(near)}"
        )
    return (units,) * count


def _classic_stages(depth: int, family: str) -> tuple[int, ...]:
    classic = CLASSICS[family]
    only: tuple[int, ...] = classic.choices["stages"]
    valid = VGG_STAGES if family == "vgg" else {depth_of(family, "", only): only}
    if depth not in valid:
        raise SpecError(f"depth={depth}: the valid depths of {classic.title} are {listed(valid)}")
    return valid[depth]


def _check_classic(values: Values, defaults: Values) -> None:
    classic = CLASSICS[values["family"]]
    only = {**defaults, **classic.choices}
    for field, value in values.items():
        if field not in classic.free and value != only[field]:
            reason = f"{classic.title} has no such choice"
            free = f"its choices are {listed(classic.free)}"
            raise SpecError(f"{field}={written(value)}: {reason}; {free}", reason)
    count = len(classic.choices["stages"])
    if len(values["stages"]) != count:
        raise SpecError(f"stages={written(values['stages'])}: {classic.title} has {count} stages")
    if values["image_size"] < classic.smallest_image:
        raise SpecError(
            f"image_size={values['image_size']} is too small: the smallest input of "
            f"{classic.title} is {classic.smallest_image} pixels"
        )


def _check_values(values: Values, defaults: Values) -> None:
    stages = values["stages"]
    if not isinstance(stages, tuple) or not all(type(n) is int for n in stages):
        raise SpecError("stages is a list of whole numbers, the units of each stage: 3-4-6-3")
    if not 1 <= len(stages) <= MAX_STAGES or min(stages) < 1 or sum(stages) > MAX_UNITS:
        raise SpecError(
            f"stages={quote(written(stages))}: 1 to {MAX_STAGES} stages of at least one unit each, "
            f"{MAX_UNITS} units at most in all"
        )
    for field, valid in VALUES.items():
        if values[field] not in valid:
            raise SpecError(no_such(field, values[field], valid))
    for field, (low, high) in BOUNDS.items():
        value = values[field]
        if value is None and defaults[field] is None:
            continue
        if type(value) is not int or not low <= value <= high:
            raise SpecError(f"{field}={quote(value)}: a whole number from {low} to {high:,}")
    for field, (least, most) in REAL_BOUNDS.items():
        value = values[field]
        real = type(value) in (int, float) and isfinite(value)
        if not real or not least <= value <= most:
            raise SpecError(f"{field}={quote(value)}: a number from {least:g} to {most:g}")
    for field in SWITCHES:
        if type(values[field]) is not bool:
            raise SpecError(f"{field}={quote(values[field])}: true or false")
    if values["family"] not in FAMILIES:
        raise SpecError(no_such("family", values["family"], FAMILIES))


def written(value: Choice) -> str:
    """Return a value as a text form has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return "none" if value is None else str(value)


def no_such(what: str, value: object, valid: Sequence[str]) -> str:
    """Return the sentence for an unknown name, with the nearest valid ones."""
    text = str(value)[:100].lower()
    near = [name for name in valid if text and name.lower().startswith(text)][:4]
    near = near or difflib.get_close_matches(text, valid, n=4, cutoff=0.5)
    names = listed(near or valid[:8]) + ("" if near or len(valid) <= 8 else ", ...")
    return f"no {what} {quote(value)}; {'the nearest' if near else 'valid'}: {names}"


def quote(value: object) -> str:
    """Return a value in quotes, cut if it is long."""
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def listed(values: Any) -> str:
    """Return values joined by commas."""
    return ", ".join(str(value) for value in values)
