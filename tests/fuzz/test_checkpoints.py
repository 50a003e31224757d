"""Weights: safetensors with changed bytes and invented headers, and pickles that want to run."""

import builtins
import os
import pathlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from explorer.checkpoints import CheckpointError, card_of, module_from, shapes_of
from explorer.conversion import convert
from explorer.datasets import DatasetError, cifar10
from explorer.network import build
from explorer.spec import parse
from explorer.training.run import CHECKPOINT, TrainingError, read_checkpoint
from tests.fuzz.corpus import Calls, damaged, pickled, safetensors, texts, torch_archive
from tests.fuzz.guard import cases, harmless, sentence

SPEC = parse("resnet20-cifar,depth=8,width=4")
STATE = build(SPEC, seed=1).state_dict()
GOOD = save(STATE, {"format": "pt"})


def read(data: bytes) -> None:
    """A network, or a sentence."""
    with harmless():
        for reader in (shapes_of, card_of, lambda content: module_from(content, SPEC)):
            try:
                reader(data)
            except CheckpointError as error:
                sentence(error)


@cases(60)
@given(damaged({"good": GOOD}, near=4000))
def test_a_file_with_changed_bytes_is_a_network_or_a_sentence(data: bytes) -> None:
    read(data)


NUMBERS = (
    st.integers(-3, 300)
    | st.sampled_from((2**31, 2**63, 2**64, 10**300, 1.5, True, None, "7"))
    | st.lists(st.integers(0, 9), max_size=2)
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(("F32", "F16", "BF16", "I64", "BOOL", "F8", "", "X")) | texts(9),
        "shape": st.lists(NUMBERS, max_size=4) | NUMBERS,
        "data_offsets": st.lists(NUMBERS, max_size=3) | NUMBERS,
    },
)
HEADERS = st.dictionaries(
    st.sampled_from((*list(STATE)[:4], "__metadata__")) | texts(20),
    ENTRY | NUMBERS | st.dictionaries(st.just("card") | texts(9), texts(), max_size=2),
    max_size=5,
)


@cases(50)
@given(HEADERS, st.binary(max_size=64))
def test_a_file_with_an_invented_header_is_refused(header: dict[str, Any], body: bytes) -> None:
    read(safetensors(header, body))


@cases(15)
@given(st.integers(0, 2**64 - 1), st.binary(max_size=40))
def test_a_header_of_any_declared_length_is_refused(length: int, rest: bytes) -> None:
    read(length.to_bytes(8, "little") + b"{" + rest)


@cases(15)
@given(st.recursive(texts(20) | NUMBERS, lambda inner: st.dictionaries(texts(9), inner)))
def test_a_card_of_any_content_is_refused(card: Any) -> None:
    import json

    read(save(STATE, {"card": json.dumps(card)}))


WANTS = {
    "os.system": Calls(os.system, "touch hacked"),
    "subprocess": Calls(subprocess.call, ["touch", "hacked"]),
    "eval": Calls(builtins.eval, "open('hacked', 'w')"),
    "exec": Calls(builtins.exec, "open('hacked', 'w')"),
    "open": Calls(builtins.open, "hacked", "w"),
    "remove": Calls(os.remove, "mine.pt"),
    "path": Calls(pathlib.Path.touch, pathlib.Path("hacked")),
    "getattr": Calls(builtins.getattr, pathlib.Path, "touch"),
    "torch.load": Calls(torch.load, "mine.pt"),
    "hub": Calls(torch.hub.load, "example/evil", "model"),
}
FORMS = ("archive", "archive with state_dict", "plain")


def written(folder: Path, content: bytes, name: str = "mine.pt") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wish", WANTS)
def test_a_pickle_that_wants_to_run_something_runs_nothing(
    wish: str, form: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    value = {"state_dict": {"conv1.weight": WANTS[wish]}} if "dict" in form else WANTS[wish]
    data = pickled(value, protocol)
    file = written(tmp_path, data if form == "plain" else torch_archive(data))
    with harmless(), pytest.raises(CheckpointError) as caught:
        convert(file)
    sentence(caught.value)
    written(tmp_path, file.read_bytes(), CHECKPOINT)
    with harmless(), pytest.raises(TrainingError) as resumed:
        read_checkpoint(tmp_path)
    sentence(resumed.value)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        written(tmp_path, data, name)
    with harmless(), pytest.raises(DatasetError) as batch:
        cifar10(tmp_path)
    sentence(batch.value)
    assert not (tmp_path / "hacked").exists()
    assert file.exists()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


def saved(folder: Path, value: object) -> bytes:
    torch.save(value, folder / "good.pt")
    return (folder / "good.pt").read_bytes()


@cases(40)
@given(st.data())
def test_a_torch_file_with_changed_bytes_is_weights_or_a_sentence(
    folder: Path, data: st.DataObject
) -> None:
    good = {"archive": saved(folder, {"a": torch.ones(3)}), "plain": pickled({"a": [1, 2]})}
    file = written(folder, data.draw(damaged(good)))
    with harmless():
        try:
            content, words = convert(file)
        except CheckpointError as error:
            sentence(error)
        else:
            assert content and sentence(words)


@cases(15)
@given(
    st.recursive(
        st.just(torch.ones(2)) | NUMBERS | texts(9),
        lambda inner: st.dictionaries(st.sampled_from(("state_dict", "model")) | texts(9), inner),
        max_leaves=8,
    )
)
def test_whatever_torch_saved_is_weights_or_a_sentence(folder: Path, value: object) -> None:
    file = written(folder, saved(folder, value))
    with harmless():
        try:
            convert(file)
        except CheckpointError as error:
            sentence(error)
