"""Who is choosing: whoever a page was drawn for a moment ago."""

from types import SimpleNamespace

import pytest

from explorer.ui import visitors


@pytest.fixture
def now_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test sets, and nobody here yet."""
    clock = [1000.0]
    monkeypatch.setattr(visitors, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(visitors, "_drawn_s", {})
    return clock


def test_a_visitor_is_choosing_for_a_while_after_each_page(now_s):
    assert visitors.choosing() == 0
    visitors.note("anna")
    visitors.note("ben")
    now_s[0] += 0.7 * visitors.CHOOSING_S
    visitors.note("anna")
    assert visitors.choosing() == 2
    now_s[0] += 0.7 * visitors.CHOOSING_S
    assert visitors.choosing() == 1
    visitors.note("ben")
    assert visitors.choosing() == 2
    now_s[0] += 2 * visitors.CHOOSING_S
    assert visitors.choosing() == 0


def test_nobody_is_connected_where_no_server_runs():
    assert visitors.count() == 0
