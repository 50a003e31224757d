"""torchvision's weights: the list, the networks they fit, the way from its server to an answer."""

import hashlib
import io
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, hub, nn

from explorer import torchvision_weights, weights
from explorer.__main__ import main
from explorer.cards import WeightsEntry
from explorer.data import bundled_picture
from explorer.names import NAMES
from explorer.network import build
from explorer.prediction import predict
from explorer.preprocessing import preprocess
from explorer.spec import named, parse
from explorer.torchvision_ops import import_torchvision
from explorer.torchvision_weights import NETWORKS, entries, without_auxiliary
from explorer.weights import WeightsError
from tests.unit.loopback import FileServer, serve

import_torchvision()
from torchvision import models  # noqa: E402


def theirs(entry: WeightsEntry) -> Any:
    """torchvision's enum member for an entry."""
    network, version = entry.name.split("-torchvision-")
    return models.get_model_weights(network)[f"IMAGENET1K_{version.upper()}"]


def noise(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * 10_000 + height)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))


def test_every_network_of_both_is_listed_with_every_version() -> None:
    assert set(NETWORKS) == set(NAMES) & set(models.list_models(module=models))
    expected = {
        weights
        for name in NETWORKS
        for weights in models.get_model_weights(name)
        if not math.isnan(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"])
    }
    assert {theirs(entry) for entry in entries()} == expected
    assert len(entries()) == len(expected)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("resnet50", True),
        ("vgg16_bn", True),
        ("resnet50,stride_at=1x1", False),
        ("resnet50,classes=10", False),
        ("resnet20-cifar", False),
    ],
)
def test_what_is_in_the_list_is_known_without_reading_it(text: str, has: bool) -> None:
    assert torchvision_weights.has_network(parse(text)) is has
    assert has == any(entry.spec == parse(text) for entry in entries())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_says_what_torchvision_says(entry: WeightsEntry) -> None:
    original = theirs(entry)
    figures = original.meta["_metrics"]["ImageNet-1K"]
    assert (entry.accuracy.top1_percent, entry.accuracy.top5_percent) == (
        figures["acc@1"],
        figures["acc@5"],
    )
    assert entry.url == original.url
    assert entry.categories == tuple(original.meta["categories"])
    assert len(set(entry.categories)) == entry.spec.classes == 1000
    assert abs(entry.size_bytes / 2**20 - original.meta["_file_size"]) < 0.001
    found = hub.HASH_REGEX.search(entry.url)
    assert found and entry.sha256 == found.group(1)
    assert len(entry.sha256) == 8
    assert str(entry.spec) == entry.architecture
    assert not entry.bundled
    assert "BSD 3-Clause" in entry.licence
    assert "data they were trained on" in entry.licence
    assert str(original.transforms().resize_size[0]) in entry.accuracy.evaluation


def learned(layer: nn.Module) -> Any:
    """What a layer's numbers do not show: strides and the like."""
    if isinstance(layer, nn.Conv2d):
        padding = layer.padding, layer.padding_mode
        return (layer.kernel_size, layer.stride, *padding, layer.dilation, layer.groups)
    if isinstance(layer, nn.BatchNorm2d):
        return layer.eps
    if isinstance(layer, nn.MaxPool2d):
        sizes = (layer.kernel_size, layer.stride, layer.padding)
        return tuple(n if isinstance(n, tuple) else (n, n) for n in sizes), layer.ceil_mode
    return None


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_torchvisions_to_the_last_tensor_and_stride(name: str) -> None:
    with torch.device("meta"):
        ours, original = build(named(name)), untrained(name)
    spec = named(name)
    expected = {key: each.shape for key, each in original.state_dict().items()}
    left_out = expected.keys() - without_auxiliary(expected, spec).keys()
    assert {key.partition(".")[0] for key in left_out} == (
        {"aux1", "aux2"} if name == "googlenet" else set()
    )
    assert {key: each.shape for key, each in ours.state_dict().items()} == without_auxiliary(
        expected, spec
    )
    layers = {key: learned(layer) for key, layer in ours.named_modules()}
    for key, layer in original.named_modules():
        if learned(layer) is not None and not key.startswith("aux"):
            assert layers[key] == learned(layer), key


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
@pytest.mark.parametrize("size", [(231, 500), (33, 17)])
def test_preprocessing_is_torchvisions(entry: WeightsEntry, size: tuple[int, int]) -> None:
    expected = theirs(entry).transforms()(noise(*size))
    found, _ = preprocess(noise(*size), entry.preprocessing)
    if entry.architecture != "googlenet":
        assert torch.equal(found, expected)
        return
    again = models.GoogLeNet._transform_input(googlenet_that_transforms(), expected[None])[0]
    torch.testing.assert_close(found, again, rtol=0, atol=1e-6)


