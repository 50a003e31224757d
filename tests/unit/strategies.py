"""Hypothesis strategies for specs."""

from math import gcd
from typing import Any

from hypothesis import strategies as st

from explorer.names import NAMES
from explorer.spec import VALUES, ArchitectureSpec, named

NAMED_SPECS = st.sampled_from(tuple(NAMES)).map(named)
ENDING_IN_NORM = ("original", "relu_before_addition", "relu_only_preactivation")


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


@st.composite
def specs(draw: st.DrawFn, small: bool = False) -> ArchitectureSpec:
    """Any spec that can be built; a small one is built and run in milliseconds."""
    units = st.integers(1, 2 if small else 30)
    fields: dict[str, Any] = {
        "stages": tuple(draw(st.lists(units, min_size=1, max_size=3 if small else 6))),
        **{field: draw(st.sampled_from(VALUES[field])) for field in ("block", "shortcut", "stem")},
        "norm": draw(st.sampled_from(VALUES["norm"])),
        "width": draw(st.integers(1, 6 if small else 128)),
        "widen": draw(st.integers(1, 2 if small else 12)),
        "in_channels": draw(st.integers(1, 4)),
        "classes": draw(st.integers(1, 7 if small else 1000)),
    }
    orderings = set(VALUES["ordering"])
    if fields["shortcut"] == "none":
        orderings = {"original"}
    elif fields["norm"] == "none":
        orderings -= {"bn_after_addition"}
    fields["ordering"] = draw(st.sampled_from(sorted(orderings)))
    if fields["block"] == "bottleneck":
        fields |= _bottleneck(draw, fields["width"] * fields["widen"], small)
    inner = fields.get("groups", 1) * (fields.get("width_per_group") or fields["width"])
    if fields["norm"] == "group" and min(fields["width"], inner) < 2:
        fields["norm"] = "batch"  # a group needs two channels
    fields["se_ratio"] = draw(st.none() | st.integers(1, 8))
    residual = fields["shortcut"] != "none" and fields["norm"] != "none"
    if residual and fields["ordering"] in ENDING_IN_NORM:
        fields["zero_init"] = draw(st.booleans())
    stride = (4 if fields["stem"] == "imagenet" else 1) * 2 ** (len(fields["stages"]) - 1)
    fields["image_size"] = stride + draw(st.integers(0, 12 if small else 300))
    return ArchitectureSpec(**fields)
