"""What gradients through paths come to: in words computed from the data, and the data."""

from collections.abc import Sequence
from math import inf, isfinite

from explorer.gradients.paths import PathProfile
from explorer.names import LAYERS_PER_UNIT
from explorer.path_lengths import narrowest_range, share_between, shares

_PART = 0.9


def told(profile: PathProfile) -> str:
    """Return what a single path carries, and from which lengths most comes, as a sentence's end."""
    if not isfinite(profile.loss):
        return f"the loss is {profile.loss}: the signal leaves float32's range on its way."
    if not profile.whole_norm:
        return "no gradient arrives at all: its last layer, or the branches, start at 0."
    ranges = [narrowest_range(values, _PART) for values in (profile.products, profile.sum_norms)]
    if None in ranges:
        return f"{_ends(profile)}."
    product, summed = (_range_words(profile, each) for each in ranges if each)
    return (
        f"{_ends(profile)}. {_PART:.0%} of number × mean norm come from paths of {product}. Added "
        f"up as vectors, paths of {summed}, hold {_PART:.0%}."
    )


def _ends(profile: PathProfile) -> str:
    first, last = (each.geometric_mean for each in (profile.sampled[0], profile.sampled[-1]))
    longest = profile.sampled[-1].length
    said = f"a path of no branch carries {first:.2g}, one of {longest} carries **{last:.2g}**"
    if not (0 < last < inf and 0 < first < inf):
        return said
    return f"{said}: times {(last / first) ** (1 / longest):.2g} for each branch"


def _range_words(profile: PathProfile, lengths: tuple[int, int]) -> str:
    low, high = lengths
    layers = LAYERS_PER_UNIT[profile.spec.block]
    of_all = f"{100 * share_between(profile.units, low, high):.3g}% of all"
    if low == high:
        return f"**{low} units** ({low * layers} layers), {of_all}"
    return f"**{low} to {high} units** ({low * layers} to {high * layers} layers), {of_all}"


def records(profiles: Sequence[PathProfile], weights: Sequence[str]) -> list[dict[str, object]]:
    """Return a row for each network and length.

    Args:
        profiles: of the networks.
        weights: the name of each one's trained weights, or an empty text.
    """
    return [
        {
            "variant": str(profile.spec),
            "weights": trained or "untrained",
            "batch": profile.batch,
            "length": each.length,
            "share_of_paths": share,
            "paths_followed": len(each.norms),
            "geometric_mean_norm": each.geometric_mean,
            "mean_norm": each.mean,
            "least_norm": min(each.norms),
            "greatest_norm": max(each.norms),
            "norm_of_vector_sum": profile.sum_norms[each.length],
        }
        for profile, trained in zip(profiles, weights, strict=False)
        for each, share in zip(profile.sampled, shares(profile.units), strict=False)
    ]
