"""The app, started anew for each page test, with no work left behind."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import jobs
from explorer.ui.controls import MORE
from tests.app.driving import LONG_S, ROOT


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.chdir(ROOT)
    started = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LONG_S)
    started.session_state[MORE] = True  # every control is drawn
    yield started
    assert jobs.submit("idle", "idle", lambda context: None, object()).wait(LONG_S)
