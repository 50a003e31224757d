"""Compare: what differs between the variants, in words, in numbers, in layers and as measured."""

from collections.abc import Sequence

import streamlit as st

from explorer.alignment import StageDifference, cost_words, differences, folded
from explorer.conformance import differences as choices
from explorer.conformance import effect, nearest
from explorer.figures.comparison import series, stage_bars, stage_lines
from explorer.side_by_side import (
    Row,
    StageRow,
    cautions,
    numbers,
    published_rows,
    stages,
)
from explorer.spec import ArchitectureSpec, parse
from explorer.tray import Variant
from explorer.ui import charts, measured, quantities, reports, state, waiting
from explorer.ui.choice import one_of
from explorer.ui.numbers import draw_table
from explorer.ui.state import Shown
from explorer.ui.swatches import swatch
from explorer.words import sentence, title


def draw() -> None:
    """Draw the comparison of all variants, or what to do where there is but one."""
    variants = state.shown()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Compare", width="stretch")
        if len(variants) > 1:
            reports.button(state.tray().variants)
    if len(variants) == 1:
        _invite(variants[0].spec)
        return
    st.markdown(
        "\n".join(
            f"- {swatch(each.letter)} **{each.title}**: {sentence(each.spec)}" for each in variants
        )
    )
    # Each in a place of its own: a browser that finds a control in two places, while the page is
    # redrawn, forgets that it belongs to the address.
    for section in (_choices, _numbers, _layers, _stages, _published, measured.draw):
        with st.container():
            section(variants)
        if section is _numbers:
            waiting.let_paint()


def _invite(spec: ArchitectureSpec) -> None:
    st.markdown(
        f"**{title(spec)}** is alone. Put a second variant beside it, here or in the sidebar, and "
        "this page shows what differs: in choices, numbers, layers, published results and speed."
    )
    offers = {}
    entry = nearest(spec).entry
    if parse(entry.text) != spec:
        offers[f"Compare with the nearest published network, {entry.name}"] = parse(entry.text)
    if spec.residual:
        offers["Compare with its plain twin, the same layers without shortcuts"] = spec.plain()
    elif spec.family == "residual":
        shortcut = "A" if spec.stem.startswith("cifar") else "B"
        offers["Compare with its residual twin"] = spec.vary(shortcut=shortcut)
    else:
        offers["Compare with ResNet-50"] = parse("resnet50")
    for number, (label, other) in enumerate(offers.items()):
        st.button(label, key=f"compare-with-{number}", on_click=_add, args=(other,))


def _add(spec: ArchitectureSpec) -> None:
    state.keep(state.tray().add(Variant(spec)))


def _specs(variants: Sequence[Shown]) -> tuple[ArchitectureSpec, ...]:
    return tuple(variant.spec for variant in variants)


def _choices(variants: Sequence[Shown]) -> None:
    st.subheader("What was chosen differently", anchor="choices")
    first, *others = variants
    for other in others:
        found = choices(first.spec, other.spec)
        if not found:
            st.markdown(f"{swatch(other.letter)} **{other.title}** is the same network as A.")
            continue
        st.markdown(
            f"{swatch(other.letter)} **{other.title}**, against A:\n"
            + "\n".join(f"- {choice}" for choice in found)
        )
        if len(found) > 1:
            st.markdown(f"**In all**: {effect(first.spec, other.spec)}.")


def _numbers(variants: Sequence[Shown]) -> None:
    st.subheader("Numbers side by side", anchor="numbers")
    rows = numbers(_specs(variants))
    draw_table(rows, variants, mark_best=True)
    records = [_record(row, variants) for row in rows]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Grey: the difference from A. The smallest cost is marked; depth, layers, receptive "
            "field and intensity are no costs.",
            width="stretch",
        )
        charts.csv_button("numbers", lambda: records)


def _record(row: Row, variants: Sequence[Shown]) -> dict[str, object]:
    values = {v.letter: figure.value for v, figure in zip(variants, row.figures, strict=True)}
    return {"quantity": row.quantity.name, **values}


