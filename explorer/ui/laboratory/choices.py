"""The settings of the probes: each a control with one name in the link, whatever the probe."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import streamlit as st

from explorer.data import bundled_pictures, has_labelled_pictures
from explorer.probing import INITIALISATIONS, LOSSES, MAX_SEED, MODES, SOURCES, ProbeSettings
from explorer.spec import ArchitectureSpec
from explorer.ui import tasks, uploads
from explorer.ui.glossary import GLOSSARY

MAX_BATCH = 256
MAX_SEEDS = 9
_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_NORMS = {"chosen": "as each variant says", "none": "without"}
_POINTS = ("256", "128", "64", "32", "16", "8")
_ZEROS = {"chosen": "as each variant says", "zero": "starts at 0", "one": "starts at 1"}
_SIZES = {
    "chosen": "as each variant says",
    **{str(side): f"{side} × {side}" for side in (32, 64, 96, 128, 160, 224, 288)},
}


class Feed(NamedTuple):
    """What all variants of a probe have in common.

    Args:
        settings: of the probe; of the first of several seeds.
        seeds: how many, counted up from the settings' own.
        changes: fields of the variants that are set otherwise.
        files: the pictures that were uploaded for it.
        goes_back: whether there is a loss.
    """

    settings: ProbeSettings
    seeds: int
    changes: Mapping[str, Any]
    files: tuple[tasks.File, ...]
    goes_back: bool = True

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What a measurement depends on, beside the networks."""
        return self.settings, self.seeds, tuple(file.identity for file in self.files)

    @property
    def shaded(self) -> str:
        """How the range of several seeds is read, as one more sentence; empty for a single one."""
        if self.seeds == 1:
            return ""
        return " The shaded range is from the least to the greatest seed."

    @property
    def single(self) -> str:
        """Of which of several seeds single numbers are, as one more sentence."""
        if self.seeds == 1:
            return ""
        loss = " and the loss" if self.goes_back else ""
        return f" One layer's numbers{loss} are those of seed {self.settings.seed}."

    @property
    def words(self) -> str:
        """The conditions, as a sentence for the caption."""
        settings = self.settings
        several = f" to {settings.seed + self.seeds - 1} (line: median)" if self.seeds > 1 else ""
        words = settings.words if self.goes_back else settings.forward_words
        changes = ", ".join(f"{field}={value}" for field, value in self.changes.items())
        return (
            f"Batch of {settings.fed}; networks {words}{several}."
            f"{f' Changed for all: {changes}.' if changes else ''}"
        )


