"""What can be chosen, what goes with what, and the sentence for what does not.

Choices are plain mappings from field to value here; `spec.py` gives them their type.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from explorer.names import IMAGENET_PATTERNS, LAYERS_PER_UNIT, Choice

Values: TypeAlias = Mapping[str, Any]

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
    "shortcut": ("A", "B", "C", "none"),
    "stride_at": ("1x1", "3x3"),
    "stem": ("imagenet", "cifar", "cifar-pool"),
    "norm": ("batch", "group", "none"),
}
ALIASES: Mapping[str, Mapping[str, str]] = {
    "ordering": {"v1": "original", "v2": "full_preactivation"},
    "shortcut": {"a": "A", "b": "B", "c": "C"},
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
}
MAX_STAGES = 6
MAX_UNITS = 1000


BOTTLENECK_ONLY = ("expansion", "groups", "width_per_group")
ENDS_IN_NORM = ("original", "relu_before_addition", "relu_only_preactivation")


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
    for conflict in _conflicts(values, defaults):
        if conflict.present:
            sentence = f"{conflict.choices}: {conflict.reason}; {conflict.remedy}"
            raise SpecError(sentence, conflict.reason)


def meaningless(values: Values) -> list[str]:
    """Return the fields that the other choices leave without a meaning."""
    found: list[str] = []
    if values["shortcut"] == "none":
        found += ["ordering", "zero_init"]
    if values["block"] == "basic":
        found += ["stride_at", *BOTTLENECK_ONLY]
    if values["norm"] == "none" or values["ordering"] not in ENDS_IN_NORM:
        found.append("zero_init")
    return found


def total_stride(stem: str, stages: Sequence[int]) -> int:
    """Return how many input pixels, in a row, stand behind one of the last feature map."""
    return (4 if stem == "imagenet" else 1) << (len(stages) - 1)


def stages_for(depth: int, block: str, count: int) -> tuple[int, ...]:
    """Return the units per stage of a published network, or of an evenly divided one.

    Four stages follow the ImageNet networks; any other number is divided evenly, as the
    CIFAR networks are (depth 6n+2, or 9n+2 with bottlenecks).

    Raises:
        SpecError: if that depth has no such network; the message lists the valid depths.
    """
    if type(depth) is not int:
        raise SpecError(f"depth={quote(depth)}: a whole number")
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
    if type(values["zero_init"]) is not bool:
        raise SpecError(f"zero_init={quote(values['zero_init'])}: true or false")


class _Conflict(NamedTuple):
    """A combination that makes no network, and whether it is there."""

    present: bool
    choices: str
    reason: str
    remedy: str


def _conflicts(values: Values, defaults: Values) -> list[_Conflict]:
    basic, plain = values["block"] == "basic", values["shortcut"] == "none"
    ordering, norm = values["ordering"], values["norm"]
    inner = values["width"] * values["widen"]
    fewest = min(values["width"], values["groups"] * (values["width_per_group"] or inner))
    stride = total_stride(values["stem"], values["stages"])
    return [
        _Conflict(
            plain and ordering != "original",
            f"ordering={ordering} with shortcut=none",
            "a plain network has no addition to order around",
            "choose ordering=original, or shortcut=A, B or C",
        ),
        _Conflict(
            plain and values["zero_init"],
            "zero_init=true with shortcut=none",
            "without a shortcut, a branch that starts at zero passes nothing on",
            "choose zero_init=false, or shortcut=A, B or C",
        ),
        _Conflict(
            basic and values["stride_at"] == "1x1",
            "stride_at=1x1 with block=basic",
            "a basic unit has no 1x1 convolution",
            "choose stride_at=3x3, or block=bottleneck",
        ),
        *(
            _Conflict(
                basic and values[field] != defaults[field],
                f"{field}={values[field]} with block=basic",
                f"{field} describes the inside of a bottleneck",
                "leave it out, or choose block=bottleneck",
            )
            for field in BOTTLENECK_ONLY
        ),
        _Conflict(
            values["width_per_group"] is None and bool(inner % values["groups"]),
            f"groups={values['groups']} with width={values['width']}, widen={values['widen']}",
            f"{values['groups']} does not divide the {inner} channels of the first stage",
            "choose a divisor, or give width_per_group",
        ),
        _Conflict(
            norm == "none" and ordering == "bn_after_addition",
            "ordering=bn_after_addition with norm=none",
            "there is no normalisation to place",
            "choose norm=batch or group, or ordering=original",
        ),
        _Conflict(
            norm == "group" and fewest < 2,
            f"norm=group with width={values['width']}",
            "a group of a single channel leaves nothing to normalise",
            "choose norm=batch, or at least 2 channels",
        ),
        _Conflict(
            values["zero_init"] and (norm == "none" or ordering not in ENDS_IN_NORM),
            f"zero_init=true with norm={norm}, ordering={ordering}",
            "it needs a normalisation at the end of the branch",
            f"choose norm=batch and one of {listed(ENDS_IN_NORM)} as ordering",
        ),
        _Conflict(
            values["image_size"] < stride,
            f"image_size={values['image_size']} is too small",
            f"this network divides the picture's size by {stride}",
            f"the smallest input is {stride} pixels",
        ),
    ]


def written(value: Choice) -> str:
    """Return a value as a text form has it."""
    if isinstance(value, bool):
        return str(value).lower()
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
