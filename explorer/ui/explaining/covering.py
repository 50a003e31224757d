"""Grad-CAM checked by another way to ask: parts of the picture are covered."""

from collections.abc import Sequence
from functools import partial
from math import isnan

import streamlit as st

from explorer.analysis import analyze
from explorer.ui import gallery, waiting
from explorer.ui.choice import one_of
from explorer.ui.explaining import networks, work
from explorer.ui.explaining.opened import Shown
from explorer.ui.explaining.work import Cover, Covered
from explorer.ui.gallery import Figure
from explorer.ui.glossary import GLOSSARY
from explorer.ui.predicting.voices import Heard

_PARTS = {4: "a quarter", 7: "a seventh", 14: "a fourteenth"}
_QUICK_MACS = 5e10
"""What may start by itself: about a second."""
_AGREE, _PARTLY = 0.5, 0.2
_LITTLE = 0.01
_READING = (
    "The square is the mean colour of what the network learned from; yellow: covering takes the "
    "most from the class's probability; black: nothing; blue: covering helps. Scaled by the "
    "largest. Correlation: Pearson's, of both maps pixel by pixel; from "
    f"{_AGREE} they are called agreeing, from {_PARTLY} partly. Occlusion: Zeiler and Fergus 2014, "
    "arXiv:1311.2901, Section 4.2."
)


def draw(heard: Sequence[Heard], picture: Shown, labels: Sequence[int], opacity: float) -> None:
    """Cover the picture square by square, and hold what it costs against Grad-CAM.

    Args:
        heard: the networks.
        picture: what they are shown.
        labels: for each network, index of the class.
        opacity: of the maps, from 0 to 1.
    """
    st.subheader("Checked by covering parts of the picture", anchor=False)
    st.markdown(
        "No gradient is used here: a square slides over the picture, and the network is asked "
        "again each time. Where its answer suffers, it has looked."
    )
    part = one_of(
        "Side of the square",
        list(_PARTS),
        7,
        "square",
        GLOSSARY["occlusion_square"],
        lambda part: f"{_PARTS[part]} of the picture's",
    )
    covers = [_cover(each, label, part) for each, label in zip(heard, labels, strict=True)]
    passes = [_passes(*pair) for pair in zip(heard, covers, strict=True)]
    macs = sum(
        count * analyze(each.voice.asked.variant.spec).macs
        for each, count in zip(heard, passes, strict=True)
    )
    waiting.show(
        "explain-covering",
        networks.key(heard, picture, tuple(covers)),
        work.coverings(networks.asked(heard), picture, covers),
        partial(_draw_covered, heard, picture, labels, opacity),
        "Covering the picture",
        ask=None if macs <= _QUICK_MACS else f"Cover it: {sum(passes):,} forward passes",
    )


def _cover(heard: Heard, label: int, part: int) -> Cover:
    patch = max(1, heard.voice.asked.variant.spec.image_size // part)
    return Cover(label, patch, max(1, patch // 2))


def _passes(heard: Heard, cover: Cover) -> int:
    from explorer.explanation.occlusion import places

    return places(heard.voice.asked.variant.spec, cover.patch, cover.stride)


def _draw_covered(
    heard: Sequence[Heard],
    picture: Shown,
    labels: Sequence[int],
    opacity: float,
    found: Sequence[Covered | str],
) -> None:
    classes = {each.letter: each.labels[n] for each, n in zip(heard, labels, strict=True)}
    shown = networks.with_results(heard, found)
    networks.tell(shown, lambda each, result: _finding(classes[each.letter], result))
    for each, result in shown:
        last = result.attribution.stages[-1]
        gallery.draw(
            [
                Figure("What the network is shown"),
                Figure(f"Grad-CAM, {last.layer}", last.png),
                Figure(
                    f"Occlusion, a square of {result.patch} pixels, every {result.stride}",
                    result.png,
                ),
            ],
            f"occlusion-{each.letter}",
            f"{classes[each.letter]}: Grad-CAM beside occlusion, {networks.line(each).title}",
            _READING if each is shown[-1][0] else "",
            partial(_records, each, picture, classes[each.letter], result),
            networks.mark(each),
            result.attribution.picture,
            opacity,
            crisp=each.voice.asked.variant.spec.image_size <= gallery.SMALL,
        )


def _finding(label: str, found: Covered) -> str:
    """Say what covering costs, whether both maps agree, and what that is worth."""
    stages = found.attribution.stages
    *earlier, last = zip(stages, found.correlations, strict=True)
    others = ", ".join(f"{stage.stage} {_number(value)}" for stage, value in earlier)
    return (
        f"wherever the square lies, the probability of {label} stays at **{found.lowest:.1%}** or "
        f"more (uncovered {found.probability:.1%}). {_agreement(last[1])} at `{last[0].layer}`"
        + (f" ({others})" if others else "")
        + f".{_caution(found)}"
    )


def _agreement(value: float) -> str:
    if isnan(value):
        return "One of the maps is the same everywhere, so there is nothing to correlate"
    verdict = (
        "Both maps agree"
        if value >= _AGREE
        else "Both maps agree in part"
        if value >= _PARTLY
        else "The two maps do **not** agree"
    )
    return f"{verdict}: correlation **{_number(value)}**"


def _caution(found: Covered) -> str:
    if found.probability < _LITTLE:
        return " Read this with care: there is hardly a probability that could be lost."
    if found.lowest > found.probability / 2:
        return (
            " Read this with care, for the probability is **saturated**: no square takes even half "
            "of it. What stays visible is enough, as where an object fills the picture."
        )
    return ""


def _number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _records(heard: Heard, picture: Shown, label: str, found: Covered) -> list[dict[str, object]]:
    return [
        {
            **networks.origin(heard, picture),
            "class": label,
            "probability": found.probability,
            "square_pixels": found.patch,
            "stride_pixels": found.stride,
            "row": row,
            "column": column,
            "probability_lost": float(drop),
        }
        for row, drops in enumerate(found.drops)
        for column, drop in enumerate(drops)
    ]
