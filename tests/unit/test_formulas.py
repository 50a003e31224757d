"""The written arithmetic, evaluated independently, gives the row's numbers."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from explorer.analysis import analyze
from explorer.formulas import counting_conventions, formulas
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec
from tests.unit.strategies import NAMED_SPECS, classics, specs

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(written: str) -> float:
    """Work out arithmetic as it is written, with these four signs, floor and ceil."""
    signs = str.maketrans({"×": "*", "−": "-", ",": None})
    return _work_out(ast.parse(written.translate(signs), mode="eval").body)


def _work_out(node: Any) -> float:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_work_out(node.left), _work_out(node.right))
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name) and node.func.id in ("floor", "ceil")
        rounded: int = getattr(math, node.func.id)(_work_out(node.args[0]))
        return rounded
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    return node.value


def numbers(row: LayerRow) -> dict[str, int | None]:
    """What each formula of a row must come to."""
    on_a_map = len(row.output_shape) > 1
    size = "Output height and width" if len(row.output_shape) == 3 else "Output length"
    return {
        "Parameters": row.parameters,
        "Buffers": row.buffers or None,
        "MACs": row.macs,
        "FLOPs": 2 * row.macs or None,
        "Output channels": row.output_shape[0] if on_a_map else None,
        size: row.output_shape[1] if on_a_map else None,
        "Output numbers": None if on_a_map else row.output_shape[0],
        "Receptive field (px)": row.receptive_field,
        "Jump (px)": row.jump if row.stride else None,
        "Activations (bytes)": row.output_bytes,
    }


@given(NAMED_SPECS | specs() | classics())
def test_every_formula_comes_to_the_rows_number(spec: ArchitectureSpec) -> None:
    rows = {row._replace(name="", unit=None): row for row in analyze(spec).layers}
    for row in rows.values():
        found = {formula.quantity: formula for formula in formulas(row)}
        wanted = {key: value for key, value in numbers(row).items() if value is not None}
        assert set(found) == set(wanted)
        for quantity, formula in found.items():
            left, _, right = formula.written.partition(" = ")
            assert evaluate(left) == wanted[quantity]
            assert evaluate(right or left) == wanted[quantity]
            assert formula.rule


def written(text: str, name: str) -> dict[str, str]:
    row = next(row for row in analyze(text).layers if row.name == name)
    return {formula.quantity: formula.written for formula in formulas(row)}


def test_the_first_layers_of_resnet50_as_a_teacher_writes_them() -> None:
    conv1, maxpool = written("resnet50", "conv1"), written("resnet50", "maxpool")
    assert conv1["Parameters"] == "64 × 3 × 7 × 7 = 9,408"
    assert conv1["MACs"] == "112 × 112 × 9,408 = 118,013,952"
    assert conv1["Output height and width"] == "floor((224 + 2 × 3 − 7) / 2) + 1 = 112"
    assert maxpool["Receptive field (px)"] == "7 + (3 − 1) × 2 = 11"
    assert written("resnet50", "bn1")["Parameters"] == "2 × 64 = 128"
    assert written("resnet50", "fc")["Parameters"] == "2,048 × 1,000 + 1,000 = 2,049,000"


def test_groups_divide_the_input_channels() -> None:
    conv = written("resnet50,groups=32,width_per_group=4", "layer1.0.conv2")
    assert conv["Parameters"] == "128 × (128 / 32) × 3 × 3 = 4,608"


@pytest.mark.parametrize("number", ["3,857,973,248", "4,089,184,256", "8,178,368,512"])
def test_the_conventions_name_all_three_counts_of_resnet50(number: str) -> None:
    assert number in counting_conventions()
