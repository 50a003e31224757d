"""How much of the picture a unit really depends on, within what it could depend on."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer.figures.receptive import FieldDrawn, field_on_picture
from explorer.plan import plan, units
from explorer.ui import charts, gallery, waiting
from explorer.ui.choice import one_of
from explorer.ui.explaining import networks, work
from explorer.ui.explaining.opened import Shown
from explorer.ui.explaining.work import NOISE, NOISE_PICTURES, PICTURE, Field, Place
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import sentences
from explorer.ui.predicting.voices import Heard

_SOURCES = {PICTURE: "this picture", NOISE: f"noise, {NOISE_PICTURES} pictures"}
_READING = (
    "Bright: pixels that the middle of the unit's output depends on, by the absolute gradient, its "
    "root for the eye; the dashed square is what it could depend on by kernels and strides, the "
    "circles hold half and 95% of the gradient (Luo et al. 2016, arXiv:1701.04128)."
)
_ALL_OF_IT = 0.999
_PER_ROW = 2


def draw(heard: Sequence[Heard], picture: Shown) -> None:
    """Draw the effective receptive field of a unit that is chosen for each network."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = one_of(
            "Measured on",
            list(_SOURCES),
            PICTURE,
            "field-input",
            GLOSSARY["field_input"],
            _SOURCES.__getitem__,
        )
        chosen = [_unit(each) for each in heard]
    places = [Place(unit, source) for unit in chosen]
    waiting.show(
        "explain-field",
        networks.key(heard, picture, tuple(places)),
        work.fields(networks.asked(heard), picture, places),
        partial(_draw_fields, heard, picture, source),
        "Measuring the receptive field",
    )


def _unit(heard: Heard) -> str:
    """Draw the choice of a unit of one network; the middle one at first."""
    spec = heard.voice.asked.variant.spec
    names = {name: f"{name} ({stage})" for name, stage, _ in units(plan(spec).root)}
    line = networks.line(heard)
    chosen: str = st.selectbox(
        f"Unit of {line.letter}" if line.letter else "Unit",
        list(names),
        len(names) // 2,
        format_func=names.__getitem__,
        key=f"field-{heard.letter}",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["field_unit"],
        width=260,
    )
    return chosen


def _draw_fields(
    heard: Sequence[Heard], picture: Shown, source: str, found: Sequence[Field | str]
) -> None:
    shown = networks.with_results(heard, found)
    networks.tell(shown, _finding)
    for start in range(0, len(shown), _PER_ROW):
        for place, (each, result) in zip(
            st.columns(_PER_ROW, gap="medium"), shown[start : start + _PER_ROW], strict=False
        ):
            with place:
                _draw_field(each, picture, source, result)


def _draw_field(heard: Heard, picture: Shown, source: str, result: Field) -> None:
    found, line = result.found, networks.line(heard)
    drawn = FieldDrawn(
        len(found.share),
        gallery.data_uri(result.picture),
        gallery.data_uri(result.png),
        found.square.y,
        found.square.x,
        found.square.side,
        found.radius_50,
        found.radius_95,
    )
    key = f"receptive-field-{heard.letter}"
    charts.draw(
        field_on_picture(drawn, key, line.colour),
        key,
        f"Effective receptive field of {found.unit}, {line.name}, on {_SOURCES[source]}",
        _READING,
        partial(_records, heard, picture, source, result),
    )


def _finding(heard: Heard, result: Field) -> str:
    """Say how far the gradient reaches, and how that compares with theory."""
    found = result.found
    side, whole = found.square.side, len(found.share)
    width = 2 * found.radius_95 + 1
    larger = f", more than the picture's {whole}" if side > whole else ""
    beyond = (
        f" {sentences.percent(1 - found.share_inside)} of the gradient comes from outside that "
        "square: something in the network looks at the whole picture."
        if found.share_inside < _ALL_OF_IT
        else ""
    )
    return (
        f"the middle of `{found.unit}` could depend on {side} × {side} pixels{larger}; half of its "
        f"gradient lies within **{found.radius_50:.0f}** pixels of the centre and 95% within "
        f"**{found.radius_95:.0f}**, a circle {width / side:.0%} as wide as the square.{beyond}"
    )


def _records(heard: Heard, picture: Shown, source: str, result: Field) -> list[dict[str, object]]:
    return [
        {
            **networks.origin(heard, picture),
            "measured_on": _SOURCES[source],
            "unit": result.found.unit,
            "row": row,
            "column": column,
            "share_of_gradient": float(share),
        }
        for row, shares in enumerate(result.found.share)
        for column, share in enumerate(shares)
    ]
