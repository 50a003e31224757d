"""Every form a variant is exported in, read back by somebody else."""

import csv
import io
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load

import explorer
from explorer import weights
from explorer.analysis import analyze
from explorer.export.latex import escaped, layers_latex
from explorer.export.markdown import layers_markdown
from explorer.export.origin import ExportError, Origin
from explorer.export.spec_json import read_spec, write_spec
from explorer.export.targets import TARGETS, export, file_name, find
from explorer.network import build
from explorer.spec import ArchitectureSpec, SpecError, as_fields, parse
from explorer.weights import WeightsError
from tests.unit.strategies import NAMED_SPECS, specs

KERAS = "resnet50-keras"
TABLES = ["resnet18v2", "resnet20-cifar,norm=none", "resnext50_32x4d,se_ratio=16", "resnet18-1d"]


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert explorer.__version__ == project["project"]["version"]


@pytest.mark.parametrize("text", ["resnet18", "resnet20-cifar,ordering=v2,zero_init=false"])
def test_a_state_dict_loads_strictly_into_the_module(text: str, tmp_path: Path) -> None:
    content = export(text, "safetensors", Origin(7))
    module = build(text, seed=8)
    module.load_state_dict(load(content), strict=True)
    wanted = build(text, seed=7).state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in module.state_dict().items())
    file = tmp_path / "net.safetensors"
    file.write_bytes(content)
    with safe_open(file, "pt") as read:
        told = read.metadata()
    assert (parse(told["variant"]), told["seed"]) == (parse(text), "7")
    assert explorer.__version__ in told["written_by"]
    assert told["format"] == "pt"  # what other libraries look for


