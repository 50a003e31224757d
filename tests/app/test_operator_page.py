"""The operator's page: there only when it is asked for, and its figures are those of the server."""

import re
import threading
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import jobs, operating, tasks
from tests.app.driving import LONG_S, PAGES


@pytest.fixture
def busy() -> Iterator[None]:
    """One job that runs and two that wait, each somebody else's."""
    end = threading.Event()
    made = [jobs.submit(f"s{n}", "kind", lambda _: end.wait(LONG_S), n) for n in range(3)]
    yield
    end.set()
    assert all(job.wait(LONG_S) for job in made)
    for number in range(3):
        jobs.forget(f"s{number}")


def opened(app: AppTest) -> AppTest:
    app.run()
    return app.switch_page(str(PAGES / "operator.py")).run()


@pytest.mark.parametrize("value", [None, "", "0", "yes", "2"])
def test_it_is_off_unless_it_is_asked_for(
    app: AppTest, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(operating.VARIABLE, raising=False)
    else:
        monkeypatch.setenv(operating.VARIABLE, value)
    assert not operating.is_on()
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        opened(app)


def test_it_counts_the_jobs_of_all_visitors(
    app: AppTest, busy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(operating.VARIABLE, "1")
    opened(app)
    assert not app.exception
    shown = {each.label: each.value for each in app.metric}
    assert int(shown["Jobs waiting"]) >= 2
    assert float(shown["Longest wait"].removesuffix(" s")) >= 0
    assert re.fullmatch(r"[\d,.]+ MB", shown["Memory"])
    told = " ".join(each.value for each in app.markdown)
    assert "/_stcore/health" in told
    assert "/_stcore/metrics" in told


def test_the_figures_are_those_of_the_process(busy: None) -> None:
    kept: tasks.Kept[int] = tasks.Kept(8)
    before = operating.figures()
    kept.get("x", lambda: 1)
    after = operating.figures()
    assert after.results == before.results + 1
    assert after.uptime_s >= before.uptime_s
    assert after.threads >= threading.active_count()
    assert 10**7 < after.memory_bytes <= after.peak_bytes
    assert after.waiting["processor"] >= 2
    assert after.jobs["queued"] + after.jobs["running"] >= 3
