"""What becomes of the picture on its way: what units add, and what stages would answer."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.ui import charts, waiting
from explorer.ui.explaining import depth_work, exits, networks
from explorer.ui.explaining.opened import Shown
from explorer.ui.laboratory import lines, sentences
from explorer.ui.predicting.voices import Heard

if TYPE_CHECKING:
    from explorer.gradients.activations import UnitBranch


def draw(heard: Sequence[Heard], picture: Shown) -> None:
    """Draw |F(x)| / |x| of each unit, and the answers that each stage would give."""
    st.markdown(
        "Each residual unit adds its branch F(x) to what its shortcut carries, x. Where the ratio "
        "of their norms is small, the unit only refines what is there."
    )
    with_shortcuts = lines.with_shortcuts(
        [networks.line(each) for each in heard], "is nothing to hold the branch against"
    )
    residual = [each for each in heard if networks.line(each) in with_shortcuts]
    if residual:
        waiting.show(
            "explain-signal",
            networks.key(residual, picture),
            depth_work.signals(networks.asked(residual), picture),
            partial(_draw_signal, residual, picture),
            "Measuring the signal",
        )
    exits.draw(heard, picture)


def _draw_signal(
    heard: Sequence[Heard],
    picture: Shown,
    found: "Sequence[tuple[UnitBranch, ...] | str]",
) -> None:
    shown = networks.with_results(heard, found)
    if not shown:
        return
    curves = [_curve(*each) for each in shown]
    networks.tell(
        shown,
        lambda each, result: sentences.spread(_curve(each, result), "|F(x)| / |x|", "unit"),
    )
    bands = shared_bands([[unit.stage for unit in result] for _, result in shown])
    charts.draw(
        gradient_norms(curves, bands, "|F(x)| / |x|, L2 norms", point="Unit"),
        "signal-of-picture",
        "Each unit's branch over its shortcut, |F(x)| / |x|, for this picture",
        "Read from left to right, the way the signal travels; from one power of ten to the next is "
        "a factor of 10. Both are taken as they are added, behind any projection, with the trained "
        "batch statistics. Units that only refine: Jastrzębski et al. 2018, arXiv:1710.04773.",
        partial(_records, shown, picture),
    )


def _curve(heard: Heard, found: "Sequence[UnitBranch]") -> Curve:
    line = networks.line(heard)
    return Curve(
        line.name,
        line.colour,
        line.dash,
        tuple(unit.name for unit in found),
        tuple(unit.ratio for unit in found),
    )


def _records(
    shown: "Sequence[tuple[Heard, tuple[UnitBranch, ...]]]", picture: Shown
) -> list[dict[str, object]]:
    return [
        {
            **networks.origin(heard, picture),
            **unit._asdict(),
            "branch_over_shortcut": unit.ratio,
        }
        for heard, found in shown
        for unit in found
    ]
