"""The live part that asks networks about a photograph."""

from collections.abc import Sequence

import streamlit as st

from explorer import weights
from explorer.data import bundled_picture
from explorer.lessons.parts import PredictPart
from explorer.ui import state, waiting
from explorer.ui.predicting import answers, pictures, work
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.voices import Heard, Voice, by_labels
from explorer.ui.predicting.work import Said
from explorer.ui.tasks import File

_CLASSES = 5
_WIDTH = 260


def draw(part: PredictPart, _: bool) -> None:
    """Draw the photograph, and what each network says it shows."""
    picture, file = bundled_picture(part.picture), pictures.bundled_file(part.picture)
    st.image(str(picture.path), width=_WIDTH, alt=picture.title, caption=picture.title)
    st.caption(file.credit)
    asked = [
        Asked(variant, weights.for_spec(variant.spec))
        for variant in state.side_by_side(part.variants)
    ]
    waiting.show(
        "predictions",
        (tuple(each.key for each in asked), file.identity),
        work.answers(asked, [file], "crop"),
        lambda found: _draw_answers(asked, file, found),
        "Asking the networks",
    )


def _draw_answers(asked: Sequence[Asked], file: File, found: work.Answers) -> None:
    heard = []
    for each, network, said in zip(asked, found.networks, found.said[0], strict=True):
        if isinstance(said, Said):
            heard.append(Heard(Voice(each, network, [said]), said))
        else:
            st.error(f"{each.variant.label}: {said}")
    groups = by_labels(heard)
    if told := answers.verdict(groups):
        st.markdown(told)
    for group in groups:
        answers.draw_chart(group, _CLASSES, file)
