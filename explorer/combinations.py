"""Which choices of a residual network go together, and the reason where they do not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Values: TypeAlias = Mapping[str, Any]

BOTTLENECK_ONLY = ("expansion", "groups", "width_per_group")
ENDS_IN_NORM = ("original", "relu_before_addition", "relu_only_preactivation")
GATED = ("exclusive_gating", "shortcut_only_gating")
PREACTIVATED = ("relu_only_preactivation", "full_preactivation")


class Conflict(NamedTuple):
    """A combination that makes no network, and whether it is there."""

    present: bool
    choices: str
    reason: str
    remedy: str


class _Idle(NamedTuple):
    """A field that a choice leaves without a meaning, where `idle`; `other` would give it one."""

    field: str
    idle: bool
    choice: str
    reason: str
    other: str


def meaningless(values: Values) -> list[str]:
    """Return the fields that the other choices leave without a meaning."""
    return [entry.field for entry in _idle_fields(values) if entry.idle]


def total_stride(stem: str, stages: Sequence[int]) -> int:
    """Return how many input pixels, in a row, stand behind one of the last feature map."""
    return (1 if stem.startswith("cifar") else 4) << (len(stages) - 1)


def conflicts(values: Values, defaults: Values) -> Iterator[Conflict]:
    """Yield every combination that could make no network."""
    for field, idle, choice, reason, other in _idle_fields(values):
        value, default = values[field], defaults[field]
        keep = "leave it out" if default is None else f"choose {field}={_plain(default)}"
        setting = f"{field}={_plain(value)} with {choice}"
        yield Conflict(idle and value != default, setting, reason, f"{keep}, or {other}")
    yield from _impossible(values)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _idle_fields(values: Values) -> Iterator[_Idle]:
    plain = values["shortcut"] == "none"
    other = "shortcut=A, B or C"
    for field, reason in _ADDED_ONLY.items():
        yield _Idle(field, plain, "shortcut=none", reason, other)
    for field in ("stride_at", *BOTTLENECK_ONLY):
        reason = "a basic unit has no 1x1 convolution"
        if field != "stride_at":
            reason = f"{field} describes the inside of a bottleneck"
        other = "block=bottleneck"
        yield _Idle(field, values["block"] == "basic", "block=basic", reason, other)
    norm, ordering, shortcut = values["norm"], values["ordering"], values["shortcut"]
    yield _Idle(
        "zero_init",
        norm == "none" or ordering not in ENDS_IN_NORM,
        f"norm={norm}, ordering={ordering}",
        "it needs a normalisation at the end of the branch",
        f"norm=batch and one of {', '.join(ENDS_IN_NORM)} as ordering",
    )
    yield _Idle(
        "stem_activation",
        ordering not in PREACTIVATED,
        f"ordering={ordering}",
        "only a pre-activation network can leave its stem's activation to the first unit",
        "ordering=full_preactivation",
    )
    yield _Idle(
        "init",
        norm != "none",
        f"norm={norm}",
        "Fixup's scaling takes the place of a normalisation",
        "norm=none",
    )
    for field, owners in _SHORTCUT_SETTINGS.items():
        reason = f"it belongs to {' and '.join(owners)}"
        other = f"shortcut={owners[0]}"
        yield _Idle(field, shortcut not in owners, f"shortcut={shortcut}", reason, other)


_STARTS_AT_ZERO = "without a shortcut, a branch that starts at zero passes nothing on"
_ADDED_ONLY: Mapping[str, str] = {
    "ordering": "a plain network has no addition to order around",
    "zero_init": _STARTS_AT_ZERO,
    "skip_init": _STARTS_AT_ZERO,
    "init": _STARTS_AT_ZERO,
    "survival": "without a shortcut, a unit that is dropped passes nothing on",
}
"""Fields that need an addition, and why."""

_SHORTCUT_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "shortcut_scale": ("constant_scaling",),
    "branch_scale": ("constant_scaling",),
    "gate_bias": GATED,
    "shortcut_dropout": ("dropout",),
}


def _impossible(values: Values) -> Iterator[Conflict]:
    norm, ordering, groups = values["norm"], values["ordering"], values["groups"]
    inner = values["width"] * values["widen"]
    fewest = min(values["width"], groups * (values["width_per_group"] or inner))
    if values["stem"] == "deep":
        fewest = min(fewest, values["width"] // 2)
    yield Conflict(
        values["width_per_group"] is None and bool(inner % groups),
        f"groups={groups} with width={values['width']}, widen={values['widen']}",
        f"{groups} does not divide the {inner} channels of the first stage",
        "choose a divisor, or give width_per_group",
    )
    yield Conflict(
        norm == "none" and ordering == "bn_after_addition",
        "ordering=bn_after_addition with norm=none",
        "there is no normalisation to place",
        "choose norm=batch or group, or ordering=original",
    )
    yield Conflict(
        norm == "group" and fewest < 2,
        f"norm=group with width={values['width']}",
        "a group of a single channel leaves nothing to normalise",
        "choose norm=batch, or more channels",
    )
    zeros = {"zero_init": True, "skip_init": True, "init": "fixup"}
    chosen = [
        f"{field}={str(zero).lower()}" for field, zero in zeros.items() if values[field] == zero
    ]
    yield Conflict(
        len(chosen) > 1,
        " with ".join(chosen),
        "a branch that is zero twice over has no gradient and never learns",
        "choose one of them",
    )
    stride = total_stride(values["stem"], values["stages"])
    yield Conflict(
        values["image_size"] < stride,
        f"image_size={values['image_size']} is too small",
        f"this network divides the picture's size by {stride}",
        f"the smallest input is {stride} pixels",
    )
