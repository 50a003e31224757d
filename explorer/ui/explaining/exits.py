"""What each stage would answer if the network stopped there."""

from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import streamlit as st

from explorer.figures.gradients import Curve, gradient_norms
from explorer.ui import charts, waiting
from explorer.ui.explaining import depth_work, networks
from explorer.ui.explaining.depth_work import Exit
from explorer.ui.explaining.opened import Shown
from explorer.ui.glossary import GLOSSARY
from explorer.ui.predicting.voices import Heard

_SHAPE = (3, 32, 32)
_COLUMNS: Any = {
    "variant": st.column_config.TextColumn("Network", pinned=True),
    "stage": "Stops behind",
    "layer": "Features of",
    "answer": st.column_config.TextColumn("Would answer", help=GLOSSARY["early_exit"]),
    "second": "Second nearest",
    "second_over_first": st.column_config.NumberColumn(
        "Distance ratio", format="%.3f", help=GLOSSARY["exit_distance"]
    ),
    "accuracy": st.column_config.NumberColumn("Test accuracy", format="percent"),
}


def draw(heard: Sequence[Heard], picture: Shown) -> None:
    """Draw what the stages of networks of CIFAR-10's classes would answer."""
    st.subheader("If the network stopped early", anchor=False, help=GLOSSARY["early_exit"])
    asked = [each for each in heard if _knows_cifar10(each)]
    if len(asked) < len(heard):
        others = "; ".join(networks.line(each).name for each in heard if each not in asked)
        st.caption(
            f"Not for {others}: a stage learns its answers from labelled pictures of the "
            "network's classes, and those bundled here are CIFAR-10's, 32 × 32 pixels. "
            "resnet20-cifar is such a network."
        )
    if asked:
        waiting.show(
            "explain-exits",
            networks.key(asked, picture),
            depth_work.exits(networks.asked(asked), picture),
            partial(_draw_exits, asked, picture),
            "Sending the bundled pictures through the stages",
        )


def _knows_cifar10(heard: Heard) -> bool:
    from explorer.datasets import CIFAR10_CATEGORIES

    spec, steps = heard.voice.asked.variant.spec, heard.voice.network.steps
    known = heard.labels == CIFAR10_CATEGORIES and spec.input_shape == _SHAPE
    return known and steps is not None and steps.channels == "RGB"


def _draw_exits(
    asked: Sequence[Heard], picture: Shown, found: Sequence[tuple[Exit, ...] | str]
) -> None:
    shown = networks.with_results(asked, found)
    if not shown:
        return
    networks.tell(shown, _finding)
    pictures = shown[0][1][0].pictures
    charts.draw(
        gradient_norms(
            [_curve(*each) for each in shown],
            [],
            f"Right of {pictures:,} test pictures (%)",
            logarithmic=False,
            point="Stops behind",
            names=_shared_stages([result for _, result in shown]),
        ),
        "early-exits",
        f"What each stage could tell by nearest class means, on {pictures:,} CIFAR-10 pictures",
        "A stage's features, averaged over all places, are held against each class's mean over "
        "the 2,000 bundled training pictures, and the nearest answers: no classifier is trained, "
        "so a stage may know more than this shows (linear probes: Alain and Bengio 2016, "
        "arXiv:1610.01644).",
        partial(_records, shown, picture),
    )
    st.dataframe(
        [_row(each, exit_) for each, result in shown for exit_ in result],
        column_config=_COLUMNS,
        column_order=list(_COLUMNS),
        hide_index=True,
        key="exits",
        alt="What each stage would answer for this picture",
    )


def _shared_stages(found: Sequence[Sequence[Exit]]) -> tuple[str, ...]:
    """Return what the stages are called if all networks call them so; else nothing."""
    called = {tuple(exit_.stage for exit_ in each) for each in found}
    return called.pop() if len(called) == 1 else ()


def _curve(heard: Heard, found: Sequence[Exit]) -> Curve:
    line = networks.line(heard)
    return Curve(
        line.name,
        line.colour,
        line.dash,
        tuple(f"{exit_.stage} ({exit_.layer})" for exit_ in found),
        tuple(100 * exit_.correct / exit_.pictures for exit_ in found),
    )


def _finding(heard: Heard, found: Sequence[Exit]) -> str:
    """Say from where on the answer is the network's own, and how accurate the stages are."""
    own, labels = heard.said.top[0], heard.labels
    settled = list(takewhile(lambda exit_: exit_.classes[0] == own.index, reversed(found)))
    if settled:
        first = settled[-1]
        told = (
            f"from {first.stage} on (`{first.layer}`), the nearest class mean is that of the "
            f"network's own answer, **{own.label}**"
        )
    else:
        told = (
            f"the last stage's features are nearest to **{labels[found[-1].classes[0]]}**, though "
            f"the network itself answers **{own.label}**"
        )
    low, high = (exit_.correct / exit_.pictures for exit_ in (found[0], found[-1]))
    return (
        f"{told}. Over all test pictures, {found[0].stage} would be right in {low:.1%}, "
        f"{found[-1].stage} in {high:.1%}{_itself(heard, found[0].pictures)}."
    )


def _itself(heard: Heard, pictures: int) -> str:
    """Say how many of the same pictures the network names rightly, where that is known."""
    entry = heard.voice.asked.entry
    if entry is None or entry.training is None:
        return ""
    right = pictures - entry.training.bundled_test_wrong
    return f", the network itself in {right / pictures:.1%}"


def _row(heard: Heard, found: Exit) -> dict[str, object]:
    labels = heard.labels
    nearest, second = found.distances[:2]
    return {
        "variant": networks.line(heard).name,
        "stage": found.stage,
        "layer": found.layer,
        "answer": labels[found.classes[0]],
        "second": labels[found.classes[1]],
        "second_over_first": second / nearest if nearest else None,
        "accuracy": found.correct / found.pictures,
    }


def _records(
    shown: Sequence[tuple[Heard, tuple[Exit, ...]]], picture: Shown
) -> list[dict[str, object]]:
    return [
        {
            **networks.origin(heard, picture),
            "stage": found.stage,
            "layer": found.layer,
            "test_pictures_right": found.correct,
            "test_pictures": found.pictures,
            "place": place,
            "class": heard.labels[index],
            "distance": distance,
        }
        for heard, exits in shown
        for found in exits
        for place, (index, distance) in enumerate(
            zip(found.classes, found.distances, strict=True), start=1
        )
    ]
