"""Live parts that measure gradients, as the probes of the laboratory do."""

from collections.abc import Sequence

from explorer.lessons.parts import GradientsPart, PathsPart, PathwaysPart, ProbePart
from explorer.spec import ArchitectureSpec
from explorer.ui import state, waiting
from explorer.ui.laboratory import norms as norms_probe
from explorer.ui.laboratory import paths as paths_probe
from explorer.ui.laboratory import pathways as pathways_probe
from explorer.ui.laboratory import work
from explorer.ui.laboratory.choices import Feed
from explorer.ui.laboratory.lines import Line, those_that_fit


def gradients(part: GradientsPart, _: bool) -> None:
    """Draw the gradient's norm along each network."""
    lines, fed = _prepared(part)
    quantity = norms_probe.QUANTITIES[part.quantity]
    if lines:
        specs = tuple(line.spec for line in lines)
        waiting.show(
            "gradients",
            (specs, fed.settings),
            work.probes("norms", specs, fed.settings, 1),
            lambda profiles: norms_probe.draw_curves(lines, profiles, quantity, fed),
            "Measuring gradients",
        )


def pathways(part: PathwaysPart, _: bool) -> None:
    """Draw what comes back through shortcut and branch of every unit."""
    lines, fed = _prepared(part)
    quantity = pathways_probe.QUANTITIES[part.quantity]
    if lines:
        specs = tuple(line.spec for line in lines)
        waiting.show(
            "pathways",
            (specs, fed.settings),
            work.probes("pathways", specs, fed.settings, 1),
            lambda profiles: pathways_probe.draw_curves(lines, profiles, quantity, fed),
            "Measuring both pathways",
        )


def paths(part: PathsPart, _: bool) -> None:
    """Draw how many paths have each length."""
    paths_probe.draw_counts(_lines(part.variants))


def _prepared(part: ProbePart) -> tuple[list[Line], Feed]:
    return those_that_fit(_lines(part.variants), part.batch), Feed(part.settings, 1, {}, ())


def _lines(specs: Sequence[ArchitectureSpec]) -> list[Line]:
    return [Line(v.spec, v.title, v.letter, v.colour) for v in state.side_by_side(specs)]
