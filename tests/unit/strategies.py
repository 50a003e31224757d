"""Hypothesis strategies for specs."""

from math import gcd
from typing import Any

from hypothesis import strategies as st

from explorer.classic_names import CLASSICS
from explorer.names import NAMES
from explorer.spec import VALUES, ArchitectureSpec, named

NAMED_SPECS = st.sampled_from(tuple(NAMES)).map(named)
ENDING_IN_NORM = ("original", "relu_before_addition", "relu_only_preactivation")
PREACTIVATED = ("relu_only_preactivation", "full_preactivation")


def _bottleneck(draw: st.DrawFn, inner: int, small: bool) -> dict[str, Any]:
    return {
        "stride_at": draw(st.sampled_from(VALUES["stride_at"])),
        "expansion": draw(st.integers(1, 4)),
        **draw(
            st.one_of(
                st.just({}),
                st.integers(1, 4).map(lambda n: {"groups": gcd(n, inner)}),
                st.fixed_dictionaries(
                    {
                        "groups": st.integers(1, 3 if small else 64),
                        "width_per_group": st.integers(1, 3 if small else 256),
                    }
                ),
            )
        ),
    }


def _shortcut_settings(draw: st.DrawFn, shortcut: str) -> dict[str, float]:
    """The settings that belong to one kind of shortcut."""
    if shortcut == "constant_scaling":
        return {
            "shortcut_scale": draw(st.floats(0, 2)),
            "branch_scale": draw(st.floats(0, 2)),
        }
    if shortcut == "dropout":
        return {"shortcut_dropout": draw(st.floats(0.1, 0.9))}
    if shortcut.endswith("gating"):
        return {"gate_bias": draw(st.floats(-8, 1))}
    return {}


def _start(draw: st.DrawFn, fields: dict[str, Any]) -> dict[str, Any]:
    """At most one of the ways in which a branch can start at zero."""
    ways: list[dict[str, Any]] = [{}, {"skip_init": True}]
    if fields["norm"] == "none":
        ways.append({"init": "fixup"})
    elif fields["ordering"] in ENDING_IN_NORM:
        ways.append({"zero_init": True})
    return draw(st.sampled_from(ways))


@st.composite
def specs(draw: st.DrawFn, small: bool = False, random: bool = True) -> ArchitectureSpec:
    """Any residual or plain network; a small one is built and run in milliseconds.

    Without `random` its training draws nothing: no dropout, no stochastic depth.
    """
    units = st.integers(1, 2 if small else 30)
    chosen = ("block", "shortcut", "stem", "norm", "bias", "downsample_in")
    fields: dict[str, Any] = {
        "stages": tuple(draw(st.lists(units, min_size=1, max_size=3 if small else 6))),
        **{field: draw(st.sampled_from(VALUES[field])) for field in chosen},
        "width": draw(st.integers(1, 6 if small else 128)),
        "widen": draw(st.integers(1, 2 if small else 12)),
        "in_channels": draw(st.integers(1, 4)),
        "classes": draw(st.integers(1, 7 if small else 1000)),
        "dims": draw(st.sampled_from((2, 2, 2, 1))),
        "se_ratio": draw(st.none() | st.integers(1, 8)),
    }
    if fields["shortcut"] == "dropout" and not random:
        fields["shortcut"] = "constant_scaling"
    if fields["block"] == "bottleneck":
        fields |= _bottleneck(draw, fields["width"] * fields["widen"], small)
    inner = fields.get("groups", 1) * (fields.get("width_per_group") or fields["width"])
    narrowest = fields["width"] // 2 if fields["stem"] == "deep" else fields["width"]
    if fields["norm"] == "group" and min(narrowest, inner) < 2:
        fields["norm"] = "batch"  # a group needs two channels
    if fields["shortcut"] != "none":
        orderings = set(VALUES["ordering"])
        if fields["norm"] == "none":
            orderings -= {"bn_after_addition"}
        fields["ordering"] = draw(st.sampled_from(sorted(orderings)))
        fields |= _start(draw, fields) | _shortcut_settings(draw, fields["shortcut"])
        if fields["ordering"] in PREACTIVATED:
            fields["stem_activation"] = draw(st.booleans())
        if random:
            fields["survival"] = draw(st.just(1.0) | st.floats(0.1, 0.9))
    stride = (1 if "cifar" in fields["stem"] else 4) * 2 ** (len(fields["stages"]) - 1)
    fields["image_size"] = stride + draw(st.integers(0, 12 if small else 300))
    return ArchitectureSpec(**fields)


@st.composite
def classics(draw: st.DrawFn) -> ArchitectureSpec:
    """Any network from before residual learning, for small pictures."""
    classic = CLASSICS[draw(st.sampled_from(tuple(CLASSICS)))]
    fields = {
        **classic.choices,
        "image_size": classic.smallest_image + draw(st.integers(0, 70)),
        "in_channels": draw(st.integers(1, 4)),
        "classes": draw(st.integers(1, 12)),
    }
    if fields["family"] == "vgg":
        fields["stages"] = draw(st.tuples(*[st.integers(1, 3)] * 5))
        fields["norm"] = draw(st.sampled_from(VALUES["norm"]))
    return ArchitectureSpec(**fields)
