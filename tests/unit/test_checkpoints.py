"""Weights that somebody brings along: good ones, wrong ones and hostile ones."""

import json
import struct
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from explorer import checkpoints
from explorer.checkpoints import CheckpointError, module_from, shapes_of, without_prefixes
from explorer.names import NAMES
from explorer.network import build
from explorer.spec import named, parse
from explorer.tensors import tensor_shapes

SPEC = parse("resnet20-cifar,depth=8,width=4")
STATE = build(SPEC, seed=1).state_dict()
GOOD = save(STATE)


def packed(header: Any, body: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def refusal(data: bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        module_from(data, SPEC)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_file_gives_the_network_that_was_saved() -> None:
    module = module_from(GOOD, SPEC)
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(module(images), build(SPEC, seed=1).eval()(images))
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_become_float32(dtype: torch.dtype) -> None:
    rounded = {k: v.to(dtype) if v.is_floating_point() else v for k, v in STATE.items()}
    found = module_from(save(rounded), SPEC).state_dict()
    for name, tensor in rounded.items():
        assert torch.equal(found[name], tensor.to(STATE[name].dtype))
        assert found[name].dtype == STATE[name].dtype


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.module.", "model.module."])
def test_prefixes_of_wrappers_are_taken_off(prefix: str) -> None:
    found = module_from(save({prefix + k: v for k, v in STATE.items()}), SPEC)
    assert torch.equal(found.state_dict()["fc.weight"], STATE["fc.weight"])


def test_a_prefix_that_not_all_names_have_stays() -> None:
    tensors = {"module.a": 1, "module.module.b": 2}
    assert without_prefixes(tensors) == {"a": 1, "module.b": 2}
    assert without_prefixes({"module.a": 1, "b": 2}) == {"module.a": 1, "b": 2}
    assert without_prefixes({}) == {}


def test_counters_may_be_missing_or_too_many() -> None:
    without = {k: v for k, v in STATE.items() if "num_batches" not in k}
    assert torch.equal(module_from(save(without), SPEC).state_dict()["bn1.bias"], STATE["bn1.bias"])
    spec = SPEC.vary(norm="none", bias="all")
    state = build(spec, seed=1).state_dict()
    state["bn1.num_batches_tracked"] = torch.tensor(3)
    module_from(save(state), spec)


def test_auxiliary_classifiers_are_left_out() -> None:
    spec = parse("googlenet,classes=2")
    state = build(spec, seed=1).state_dict()
    module_from(save({**state, "aux1.fc1.weight": torch.zeros(2)}), spec)
    with pytest.raises(CheckpointError, match=r"1 not in this network: aux3\.fc1\.weight"):
        module_from(save({**state, "aux3.fc1.weight": torch.zeros(2)}), spec)


def test_another_network_is_explained() -> None:
    said = refusal(save(build("resnet20-cifar", seed=0).state_dict()))
    assert said.startswith("the file does not fit: 1 of the 37 tensors of resnet20-cifar,depth=8")
    assert "of another shape: conv1.weight (16x3x3x3 instead of 4x3x3x3)" in said
    assert said.endswith("names and shapes of resnet20-cifar or plain20-cifar")


@pytest.mark.parametrize("part", [0, 1, 7, 8, 9, 500, len(GOOD) // 2, len(GOOD) - 1])
def test_a_file_that_is_cut_off_is_refused(part: int) -> None:
    said = refusal(GOOD[:part])
    assert "cut off" in said or "no safetensors file" in said


def test_more_behind_the_end_is_refused() -> None:
    assert f"{len(GOOD) + 1:,} bytes" in refusal(GOOD + b"x")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04" + bytes(50), "PyTorch file or another archive"),
        (b"\x80\x02}q\x00.", "PyTorch file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
        (b"hello, these are no weights", "no safetensors file: python -m explorer convert"),
        (b"", "no safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "claims 9,223,372,036,854,775,808 bytes"),
        (struct.pack("<Q", 3_999_999) + b"{}", "cut off within its header"),
        (packed(b"{"), "header is damaged"),
        (packed(b"{" + b'"a":[' * 100_000), "header is damaged"),
        (packed(b'{"a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b"]}}"), "header is damaged"),
        (packed(b"{\xff}"), "header is damaged"),
        (packed({"a": 3}), "header is damaged"),
        (packed({"a": {"dtype": "F32", "shape": [1]}}), "header is damaged"),
        (packed({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}), "damaged"),
        (packed({"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}}), "damaged"),
        (packed({"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}), "damaged"),
        (packed({"a": {"dtype": "F32", "shape": "11", "data_offsets": [0, 4]}}), "damaged"),
        (packed({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4]}}), "damaged"),
        (
            packed({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}),
            "its header speaks of 4,000,000,",
        ),
        (packed({}), "0 of the 37 tensors"),
        (packed({"__metadata__": {"format": "pt"}}), "0 of the 37 tensors"),
    ],
)
def test_what_is_no_file_of_weights_is_refused(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MAX_TENSORS", 43)
    assert "the limit is 43" in refusal(GOOD)
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 1000)
    assert f"{len(GOOD):,} bytes and the limit is 1,000" in refusal(GOOD)


def test_limits_leave_room_for_every_listed_network() -> None:
    for name in NAMES:
        shapes = tensor_shapes(named(name))
        assert len(shapes) < checkpoints.MAX_TENSORS
        header = sum(len(key) + 90 for key in shapes)
        assert header < checkpoints.MAX_HEADER_BYTES
        assert 4 * sum(torch.Size(s).numel() for s in shapes.values()) < checkpoints.MAX_BYTES


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool, torch.float8_e4m3fn])
def test_a_type_that_weights_do_not_have_is_refused(dtype: torch.dtype) -> None:
    said = refusal(save({**STATE, "fc.weight": STATE["fc.weight"].to(dtype)}))
    assert said.startswith("fc.weight is stored as ")
    assert "F16, BF16, F32, F64" in said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_numbers_that_are_none_in_float32_are_refused(value: float) -> None:
    wrong = STATE["fc.weight"].double()
    wrong[1, :3] = value
    said = refusal(save({**STATE, "fc.weight": wrong}))
    assert f"fc.weight holds 3 of {wrong.numel()} numbers that are not finite" in said


def test_a_variance_below_zero_is_refused() -> None:
    said = refusal(save({**STATE, "bn1.running_var": torch.tensor([1.0, 1, -1, 1])}))
    assert "bn1.running_var holds variances below zero" in said


def test_a_name_given_twice_gives_its_last_tensor_or_a_refusal() -> None:
    (length,) = struct.unpack_from("<Q", GOOD)
    header, body = GOOD[8 : 8 + length].rstrip(), GOOD[8 + length :]
    empty = b'"fc.bias":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    found = module_from(packed(b"{" + empty + b"," + header[1:], body), SPEC).state_dict()
    assert torch.equal(found["fc.bias"], STATE["fc.bias"])
    said = refusal(packed(header[:-1] + b"," + empty + b"}", body))
    assert "fc.bias (0 instead of 10)" in said


def test_a_counter_of_another_shape_is_refused() -> None:
    said = refusal(save({**STATE, "bn1.num_batches_tracked": torch.zeros(5, dtype=torch.int64)}))
    assert said == "the file is damaged"


def test_tensors_that_overlap_are_refused() -> None:
    (length,) = struct.unpack_from("<Q", GOOD)
    header = json.loads(GOOD[8 : 8 + length])
    header["bn1.bias"]["data_offsets"] = header["bn1.weight"]["data_offsets"]
    assert refusal(packed(header, GOOD[8 + length :])) == "the file is damaged"


@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
@settings(max_examples=150)
def test_random_damage_gives_a_network_or_a_sentence(place: int, junk: bytes) -> None:
    data = GOOD[:place] + junk + GOOD[place + len(junk) :]
    try:
        module = module_from(data, SPEC)
    except CheckpointError as error:
        assert "\n" not in str(error)
    else:
        assert module.state_dict().keys() == STATE.keys()


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        module_from(data, SPEC)


def test_shapes_can_be_read_alone() -> None:
    assert shapes_of(GOOD) == tensor_shapes(SPEC)
