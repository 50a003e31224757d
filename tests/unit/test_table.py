"""Tables as files."""

import csv
import io

from explorer.analysis import analyze
from explorer.export.table import layers_csv, to_csv


def test_cells_with_commas_and_quotes_survive() -> None:
    records = [{"name": 'a "b", c', "shape": [3, 4], "n": None}]
    read = list(csv.DictReader(io.StringIO(to_csv(records))))
    assert read == [{"name": 'a "b", c', "shape": "3x4", "n": ""}]


def test_no_records_make_an_empty_file() -> None:
    assert to_csv([]) == ""


def test_layers_are_in_forward_order_and_complete() -> None:
    read = list(csv.DictReader(io.StringIO(layers_csv(analyze("resnet18v2")))))
    assert [row["name"] for row in read] == [row.name for row in analyze("resnet18v2").layers]
    assert read[0]["detail"] == "7x7, 3 to 64, stride 2"
