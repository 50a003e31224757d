"""Files of torch.save become safetensors files; what they hold besides weights is never run."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save
from torch import nn

from explorer.__main__ import main
from explorer.checkpoints import CheckpointError, module_from
from explorer.conversion import convert, read, state_dict
from explorer.network import build
from explorer.spec import parse
from explorer.torchvision_ops import import_torchvision

import_torchvision()
from torchvision import models  # noqa: E402

TEXT = "resnet20-cifar,depth=8,width=4"
SPEC = parse(TEXT)
STATE = build(SPEC, seed=1).state_dict()


class Net(nn.Module):
    """A module of one's own, as students save it whole."""


class Attack:
    """Runs code when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def saved(folder: Path, value: Any, **options: Any) -> Path:
    file = folder / "mine.pt"
    torch.save(value, file, **options)
    return file


def prefixed(prefix: str) -> dict[str, Any]:
    return {prefix + name: tensor for name, tensor in STATE.items()}


WRAPPED = {
    "plain": STATE,
    "dict": dict(STATE),
    "state_dict": {"state_dict": STATE, "epoch": 3, "best": 91.5, "arch": "resnet20"},
    "model": {"model": STATE, "optimizer": {"state": {}, "lr": 0.1}},
    "model_state_dict": {"epoch": 3, "model_state_dict": STATE},
    "both": {"model": "resnet20", "state_dict": STATE},
    "nested": {"state_dict": {"model": prefixed("module.")}},
    "parallel": prefixed("module."),
    "lightning": {"state_dict": prefixed("model."), "pytorch-lightning_version": "2.0"},
    "compiled": prefixed("_orig_mod."),
    "all": {"model": prefixed("module._orig_mod.")},
}


@pytest.mark.parametrize("value", WRAPPED.values(), ids=WRAPPED.keys())
@pytest.mark.parametrize("text", [None, TEXT])
def test_weights_are_found_in_their_wrapping(tmp_path: Path, value: Any, text: str | None) -> None:
    content, words = convert(saved(tmp_path, value), parse(text) if text else None)
    found = load(content)
    assert list(found) == sorted(STATE, key=list(found).index)
    assert all(torch.equal(found[name], tensor) for name, tensor in STATE.items())
    numbers = sum(tensor.numel() for tensor in STATE.values())
    assert f"{len(STATE)} tensors, {numbers:,} numbers" in words
    assert f"they fit {SPEC}" in words if text else "look" in words


def test_torchs_old_format_is_read_too(tmp_path: Path) -> None:
    file = saved(tmp_path, STATE, _use_new_zipfile_serialization=False)
    assert load(convert(file)[0]).keys() == STATE.keys()


def test_the_converted_file_gives_the_network_back(tmp_path: Path) -> None:
    content, _ = convert(saved(tmp_path, {"state_dict": prefixed("module.")}), SPEC)
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = build(SPEC, seed=1).eval()(images)
        assert torch.equal(module_from(content, SPEC)(images), expected)


def test_tensors_that_share_memory_are_written_each(tmp_path: Path) -> None:
    base = torch.arange(12.0).view(3, 4)
    content, _ = convert(saved(tmp_path, {"a": base, "b": base.t(), "c": base[1]}))
    found = load(content)
    assert torch.equal(found["b"], base.t())
    assert torch.equal(found["c"], base[1])


def test_auxiliary_classifiers_are_left_out_where_the_variant_is_named(tmp_path: Path) -> None:
    with torch.device("meta"):
        module = models.googlenet(num_classes=2, aux_logits=True, init_weights=False)
    file = saved(tmp_path, module.to_empty(device="cpu").state_dict())
    content, _ = convert(file, parse("googlenet,classes=2"))
    assert not any(name.startswith("aux") for name in load(content))
    assert any(name.startswith("aux") for name in load(convert(file)[0]))


def test_another_network_is_explained_and_recognised(tmp_path: Path) -> None:
    file = saved(tmp_path, STATE)
    with pytest.raises(CheckpointError) as caught:
        convert(file, parse("resnet56-cifar"))
    said = str(caught.value)
    assert said.startswith("mine.pt does not fit: 1 of the ")
    assert "missing: layer1.1.conv1.weight" in said
    _, words = convert(saved(tmp_path, build("resnet34", seed=0).state_dict()))
    assert words.endswith("these are the names and shapes of resnet34")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Net(), ["holds more than weights", "tests.unit.test_conversion.Net", "state_dict()"]),
        ({"state_dict": STATE, "loss": np.float64(3)}, ["more than weights", "numpy"]),
        ([torch.zeros(2)], ["no named weights", "list"]),
        (torch.zeros(2), ["no named weights", "Tensor"]),
        ({}, ["no state dict", "none"]),
        ({"epoch": 3, "lr": 0.1}, ["no state dict", "epoch, lr"]),
        ({"state_dict": {}}, ["no state dict", "none"]),
        ({0: torch.zeros(2)}, ["no state dict", "0"]),
        ({"state_dict": {"a\nb": 3}}, ["no state dict", r"'a\nb'"]),
        ({"a": torch.zeros(2).to_sparse()}, ["a is sparse"]),
        ({"a": torch.zeros(2, dtype=torch.complex64)}, ["a is sparse, quantised, complex"]),
        ({"a": torch.zeros(2, device="meta")}, ["without numbers"]),
    ],
    ids=str,
)
def test_what_holds_no_weights_is_explained(tmp_path: Path, value: Any, words: list[str]) -> None:
    with pytest.raises(CheckpointError) as caught:
        convert(saved(tmp_path, value))
    assert all(word in str(caught.value) for word in words), caught.value
    assert str(caught.value).startswith("mine.pt")
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_itself_ends() -> None:
    endless: dict[str, Any] = {}
    endless["model"] = endless
    with pytest.raises(CheckpointError, match="no state dict"):
        state_dict(endless)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    for number, write in enumerate((pickle.dump, torch.save)):
        file = tmp_path / f"{number}.pt"
        with file.open("wb") as target:
            write({"state_dict": Attack(mark)}, target)
        with pytest.raises(CheckpointError, match=r"holds more than weights|not written by"):
            convert(file)
        assert not mark.exists()


def cut(value: Any, share: float) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()[: int(len(buffer.getvalue()) * share)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"PK\x03\x04" + bytes(100),
        b"\x80\x02garbage",
        cut(STATE, 0.2),
        cut(STATE, 0.95),
        save(dict(STATE)),
    ],
)
def test_other_files_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.pt is damaged, or not written by torch\.save"):
        read(tmp_path / "x.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(CheckpointError, match=f"{file}: "):
            read(file)


def test_the_command_writes_a_file_that_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = saved(tmp_path, OrderedDict(STATE)), tmp_path / "mine.safetensors"
    assert main(["convert", str(source), TEXT, "-o", str(target)]) == 0
    assert capsys.readouterr().out.startswith(f"{target}: {len(STATE)} tensors")
    with safe_open(target, "pt") as content:
        assert content.metadata() == {"format": "pt", "variant": str(SPEC)}
    assert main(["convert", str(source), "-o", str(target)]) == 0
    assert load(target.read_bytes()).keys() == STATE.keys()


def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = saved(tmp_path, STATE), tmp_path / "mine.safetensors"
    for arguments, words in (
        ([str(source), "resnet56-cifar", "-o", str(target)], "does not fit"),
        ([str(source), "resnt56", "-o", str(target)], "resnt56"),
        ([str(tmp_path / "none.pt"), "-o", str(target)], "No such file"),
        ([str(source), "-o", str(tmp_path / "no" / "where")], "No such file"),
    ):
        assert main(["convert", *arguments]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert words in said.err
        assert len(said.err.splitlines()) == 1
    assert not target.exists()
    with pytest.raises(SystemExit, match="2"):
        main(["convert", str(source)])
    assert "-o" in capsys.readouterr().err
