"""What a fine-tuned network is worth, where it errs, and what can be done with it."""

from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.ui import charts, confusions, state
from explorer.ui.glossary import GLOSSARY
from explorer.ui.predicting import tuned_network
from explorer.ui.train_views import own_work

if TYPE_CHECKING:
    from explorer.training.features import Extracted
    from explorer.training.fine_tuning import FineTuned, Judged

_MOST_WRONG = 24
_WIDTH = 144
_COLUMNS: Any = {
    "thumbnail": st.column_config.ImageColumn("", width="small"),
    "picture": st.column_config.TextColumn("Picture", pinned=True),
    "true_class": "True class",
    "answer": "Answer",
    "probability": st.column_config.NumberColumn("Probability", format="percent"),
    "right": st.column_config.CheckboxColumn("Right"),
}


def draw(extracted: "Extracted", tuned: "FineTuned") -> None:
    """Draw accuracy, confusion matrix and mistakes, and offer the network."""
    state.keep_tuned(tuned)
    st.markdown(_finding(tuned))
    st.caption(_conditions(tuned))
    if not tuned.head.converged:
        st.warning(
            f"The minimum was not reached in {tuned.head.rounds:,} steps; the largest slope left "
            f"is {tuned.head.slope:.1g}. More weight decay makes it easier."
        )
    _offer(tuned)
    matrix, mistakes = st.columns(2, gap="medium")
    with matrix:
        confusions.draw(tuned.scores, tuned.classes, "own-confusion", "the new last layer")
    with mistakes:
        _draw_wrong(extracted, tuned)
    _draw_table(extracted, tuned)


def _finding(tuned: "FineTuned") -> str:
    """Say how often the network is right, how sure that is, and what guessing would get."""
    scores = tuned.scores
    low, high = scores.accuracy_interval_percent
    return (
        f"**{scores.right} of {scores.pictures}** pictures held out are named rightly: "
        f"**{scores.accuracy_percent:.1f}%**, with 95% confidence between {low:.1f}% and "
        f"{high:.1f}% on endlessly many such pictures. Always naming the class that most pictures "
        f"were learned from gets {tuned.commonest} of {scores.pictures} right."
    )


def _conditions(tuned: "FineTuned") -> str:
    """Say how that was measured."""
    settings, head = tuned.settings, tuned.head
    return (
        f"Of each class, {settings.held_out_percent}% of the pictures are held out, drawn by seed "
        f"{settings.seed}; the last layer has not seen them. Of the {tuned.train_pictures} "
        f"pictures it learned from, it names {tuned.train_right} rightly. Softmax regression with "
        f"a weight decay of {settings.weight_decay:g}, to its minimum: {head.rounds} steps of "
        f"L-BFGS in {tuned.seconds:.1f} s, loss {head.loss:.4f}. Whoever chooses settings by the "
        "held-out pictures makes the figure too good."
    )


def _offer(tuned: "FineTuned") -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Ask it on Predict", key="own-predict", type="primary", icon=":material/image_search:"
        ):
            tuned_network.take(tuned)
            st.switch_page("explorer/ui/pages/predict.py", query_params={})
        file = f"{tuned.spec}.safetensors"
        st.download_button(
            "Network (safetensors)",
            partial(own_work.write, tuned),
            file_name=file,
            key="own-download",
            on_click="ignore",
            icon=":material/download:",
            help=GLOSSARY["own-network"],
        )
        with st.popover("Use it in plain PyTorch", icon=":material/code:", type="tertiary"):
            from explorer.training.tuned_file import how_to

            st.code(how_to(tuned, file), language="python")


def _draw_wrong(extracted: "Extracted", tuned: "FineTuned") -> None:
    """Draw the pictures that were named wrongly."""
    wrong = tuned.wrong
    if not wrong:
        st.markdown("**Named wrongly**: none of the held-out pictures.")
        return
    st.markdown(f"**Named wrongly: {len(wrong)} of {len(tuned.judged)}**, the surest first")
    with st.container(horizontal=True, gap="small", vertical_alignment="top"):
        for each in wrong[:_MOST_WRONG]:
            truth, answer = tuned.classes[each.truth], tuned.classes[each.answer]
            st.image(
                extracted.thumbnails[each.place],
                caption=f"is {truth}, named {answer} ({each.probability:.0%})",
                width=_WIDTH,
                alt=f"{extracted.paths[each.place]}: is {truth}, named {answer}",
            )
    if len(wrong) > _MOST_WRONG:
        st.caption(f"{len(wrong) - _MOST_WRONG} more are in the table.")


def _draw_table(extracted: "Extracted", tuned: "FineTuned") -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        place = st.expander(
            f"All {len(tuned.judged)} held-out pictures as a table",
            key="own-table",
            on_change="rerun",
        )
    records = [_record(extracted, tuned, each) for each in tuned.judged]
    if place.open:
        with place:
            links = [_link(extracted.thumbnails[each.place]) for each in tuned.judged]
            st.dataframe(
                [
                    {"thumbnail": link, **record}
                    for link, record in zip(links, records, strict=True)
                ],
                column_config=_COLUMNS,
                hide_index=True,
                key="own-rows",
                alt="What the network says of each picture held out",
            )
    charts.csv_button("held-out", lambda: records, "Held-out pictures (CSV)")


def _record(extracted: "Extracted", tuned: "FineTuned", each: "Judged") -> dict[str, Any]:
    return {
        "picture": extracted.paths[each.place],
        "true_class": tuned.classes[each.truth],
        "answer": tuned.classes[each.answer],
        "probability": each.probability,
        "right": each.answer == each.truth,
    }


def _link(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
