"""The command line, as a script and as a person use it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from explorer.__main__ import main
from explorer.gradients import ProbeSettings, probe_activations, probe_pathways
from explorer.network import build
from tests.unit.cifar_folders import write_sheets

PICTURES = Path(__file__).parents[2] / "assets" / "pictures"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "explorer", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )


def test_describe_json_is_complete_and_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "resnet50,stride_at=1x1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variant"] == "resnet50,stride_at=1x1"
    assert told["parameters"] == 25_557_032
    assert told["macs"] == 3_857_973_248
    assert told["flops"] == 2 * 3_857_973_248
    assert told["depth"] == 50
    assert told["receptive_field"] == 483
    assert told["weights_bytes"] == 4 * 25_557_032
    assert told["activation_bytes"] == sum(row["output_bytes"] for row in told["layers"])
    assert told["parameters"] == sum(row["parameters"] for row in told["layers"])
    assert told["macs"] == sum(row["macs"] for row in told["layers"])
    first, last = told["layers"][0], told["layers"][-1]
    assert first["name"] == "conv1"
    assert (first["input_shape"], first["output_shape"]) == ([3, 224, 224], [64, 112, 112])
    assert (last["name"], last["output_shape"]) == ("fc", [1000])
    wanted = {"name", "kind", "stage", "unit", "input_shape", "output_shape", "parameters", "macs"}
    assert all(wanted <= set(row) for row in told["layers"])


def test_describe_csv_has_a_row_for_each_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "resnet20-cifar", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(int(row["parameters"]) for row in rows) == 269_722
    assert sum(int(row["macs"]) for row in rows) == 40_551_040
    assert rows[0]["output_shape"] == "16x32x32"


def test_describe_in_words_states_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "resnet18"]) == 0
    told = capsys.readouterr().out
    assert "ResNet-18" in told
    assert "11,689,512" in told
    assert "1,814,073,344" in told
    assert "3,628,146,688" in told


def test_gradients_json_has_every_weighted_layer(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["gradients", "resnet20-cifar", "--batch", "4", "--seed", "3", "--json"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variant"] == "resnet20-cifar"
    assert (told["settings"]["seed"], told["settings"]["batch"]) == (3, 4)
    assert told["loss"] > 0
    assert len(told["layers"]) == 20  # 19 convolutions and the linear layer; A has no projections
    for layer in told["layers"]:
        assert layer["weight_gradient_norm"] > 0 and layer["weight_norm"] > 0
        assert layer["output_gradient_norm"] > 0 and layer["output_numbers"] > 0
    assert told["layers"][0]["output_numbers"] == 4 * 16 * 32 * 32
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_gradients_are_told_with_how_they_were_measured(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--batch", "2", "--mode", "eval", "--initialisation", "xavier"]
    assert main(["gradients", "plain20-cifar", *arguments]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "Xavier's normal" in told[0] and "running statistics" in told[0]
    assert told[1].split()[:2] == ["layer", "|dL/dW|"] and len(told) == 22


def test_each_probe_of_a_batch_is_told_and_given_as_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text, settings = "resnet20-cifar,depth=8,width=4", ProbeSettings(batch=2, seed=1)
    arguments = ["gradients", text, "--batch", "2", "--seed", "1", "--probe"]
    ways = probe_pathways(text, settings).units
    signal = probe_activations(text, settings)

    assert main([*arguments, "pathways", "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["name"] for row in rows] == ["layer1.0", "layer2.0", "layer3.0"]
    assert [float(row["branch_norm"]) for row in rows] == [unit.branch_norm for unit in ways]
    assert {(row["variant"], row["seed"], row["loss"]) for row in rows} == {
        (text, "1", "cross_entropy")
    }

    assert main([*arguments, "activations", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["loss"] is None and "loss" not in told["settings"]
    assert [unit["branch_over_shortcut"] for unit in told["units"]] == [
        branch.ratio for branch in signal.branches
    ]
    assert [layer["name"] for layer in told["layers"]][:2] == ["conv1", "relu"]

    assert main([*arguments, "activations"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(signal.activations)
    last = signal.units[-1]
    numbers = (last.mean, last.variance, last.zeros, last.dead, signal.branches[-1].ratio)
    assert lines[-2].split() == ["layer3.0", *(f"{number:.6g}" for number in numbers)]


def test_numbers_json_has_no_number_for_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    # 200 units without normalisation: the signal doubles its variance at each and overflows.
    text = "resnet20-cifar,norm=none,stages=200,image_size=8,width=4"
    assert main(["gradients", text, "--batch", "2", "--json"]) == 0
    out = capsys.readouterr().out
    told = json.loads(out, parse_constant=pytest.fail)
    assert len(told["layers"]) == 402


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["describe", "resnt50"], ["resnt50", "resnet50"]),
        (["describe", "resnet50,ordr=v1"], ["ordr", "ordering"]),
        (["describe", "resnet50,ordering=v3"], ["v3", "original", "full_preactivation"]),
        (["describe", "resnet18,stride_at=1x1"], ["1x1", "basic", "3x3", "bottleneck"]),
        (["describe", "resnet50,image_size=8"], ["image_size=8", "32"]),
        (["describe", "resnet50,classes=0"], ["classes", "1 to"]),
        (["describe"], ["TEXT"]),
        (["gradients", "resnet20-cifar", "--batch", "0"], ["batch=0"]),
        (["gradients", "resnet20-cifar", "--batch", "many"], ["many"]),
        (["gradients", "resnet20-cifar", "--seed", "-1"], ["seed=-1"]),
        (["gradients", "resnet20-cifar", "--loss", "hinge"], ["hinge", "squared_error"]),
        (["gradients", "resnet50,image_size=32", "--batch", "1"], ["batch=1"]),
        (["gradients", "resnet20-cifar", "--probe", "paths"], ["paths", "norms", "pathways"]),
        (["gradients", "resnet20-cifar", "--json", "--csv"], ["--csv", "--json"]),
        (["export", "resnet18"], ["--to"]),
        (["export", "resnet18", "--to", "keras"], ["keras", "onnx", "safetensors", "markdown"]),
        (["export", "resnet18", "--to", "onnx"], ["-o", ".onnx"]),
        (["export", "resnet18", "--to", "safetensors"], ["-o", ".safetensors"]),
        (["export", "resnt18", "--to", "csv"], ["resnt18", "resnet18"]),
        (["export", "resnet18", "--to", "csv", "-o", "no/such/folder/x.csv"], ["no/such/folder"]),
        (["export", "resnet18", "--to", "onnx", "-o", "x.onnx", "--seed", "-1"], ["seed=-1"]),
        (
            ["export", "resnet18", "--to", "onnx", "-o", "x.onnx", "--weights", "resnet50-keras"],
            ["resnet50,stride_at=1x1", "resnet18"],
        ),
        (["describe", "no/such/file.json"], ["no/such/file.json"]),
        (["predict"], ["picture"]),
        (["predict", "x.jpg", "--weights", "resnet50-kers"], ["resnet50-keras"]),
        (["predict", "x.jpg", "--top", "0"], ["--top"]),
        (["frobnicate"], ["describe", "gradients", "predict"]),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(arguments: list[str], words: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert all(word in result.stderr for word in words), result.stderr


def test_texts_are_exported_to_stdout_and_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("csv", "json", "latex", "markdown"):
        assert main(["export", "resnet18v2", "--to", name]) == 0
        printed = capsys.readouterr().out
        assert "layer4.1.conv2" in printed or name == "json"
        file = tmp_path / f"net.{name}"
        file.write_text("a file of that name is replaced")
        assert main(["export", "resnet18v2", "--to", name, "-o", str(file)]) == 0
        assert capsys.readouterr().out == ""
        assert file.read_text(encoding="utf-8") == printed


def test_a_variant_is_read_from_the_file_it_was_exported_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.json"
    assert main(["export", "resnet20-cifar,width=8", "--to", "json", "-o", str(file)]) == 0
    assert main(["describe", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variant"] == "resnet20-cifar,width=8"
    file.write_text('{"fields": {"stages": [0]}}')
    assert main(["describe", str(file)]) == 2
    told = capsys.readouterr().err
    assert str(file) in told and "stages" in told


def test_a_failed_export_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_text("old")
    assert main(["export", "resnet50,width=1024", "--to", "onnx", "-o", str(file)]) == 2
    assert file.read_text() == "old"


def test_weights_of_a_seed_are_exported(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    command = ["export", "resnet20-cifar", "--to", "safetensors", "-o", str(file)]
    done = run(*command, "--seed", "5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wanted = build("resnet20-cifar", seed=5).state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in load_file(file).items())


def test_predict_names_a_cat_and_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((PICTURES / "cat.jpg").read_bytes()[:2000])
    missing = tmp_path / "missing.jpg"
    files = [str(broken), str(PICTURES / "cat.jpg"), str(missing), str(tmp_path)]
    result = run("predict", *files, "--json", "--top", "3")
    assert result.returncode == 1
    answers = json.loads(result.stdout)
    assert [answer["file"] for answer in answers] == files
    assert all("error" in answers[n] for n in (0, 2, 3))
    cat = answers[1]
    assert cat["weights"] == "resnet50-keras"
    assert [set(label) for label in cat["top"]] == [{"label", "index", "probability"}] * 3
    assert cat["top"][0]["label"] in {"Egyptian cat", "tabby", "tiger cat"}
    assert cat["top"][0]["index"] in {281, 282, 285}  # ImageNet's indices of these three


def test_weights_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--weights", "list"]) == 0
    assert "resnet50-keras" in capsys.readouterr().out


def test_describe_does_not_wait_for_torch() -> None:
    code = (
        "import sys; from explorer.__main__ import main; main(['describe', 'resnet1202-cifar']); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m explorer describe resnet1202-cifar --json | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_train_fills_a_folder_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sheets(tmp_path / "data")
    out = tmp_path / "out"
    arguments = ["train", "resnet20-cifar,depth=8,width=4", "--data", str(tmp_path / "data")]
    arguments += ["--epochs", "2", "--seed", "4", "--out", str(out)]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert "test error" in told.out
    assert "of 20 wrong" in told.out
    assert [line.split("  ")[0] for line in told.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    result = json.loads((out / "result.json").read_text("utf-8"))
    assert (result["seed"], result["recipe"]["epochs"], result["data"]["train"]) == (4, 2, 50)
    assert main(arguments) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (told.out, "")


def test_train_takes_the_recipes_settings_as_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "resnet20-cifar,depth=8,width=4,image_size=8,in_channels=1"
    arguments = ["train", text, "--data", "digits", "--out", str(tmp_path), "--epochs", "2"]
    arguments += ["--optimizer", "adam", "--no-bfloat16", "--weight-decay", "1e-3"]
    arguments += ["--label-smoothing", "0.1", "--validation", "0.2", "--batch", "200"]
    assert main(arguments) == 0
    told = capsys.readouterr()
    name = (
        "short,batch=200,bfloat16=false,crop_padding=1,epochs=2,flip=false,label_smoothing=0.1,"
        "optimizer=adam,validation=0.2,weight_decay=0.001"
    )
    assert told.err.splitlines()[0] == f"explorer: for handwritten digits, 8x8, recipe {name}"
    assert "  held-out error " in told.err
    assert "of 360 wrong" in told.out and "lowest held-out loss after epoch" in told.out
    recipe = json.loads((tmp_path / "result.json").read_text("utf-8"))["recipe"]
    assert (recipe["name"], recipe["weight_decay"]) == (name, 1e-3)
    assert (recipe["optimizer"], recipe["bfloat16"], recipe["flip"]) == ("adam", False, False)
    # The name alone stands for all of it, so it continues the run.
    short = ["train", text, "--data", "digits", "--out", str(tmp_path), "--recipe", name]
    assert main([*short, "--resume"]) == 0
    assert capsys.readouterr().out == told.out


def test_a_stopped_training_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: object, progress: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("explorer.training.progress.ProgressLine.step", stop)
    write_sheets(tmp_path / "data")
    out = tmp_path / "out"
    arguments = ["train", "resnet20-cifar,depth=8,width=4", "--data", str(tmp_path / "data")]
    assert main([*arguments, "--out", str(out)]) == 130
    assert f"--resume continues {out}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["resnet20-cifar", "--data", "none"], "none is not a folder"),
        (["resnet20-kifar", "--data", "none"], "resnet20-kifar"),
        (["resnet20-cifar", "--data", "none", "--recipe", "long"], "no recipe 'long'"),
        (["resnet20-cifar", "--data", "none", "--epochs", "0"], "epochs=0: from 1 to 10,000"),
        (["resnet20-cifar", "--data", "none", "--batch", "x"], "batch='x': a whole number"),
        (["resnet20-cifar", "--data", "folder:none"], "none cannot be read"),
        (
            ["resnet20-cifar", "--data", "none", "--recipe", "short,batch=4", "--batch", "5"],
            "batch is given twice",
        ),
        (
            ["resnet20-cifar", "--data", "digits"],
            "these are 1x8x8: train resnet20-cifar,image_size=8,in_channels=1",
        ),
        (
            ["resnet20-cifar,image_size=8,in_channels=1", "--data", "digits", "--out", __file__],
            "test_cli.py cannot be made a folder: File exists",
        ),
        (["resnet18", "--data", "digits"], "these are 1x8x8; image_size=8 is too small"),
        (["resnet18-1d", "--data", "digits"], "takes pictures of 1x1024, these are 1x8x8"),
    ],
)
def test_train_refuses_with_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["train", *arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_compare_tells_numbers_choices_and_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "resnet34", "plain34"]) == 0
    told = capsys.readouterr().out
    assert "21,797,672" in told and "−173,824 (−0.8%)" in told
    assert "no shortcuts, the plain network instead of" in told
    assert "conv3_x, unit 1, shortcut: projection → no shortcut, −8,448 parameters" in told
    assert "unchanged: stem, head" in told


def test_compare_json_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "resnet50", "resnet50v2", "vgg16", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["variants"] == ["resnet50", "resnet50v2", "vgg16"]
    for place, found in enumerate(told["differences"], start=1):
        for name in ("parameters", "macs"):
            wanted = told["numbers"][name][place]["difference"]
            assert sum(line[name] for line in found["layers"]) == wanted


def test_compare_refuses_a_single_variant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "resnet50"]) == 2
    assert "2 to 4 variants" in capsys.readouterr().err


def test_a_report_is_one_file_with_all_variants(tmp_path, capsys) -> None:
    file = tmp_path / "comparison.html"
    texts = ["plain20-cifar", "resnet20-cifar"]
    assert main(["report", *texts, "-o", str(file), "--gradients", "--batch", "2"]) == 0
    page = file.read_text("utf-8")
    assert all(text in page for text in texts) and "Gradients at initialisation" in page
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", *["resnet18"] * 5, "-o", "x.html"], "at most 4"),
        (["report", "resnet18", "-o", "/nowhere/x.html"], "No such file"),
        (["report", "resnet19", "-o", "x.html"], "resnet18"),
    ],
)
def test_a_report_that_cannot_be_written_says_why(arguments, words, capsys) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
