"""Where in the picture networks see a class: Grad-CAM at every stage."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer.analysis import analyze
from explorer.spec import ArchitectureSpec
from explorer.ui import gallery, waiting
from explorer.ui.explaining import covering, networks, work
from explorer.ui.explaining.opened import Shown
from explorer.ui.gallery import Figure
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import sentences
from explorer.ui.predicting.voices import Heard, by_labels, listed

_FIRST = -1  # in the place of a class's index
_READING = (
    "Yellow: where the stage's features speak most for the class; black: nowhere. Each map is "
    "scaled by its own maximum, so stages are not to be compared in strength. Grad-CAM: the "
    "channels of a stage's features, weighed by the mean gradient of the class's output with "
    "respect to each, added up, negative sums left out (Selvaraju et al. 2017, arXiv:1610.02391, "
    "eqs 1 and 2)."
)


def draw(heard: Sequence[Heard], picture: Shown) -> None:
    """Draw the maps of a class that is chosen, and an independent check of them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        percent = st.slider(
            "Opacity of the maps",
            0,
            100,
            65,
            5,
            format="%d%%",
            key="opacity",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["opacity"],
            width=260,
        )
        labels = _classes(heard)
    opacity = percent / 100
    waiting.show(
        "explain-where",
        networks.key(heard, picture, tuple(labels)),
        work.attributions(networks.asked(heard), picture, labels),
        partial(_draw_maps, heard, picture, labels, opacity),
        "Computing Grad-CAM",
    )
    covering.draw(heard, picture, labels, opacity)


def _classes(heard: Sequence[Heard]) -> list[int]:
    """Draw the choice of a class for networks that know the same; return each network's."""
    chosen: dict[str, int] = {}
    groups = by_labels(heard)
    for group in groups:
        labels = group[0].labels
        whose = f" of {listed([each.letter for each in group])}" if len(groups) > 1 else ""
        index = st.selectbox(
            f"Class{whose}",
            [_FIRST, *range(len(labels))],
            format_func=partial(_class_words, labels),
            key=f"class-{group[0].letter}",
            bind="query-params",
            persist_state="session",
            help=GLOSSARY["explained_class"],
            width=320,
        )
        for each in group:
            chosen[each.letter] = each.said.top[0].index if index == _FIRST else index
    return [chosen[each.letter] for each in heard]


def _class_words(labels: Sequence[str], index: int) -> str:
    # With its index, for two of ImageNet's classes may share a name.
    return "first answer" if index == _FIRST else f"{labels[index]} ({index})"


def _draw_maps(
    heard: Sequence[Heard],
    picture: Shown,
    labels: Sequence[int],
    opacity: float,
    found: Sequence[work.Attribution | str],
) -> None:
    classes = {each.letter: label for each, label in zip(heard, labels, strict=True)}
    shown = networks.with_results(heard, found)
    networks.tell(shown, lambda each, result: _finding(each, classes[each.letter], result))
    for each, result in shown:
        label = classes[each.letter]
        gallery.draw(
            [Figure("What the network is shown"), *_figures(each, result)],
            f"grad-cam-{each.letter}",
            f"Grad-CAM of {each.labels[label]} at every stage, {networks.line(each).title}",
            _READING if each is shown[-1][0] else "",
            partial(_records, each, picture, label, result),
            networks.mark(each),
            result.picture,
            opacity,
            crisp=each.voice.asked.variant.spec.image_size <= gallery.SMALL,
        )


def _figures(heard: Heard, found: work.Attribution) -> list[Figure]:
    spec = heard.voice.asked.variant.spec
    return [
        Figure(
            f"{stage.stage}: {layer_words(spec, stage.layer)}, "
            f"{stage.values.shape[0]} × {stage.values.shape[1]}"
            + ("" if stage.focus else ", empty"),
            stage.png,
        )
        for stage in found.stages
    ]


def layer_words(spec: ArchitectureSpec, layer: str) -> str:
    """Return the name of a layer whose features are weighed; say so if it ends a pre-activation."""
    row = next((row for row in analyze(spec).layers if row.name == layer), None)
    if row is None or row.stage != "head":
        return layer
    normalised = "" if spec.norm == "none" else "normalisation and "
    return f"{layer} (final {normalised}ReLU)"


def _finding(heard: Heard, label: int, found: work.Attribution) -> str:
    """Say where the last stage's map lies."""
    last = found.stages[-1]
    name = (
        f"**{heard.labels[label]}** ({sentences.percent(float(heard.said.probabilities[label]))})"
    )
    if last.focus is None:
        return f"nothing at the last stage (`{last.layer}`) speaks for {name}: the map is empty."
    return (
        f"half of what speaks for {name} at the last stage (`{last.layer}`) lies on "
        f"**{sentences.percent(last.focus)}** of the picture."
    )


def _records(
    heard: Heard, picture: Shown, label: int, found: work.Attribution
) -> list[dict[str, object]]:
    return [
        {
            **networks.origin(heard, picture),
            "class": heard.labels[label],
            "index": label,
            "stage": stage.stage,
            "layer": stage.layer,
            "row": row,
            "column": column,
            "grad_cam": float(value),
        }
        for stage in found.stages
        for row, values in enumerate(stage.values)
        for column, value in enumerate(values)
    ]
