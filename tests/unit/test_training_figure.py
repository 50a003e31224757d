"""The curves of a training: which of their points are drawn."""

import math
from itertools import pairwise

from explorer.figures.training import TrainingLine, training_curves


def drawn(line: TrainingLine, logarithmic: bool = False) -> tuple[list[int], list[float | None]]:
    trace = training_curves("test", [line], "Loss", logarithmic).data[0]
    return list(trace.x), list(trace.y)


def test_a_short_line_is_drawn_step_by_step() -> None:
    assert drawn(TrainingLine("A", "red", [1, 2, 3], [3.0, 2.0, 1.0])) == (
        [1, 2, 3],
        [3.0, 2.0, 1.0],
    )


def test_a_long_line_keeps_its_first_and_last_point_and_every_nth() -> None:
    steps = list(range(1, 5001))
    across, _ = drawn(TrainingLine("A", "red", steps, [float(step) for step in steps]))
    assert len(across) <= 302
    assert (across[0], across[-1]) == (1, 5000)
    gaps = {b - a for a, b in pairwise(across[:-1])}
    assert len(gaps) == 1


def test_what_an_axis_cannot_show_leaves_a_gap() -> None:
    line = TrainingLine("A", "red", [1, 2, 3, 4], [1.0, math.nan, math.inf, 0.0])
    assert drawn(line)[1] == [1.0, None, None, 0.0]
    assert drawn(line, logarithmic=True)[1] == [1.0, None, None, None]


def test_a_network_without_steps_is_an_empty_line() -> None:
    assert drawn(TrainingLine("A", "red", [], [])) == ([], [])


def test_an_explosion_leaves_room_for_the_others() -> None:
    lines = [
        TrainingLine("A", "red", [1, 2], [2.0, 1e30]),
        TrainingLine("B", "blue", [1, 2], [2.0, 0.1]),
    ]
    axis = training_curves("test", lines, "Loss", logarithmic=True, highest=100).layout.yaxis
    low, high = axis.range
    assert high == 2  # powers of ten
    assert -1.2 < low <= -1
    assert training_curves("test", lines[1:], "Loss", True, highest=100).layout.yaxis.range is None