def googlenet_that_transforms() -> Any:
    with torch.device("meta"):
        return models.GoogLeNet(transform_input=True, aux_logits=False, init_weights=False)


def untrained(network: str) -> nn.Module:
    options = {"init_weights": False} if network == "googlenet" else {}
    return cast(nn.Module, models.get_model(network, weights=None, **options))


def random_network(network: str, half: bool) -> nn.Module:
    """torchvision's network as it comes with weights, but all numbers are random."""
    module = untrained(network).eval()
    generator = torch.Generator().manual_seed(7)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
        if isinstance(layer, nn.BatchNorm2d):
            cast(Tensor, layer.running_mean).normal_(0, 0.1, generator=generator)
            cast(Tensor, layer.running_var).uniform_(0.5, 2, generator=generator)
    if network == "googlenet":
        module.transform_input = True
    with torch.inference_mode():  # answers that are neither sure nor all alike
        answers = module(torch.randn(1, 3, 224, 224, generator=generator))
    with torch.no_grad():
        cast(Tensor, module.fc.weight).mul_(2 / float(answers.std()))
    return module.half() if half else module


class Published(NamedTuple):
    """Weights that a server hands out, and torchvision's network that has them."""

    entry: WeightsEntry
    server: FileServer
    module: nn.Module

    def replace_file(self, state: Any, monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
        """Have the server hand out other weights, and the list say so."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.server.content = buffer.getvalue()
        digest = hashlib.sha256(self.server.content).hexdigest()[:8]
        entry = replace(self.entry, sha256=digest)
        monkeypatch.setattr(torchvision_weights, "entries", lambda: (entry,))
        return entry


@contextmanager
def publish(
    name: str, monkeypatch: pytest.MonkeyPatch, folder: Path, half: bool, legacy: bool
) -> Iterator[Published]:
    """Serve random weights as those of that name, with an empty cache of torch's."""
    entry = next(entry for entry in entries() if entry.name == name)
    module = random_network(entry.architecture, half)
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer, _use_new_zipfile_serialization=not legacy)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:8]
    monkeypatch.setenv("TORCH_HOME", str(folder))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(weights, "_loaded", {})
    with serve(content) as server:
        url = server.url(f"{entry.architecture}-{digest}.pth")
        entry = replace(entry, url=url, sha256=digest, size_bytes=len(content))
        monkeypatch.setattr(torchvision_weights, "entries", lambda: (entry,))
        yield Published(entry, server, module.float())


@pytest.fixture(
    params=[
        ("resnet18-torchvision-v1", False, False),
        ("resnet50-torchvision-v2", True, False),
        ("googlenet-torchvision-v1", False, True),
    ],
    ids=lambda value: value[0],
)
def one(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Published]:
    """Three files as torchvision has them: plain, in float16, and in torch's old format."""
    name, half, legacy = request.param
    with publish(name, monkeypatch, tmp_path, half, legacy) as found:
        yield found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Published]:
    name = "resnet18-torchvision-v1"
    with publish(name, monkeypatch, tmp_path, half=False, legacy=False) as found:
        yield found


def test_what_is_fetched_answers_as_torchvision_does(one: Published) -> None:
    name = one.entry.name
    assert not weights.is_there(weights.find(name))
    with pytest.raises(WeightsError, match=f"missing: fetch it with: .* fetch {name}"):
        weights.load(name)
    told: list[tuple[int, int]] = []
    weights.fetch(weights.find(name), lambda *numbers: told.append(numbers))
    assert weights.is_there(one.entry)
    assert told[-1] == (one.entry.size_bytes, one.entry.size_bytes)
    transforms = theirs(one.entry).transforms()
    surest = set()
    for size in ((500, 375), (97, 301)):
        image = noise(*size)
        with torch.inference_mode():
            expected = one.module(transforms(image)[None]).softmax(1)[0]
        found = predict(image, weights.find(name), top=1000).top
        for label in found:
            assert label.probability == pytest.approx(float(expected[label.index]), abs=1e-6)
        surest.add(found[0].probability)
        assert 0.01 < found[0].probability < 0.9
    assert len(surest) == 2


