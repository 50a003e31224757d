"""Charts as parts of an HTML file: interactive, with the one script they need inside."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from explorer import side_by_side
from explorer.figures.comparison import Series, stage_bars, stage_lines
from explorer.figures.gradients import Band, Curve, gradient_norms
from explorer.figures.style import VARIANT_COLOURS, Figure
from explorer.tray import LETTERS, Variant

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile

_QUANTITIES = {
    "parameters": "Parameters",
    "macs": "MACs (one picture)",
    "output_bytes": "Bytes of all outputs (one picture, float32)",
}


def stage_charts(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield the costs of each stage, and what its last number sees; the script comes first."""
    rows = side_by_side.stages([variant.spec for variant in variants])
    places = [row.name for row in rows]
    for field, title in _QUANTITIES.items():
        chart = stage_bars(places, _series(variants, rows, field), title)
        yield _html(chart, f"{title}, by stage", with_script=field == "parameters")
    seen = _series(variants, rows, "receptive_field")
    yield _html(stage_lines(places, seen, "px"), "Receptive field at each stage's end")


def gradient_chart(variants: Sequence[Variant], profiles: "Sequence[GradientProfile]") -> str:
    """Return the curves of gradient norms at the layers' outputs."""
    places = {variant.spec: n for n, variant in enumerate(variants)}
    curves: list[Curve] = []
    bands: list[Band] = []
    for profile in profiles:
        n = places.get(profile.spec, 0)
        layers = profile.main_path
        positions = tuple(range(1, len(layers) + 1))
        norms = tuple(layer.output_gradient_norm for layer in layers)
        names = tuple(layer.name for layer in layers)
        title = f"{LETTERS[n]}: {variants[n].title}"
        curves.append(Curve(title, VARIANT_COLOURS[n], "solid", names, positions, norms))
        if not bands:
            found: dict[str, list[int]] = {}
            for position, layer in zip(positions, layers, strict=True):
                found.setdefault(layer.stage, []).append(position)
            bands = [Band(stage, each[0], each[-1]) for stage, each in found.items()]
    chart = gradient_norms(curves, bands, "|dL/dy|, L2 norm")
    return _html(chart, "Gradient at the layers' outputs")


def _series(
    variants: Sequence[Variant], rows: Sequence[side_by_side.StageRow], field: str
) -> list[Series]:
    return [
        Series(
            f"{LETTERS[n]}: {variant.title}",
            VARIANT_COLOURS[n],
            [getattr(row.figures[n], "stage", None) for row in rows],
            [getattr(row.figures[n], field, None) for row in rows],
        )
        for n, variant in enumerate(variants)
    ]


def _html(chart: Figure, title: str, with_script: bool = False) -> str:
    config = {"displayModeBar": False, "responsive": True}
    chart.update_layout(template="plotly_white")  # for paper
    part = chart.to_html(full_html=False, include_plotlyjs=with_script, config=config)
    return f"<figure><figcaption>{escape(title)}</figcaption>{part}</figure>"
