"""Charts as parts of an HTML file: interactive, with the one script they need inside."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from explorer import side_by_side
from explorer.figures.comparison import series, stage_bars, stage_lines
from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.figures.style import VARIANT_COLOURS, Figure
from explorer.tray import LETTERS, Variant

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile

_QUANTITIES = {
    "parameters": "Parameters",
    "macs": "MACs (one picture)",
    "output_bytes": "Bytes of all outputs (one picture, float32)",
}

_BARS = "Stages stand by their place in the network; the taller bar is the costlier stage."
_FIELDS = (
    "How many pixels of the picture, in a row, one number at the end of a stage depends on. Where "
    "lines coincide, the first is widest."
)
_CURVES = (
    "Read from right to left, the way the gradient travels: a line that climbs to the left grows "
    "towards the picture. From one power of ten to the next is a factor of 10."
)


def stage_charts(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield the costs of each stage, and what its last number sees; the script comes first."""
    rows = side_by_side.stages([variant.spec for variant in variants])
    places = [row.name for row in rows]
    lines = [
        (f"{LETTERS[n]}: {variant.title}", VARIANT_COLOURS[n]) for n, variant in enumerate(variants)
    ]
    for field, title in _QUANTITIES.items():
        chart = stage_bars(places, series(lines, rows, field), title)
        yield _html(chart, f"{title}, by stage", _BARS, with_script=field == "parameters")
    seen = series(lines, rows, "receptive_field")
    yield _html(stage_lines(places, seen, "px"), "Receptive field at each stage's end", _FIELDS)


def gradient_chart(variants: Sequence[Variant], profiles: "Sequence[GradientProfile]") -> str:
    """Return the curves of gradient norms at the layers' outputs, a profile for each variant."""
    curves = []
    for n, (variant, profile) in enumerate(zip(variants, profiles, strict=True)):
        layers = profile.main_path
        title = f"{LETTERS[n]}: {variant.title}"
        names = tuple(layer.name for layer in layers)
        norms = tuple(layer.output_gradient_norm for layer in layers)
        curves.append(Curve(title, VARIANT_COLOURS[n], "solid", names, norms))
    bands = shared_bands([[layer.stage for layer in p.main_path] for p in profiles])
    chart = gradient_norms(curves, bands, "|dL/dy|, L2 norm")
    return _html(chart, "Gradient at the layers' outputs", _CURVES)


def _html(chart: Figure, title: str, reading: str, with_script: bool = False) -> str:
    config = {"displayModeBar": False, "responsive": True}
    chart.update_layout(template="plotly_white")  # for paper
    part = chart.to_html(full_html=False, include_plotlyjs=with_script, config=config)
    caption = f"<figcaption>{escape(title)}</figcaption>"
    return f"<figure>{caption}{part}<p>{escape(reading)}</p></figure>"