def feed(
    specs: Sequence[ArchitectureSpec], *, goes_back: bool = True, one_pass: bool = True
) -> Feed:
    """Draw all settings of a probe of one batch.

    Args:
        specs: the networks.
        goes_back: whether a loss does; else there is none to choose.
        one_pass: whether it goes forward and back but once. A costlier probe starts with a smaller
            batch, and is not repeated for several seeds.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        first = seed()
        source = _source(specs)
        with st.popover("More choices", icon=":material/tune:"):
            several = seeds() if one_pass else 1
            scheme = initialisation()
            loss = _select("Loss", LOSSES, "loss") if goes_back else next(iter(LOSSES))
            mode = _select("Batch normalisation by", MODES, "bn-mode")
            changes = _changes()
        size = changes.get("image_size")
        with place:
            small = all(int(size or spec.image_size) <= 64 for spec in specs)
            many = batch(small, one_pass)
    source, files = _files(source)
    settings = ProbeSettings(
        batch=many, seed=first, source=source, initialisation=scheme, loss=loss, mode=mode
    )
    return Feed(settings, several, changes, files, goes_back)


def batch(small: bool, one_pass: bool = True) -> int:
    """Draw how many pictures are in the batch.

    Args:
        small: whether the pictures are, so that there may be more by default.
        one_pass: whether the probe goes forward and back but once; else there are fewer.
    """
    usual = (32 if one_pass else 8) if small else 2  # ResNet-50 and two twins: about two seconds
    return int(
        st.number_input(
            "Batch",
            1,
            MAX_BATCH,
            usual,
            key=f"batch{'' if one_pass else '-costly'}{'-small' if small else ''}",
            help=GLOSSARY["batch"],
            width=140,
            **_LINKED,
        )
    )


def seed() -> int:
    """Draw where everything random starts."""
    return int(
        st.number_input(
            "Seed",
            0,
            MAX_SEED - MAX_SEEDS,
            0,
            key="seed",
            help=GLOSSARY["seed"],
            width=180,
            **_LINKED,
        )
    )


def seeds() -> int:
    """Draw how many seeds are measured."""
    return int(
        st.number_input(
            "Seeds", 1, MAX_SEEDS, 1, key="seeds", help=GLOSSARY["seeds"], width=140, **_LINKED
        )
    )


def initialisation() -> str:
    """Draw how weights start."""
    return _select("Initialisation", INITIALISATIONS, "initialisation")


def _select(
    label: str, words: Mapping[str, str], key: str, width: int | Literal["stretch"] = "stretch"
) -> str:
    chosen: str = st.selectbox(
        label,
        list(words),
        format_func=words.__getitem__,
        key=key,
        help=GLOSSARY[key],
        width=width,
        **_LINKED,
    )
    return chosen


def _changes() -> dict[str, Any]:
    """Draw what may be set otherwise in all variants at once."""
    chosen: dict[str, Any] = {}
    if _select("Normalisation", _NORMS, "probe-norm") == "none":
        chosen["norm"] = "none"
    zero = _select("Last gamma of each branch", _ZEROS, "probe-gamma")
    if zero != "chosen":
        chosen["zero_init"] = zero == "zero"
    size = _select("Resolution", _SIZES, "probe-size")
    if size != "chosen":
        chosen["image_size"] = int(size)
    return chosen


def _source(specs: Sequence[ArchitectureSpec]) -> str:
    pictures = all(spec.in_channels in (1, 3) and spec.dims == 2 for spec in specs)
    tiny = all(spec.input_shape == (3, 32, 32) for spec in specs) and has_labelled_pictures()
    taken = {"uploads", *(("pictures",) if bundled_pictures() else ())} if pictures else set()
    offered = [key for key in SOURCES if key == "noise" or key in taken]
    keys = [*offered, "cifar10"] if tiny else offered
    return _select("Input", {key: SOURCES[key] for key in keys}, "input", width=250)


def _files(source: str) -> tuple[str, tuple[tasks.File, ...]]:
    """Draw where pictures are uploaded, if they are wanted; noise takes their place till then."""
    with st.container():  # always, so that what follows keeps its place
        files = uploads.pictures("probe-uploads") if source == "uploads" else ()
    return (source if files or source != "uploads" else "noise"), files


def feed_line(
    specs: Sequence[ArchitectureSpec], automatic: Callable[[Mapping[str, Any]], int]
) -> Feed:
    """Draw all settings of a probe of a line of inputs, whose number is the settings' batch.

    Args:
        specs: the networks.
        automatic: how many inputs suit the networks, given the fields that are set otherwise.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.container(width="content")
        first, source = seed(), _source(specs)
        with st.popover("More choices", icon=":material/tune:"):
            several, scheme = seeds(), initialisation()
            mode = _select("Batch normalisation by", MODES, "bn-mode")
            changes = _changes()
        suiting = automatic(changes)
        with place:
            words = {"automatic": f"automatic: {suiting}", **{n: n for n in _POINTS}}
            points = _select("Inputs on the line (the batch)", words, "points")
    source, files = _files(source)
    settings = ProbeSettings(
        batch=suiting if points == "automatic" else int(points),
        seed=first,
        source=source,
        initialisation=scheme,
        mode=mode,
    )
    return Feed(settings, several, changes, files)