def test_torchvision_finds_what_is_fetched_here_and_the_other_way_round(small: Published) -> None:
    entry, file = small.entry, weights.file_of(small.entry)
    weights.fetch(entry)
    assert file.parent.name == "checkpoints"
    found = hub.load_state_dict_from_url(entry.url, progress=False, check_hash=True)
    assert found.keys() == small.module.state_dict().keys()
    assert len(small.server.asked) == 1
    file.unlink()
    hub.load_state_dict_from_url(entry.url, progress=False, check_hash=True)
    assert len(small.server.asked) == 2
    weights.fetch(entry)
    weights.load(entry.name)
    assert len(small.server.asked) == 2


def test_counters_may_be_missing_as_in_files_of_old(
    small: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {k: v for k, v in small.module.state_dict().items() if "num_batches" not in k}
    entry = small.replace_file(state, monkeypatch)
    weights.fetch(entry)
    found = weights.load(entry.name).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())


def test_what_cannot_be_fetched_names_what_needs_no_network(small: Published) -> None:
    small.server.status = 503
    with pytest.raises(WeightsError) as caught:
        weights.fetch(small.entry)
    assert "status 503" in str(caught.value)
    assert weights.DEFAULT in str(caught.value)


def test_an_altered_file_is_refused_and_fetched_anew(small: Published) -> None:
    weights.fetch(small.entry)
    with weights.file_of(small.entry).open("r+b") as file:
        file.write(b"PK\x03\x05")
    with pytest.raises(WeightsError, match=r"not the published file.*fetch it with"):
        weights.load(small.entry.name)
    weights.fetch(small.entry)
    assert weights.load(small.entry.name) is weights.load(small.entry.name)


def test_all_weights_are_one_list_with_the_bundled_first() -> None:
    names = [entry.name for entry in weights.offered()]
    assert len(names) == len(set(names))
    bundled = [entry.bundled for entry in weights.offered()]
    assert bundled == sorted(bundled, reverse=True)
    assert weights.offered()[: len(weights.available())] == weights.available()
    found = weights.offered_for(parse("resnet50"))
    assert [each.name for each in found] == ["resnet50-torchvision-v1", "resnet50-torchvision-v2"]
    assert weights.offered_for(parse("resnet50,classes=10")) == ()
    assert weights.find("vgg16_bn-torchvision-v1").architecture == "vgg16_bn"
    with pytest.raises(WeightsError, match=r"no weights 'vgg16-torchvision'.*vgg16-torchvision-v1"):
        weights.find("vgg16-torchvision")


def test_the_command_fetches_once_and_says_where(
    small: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    name, picture = small.entry.name, str(bundled_picture("cat").path)
    assert main(["predict", picture, "--weights", name]) == 2
    assert f"python -m explorer fetch {name}" in capsys.readouterr().err
    assert main(["fetch", name]) == 0
    said = capsys.readouterr()
    assert said.out == f"{name}: {weights.file_of(small.entry)}\n"
    assert said.err == f"{name}: {small.entry.size_bytes / 1e6:.1f} MB from {small.entry.url}\n"
    assert main(["fetch", name, weights.DEFAULT]) == 0
    assert capsys.readouterr().err == ""
    assert len(small.server.asked) == 1
    assert main(["predict", picture, "--weights", name, "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    expected = predict(bundled_picture("cat").read().image, small.entry).top
    assert [label["index"] for label in answer["top"]] == [label.index for label in expected]
    assert main(["predict", picture, "--weights", name, "--json", "--fit", "stretch"]) == 0
    assert json.loads(capsys.readouterr().out) != [answer]


def test_on_a_terminal_the_command_shows_how_far_it_is(
    small: Published, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["fetch", small.entry.name]) == 0
    shown = capsys.readouterr().err
    assert f"\r\033[K  0%  0.0 MB of {small.entry.size_bytes / 1e6:.1f} MB" in shown
    assert shown.endswith("\r\033[K")


def test_a_stopped_command_says_how_to_go_on(
    small: Published, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "fetch", stop)
    assert main(["fetch", small.entry.name]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_the_list_says_what_is_here_and_what_is_to_fetch(
    small: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed() -> dict[str, Any]:
        assert main(["predict", "--weights", "list", "--json"]) == 0
        return {about["name"]: about for about in json.loads(capsys.readouterr().out)}

    assert (listed()[weights.DEFAULT]["here"], listed()[small.entry.name]["here"]) == (True, False)
    weights.fetch(small.entry)
    about = listed()[small.entry.name]
    assert about["here"]
    assert (about["variant"], about["size_bytes"]) == ("resnet18", small.entry.size_bytes)
    assert main(["predict", "--weights", "list"]) == 0
    *_, row = capsys.readouterr().out.splitlines()
    assert row.split()[:4] == [small.entry.name, "resnet18", "here", "69.758"]
