"""What channels of a layer give for the picture, and what the first layer looks for."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explorer.plan import plan, units
from explorer.spec import ArchitectureSpec
from explorer.ui import gallery, waiting
from explorer.ui.choice import one_of
from explorer.ui.explaining import networks, work
from explorer.ui.explaining.opened import Shown
from explorer.ui.explaining.work import MOST_MAPS, Maps
from explorer.ui.gallery import Figure
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import sentences
from explorer.ui.predicting.voices import Heard
from explorer.words import three_figures

_COUNTS = (8, 16, 32, MOST_MAPS)
_READING = (
    "Strongest first, by the mean absolute value of all numbers of a channel. Yellow is positive, "
    "black is 0, pale blue is negative, on one scale for all maps of a network, up to the largest "
    f"of the strongest {MOST_MAPS}. Feature maps: Zeiler and Fergus 2014, arXiv:1311.2901."
)
_FILTERS = (
    "Each filter is scaled by its own largest weight: mid-grey is a weight of 0, so strengths are "
    "not to be compared. What a filter looks for is bright where it is bright, and of its colours. "
    "First-layer filters are shown so by Krizhevsky et al. 2012, Figure 3."
)


def draw(heard: Sequence[Heard], picture: Shown) -> None:
    """Draw the feature maps of a layer that is chosen for each network, and the first filters."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = one_of("Channels", _COUNTS, 16, "channels", GLOSSARY["shown_channels"])
        layers = [_layer(each) for each in heard]
    waiting.show(
        "explain-features",
        networks.key(heard, picture, tuple(layers)),
        work.maps(networks.asked(heard), picture, layers),
        partial(_draw_all, heard, picture, count),
        "Computing feature maps",
    )


def _layer(heard: Heard) -> str:
    """Draw the choice of a layer of one network."""
    from explorer.explanation.features import layers

    spec = heard.voice.asked.variant.spec
    names = layers(spec)
    line = networks.line(heard)
    chosen: str = st.selectbox(
        f"Layer of {line.letter}" if line.letter else "Layer",
        names,
        names.index(first_unit_end(spec, names)),
        key=f"layer-{heard.letter}",
        bind="query-params",
        persist_state="session",
        help=GLOSSARY["explained_layer"],
        width=260,
    )
    return chosen


def first_unit_end(spec: ArchitectureSpec, layers: Sequence[str]) -> str:
    """Return the last layer of the first unit, where a look at features may well begin."""
    unit = next(units(plan(spec).root))[0]
    return [name for name in layers if f"{name}.".startswith(f"{unit}.")][-1]


def _draw_all(
    heard: Sequence[Heard], picture: Shown, count: int, found: Sequence[Maps | str]
) -> None:
    shown = networks.with_results(heard, found)
    networks.tell(shown, lambda each, result: _finding(result, count))
    for each, result in shown:
        _draw_maps(each, picture, count, result, _READING if each is shown[-1][0] else "")
    st.subheader("What the first layer looks for", anchor=False)
    for each, result in shown:
        _draw_filters(each, result, _FILTERS if each is shown[-1][0] else "")


def _draw_maps(heard: Heard, picture: Shown, count: int, found: Maps, reading: str) -> None:
    height, width = found.size
    strongest = zip(found.indices, found.strengths, found.tiles, strict=True)
    figures = [Figure(f"{n}: {three_figures(value)}", png) for n, value, png in strongest]
    many = min(count, len(figures))
    which = f"{many} strongest of {found.channels:,}" if many < found.channels else f"All {many}"
    gallery.draw(
        figures[:count],
        f"feature-maps-{heard.letter}",
        f"{which} channels behind {found.layer}, {height} × {width}, with their mean absolute "
        f"values, {networks.line(heard).title}",
        reading,
        partial(_records, heard, picture, found),
        networks.mark(heard),
        side=gallery.NARROW,
    )


def _draw_filters(heard: Heard, found: Maps, reading: str) -> None:
    shown, height, width, _ = found.filters.shape
    first = "" if found.filter_count == shown else f"first {shown} of "
    gallery.draw(
        [Figure(str(number), png) for number, png in enumerate(found.filter_tiles)],
        f"filters-{heard.letter}",
        f"The {first}{found.filter_count:,} filters of the first layer, "
        f"{height} × {width} pixels, {networks.line(heard).title}",
        reading,
        partial(_weights, heard, found),
        networks.mark(heard),
        side=gallery.TINY,
    )


def _finding(found: Maps, count: int) -> str:
    """Say how much of a layer's strength lies in the channels that are shown."""
    if not found.total:
        return f"all {found.channels:,} channels behind `{found.layer}` are 0 everywhere."
    count = min(count, len(found.indices))
    share = sum(found.strengths[:count]) / found.total
    together = f", the {count} strongest together {share:.0%}" if count < found.channels else ""
    return (
        f"of the sum of all strengths behind `{found.layer}`, the strongest of {found.channels:,} "
        f"channels, number {found.indices[0]}, holds "
        f"**{sentences.percent(found.strengths[0] / found.total)}**{together}; "
        f"{f'{found.silent:,}' if found.silent else 'none'} of the channels "
        f"{'is' if found.silent < 2 else 'are'} 0 everywhere."
    )


def _records(heard: Heard, picture: Shown, found: Maps) -> list[dict[str, object]]:
    strongest = zip(found.indices, found.strengths, strict=True)
    return [
        {
            **networks.origin(heard, picture),
            "layer": found.layer,
            "place": place,
            "channel": channel,
            "mean_absolute": strength,
        }
        for place, (channel, strength) in enumerate(strongest, start=1)
    ]


def _weights(heard: Heard, found: Maps) -> list[dict[str, object]]:
    colours = ("red", "green", "blue") if found.filters.shape[3] > 1 else ("grey",)
    return [
        {
            "variant": str(heard.voice.asked.variant.spec),
            "weights": heard.voice.weights,
            "filter": number,
            "row": row,
            "column": column,
            **{
                f"{colour}_of_largest": float(2 * value - 1)
                for colour, value in zip(colours, pixel, strict=True)
            },
        }
        for number, pixels in enumerate(found.filters)
        for row, line in enumerate(pixels)
        for column, pixel in enumerate(line)
    ]
