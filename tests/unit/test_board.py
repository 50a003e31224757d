import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.explanation.board import (
    BoardUnit,
    Lesion,
    board,
    removal,
    remove_each,
    remove_random,
    swap,
    swap_random,
)
from explorer.explanation.errors import ExplanationError
from explorer.spec import ArchitectureSpec, parse
from tests.unit.strategies import NAMED_SPECS, classics, specs

R56 = board(parse("resnet56-cifar"))


def names(units: tuple[BoardUnit, ...]) -> list[str]:
    return [unit.name for unit in units]


def test_resnet56_has_27_units_of_which_two_downsample() -> None:
    assert len(R56) == 27 and [unit.place for unit in R56] == list(range(27))
    assert all(unit.removable for unit in R56)
    assert [unit.place for unit in R56 if unit.reshapes] == [9, 18]
    assert R56[9] == BoardUnit(9, "layer2.0", "stage2", 1, (16, 32, 32), (32, 16, 16), True)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("plain20-cifar", ["layer2.0", "layer3.0"]),
        ("plain34", ["layer2.0", "layer3.0", "layer4.0"]),
        ("vgg11_bn", ["features.2", "features.6", "features.10", "features.17"]),
        (
            "googlenet",
            ["3a", "3b", "4a", "4d", "4e", "5b"],
        ),
        ("lenet5", ["tanh1", "tanh3", "tanh5"]),
    ],
)
def test_without_a_shortcut_a_unit_that_reshapes_cannot_be_off(text: str, fixed: list[str]) -> None:
    units = board(parse(text))
    found = [unit for unit in units if not unit.removable]
    assert [unit.name.removeprefix("inception") for unit in found] == fixed
    assert found == [unit for unit in units if unit.reshapes]
    with pytest.raises(ExplanationError, match=f"{found[0].name} cannot be switched off"):
        removal(units, found[0].place)


def test_a_projection_to_more_channels_is_marked_too() -> None:
    marked = [unit for unit in board(parse("resnet50")) if unit.reshapes]
    assert names(tuple(marked)) == ["layer1.0", "layer2.0", "layer3.0", "layer4.0"]
    assert marked[0].input_shape == (64, 56, 56) and marked[0].output_shape == (256, 56, 56)
    keras = [unit for unit in board(parse("keras-resnet50v2")) if unit.reshapes]
    assert [unit.number for unit in keras] == [1, 3, 1, 4, 1, 6, 1]  # its last units halve the map


@settings(max_examples=60)
@given(st.one_of(specs(), classics(), NAMED_SPECS))
def test_units_follow_one_another(spec: ArchitectureSpec) -> None:
    units = board(spec)
    assert len(units) == sum(spec.stages)
    for before, after in combinations(units, 2):
        if after.place == before.place + 1 and after.stage == before.stage:
            assert before.output_shape == after.input_shape


def test_one_removal_for_each_unit() -> None:
    assert [lesion.off for lesion in remove_each(R56)] == [{n} for n in range(27)]
    assert [lesion.first_change for lesion in remove_each(R56)] == list(range(27))
    plain = board(parse("plain20-cifar"))
    assert [lesion.off for lesion in remove_each(plain)] == [{n} for n in (0, 1, 2, 4, 5, 7, 8)]
    assert remove_each(board(parse("lenet5"))) == ()


def test_no_removal_is_the_intact_network() -> None:
    intact = removal(R56)
    assert intact == Lesion(tuple(range(27))) and intact.first_change == 27
    assert remove_random(R56, [0], draws=10, seed=0) == (intact,)


def test_random_removals_are_different_and_those_of_their_seed() -> None:
    found = remove_random(R56, [1, 5, 26, 27], draws=20, seed=3)
    assert [len(lesion.off) for lesion in found] == [1] * 20 + [5] * 20 + [26] * 20 + [27]
    assert len(set(found)) == 61
    assert found == remove_random(R56, [1, 5, 26, 27], draws=20, seed=3)
    assert found != remove_random(R56, [1, 5, 26, 27], draws=20, seed=4)
    plain = board(parse("plain20-cifar"))
    for lesion in remove_random(plain, [3], draws=30, seed=0):
        assert all(plain[place].removable for place in lesion.off)
    assert len(remove_random(plain, [3], draws=99, seed=0)) == 35  # 7 choose 3


def test_every_unit_is_removed_about_equally_often() -> None:
    lesions = remove_random(R56, [5], draws=2000, seed=0)
    counts = [sum(place in lesion.off for lesion in lesions) for place in range(27)]
    assert all(280 < count < 460 for count in counts)  # 2000 * 5 / 27 = 370, sd 17


@pytest.mark.parametrize("count", [-1, 28])
def test_a_count_that_is_not_there_is_refused(count: int) -> None:
    with pytest.raises(ExplanationError, match="there are 27 that can"):
        remove_random(R56, [count], draws=1, seed=0)


@pytest.mark.parametrize("place", [-1, 27])
def test_a_unit_that_is_not_there_is_refused(place: int) -> None:
    for attempt in (lambda: removal(R56, place), lambda: swap(R56, place, 1)):
        with pytest.raises(ExplanationError, match="places go from 0 to 26"):
            attempt()


def test_units_of_equal_shape_change_places() -> None:
    lesion = swap(R56, 7, 2)
    assert lesion.order[:9] == (0, 1, 7, 3, 4, 5, 6, 2, 8) and lesion.order[9:] == tuple(
        range(9, 27)
    )
    assert lesion.first_change == 2
    for one, other in ((8, 10), (9, 10), (0, 26)):
        with pytest.raises(ExplanationError, match="differ in shape"):
            swap(R56, one, other)


def test_random_swaps_stay_among_equal_shapes() -> None:
    found = swap_random(R56, [0, 1, 30], draws=15, seed=1)
    assert found[0] == removal(R56) and len(set(found)) == len(found) > 25
    assert found == swap_random(R56, [0, 1, 30], draws=15, seed=1)
    for lesion in found:
        assert sorted(lesion.order) == list(range(27)) and not lesion.off
        assert lesion.order[9] == 9 and lesion.order[18] == 18
        assert set(lesion.order[:9]) == set(range(9))
    singles = [lesion for lesion in found if sum(n != u for n, u in enumerate(lesion.order)) == 2]
    assert len(singles) >= 10
    with pytest.raises(ExplanationError, match="no two units"):
        swap_random(board(parse("lenet5")), [1], draws=1, seed=0)


@pytest.mark.parametrize(
    ("order", "tau"),
    [
        ((0, 1, 2, 3), 1.0),
        ((1, 0, 2, 3), 1 - 2 / 6),  # one of six pairs is the wrong way round
        ((3, 1, 2, 0), 1 - 2 * 5 / 6),
        ((3, 2, 1, 0), -1.0),
        ((0,), 1.0),
    ],
)
def test_kendalls_tau_by_hand(order: tuple[int, ...], tau: float) -> None:
    assert Lesion(order).kendall_tau == pytest.approx(tau)


@given(st.permutations(range(7)), st.sets(st.integers(0, 6)))
def test_nothing_changes_before_the_first_change(order: list[int], off: set[int]) -> None:
    lesion = Lesion(tuple(order), frozenset(off))
    first = lesion.first_change
    assert order[:first] == list(range(first)) and not off & set(range(first))
    assert first == 7 or order[first] != first or first in off


def test_a_board_needs_no_torch() -> None:
    code = "import sys, explorer.explanation.board; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
