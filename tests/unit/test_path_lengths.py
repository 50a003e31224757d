"""The lengths of a residual network's paths, counted one by one and against the paper."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.path_lengths import narrowest_range, share_between, shares


def test_the_figures_of_veit_et_al() -> None:
    """ResNet-110 has 54 units."""
    assert f"{share_between(54, 5, 17):.2%}" == "0.45%"
    assert share_between(54, 19, 35) > 0.95  # their Section 3
    found = shares(54)
    mean = sum(length * share for length, share in enumerate(found))
    variance = sum((length - 27) ** 2 * share for length, share in enumerate(found))
    assert mean == pytest.approx(27) and variance == pytest.approx(54 / 4)


@pytest.mark.parametrize("units", [0, 1, 2, 5, 12])
def test_shares_are_those_of_all_paths_written_out(units: int) -> None:
    written = Counter(path.bit_count() for path in range(2**units))
    assert shares(units) == tuple(written[length] / 2**units for length in range(units + 1))
    assert share_between(units, 0, units) == 1


def test_a_thousand_units_leave_no_share_out() -> None:
    assert math.fsum(shares(1000)) == pytest.approx(1)
    assert 0 < shares(1000)[0] < 1e-300


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30), st.floats(0.01, 1))
def test_the_narrowest_range_holds_the_part_and_no_narrower_one_does(values, part) -> None:
    found = narrowest_range(values, part)
    if not any(values):
        assert found is None
        return
    assert found is not None
    first, last = found
    wanted = part * sum(values)
    assert sum(values[first : last + 1]) >= wanted
    narrower = last - first
    assert all(sum(values[at : at + narrower]) < wanted for at in range(len(values)))
    as_wide = (sum(values[at : at + narrower + 1]) for at in range(len(values) - narrower))
    assert sum(values[first : last + 1]) == max(as_wide)


@pytest.mark.parametrize("values", [[], [0.0], [1.0, math.inf], [1.0, math.nan]])
def test_what_has_no_finite_sum_has_no_range(values: list[float]) -> None:
    assert narrowest_range(values, 0.9) is None


def test_the_whole_is_found_in_spite_of_rounding() -> None:
    assert narrowest_range([0.1] * 10, 1.0) == (0, 9)
    assert narrowest_range([1e-3] * 7 + [0.0], 1.0) == (0, 6)
