"""The ready-made comparisons: each is a tray, in its shortest form."""

import pytest

from explorer.comparisons import COMPARISONS
from explorer.spec import parse
from explorer.tray import MAX_VARIANTS, read


@pytest.mark.parametrize("ready", COMPARISONS, ids=lambda ready: ready.title)
def test_each_fills_a_tray(ready):
    assert 2 <= len(ready.texts) <= MAX_VARIANTS
    assert len(set(ready.texts)) == len(ready.texts)
    found = read(ready.texts)
    assert found.tray.links() == ready.texts  # as written, in the shortest form
    assert not found.notices


def test_the_comparisons_are_told_apart():
    assert len({ready.title for ready in COMPARISONS}) == len(COMPARISONS)
    assert len({ready.texts for ready in COMPARISONS}) == len(COMPARISONS)


def test_all_five_orderings_and_three_shortcuts_are_compared():
    specs = [[parse(text) for text in ready.texts] for ready in COMPARISONS]
    orderings = {spec.ordering for group in specs for spec in group}
    assert len(orderings) == 5
    assert ["A", "B", "C"] in [[spec.shortcut for spec in group] for group in specs]