def test_trained_weights_are_exported_with_their_source_and_licence(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(export("resnet50,stride_at=1x1", "safetensors", Origin(trained=KERAS)))
    entry = weights.find(KERAS)
    with safe_open(file, "pt") as read:
        told = read.metadata()
        bias = read.get_tensor("fc.bias")
    assert (told["weights"], told["licence"]) == (KERAS, entry.licence)
    assert told["source"] == entry.source
    assert torch.equal(bias, weights.load(KERAS).state_dict()["fc.bias"])


@pytest.mark.parametrize("target", [name for name in TARGETS if TARGETS[name].has_weights])
@pytest.mark.parametrize(
    ("origin", "error", "words"),
    [
        (Origin(-1), ExportError, "seed=-1"),
        (Origin(2**31), ExportError, "2,147,483,647"),
        (Origin(trained=KERAS), ExportError, "not of resnet18"),
        (Origin(trained="resnet50-kers"), WeightsError, KERAS),
    ],
)
def test_an_origin_that_gives_no_weights_is_refused(
    target: str, origin: Origin, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        export("resnet18", target, origin)


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(ExportError, match="onnx"):
        find("onx")


@settings(max_examples=200)
@given(spec=specs() | NAMED_SPECS)
def test_a_spec_comes_back_from_json(spec: ArchitectureSpec) -> None:
    document = json.loads(write_spec(spec))
    assert read_spec(write_spec(spec)) == spec
    assert parse(document["variant"]) == spec
    assert document["fields"].keys() == as_fields(spec).keys()
    del document["variant"]
    assert read_spec(json.dumps(document)) == spec


def test_fields_that_are_left_out_have_their_defaults() -> None:
    document = '{"fields": {"stages": [3, 4, 6, 3], "block": "bottleneck"}}'
    assert read_spec(document) == parse("resnet50")


def test_what_describe_prints_is_read_as_well() -> None:
    assert read_spec(json.dumps(analyze("resnet50v2").as_dict())) == parse("resnet50v2")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "no JSON"),
        ("resnet50", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", '"fields"'),
        ("{}", '"fields"'),
        ('{"variant": 50}', "int"),
        ('{"variant": "resnt50"}', "resnet50"),
        ('{"fields": []}', "stages"),
        ('{"fields": {"block": "basic"}}', "stages"),
        ('{"fields": {"stages": "3-4-6-3"}}', "3-4-6-3"),
        ('{"fields": {"stages": [3, 4, 6, "3"]}}', "whole numbers"),
        ('{"fields": {"stages": [2, 2], "widht": 8}}', "width"),
        ('{"fields": {"stages": [2, 2], "width": 8.5}}', "width"),
        ('{"fields": {"stages": [2, 2], "block": ["basic"]}}', "basic"),
        ('{"fields": {"stages": [2, 2], "block": {}}}', "basic"),
        ('{"fields": {"stages": [2, 2], "norm": null}}', "norm"),
        ('{"fields": {"stages": [2, 2], "family": {}}}', "family"),
        ('{"fields": {"stages": [2, 2], "family": [{}]}}', "family"),
        ('{"fields": {"stages": [{}, []]}}', "whole numbers"),
        ('{"fields": {"stages": [2, 2], "zero_init": 1}}', "zero_init"),
        ('{"variant": "resnet34", "fields": {"stages": [2, 2, 2, 2]}}', "resnet18"),
    ],
)
def test_a_document_that_is_no_spec_gets_a_sentence(document: str, words: str) -> None:
    with pytest.raises(SpecError, match=re.escape(words)):
        read_spec(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(
    values=st.dictionaries(st.sampled_from(sorted(as_fields(parse("resnet18")))), JSON),
    stages=st.lists(st.integers(1, 3), min_size=1, max_size=4) | JSON,
)
def test_whatever_the_fields_hold_gets_a_spec_or_a_sentence(
    values: dict[str, Any], stages: Any
) -> None:
    try:
        read_spec(json.dumps({"fields": {**values, "stages": stages}}))
    except SpecError as error:
        assert str(error)


def whole(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("text", TABLES)
def test_the_markdown_table_reads_back_to_the_numbers(text: str) -> None:
    lines = layers_markdown(analyze(text)).splitlines()
    table = [line.strip("|").split(" | ") for line in lines if line.startswith("|")]
    cells = [[re.sub(r"\\(.)", r"\1", cell).strip() for cell in row] for row in table]
    header, alignment, *rows, total = cells
    assert header == ["Layer", "Kind", "What it does", "Output", "Parameters", "MACs"]
    assert all(cell.endswith(":") == (n > 2) for n, cell in enumerate(alignment))
    layers = analyze(text).layers
    assert [(r[0], r[1], r[2]) for r in rows] == [(r.name, r.kind, r.detail) for r in layers]
    assert [tuple(map(int, r[3].split("×"))) for r in rows] == [r.output_shape for r in layers]
    assert [whole(r[4]) for r in rows] == [r.parameters for r in layers]
    assert [whole(r[5]) for r in rows] == [r.macs for r in layers]
    assert whole(total[4]) == sum(whole(row[4]) for row in rows)
    assert whole(total[5]) == sum(whole(row[5]) for row in rows)


def unescaped_specials(latex: str) -> list[str]:
    """What LaTeX would not print as it stands, in the cells and the caption of a table."""
    known = r"\\(?:[&%$#_{}\\]|[A-Za-z]+\*?)"
    bare = re.sub(known, "", latex)
    bare = re.sub(r"(?m)(?<!\\)%.*$", "", bare).replace("$$", "")  # comments; $\times$ is gone
    return re.findall(r"[#$%^_~\\]|[^\x00-\x7f]", bare)


@pytest.mark.parametrize("text", TABLES)
def test_the_latex_table_is_in_order(text: str) -> None:
    latex = layers_latex(analyze(text))
    assert unescaped_specials(latex) == []
    bare = re.sub(r"\\[{}]", "", latex)
    assert bare.count("{") == bare.count("}")
    opened = re.findall(r"\\begin(?:\{(\w+)\}|(group))", latex)
    closed = re.findall(r"\\end(?:\{(\w+)\}|(group))", latex)
    assert opened == closed[::-1]
    body = latex.partition("\\endlastfoot\n")[2].partition("\\end{longtable}")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    cells = [[c.strip() for c in re.split(r"(?<!\\)&", row[:-2])] for row in rows]
    assert {len(row) for row in cells} == {6}
    layers = analyze(text).layers
    assert [row[0] for row in cells[:-1]] == [
        rf"\texttt{{{layer.name.replace('_', chr(92) + '_')}}}" for layer in layers
    ]
    assert [whole(row[4]) for row in cells] == [
        *(layer.parameters for layer in layers),
        analyze(text).parameters,
    ]
    assert [whole(row[5]) for row in cells] == [
        *(layer.macs for layer in layers),
        analyze(text).macs,
    ]
    stages = len({layer.stage for layer in layers})
    assert body.count(r"\addlinespace") == stages - 1


@given(st.text(st.characters(max_codepoint=127, min_codepoint=32)))
def test_every_special_sign_is_escaped(text: str) -> None:
    assert unescaped_specials(escaped(text)) == []


def test_the_csv_has_every_column_of_every_layer() -> None:
    rows = list(csv.DictReader(io.StringIO(export("resnet18", "csv").decode())))
    assert len(rows) == len(analyze("resnet18").layers)
    assert sum(int(row["parameters"]) for row in rows) == 11_689_512


def test_a_file_is_called_what_the_variant_is() -> None:
    assert file_name(parse("resnet50,ordering=v2"), find("onnx")) == "resnet50v2.onnx"


def test_texts_need_no_torch() -> None:
    texts = [name for name in TARGETS if not TARGETS[name].has_weights]
    code = (
        "import sys; from explorer.export.targets import export\n"
        f"for name in {texts}: export('resnet18', name).decode()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
