"""Predict: what the network says about pictures, and what it was shown."""

from functools import partial
from typing import NamedTuple

import streamlit as st

from explorer import weights
from explorer.analysis import analyze
from explorer.cards import WeightsEntry
from explorer.data import bundled_picture, bundled_pictures
from explorer.figures.prediction import Answer, top_classes
from explorer.spec import ArchitectureSpec
from explorer.ui import charts, state, tasks, uploads, waiting
from explorer.ui.swatches import swatch
from explorer.words import title


class _Asked(NamedTuple):
    """A variant that is shown the pictures; without weights, an untrained one."""

    variant: state.Shown
    entry: WeightsEntry | None


def draw() -> None:
    """Draw the page for all variants that have weights."""
    st.title("Predict")
    with st.container():  # always, so that what follows keeps its place
        asked = _whom_to_ask(state.shown())
    if not asked:
        return
    files = _files()
    if not files:
        st.info("Upload a picture or choose one of the bundled photographs.")
        return
    networks = tuple((each.variant.spec, each.entry) for each in asked)
    waiting.show(
        "predictions",
        (
            tuple((spec, entry and entry.name) for spec, entry in networks),
            tuple((file.name, file.digest) for file in files),
        ),
        tasks.predictions(networks, files),
        partial(_draw_answers, asked),
        "Asking the network" if len(asked) == 1 else "Asking the networks",
    )


def _whom_to_ask(variants: tuple[state.Shown, ...]) -> list[_Asked]:
    """Introduce the variants that have weights; offer some to the edited one if none has."""
    found = [_Asked(variant, weights.for_spec(variant.spec)) for variant in variants]
    trained = [each for each in found if each.entry is not None]
    if not trained:
        edited = state.edited()
        return [_Asked(edited, None)] if _offer_weights(edited.spec) else []
    for each in trained:
        _introduce(each)
    without = [each.variant.label for each in found if each.entry is None]
    if without:
        st.caption(f"Not asked, for they have no trained weights here: {'; '.join(without)}.")
    return trained


def _introduce(asked: _Asked) -> None:
    entry = asked.entry
    if entry is None:
        return
    accuracy = entry.accuracy
    known = "Measured" if entry.training else "Published"
    st.markdown(
        f"{_mark(asked.variant)}**{asked.variant.title}** with trained weights: {entry.title}, "
        f"trained on {entry.dataset}. "
        f"{known} accuracy: {accuracy.top1_percent}% top-1, {accuracy.top5_percent}% top-5 "
        f"({accuracy.evaluation})."
    )
    st.caption(
        f"Source of that figure: {accuracy.source}. Licence of the weights: {entry.licence}."
    )


def _offer_weights(spec: ArchitectureSpec) -> bool:
    """Say that the variant has no weights, and offer what can be done; return whether to go on."""
    near = weights.nearest(spec)
    st.warning(
        f"**{title(spec)} has no trained weights here**, so it cannot name what a picture shows. "
        f"The nearest variant that can is {title(near.spec)}."
    )
    st.button(
        f"Switch to {title(near.spec)} with trained weights",
        type="primary",
        on_click=state.choose,
        args=(near.spec,),
    )
    too_large = analyze(spec).parameters > tasks.MAX_LIVE_PARAMETERS
    return st.toggle(
        "Show what the untrained network answers",
        key="untrained",
        bind="query-params",
        persist_state="session",
        disabled=too_large or spec.in_channels not in (1, 3),
        help="Its weights are random (seed 0), so the classes mean nothing. Needs a network of 1 "
        f"or 3 input channels and at most {tasks.MAX_LIVE_PARAMETERS:,} parameters.",
    )


def _files() -> tuple[tasks.File, ...]:
    names = [picture.name for picture in bundled_pictures()]
    own = uploads.pictures("uploads")
    chosen = st.pills(
        "Bundled photographs",
        names,
        default=[] if own else names[:1],
        selection_mode="multi",
        format_func=lambda name: bundled_picture(name).title,
        key="pictures",
        bind="query-params",
        persist_state="session",
    )
    files = list(own)
    for picture in map(bundled_picture, chosen):
        remark = f"{picture.note} Photograph: {picture.credit}.".strip()
        files.append(uploads.file(picture.title, picture.path.read_bytes(), remark))
    return tuple(files)


def _draw_answers(asked: list[_Asked], found: tuple[tuple[tasks.Answer, ...], ...]) -> None:
    for number, answers in enumerate(zip(*found, strict=True), start=1):
        st.subheader(answers[0].file.name, anchor=False)
        for each, answer in zip(asked, answers, strict=True):
            if answer.prediction is None:
                st.error(answer.error)
                continue
            _draw_answer(f"prediction-{number}{each.variant.letter}", answer, each.variant)


def _mark(variant: state.Shown) -> str:
    """Return the variant's letter where there are several."""
    return f"{swatch(variant.letter)} " if len(state.shown()) > 1 else ""


def _whose(variant: state.Shown) -> str:
    return f", {variant.label}" if len(state.shown()) > 1 else ""


def _draw_answer(key: str, answer: tasks.Answer, variant: state.Shown) -> None:
    said, picture = answer.prediction, answer.picture
    if said is None or picture is None:
        return
    size = f"{said.shown.width} × {said.shown.height}"
    seen, result = st.columns([1, 2.2], gap="medium")
    with seen:
        st.image(said.shown, caption=f"What the network was shown: {size} pixels", width="stretch")
        width, height = picture.original_size
        st.caption(f"From {width:,} × {height:,}: shorter side resized, centre cut out.")
        for note in (*picture.notes, *filter(None, [answer.file.credit])):
            st.caption(note)
    with result:
        if not said.trained:
            st.warning(said.note)
        charts.draw(
            top_classes(
                [Answer(label.label, label.probability) for label in said.top],
                key,
                variant.colour,
            ),
            key,
            f"The {len(said.top)} most probable classes{_whose(variant)}",
            "Probabilities of all classes add up to 100%; a long first bar is a confident answer, "
            "not always a right one. "
            f"Preparing the picture took {said.preprocess_ms:.0f} ms, the forward pass "
            f"{said.forward_ms:.0f} ms on this server.",
            lambda: [
                {
                    "variant": str(variant.spec),
                    "picture": answer.file.name,
                    "weights": said.weights or "untrained",
                    "place": place,
                    "label": label.label,
                    "index": label.index,
                    "probability": label.probability,
                }
                for place, label in enumerate(said.top, start=1)
            ],
        )


draw()
