"""Pages take turns, and a slow one does not stop the others."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import pytest

from explorer.ui import turns

A_WHILE_S = 0.1


@contextmanager
def another_page() -> Iterator[Event]:
    """Another thread draws a page; it tells when that is drawn, which it must be in the end."""
    drawn = Event()

    def draw() -> None:
        with turns.taken():
            drawn.set()

    thread = Thread(target=draw, daemon=True)
    thread.start()
    yield drawn
    thread.join(10)
    assert drawn.is_set()


@contextmanager
def a_turn_that_holds() -> Iterator[None]:
    """Take a turn, in whose end another page must still be waiting for it; then it is drawn."""
    with ExitStack() as after, turns.taken():
        yield
        drawn = after.enter_context(another_page())
        assert not drawn.wait(A_WHILE_S)


def test_pages_are_never_drawn_at_once() -> None:
    inside, counts = [], []

    def draw() -> None:
        for _ in range(20):
            with turns.taken():
                inside.append(None)
                time.sleep(0.001)
                counts.append(len(inside))
                inside.pop()

    threads = [Thread(target=draw, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert counts == [1] * 60


def test_what_is_drawn_within_a_page_is_part_of_its_turn() -> None:
    with a_turn_that_holds(), turns.taken():
        pass


def test_who_waits_lets_others_draw_and_then_goes_on_in_turn() -> None:
    with a_turn_that_holds(), turns.given_back(), another_page() as drawn:
        assert drawn.wait(turns.MOST_S / 2)


def test_an_error_ends_the_turn() -> None:
    with pytest.raises(ZeroDivisionError), turns.taken():
        _ = 1 / 0
    with another_page() as drawn:
        assert drawn.wait(turns.MOST_S / 2)


def test_who_has_waited_long_is_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_turn_that_holds():  # the one without a turn has none to give back
        monkeypatch.setattr(turns, "MOST_S", A_WHILE_S / 2)
        with another_page() as drawn:
            assert drawn.wait(5)
        monkeypatch.setattr(turns, "MOST_S", 10.0)


def test_without_a_turn_none_is_given_back() -> None:
    with turns.given_back():
        pass
    with a_turn_that_holds():
        pass
