"""Gradients: how strong the training signal is, layer by layer, before any training."""

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from explorer.figures.gradients import Curve, gradient_norms, shared_bands
from explorer.figures.style import TWIN_COLOURS
from explorer.spec import ArchitectureSpec
from explorer.tray import Variant
from explorer.ui import charts, reports, state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
from explorer.ui.swatches import swatch
from explorer.words import ORDERING_WORDS, change, title, unit_name

if TYPE_CHECKING:
    from explorer.gradients import GradientProfile, LayerGradient

_QUANTITIES = {
    "output": "Gradient at the layer's outputs, |dL/dy|",
    "weight": "Gradient of the layer's weights, |dL/dW|",
}
_SOURCES = {"noise": "random noise", "pictures": "bundled photographs"}
_THEORY = """
- **Plain networks with batch normalisation explode, they do not vanish**, at initialisation: the
  gradient grows towards the picture by about 1.21 per convolution, for any such network wide
  enough (Yang et al. 2019, arXiv:1902.08129, Theorem 8).
- **Residual networks with batch normalisation** grow far more slowly: normalisation makes each
  branch small beside its shortcut (De and Smith 2020, arXiv:2002.10444).
- **Skip connections alone are no cure**: without normalisation (`norm=none`) a residual network's
  gradient grows by about 1.19 per convolution.
- The degradation of deep plain networks is *not* put down to vanishing gradients by its
  discoverers: "neither forward nor backward signals vanish" (He et al. 2015, arXiv:1512.03385,
  Section 4.1).
"""


class _Line(NamedTuple):
    """A network to be measured, and how its curve is drawn."""

    spec: ArchitectureSpec
    title: str
    letter: str
    colour: str
    dash: str = "solid"

    @property
    def name(self) -> str:
        """The title, behind the letter where there is one."""
        return f"{self.letter}: {self.title}" if self.letter else self.title


def draw() -> None:
    """Draw a curve for each variant; for a single one, those of its twins beside it."""
    variants = state.shown()
    st.title("Gradients at initialisation")
    st.markdown(
        "One batch goes forward, the cross-entropy loss against random labels goes back. The curve "
        "shows how strong the gradient is at every layer of an untrained network."
    )
    quantity = _which_quantity()
    with st.container():  # always, so that what follows keeps its place
        lines = _lines_of_all(variants) if len(variants) > 1 else _lines_of_one(variants[0])
    batch, seed, source = _what_to_feed([variant.spec for variant in variants])
    lines = _those_that_fit(lines, batch)
    if not lines:
        return
    specs = tuple(line.spec for line in lines)
    waiting.show(
        "gradients",
        (specs, batch, seed, source),
        tasks.gradient_profiles(specs, batch, seed, source),
        lambda profiles: _profiles(lines, profiles, quantity),
        "Measuring gradients",
    )
    with st.expander("What theory and the papers say"):
        st.markdown(_THEORY)


def _which_quantity() -> str:
    return st.segmented_control(
        "Quantity",
        list(_QUANTITIES),
        default="output",
        required=True,
        format_func=_QUANTITIES.__getitem__,
        key="quantity",
        bind="query-params",
        persist_state="session",
        help=f"{GLOSSARY['output_gradient']}\n\n{GLOSSARY['weight_gradient']}",
    )


def _lines_of_all(variants: tuple[state.Shown, ...]) -> list[_Line]:
    return [_Line(v.spec, v.title, v.letter, v.colour) for v in variants]


def _lines_of_one(variant: state.Shown) -> list[_Line]:
    """Return a variant and, as far as they are wanted, its twins."""
    spec = variant.spec
    lines = [_Line(spec, variant.title, "", variant.colour)]
    if spec.shortcut == "none":
        return lines
    plain, other = spec.plain(), _other_ordering(spec)
    with st.container(horizontal=True):
        if _switch("Plain twin", "plain", GLOSSARY["plain_twin"]):
            lines.append(_Line(plain, title(plain), "", TWIN_COLOURS["plain"], "dash"))
        name = ORDERING_WORDS[other.ordering]
        if _switch(f"Other ordering ({name})", "other", GLOSSARY["ordering"]):
            lines.append(_Line(other, title(other), "", TWIN_COLOURS["ordering"], "dot"))
    return lines


