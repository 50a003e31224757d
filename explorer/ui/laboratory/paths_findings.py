"""What a probe of paths says in words, computed from the data shown, and the data."""

from collections.abc import Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING

from explorer.names import LAYERS_PER_UNIT
from explorer.path_lengths import LONGEST, narrowest_range, share_between, shares
from explorer.ui.laboratory.choices import Feed
from explorer.ui.laboratory.lines import Line
from explorer.ui.laboratory.paths_work import Asked
from explorer.ui.laboratory.sentences import about

if TYPE_CHECKING:
    from explorer.gradients.paths import PathProfile

_PART = 0.9


def finding(line: Line, profile: "PathProfile") -> str:
    """Return what was found in one network, as an item of a list."""
    return about(line, _said(line, profile))


def _said(line: Line, profile: "PathProfile") -> str:
    if not isfinite(profile.loss):
        return f"the loss is {profile.loss}: the signal leaves float32's range on its way."
    if not profile.whole_norm:
        return "no gradient arrives at all: its last layer, or the branches, start at 0."
    ranges = [narrowest_range(values, _PART) for values in (profile.products, profile.sum_norms)]
    if None in ranges:
        return f"{_ends(profile)}."
    product, summed = (_range_words(line, profile, each) for each in ranges if each)
    return (
        f"{_ends(profile)}. {_PART:.0%} of number × mean norm come from paths of {product}. Added "
        f"up as vectors, paths of {summed}, hold {_PART:.0%}."
    )


def _ends(profile: "PathProfile") -> str:
    first, last = (each.geometric_mean for each in (profile.sampled[0], profile.sampled[-1]))
    longest = profile.sampled[-1].length
    said = f"a path of no branch carries {first:.2g}, one of {longest} carries **{last:.2g}**"
    if not (0 < last < inf and 0 < first < inf):
        return said
    return f"{said}: times {(last / first) ** (1 / longest):.2g} for each branch"


def _range_words(line: Line, profile: "PathProfile", lengths: tuple[int, int]) -> str:
    low, high = lengths
    layers = LAYERS_PER_UNIT[line.spec.block]
    of_all = f"{100 * share_between(profile.units, low, high):.3g}% of all"
    if low == high:
        return f"**{low} units** ({low * layers} layers), {of_all}"
    return f"**{low} to {high} units** ({low * layers} to {high * layers} layers), {of_all}"


def conditions(asked: Sequence[Asked], profiles: "Sequence[PathProfile]", fed: Feed) -> str:
    """Return under which conditions it was found."""
    settings = fed.settings
    said = fed.words
    if asked[0].trained:
        said = (
            f"Batch of {settings.fed}, drawn with seed {settings.seed}; trained networks, batch "
            "normalisation by running statistics, mean cross-entropy against the pictures' classes."
        )
    said += " Norms are of the gradient at the first residual unit's input, behind the stem."
    if any(profile.units >= profile.lengths for profile in profiles):
        return f"{said} Paths longer than {LONGEST} units are not measured."
    errors = [p.rest_norm / p.whole_norm for p in profiles if p.whole_norm and isfinite(p.loss)]
    if errors:
        said += f" Checked: the vector sums add up to autograd's gradient, to {max(errors):.0e}."
    return said


def records(asked: Sequence[Asked], profiles: "Sequence[PathProfile]") -> list[dict[str, object]]:
    """Return a row for each network and length."""
    return [
        {
            "variant": str(profile.spec),
            "weights": one.trained or "untrained",
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
        for one, profile in zip(asked, profiles, strict=False)
        for each, share in zip(profile.sampled, shares(profile.units), strict=False)
    ]
