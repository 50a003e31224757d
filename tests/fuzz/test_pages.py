"""Every page, opened by damaged links, and told values by a browser that keeps to no bounds."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from explorer.ui import jobs, warmup
from explorer.ui.controls import MORE
from explorer.ui.live_runs import RUNS
from tests.app.driving import LONG_S, PAGES, ROOT
from tests.fuzz import guard
from tests.fuzz.corpus import texts
from tests.fuzz.guard import cases, sentence

NAMES = sorted(
    file.stem for file in PAGES.glob("*.py") if file.stem not in ("__init__", "operator")
)
KEYS = sorted(
    {
        "v", "edit", "unit", "run", "tuned", "lesson", "step", "answers", "view",
        *(
            key
            for file in (ROOT / "explorer" / "ui").rglob("*.py")
            for key in re.findall(r'key=f?"([\w-]+)"', file.read_text("utf-8"))
        ),
    }
)  # fmt: skip
VARIANTS = ("resnet20-cifar", "plain20-cifar", "resnet18;x", "lenet5", "resnet50,depth=7", "")
LESSONS = ("degradation", "counting", "myths", "glossary", "x")
VALUES = (
    texts()
    | st.integers(-3, 400).map(str)
    | st.sampled_from(("norms", "paths", "explain", "lesions", "own", "present", "cat", "digits"))
)


@pytest.fixture(scope="module", autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    warmup.wait()  # what it loads is not to be counted elsewhere
    assert jobs.submit("idle", "idle", lambda context: None, object()).wait(LONG_S)


def opened(page: str, parameters: dict[str, list[str]]) -> AppTest:
    """A page, drawn once, with nothing that goes on after it."""
    guard.counted += 1
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LONG_S)
    app.session_state[MORE] = True
    for key, values in parameters.items():
        app.query_params[key] = [value.encode("utf-8", "replace").decode() for value in values]
    app.run()
    if page != "explore":
        app.switch_page(str(PAGES / f"{page}.py")).run()
    return drawn(app)


def drawn(app: AppTest) -> AppTest:
    jobs.forget("test session id")
    assert not app.exception, [each.value for each in app.exception]
    for each in (*app.error, *app.warning):
        sentence(each.value, 1500)
    for place in (*app.markdown, *app.error, *app.warning, *app.info, *app.title, *app.caption):
        assert "](http://example" not in str(place.value).replace("\\]", "")
        assert "<script" not in str(place.value).replace("\\<", "")
    return app


@cases(22, slow=True)
@given(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(VARIANTS) | texts(), max_size=5),
    st.dictionaries(
        st.sampled_from(KEYS), st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=25
    ),
    st.sampled_from(LESSONS),
)
def test_a_damaged_link_opens_every_page(
    page: str, variants: list[str], parameters: dict[str, list[str]], lesson: str
) -> None:
    opened(page, {"lesson": [lesson], **parameters, "v": variants})


@pytest.mark.parametrize("value", ["inf", "-INF", " Infinity", "nan", "1e999", "9" * 400])
@pytest.mark.parametrize(
    ("page", "key"), [("gradients", "batch-small"), ("train", "live-seed"), ("predict", "samples")]
)
def test_an_endless_number_in_a_link_is_no_number(page: str, key: str, value: str) -> None:
    app = opened(page, {"v": ["resnet20-cifar"], key: [value]})
    field = app.number_input(key=key)
    assert field.min <= field.value <= field.max


@pytest.mark.parametrize("page", NAMES)
def test_a_link_whose_settings_are_all_empty_opens_every_page(page: str) -> None:
    opened(page, {**{key: [""] for key in KEYS}, "v": ["resnet20-cifar", "plain20-cifar"]})


_NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
_SENDABLE = texts(30).map(lambda text: text.encode("utf-8", "replace").decode())
# Which widget, and what it says, whatever its kind: nothing that is drawn depends on the page.
SHAKES = st.lists(
    st.tuples(
        st.integers(0, 10**6),
        st.fixed_dictionaries(
            {
                "double_value": _NUMBERS,
                "double_array_value": st.lists(_NUMBERS, max_size=3),
                "int_value": st.integers(-9, 99),
                "string_value": _SENDABLE,
                "string_array_value": st.lists(_SENDABLE, max_size=3),
            }
        ),
    ),
    max_size=12,
)


def shaken(state: WidgetState, said: dict[str, Any]) -> None:
    """Have a widget say something that its page does not offer."""
    kind = state.WhichOneof("value")
    if kind == "bool_value":
        state.bool_value = not state.bool_value
    elif kind in ("double_array_value", "string_array_value"):
        getattr(state, kind).data[:] = said[kind]
    elif kind in said:
        setattr(state, kind, said[kind])


LINKS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((name, {"v": ["resnet20-cifar", "plain20-cifar"]}) for name in NAMES),
    ("explore", {"v": ["resnet50,block=bottleneck,shortcut=constant_scaling"]}),
    ("gradients", {"v": ["resnet20-cifar"], "probe": ["shattered"]}),
    ("predict", {"v": ["resnet20-cifar"], "predict-view": ["lesions"]}),
    ("train", {"v": ["resnet20-cifar"], "train-view": ["own"]}),
    ("learn", {"lesson": ["counting"], "step": ["2"]}),
)


@cases(22, slow=True)
@given(st.sampled_from(LINKS), st.tuples(SHAKES, SHAKES))
def test_a_browser_that_keeps_to_no_bounds_moves_no_page_out_of_them(
    link: tuple[str, dict[str, Any]], rounds: tuple[list[tuple[int, dict[str, Any]]], ...]
) -> None:
    app = opened(*link)
    for shakes in rounds:
        states = app._tree.get_widget_states()
        for place, said in shakes:
            shaken(states.widgets[place % len(states.widgets)], said)
        drawn(app._run(states))
        for field in app.number_input:
            assert field.value is None or field.min <= field.value <= field.max
        for choice in (*app.selectbox, *app.radio):
            held = choice.value
            assert held is None or choice.format_func(held) in choice.options
    drawn(app.run())
    assert not RUNS.turns()
