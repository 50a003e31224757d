"""The settings of a live training: each a control with a name in the link."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from explorer.training.live_settings import (
    BATCHES,
    DATA,
    MAX_SEED,
    MAX_STEPS,
    OPTIMIZER_WORDS,
    TEST_EVERY,
    UNITS,
    WIDTHS,
    LiveSettings,
)
from explorer.ui import state
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_OWN = "own"
_RATES = ("0.0001", "0.0003", "0.001", "0.003", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1")
_FAR_RATES = ("10", "100")
_NORMS = {_OWN: "own", "batch": "BN", "none": "none"}


def draw(variants: Sequence[str], opened: bool) -> LiveSettings:
    """Draw all settings and return them, for these networks.

    Args:
        variants: text forms.
        opened: whether the settings are seen at once; beside curves they leave these the room.
    """
    title = "Settings, the same for all networks"
    with st.expander(title, expanded=opened, icon=":material/tune:"):
        upper, lower = st.columns(4), st.columns(4)
    with upper[0]:
        data = st.selectbox(
            "Pictures",
            list(DATA),
            format_func=lambda key: DATA[key].words,
            key="live-data",
            help=GLOSSARY["live-data"],
            **_LINKED,
        )
    with upper[1]:
        rate = _slider("Learning rate", (*_RATES, *_FAR_RATES), "0.02", "live-rate")
    with upper[2]:
        batch = _slider("Batch", tuple(map(str, BATCHES)), "32", "live-batch")
    with upper[3]:
        optimizer = _buttons("Optimizer", OPTIMIZER_WORDS, "sgd")
    with lower[0]:
        units = _slider("Depth: units in each stage", _or_own(UNITS), _OWN, "live-units")
    with lower[1]:
        width = _slider("Width", _or_own(WIDTHS), "8", "live-width")
    with lower[2]:
        norm = _buttons("Normalisation", _NORMS, _OWN)
    with lower[3], st.popover("Seed, steps and tests", icon=":material/more_horiz:"):
        seed, steps, every, pictures = _rest()
    return LiveSettings(
        variants=tuple(variants),
        data=data,
        batch=int(batch),
        learning_rate=float(rate),
        optimizer=optimizer,
        seed=seed,
        steps=steps,
        test_every=every,
        test_pictures=pictures,
        width=_number(width),
        units=_number(units),
        norm="" if norm == _OWN else norm,
    )


def fill(settings: LiveSettings) -> None:
    """Let the controls show these settings; call it before they are drawn."""
    values = {
        "live-data": settings.data,
        "live-rate": f"{settings.learning_rate:g}",
        "live-batch": str(settings.batch),
        "live-optimizer": settings.optimizer,
        "live-units": str(settings.units or _OWN),
        "live-width": str(settings.width or _OWN),
        "live-normalisation": settings.norm or _OWN,
        "live-seed": settings.seed,
        "live-steps": settings.steps,
        "live-test-every": str(settings.test_every),
        "live-test-pictures": settings.test_pictures,
    }
    for key, value in values.items():
        state.fill(key, value)


def _rest() -> tuple[int, int, int, int]:
    """Draw what is changed now and then: seed, length, and how often what is tested."""
    seed = st.number_input(
        "Seed", 0, MAX_SEED, 0, key="live-seed", help=GLOSSARY["live-seed"], **_LINKED
    )
    steps = st.number_input(
        "Steps", 1, MAX_STEPS, 300, key="live-steps", help=GLOSSARY["live-steps"], **_LINKED
    )
    every = _slider("Steps between tests", tuple(map(str, TEST_EVERY)), "25", "live-test-every")
    pictures = st.number_input(
        "Test pictures",
        10,
        1_000,
        200,
        key="live-test-pictures",
        help=GLOSSARY["live-test-pictures"],
        **_LINKED,
    )
    return int(seed), int(steps), int(every), int(pictures)


def _slider(label: str, offered: Sequence[str], default: str, key: str) -> str:
    chosen: str = st.select_slider(label, offered, default, key=key, help=GLOSSARY[key], **_LINKED)
    return chosen


def _buttons(label: str, words: Mapping[str, str], default: str) -> str:
    key = f"live-{label.lower()}"
    return one_of(label, list(words), default, key, GLOSSARY[key], words.__getitem__)


def _or_own(values: Sequence[int]) -> tuple[str, ...]:
    return (_OWN, *map(str, values))


def _number(value: str) -> int | None:
    return None if value == _OWN else int(value)