@st.fragment
def _layers(variants: Sequence[Shown]) -> None:
    st.subheader("Layer by layer", anchor="layers")
    first, *others = variants
    letters = {variant.letter: variant for variant in others}
    letter = others[0].letter
    if len(others) > 1:
        letter = one_of(
            "Against A",
            list(letters),
            letter,
            "against",
            words=lambda each: f"{each}: {letters[each].title}",
            titled=False,
        )
    other = letters[letter]
    found = differences(first.spec, other.spec)
    changed = [stage for stage in found if stage.lines]
    st.markdown(f"What turns A, **{first.title}**, into {letter}, **{other.title}**:")
    if not changed:
        st.info("Nothing: both have the same layers, of the same size, in the same places.")
        return
    st.markdown("\n".join(map(_stage_words, changed)))
    same, whole = folded(found), effect(first.spec, other.spec)
    cost = cost_words(whole) if whole.parameters or whole.macs else "none"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{f'Unchanged: {same}. ' if same else ''}All lines add up to the difference in cost: "
            f"{cost}.",
            width="stretch",
        )
        charts.csv_button(
            f"{first.spec}-to-{other.spec}-layers",
            lambda: [record for stage in changed for record in stage.as_dicts()],
        )


def _stage_words(stage: StageDifference) -> str:
    """Write a stage as an entry of a list; its changes below it, unless there is but one."""
    rest = f" ({stage.unchanged} unchanged)" if stage.unchanged else ""
    if len(stage.lines) == 1:
        return f"- **{stage.name}**, {stage.lines[0]}{rest}"
    lines = [f"    - {line}" for line in stage.lines]
    return "\n".join([f"- **{stage.name}**: {cost_words(stage.effect)}{rest}", *lines])


@st.fragment
def _stages(variants: Sequence[Shown]) -> None:
    st.subheader("Stage by stage", anchor="stages")
    quantity = quantities.choose()
    names = ", ".join(f"{variant.letter} {variant.title}" for variant in variants)
    lines = [(variant.label, variant.colour) for variant in variants]
    rows = stages(_specs(variants))
    charts.draw(
        stage_bars(_places(rows), series(lines, rows, quantity), quantities.QUANTITIES[quantity]),
        "stages",
        f"{quantities.QUANTITIES[quantity]} by stage: {names}",
        "Stages stand side by side by their place in the network, the first with the first and "
        "the head with the head; the taller bar is the costlier stage.",
        lambda: _stage_records(variants),
    )
    seeing = rows[:-1]  # the head sees the whole picture
    charts.draw(
        stage_lines(
            _places(seeing), series(lines, seeing, "receptive_field"), "Receptive field (px)"
        ),
        "receptive-fields",
        f"Receptive field at the end of each stage: {names}",
        "How many pixels of the picture, in a row, one number at the end of a stage depends on. "
        "Behind the global pooling it is all of them. Where lines coincide, the first is widest.",
        lambda: _stage_records(variants),
    )


def _places(rows: Sequence[StageRow]) -> list[str]:
    return [row.name for row in rows]


def _stage_records(variants: Sequence[Shown]) -> list[dict[str, object]]:
    return [
        {"variant": variant.letter, "network": str(variant.spec), **found._asdict()}
        for row in stages(_specs(variants))
        for variant, found in zip(variants, row.figures, strict=True)
        if found
    ]


def _published(variants: Sequence[Shown]) -> None:
    st.subheader("Published results", anchor="published")
    rows = published_rows(_specs(variants))
    if not rows:
        st.markdown("None of these variants is a published network.")
        return
    for caution in cautions(_specs(variants)):
        st.warning(caution)
    cells = [cell for row in rows for cell in row.values]
    sources = list(dict.fromkeys(source for cell in cells for _, source in cell))
    table = {
        "": [
            f"**{row.quantity[0].upper()}{row.quantity[1:]}**  \n:gray[{row.conditions}]"
            for row in rows
        ]
    }
    for place, variant in enumerate(variants):
        table[f"{swatch(variant.letter)} **{variant.title}**"] = [
            ", ".join(f"{value} [{sources.index(source) + 1}]" for value, source in found) or "–"
            for found in (row.values[place] for row in rows)
        ]
    st.table(table, hide_index=True, border="horizontal", alt="Published results of all variants")
    told = "; ".join(f"[{number}] {source}" for number, source in enumerate(sources, start=1))
    st.caption(f"As printed. Sources: {told}.")


draw()
