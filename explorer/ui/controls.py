"""The sidebar, and the controls of the microscope: widgets that vary the current variant's spec.

Each control shows what the spec says and has one callback, which varies the spec; so two that
stand for the same field always agree.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from explorer.classic_names import CLASSICS
from explorer.combinations import GATED
from explorer.names import NAMES
from explorer.rules import REAL_BOUNDS
from explorer.spec import BOUNDS, ArchitectureSpec, SpecError, depths, options, parse, stages_for
from explorer.tray import LETTERS
from explorer.ui import state
from explorer.ui.glossary import GLOSSARY
from explorer.words import (
    INIT_WORDS,
    ORDERING_WORDS,
    SHORTCUT_NAMES,
    STEM_WORDS,
    name_title,
    unit_name,
)

_SIDEBAR, _BESIDE = "choice", "unit"
"""Where a control stands: the first part of its key."""

MORE = "more-choices"
"""Key of the expander that holds the rarer choices."""


def draw() -> None:
    """Draw all controls for the current variant."""
    spec = state.current()
    _draw_name(str(spec))
    if spec.family != "residual":
        _draw_classic(spec)
        return
    _draw_layers(spec)
    _choice(spec, "block", "Block", st.segmented_control)
    _choice(spec, "ordering", "Ordering", st.selectbox, ORDERING_WORDS)
    _choice(spec, "shortcut", "Shortcut", st.selectbox, SHORTCUT_NAMES)
    _draw_shortcut_settings(spec)
    _choice(spec, "stride_at", "Stride of a downsampling unit in its", st.segmented_control)
    _number(spec, "image_size", "Input size (pixels)", step=32, low=spec.smallest_image)
    _number(spec, "classes", "Classes")
    more = st.expander("More choices", key=MORE, on_change="rerun")
    if more.open:  # closed, its twenty controls would still cost every page their time
        with more:
            _draw_form(spec)
            _draw_start(spec)


def _draw_classic(spec: ArchitectureSpec) -> None:
    """Draw the few choices of a network from before residual learning."""
    classic = CLASSICS[spec.family]
    if "stages" in classic.free:
        _draw_layers(spec, "vgg_stages")
    if "norm" in classic.free:
        _choice(spec, "norm", "Normalisation", st.segmented_control)
    _number(spec, "image_size", "Input size (pixels)", step=32, low=spec.smallest_image)
    _number(spec, "classes", "Classes")
    _number(spec, "in_channels", "Input channels")
    st.caption(f"{classic.title} has no residual units, and so none of their choices.")


def _draw_shortcut_settings(spec: ArchitectureSpec) -> None:
    """Draw what only one kind of shortcut has."""
    if spec.shortcut == "constant_scaling":
        _real(spec, "shortcut_scale", "Constant on the shortcut", 0.1)
        _real(spec, "branch_scale", "Constant on the branch", 0.1)
    if spec.shortcut in GATED:
        _real(spec, "gate_bias", "Gate bias at the start", 1.0)
    if spec.shortcut == "dropout":
        _real(spec, "shortcut_dropout", "Share dropped on the shortcut", 0.1)


def _draw_form(spec: ArchitectureSpec) -> None:
    """Draw what shapes the layers themselves."""
    _choice(spec, "stem", "Stem", st.selectbox, STEM_WORDS)
    _choice(spec, "norm", "Normalisation", st.segmented_control)
    _choice(spec, "bias", "Biases of convolutions", st.segmented_control)
    _choice(spec, "downsample_in", "Unit that halves the map", st.segmented_control)
    if spec.preactivated:
        _toggle(spec, "stem_activation", "Activated stem")
    _number(spec, "width", "Width (channels)", step=16)
    _number(spec, "widen", "Widening factor")
    if spec.block == "bottleneck":
        _number(spec, "expansion", "Expansion of a bottleneck")
        _number(spec, "groups", "Cardinality (groups)")
        _optional(spec, "width_per_group", "Channels of a group", "the stage's width")
    _optional(spec, "se_ratio", "Squeeze-excitation reduction", "no squeeze-excitation")
    _dimensions(spec)
    _number(spec, "in_channels", "Input channels")


def _draw_start(spec: ArchitectureSpec) -> None:
    """Draw how training begins, and what it drops."""
    _toggle(spec, "zero_init", "Last gamma of a branch starts at zero")
    _toggle(spec, "skip_init", "Branches times a learned number from zero")
    _choice(spec, "init", "Initialisation", st.segmented_control, INIT_WORDS)
    _real(spec, "survival", "Survival of the last branch (stochastic depth)", 0.1)


def draw_unit(spec: ArchitectureSpec) -> None:
    """Draw the controls that rearrange a unit once more, to stand beside its picture."""
    with st.container(horizontal=True):
        _choice(spec, "block", "Block", st.segmented_control, where=_BESIDE)
        _choice(spec, "ordering", "Ordering", st.selectbox, ORDERING_WORDS, _BESIDE)
    _choice(spec, "shortcut", "Shortcut", st.selectbox, SHORTCUT_NAMES, _BESIDE)


def _draw_name(text: str) -> None:
    name = text.partition(",")[0]
    key = _key("name")
    state.fill(key, name)
    st.selectbox(
        "Start from",
        list(dict.fromkeys([*NAMES, name])),  # any wrn-N-K-cifar is a name, too
        format_func=name_title,
        **_reads(key, _parse),
        help=GLOSSARY["start_from"],
    )
    key = _key("text")
    state.fill(key, text)
    st.text_input(
        "Variant as text",
        **_reads(key, _parse),
        max_chars=300,
        help=GLOSSARY["text_form"],
    )


def _draw_layers(spec: ArchitectureSpec, term: str = "stages") -> None:
    key = _key("depth")
    state.fill(key, spec.depth)
    st.selectbox(
        "Depth",
        depths(spec),
        format_func=lambda depth: f"{depth} layers ({_stages_text(spec, depth)})",
        **_varies(key, "depth"),
        help=GLOSSARY["depth"],
    )
    key = _key("stages")
    state.fill(key, "-".join(map(str, spec.stages)))
    st.text_input(
        f"{unit_name(spec).capitalize()}s per stage",
        **_reads(key, _read_stages),
        max_chars=40,
        help=GLOSSARY[term],
    )


def _stages_text(spec: ArchitectureSpec, depth: int) -> str:
    if depth == spec.depth:
        return "-".join(map(str, spec.stages))
    stages = stages_for(depth, spec.block, len(spec.stages), spec.family)
    return "-".join(map(str, stages))


def _choice(
    spec: ArchitectureSpec,
    field: str,
    label: str,
    widget: Callable[..., Any],
    words: dict[str, str] | None = None,
    where: str = _SIDEBAR,
) -> None:
    """Draw the values of a field that make a network, and say why others do not."""
    offered = options(spec, field)
    valid = [option.value for option in offered if option.spec is not None]
    key = _key(field, where)
    state.fill(key, getattr(spec, field))
    widget(
        label,
        valid,
        format_func=lambda value: (words or {}).get(value, value),
        **_varies(key, field),
        help=GLOSSARY[field],
        **({"required": True} if widget is st.segmented_control else {}),
    )
    for reason in dict.fromkeys(option.reason for option in offered if option.spec is None):
        refused = [option.value for option in offered if option.reason == reason]
        names = ", ".join((words or {}).get(value, value) for value in refused)
        st.caption(f"Not offered: {names} ({reason}).")


def _number(
    spec: ArchitectureSpec, field: str, label: str, step: int = 1, low: int | None = None
) -> None:
    key = _key(field)
    state.fill(key, getattr(spec, field))
    st.number_input(
        label,
        min_value=low or BOUNDS[field][0],
        max_value=BOUNDS[field][1],
        step=step,
        **_varies(key, field),
        help=GLOSSARY[field],
    )


def _optional(spec: ArchitectureSpec, field: str, label: str, without: str) -> None:
    """Draw a number that may be left empty, and what that means."""
    key = _key(field)
    state.fill(key, getattr(spec, field))
    low, high = BOUNDS[field]
    st.number_input(
        label,
        low,
        high,
        None,
        **_varies(key, field),
        placeholder=without,
        help=GLOSSARY[field],
    )


def _real(spec: ArchitectureSpec, field: str, label: str, step: float) -> None:
    """Draw a real number, or say why it cannot be changed."""
    key = _key(field)
    state.fill(key, float(getattr(spec, field)))
    low, high = REAL_BOUNDS[field]
    reason = _refusal(spec, field, low)
    st.number_input(
        label,
        float(low),
        float(high),
        step=step,
        format="%.4g",
        **_varies(key, field),
        disabled=bool(reason),
        help=GLOSSARY[field],
    )
    _say_refused(reason)


def _toggle(spec: ArchitectureSpec, field: str, label: str) -> None:
    key = _key(field)
    value = getattr(spec, field)
    state.fill(key, value)
    reason = _refusal(spec, field, not value)
    st.toggle(
        label,
        **_varies(key, field),
        disabled=bool(reason),
        help=GLOSSARY[field],
    )
    _say_refused(reason)


def _dimensions(spec: ArchitectureSpec) -> None:
    key = _key("dims")
    state.fill(key, spec.dims)
    st.segmented_control(
        "Input",
        (2, 1),
        format_func={2: "pictures (2-D)", 1: "series (1-D)"}.__getitem__,
        **_varies(key, "dims"),
        required=True,
        help=GLOSSARY["dims"],
    )


def _refusal(spec: ArchitectureSpec, field: str, value: Any) -> str:
    """Return why a field cannot take a value, or an empty text."""
    try:
        spec.vary(**{field: value})
    except SpecError as error:
        return error.reason
    return ""


def _say_refused(reason: str) -> None:
    if reason:
        st.caption(f"Not offered ({reason}).")


def _key(field: str, where: str = _SIDEBAR) -> str:
    """Return a key of its own for each variant: what was typed for one never meets another."""
    place = state.tray().edited
    return f"{where}-{field}" if place == 0 else f"{where}-{field}-{LETTERS[place]}"


def _varies(key: str, field: str) -> dict[str, Any]:
    """Have a control vary a field of the variant that it is drawn for."""
    return _reads(key, lambda value, spec: spec.vary(**{field: value}))


def _reads(key: str, read: Callable[[Any, ArchitectureSpec], ArchitectureSpec]) -> dict[str, Any]:
    """Have a control change the variant that it is drawn for, whichever is edited by then."""
    return {"key": key, "on_change": _apply, "args": (key, state.tray().edited, read)}


def _parse(text: str, _: ArchitectureSpec) -> ArchitectureSpec:
    return parse(text)


def _read_stages(text: str, spec: ArchitectureSpec) -> ArchitectureSpec:
    """Read units per stage into a variant, through the text form's own reader."""
    stages = parse(f"resnet50,image_size=2048,stages={text.replace(',', '-')}").stages
    return spec.vary(stages=stages)


def _apply(key: str, place: int, read: Callable[[Any, ArchitectureSpec], ArchitectureSpec]) -> None:
    """Take a control's new value into the tray, or say why it cannot be taken."""
    if place >= len(state.variants()):
        return  # taken away by a click that came with this change
    try:
        state.choose(read(state.read(key), state.variants()[place]), place)
    except SpecError as error:
        state.notify(f"{error}.")