def _those_that_fit(lines: list[_Line], batch: int) -> list[_Line]:
    """Return what can be measured here, and name what cannot."""
    needs = [(line, tasks.probe_bytes(line.spec, batch)) for line in lines]
    fit = [line for line, need in needs if need <= tasks.MAX_PROBE_BYTES]
    large = [
        f"{line.name} needs up to {need / 1e9:.1f} GB" for line, need in needs if line not in fit
    ]
    if large:
        (st.warning if fit else st.error)(
            f"{'; '.join(large)}: more than the {tasks.MAX_PROBE_BYTES / 1e9:.0f} GB one "
            "measurement may take here. Choose a smaller batch or a smaller input."
        )
    return fit


def _switch(label: str, key: str, explanation: str) -> bool:
    return st.toggle(
        label, True, key=key, bind="query-params", persist_state="session", help=explanation
    )


def _other_ordering(spec: ArchitectureSpec) -> ArchitectureSpec:
    return spec.vary(ordering="v1" if spec.ordering == "full_preactivation" else "v2")


def _what_to_feed(specs: list[ArchitectureSpec]) -> tuple[int, int, str]:
    small = all(spec.image_size <= 64 for spec in specs)
    pictures = all(spec.in_channels in (1, 3) and spec.dims == 2 for spec in specs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.number_input(
            "Batch",
            1,
            256,
            32 if small else 4,
            key="batch-small" if small else "batch",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["batch"],
            width=140,
        )
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            0,
            key="seed",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["seed"],
            width=180,
        )
        source = st.segmented_control(
            "Input",
            list(_SOURCES) if pictures else ["noise"],
            default="noise",
            required=True,
            format_func=_SOURCES.__getitem__,
            key="input",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["input"],
            width="content",
        )
    return int(batch), int(seed), source


def _profiles(lines: list[_Line], profiles: "tuple[GradientProfile, ...]", quantity: str) -> None:
    first = profiles[0]
    found = list(zip(lines, profiles, strict=True))
    bands = shared_bands([[layer.stage for layer in p.main_path] for p in profiles])
    st.markdown("\n".join(_finding(line, profile, quantity) for line, profile in found))
    fed = f"{first.settings.fed}, seed {first.settings.seed}"
    charts.draw(
        gradient_norms(
            [_curve(line, profile, quantity) for line, profile in found],
            bands,
            f"{_QUANTITIES[quantity].rpartition(' ')[2]}, L2 norm",
        ),
        "gradients",
        f"{_QUANTITIES[quantity]}, untrained, batch of {fed}",
        "Read from right to left, the way the gradient travels: a line that climbs to the left "
        "grows towards the picture, one that falls fades. From one power of ten to the next is a "
        "factor of 10. Linear layers stand at the right end.",
        lambda: [_record(profile, layer) for profile in profiles for layer in profile.layers],
    )
    st.caption(
        "Weights: He's normal initialisation (fan-in), scaled where Fixup is chosen; train mode; "
        "mean cross-entropy against "
        f"random labels. {'Shaded bands are the stages. ' if bands else ''}Layers beside the "
        "longest path (projections on shortcuts, an Inception module's other branches) are in the "
        "data, not in the line. "
        "Loss: " + "; ".join(f"{line.name} {profile.loss:.3f}" for line, profile in found) + "."
    )
    reports.button([Variant(line.spec, line.title) for line in lines], profiles)


def _finding(line: _Line, profile: "GradientProfile", quantity: str) -> str:
    mark = f"{swatch(line.letter)} " if line.letter else ""
    who = f"- {mark}**{line.title}**"
    if quantity == "output":
        return (
            f"{who}: from the last {unit_name(profile.spec)}'s output to the first's, the gradient "
            f"**{change(profile.growth)}**."
        )
    return (
        f"{who}: from the last convolution to the first, the weights' gradient "
        f"**{change(profile.weight_growth)}**."
    )


def _curve(line: _Line, profile: "GradientProfile", quantity: str) -> Curve:
    layers = profile.main_path
    return Curve(
        line.name,
        line.colour,
        line.dash,
        tuple(layer.name for layer in layers),
        tuple(getattr(layer, f"{quantity}_gradient_norm") for layer in layers),
    )


def _record(profile: "GradientProfile", layer: "LayerGradient") -> dict[str, object]:
    return {
        "variant": str(profile.spec),
        "seed": profile.settings.seed,
        "batch": profile.settings.batch,
        "input": profile.settings.source,
        **layer._asdict(),
    }


draw()
