"""Under which conditions a probe of paths was made, in words."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from explorer.path_lengths import LONGEST
from explorer.ui.laboratory.choices import Feed
from explorer.ui.laboratory.paths_work import Asked

if TYPE_CHECKING:
    from explorer.gradients.paths import PathProfile


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
