"""Gradients: how strong the training signal is, layer by layer, before any training."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.figures.gradients import Band, Curve, gradient_norms
from explorer.figures.style import TWIN_COLOURS, VARIANT_COLOURS
from explorer.spec import ArchitectureSpec
from explorer.ui import charts, state, tasks, waiting
from explorer.ui.glossary import GLOSSARY
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


def draw() -> None:
    """Draw the page for the current variant."""
    spec = state.current()
    st.title("Gradients at initialisation")
    st.markdown(
        f"**{title(spec)}**: one batch goes forward, the cross-entropy loss against random labels "
        "goes back. The curve shows how strong the gradient is at every layer of the untrained "
        "network."
    )
    quantity, specs = _what_to_draw(spec)
    batch, seed, source = _what_to_feed(spec)
    need = max(tasks.probe_bytes(each, batch) for each in specs)
    if need > tasks.MAX_PROBE_BYTES:
        st.error(
            f"This needs up to {need / 1e9:.1f} GB, more than the {tasks.MAX_PROBE_BYTES / 1e9:.0f}"
            " GB one measurement may take here. Choose a smaller batch or a smaller input."
        )
        return
    waiting.show(
        "gradients",
        (specs, batch, seed, source),
        tasks.gradient_profiles(specs, batch, seed, source),
        lambda profiles: _profiles(profiles, quantity),
        "Measuring gradients",
    )
    with st.expander("What theory and the papers say"):
        st.markdown(_THEORY)


def _what_to_draw(spec: ArchitectureSpec) -> tuple[str, tuple[ArchitectureSpec, ...]]:
    quantity = st.segmented_control(
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
    specs = [spec]
    if spec.shortcut != "none":
        with st.container(horizontal=True):
            other = _other_ordering(spec)
            with_plain = _switch("Plain twin", "plain", GLOSSARY["plain_twin"])
            name = ORDERING_WORDS[other.ordering]
            with_other = _switch(f"Other ordering ({name})", "other", GLOSSARY["ordering"])
        specs += [spec.plain()] if with_plain else []
        specs += [other] if with_other else []
    return quantity, tuple(specs)


def _switch(label: str, key: str, explanation: str) -> bool:
    return st.toggle(
        label, True, key=key, bind="query-params", persist_state="session", help=explanation
    )


def _other_ordering(spec: ArchitectureSpec) -> ArchitectureSpec:
    return spec.vary(ordering="v1" if spec.ordering == "full_preactivation" else "v2")


def _what_to_feed(spec: ArchitectureSpec) -> tuple[int, int, str]:
    small = spec.image_size <= 64
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
            list(_SOURCES) if spec.in_channels in (1, 3) else ["noise"],
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


def _profiles(profiles: "tuple[GradientProfile, ...]", quantity: str) -> None:
    first = profiles[0]
    for profile in profiles:
        st.markdown(_finding(profile, quantity))
    fed = f"{first.batch} pictures ({_SOURCES[first.source]}), seed {first.seed}"
    charts.draw(
        gradient_norms(
            [_curve(first.spec, profile, quantity) for profile in profiles],
            _bands(first),
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
        "Weights: He's normal initialisation (fan-in); train mode; mean cross-entropy against "
        "random labels. Shaded bands are the stages. Layers beside the longest path (projections "
        "on shortcuts, an Inception module's other branches) are in the data, not in the line. "
        "Loss: "
        + "; ".join(f"{title(profile.spec)} {profile.loss:.3f}" for profile in profiles)
        + "."
    )


def _finding(profile: "GradientProfile", quantity: str) -> str:
    if quantity == "output":
        return (
            f"- **{title(profile.spec)}**: from the last {unit_name(profile.spec)}'s output to the "
            f"first's, the gradient **{change(profile.growth)}**."
        )
    return (
        f"- **{title(profile.spec)}**: from the last convolution to the first, the weights' "
        f"gradient **{change(profile.weight_growth)}**."
    )


def _curve(spec: ArchitectureSpec, profile: "GradientProfile", quantity: str) -> Curve:
    if profile.spec == spec:
        colour, dash = VARIANT_COLOURS[0], "solid"
    elif profile.spec.shortcut == "none":
        colour, dash = TWIN_COLOURS["plain"], "dash"
    else:
        colour, dash = TWIN_COLOURS["ordering"], "dot"
    layers = profile.main_path
    return Curve(
        title(profile.spec),
        colour,
        dash,
        tuple(layer.name for layer in layers),
        tuple(range(1, len(layers) + 1)),
        tuple(getattr(layer, f"{quantity}_gradient_norm") for layer in layers),
    )


def _bands(profile: "GradientProfile") -> list[Band]:
    places: dict[str, list[int]] = {}
    for place, layer in enumerate(profile.main_path, start=1):
        places.setdefault(layer.stage, []).append(place)
    return [Band(stage, found[0], found[-1]) for stage, found in places.items()]


def _record(profile: "GradientProfile", layer: "LayerGradient") -> dict[str, object]:
    return {
        "variant": str(profile.spec),
        "seed": profile.seed,
        "batch": profile.batch,
        "input": profile.source,
        **layer._asdict(),
    }


draw()
