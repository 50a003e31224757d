"""The probes of one batch as work for the queue: what is shown of them, and when."""

from typing import Any, cast

import pytest

from explorer.gradients import PROBES, ProbeSettings
from explorer.spec import parse
from explorer.ui.jobs import JobContext
from explorer.ui.laboratory import work

SMALL = "resnet20-cifar,depth=8,width=4"
SPECS = tuple(parse(f"{SMALL}{more}") for more in ("", ",shortcut=none", ",ordering=v2"))


class Listener:
    """Keeps what work says on its way."""

    def __init__(self) -> None:
        self.done: list[float] = []
        self.shown: list[Any] = []

    def report(self, done: float, message: str) -> None:
        self.done.append(done)

    def show(self, partial: Any) -> None:
        self.shown.append(partial)


@pytest.mark.parametrize("kind", PROBES)
def test_each_network_is_shown_as_soon_as_it_is_measured(kind: str) -> None:
    listener, settings = Listener(), ProbeSettings(batch=2, seed=5)
    found = work.probes(kind, SPECS, settings, 2)(cast(JobContext, listener))
    counts = [[len(each) for each in shown] for shown in listener.shown]
    assert counts == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 2]]
    assert listener.shown[-1] == found
    assert found[2][1] == PROBES[kind](SPECS[2], ProbeSettings(batch=2, seed=6))
    assert listener.done == sorted(listener.done) and listener.done[-1] == pytest.approx(1)
    assert len(work.records(found)) == sum(len(p.rows()) for each in found for p in each)


def test_what_was_measured_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ProbeSettings(batch=2, seed=7)
    first = work.probes("norms", SPECS[:1], settings, 1)(cast(JobContext, Listener()))
    monkeypatch.setattr(work, "_probe", pytest.fail)
    assert work.probes("norms", SPECS[:1], settings, 1)(cast(JobContext, Listener())) == first
