"""A new last layer: features, the minimum, the judgement, and the file that is written."""

import io
import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load, save
from torch.nn.functional import cross_entropy, linear

from explorer import weights
from explorer.__main__ import main
from explorer.archive import read_zip
from explorer.cards import FileCard, read_file_card, write_file_card
from explorer.checkpoints import CARD, CheckpointError, card_of, module_from
from explorer.collection import Collection, CollectionError, Found, arrange
from explorer.data import bundled_picture, labelled_pictures
from explorer.export.targets import export
from explorer.network import build
from explorer.prediction import predict_own
from explorer.preprocessing import preprocess
from explorer.scores import Outcome, score
from explorer.training import features
from explorer.training.features import Extracted, extract, with_head
from explorer.training.fine_tuning import FineTuned, fine_tune, fit_head
from explorer.training.head_settings import FineTuningError, HeadSettings
from explorer.training.tuned_file import how_to, write_file
from tests.unit.test_zips import zipped

SMALL = "resnet20-cifar"


@pytest.fixture
def small_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features by a network of milliseconds."""
    monkeypatch.setattr(features, "BASE", SMALL)


def files(each: int = 12, *labels: str) -> dict[str, bytes]:
    """CIFAR-10's pictures of some classes, by path."""
    found = {}
    for label in labels or ("cat", "dog"):
        mine = [pair for pair in labelled_pictures(1000) if pair[0].startswith(f"{label}/")]
        found |= dict(mine[:each])
    return found


def collected(content: dict[str, bytes]) -> Collection:
    return arrange(
        "pets", [Found(name, len(data), lambda data=data: data) for name, data in content.items()]
    )


def own_features(base: str, images: list[Image.Image]) -> torch.Tensor:
    """What goes into the last layer of a network built anew, as a hook sees it."""
    entry = weights.find(base)
    network = build(entry.spec).eval()
    network.load_state_dict(weights.load(base).state_dict())
    seen: list[torch.Tensor] = []
    network.fc.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    for image in images:
        network(preprocess(image, entry.preprocessing)[0].unsqueeze(0))
    return torch.cat(seen)


@pytest.mark.parametrize("base", [SMALL, "resnet50-keras"])
def test_features_are_what_the_base_feeds_its_last_layer(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "BASE", base)
    content = files(2)
    found = extract(collected(content))
    images = [Image.open(io.BytesIO(data)).convert("RGB") for data in content.values()]
    assert found.paths == tuple(content)
    assert found.features.shape == (4, {SMALL: 64, "resnet50-keras": 2048}[base])
    torch.testing.assert_close(found.features, own_features(base, images), rtol=1e-4, atol=1e-4)


def test_another_head_shares_all_other_tensors_and_leaves_the_base_alone() -> None:
    network = weights.load(SMALL)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    other = with_head(network, torch.nn.Linear(64, 3))
    assert other.conv1.weight.data_ptr() == network.conv1.weight.data_ptr()
    assert other.bn1.running_mean.data_ptr() == network.bn1.running_mean.data_ptr()
    assert other is not network and not other.training
    other(torch.zeros(1, 3, 32, 32))
    assert network.fc.out_features == 10
    assert all(tensor.equal(before[name]) for name, tensor in network.state_dict().items())


def seeded_problem(pictures: int, size: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    values = torch.rand(pictures, size, generator=generator) * 3 + 5  # far from a mean of 0
    return values, torch.arange(pictures) % classes


@pytest.mark.parametrize("weight_decay", [0.001, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(30, 8, 3), (20, 200, 2), (60, 5, 4)])
def test_the_gradient_is_zero_at_the_solution(
    shape: tuple[int, int, int], weight_decay: float
) -> None:
    values, labels = seeded_problem(*shape)
    head = fit_head(values, labels, shape[2], weight_decay)
    assert head.converged
    weight = head.weight.double().requires_grad_()
    bias = head.bias.double().requires_grad_()
    loss = cross_entropy(linear(values.double(), weight, bias), labels)
    loss = loss + weight_decay / 2 * (weight**2).sum()
    assert loss.item() == pytest.approx(head.loss, rel=1e-5)
    for slope in torch.autograd.grad(loss, (weight, bias)):
        assert slope.abs().max() < 2e-5  # the weights are rounded to float32
    assert head.bias.sum() + (head.weight @ values.mean(0)).sum() == pytest.approx(0, abs=1e-3)


def test_the_solution_is_that_of_plain_gradient_descent() -> None:
    """Formulas written out in numpy, small steps, many of them, from another start."""
    values, labels = seeded_problem(24, 4, 3)
    values = values - 6  # or so small steps would take too many
    x, wanted, decay = values.double().numpy(), np.eye(3)[labels.numpy()], 0.05
    weight, bias = np.random.default_rng(0).normal(size=(3, 4)), np.zeros(3)
    for _ in range(20_000):
        logits = x @ weight.T + bias
        odds = np.exp(logits - logits.max(1, keepdims=True))
        error = (odds / odds.sum(1, keepdims=True) - wanted) / len(x)
        weight -= 0.1 * (error.T @ x + decay * weight)
        bias -= 0.1 * error.sum(0)
    head = fit_head(values, labels, 3, decay)
    np.testing.assert_allclose(head.weight.numpy(), weight, atol=1e-5)
    found = head.logits(values).softmax(1).numpy()
    np.testing.assert_allclose(found, odds / odds.sum(1, keepdims=True), atol=1e-5)


def test_a_head_learns_what_can_be_told_apart(small_base: None) -> None:
    def flat(red: int, blue: int) -> bytes:
        content = io.BytesIO()
        Image.new("RGB", (32, 32), (red, 40, blue)).save(content, "PNG")
        return content.getvalue()

    content = {f"red/{n}.png": flat(200 + n, 10) for n in range(16)}
    content |= {f"blue/{n}.png": flat(10, 200 + n) for n in range(16)}
    tuned = fine_tune(extract(collected(content)), HeadSettings())
    assert tuned.classes == ("blue", "red")
    assert (tuned.scores.right, tuned.scores.pictures, tuned.train_right) == (8, 8, 24)
    assert tuned.commonest == 4 and tuned.wrong == ()


@pytest.mark.parametrize("percent", [10, 25, 50])
def test_the_held_out_part_is_of_every_class_and_of_the_seed(
    percent: int, small_base: None
) -> None:
    extracted = extract(collected(files(20)))
    one, again, other = (fine_tune(extracted, HeadSettings(percent, seed)) for seed in (4, 4, 5))
    truths = [each.truth for each in one.judged]
    assert truths.count(0) == truths.count(1) == 20 * percent // 100
    assert one.train_pictures + len(one.judged) == 40
    assert one.judged == again.judged
    assert [each.place for each in one.judged] != [each.place for each in other.judged]


def test_what_is_held_out_is_judged_and_nothing_else(small_base: None) -> None:
    extracted = extract(collected(files(20)))
    tuned = fine_tune(extracted, HeadSettings(50))
    logits = linear(extracted.features, tuned.head.weight, tuned.head.bias)
    best, answers = logits.softmax(1).max(1)
    for each in tuned.judged:
        assert each.truth == extracted.labels[each.place]
        assert each.answer == answers[each.place]
        assert each.probability == pytest.approx(float(best[each.place]))
    held = {each.place for each in tuned.judged}
    rest = [place for place in range(40) if place not in held]
    assert tuned.train_right == sum(int(answers[n] == extracted.labels[n]) for n in rest)
    assert tuned.scores == score([Outcome(e.truth, (e.answer,)) for e in tuned.judged])
    assert [each for each in tuned.judged if each.answer != each.truth]  # there is something to see
    assert list(tuned.wrong) == sorted(tuned.wrong, key=lambda each: each.probability)[::-1]


def test_copies_and_damaged_files_are_left_out(small_base: None) -> None:
    content = files(4)
    first = next(iter(content))
    content |= {"dog/copy.png": content[first], "dog/half.png": content[first][:200]}
    found = extract(collected(content))
    assert len(found.paths) == len(found.labels) == len(found.features) == 8
    assert f"dog/copy.png is a copy of {first}." in found.left_out
    assert any(s.startswith("dog/half.png is damaged") for s in found.left_out)


def test_a_class_whose_pictures_cannot_be_read_is_refused(small_base: None) -> None:
    content = files(3) | {"bird/1.png": b"x", "bird/2.png": b"y"}
    with pytest.raises(CollectionError, match="the class bird has no pictures that can be used"):
        extract(collected(content))


def test_progress_is_told_and_can_end_it(small_base: None) -> None:
    told: list[tuple[float, str]] = []

    def report(done: float, words: str) -> None:
        told.append((done, words))
        if len(told) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(collected(files(4)), report)
    assert told[0] == (0.0, "picture 1 of 8, cat")
    assert told[4] == (0.5, "picture 5 of 8, dog")


def test_the_training_of_a_head_can_be_ended() -> None:
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_head(*seeded_problem(10, 4, 2), 2, 0.01, check)


@pytest.mark.parametrize(
    "wrong", [{"held_out_percent": 0}, {"held_out_percent": 95}, {"seed": -1}, {"weight_decay": 0}]
)
def test_settings_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(FineTuningError, match="from"):
        HeadSettings(**wrong)


@pytest.fixture
def tuned(small_base: None) -> FineTuned:
    return fine_tune(extract(collected(files(8, "cat", "dog", "ship"))), HeadSettings())


def test_the_network_answers_as_features_and_head_do(tuned: FineTuned) -> None:
    image = bundled_picture("cat").read().image
    wanted = linear(own_features(SMALL, [image]), tuned.head.weight, tuned.head.bias).softmax(1)[0]
    said = predict_own(image, tuned.network(), tuned.preprocessing, tuned.classes, "mine")
    torch.testing.assert_close(said.probabilities, wanted, rtol=1e-4, atol=1e-5)
    assert str(tuned.spec) == "resnet20-cifar,classes=3"


def test_the_file_holds_the_very_network_and_says_how_to_use_it(tuned: FineTuned) -> None:
    content = write_file(tuned)
    card = card_of(content)
    assert card is not None
    assert (card.categories, card.preprocessing) == (tuned.classes, tuned.preprocessing)
    assert f"{tuned.scores.right} of {tuned.scores.pictures} pictures held out" in card.about
    loaded, original = module_from(content, card.spec), tuned.network()
    for name, tensor in original.state_dict().items():
        assert loaded.state_dict()[name].equal(tensor), name
    assert load(content)["layer1.0.conv1.weight"].dtype == torch.float16  # as in the bundled file
    assert load(content)["fc.weight"].dtype == torch.float32


def test_the_file_is_read_in_plain_pytorch_as_the_page_says(
    tuned: FineTuned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "mine.safetensors").write_bytes(write_file(tuned))
    (tmp_path / "net.py").write_bytes(export(tuned.spec, "pytorch"))
    (tmp_path / "program.py").write_text(how_to(tuned, "mine.safetensors"), "utf-8")
    picture = bundled_picture("cat")
    (tmp_path / "picture.jpg").write_bytes(picture.path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    runpy.run_path("program.py")
    sys.modules.pop("net")
    said = predict_own(
        picture.read().image, tuned.network(), tuned.preprocessing, tuned.classes, "mine"
    )
    wanted = {label.label: label.probability for label in said.top}
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [label for _, label in lines] == list(tuned.classes)
    for share, label in lines:
        assert float(share.rstrip("%")) / 100 == pytest.approx(wanted[label], abs=0.01)


def card() -> FileCard:
    entry = weights.find(SMALL)
    return FileCard("resnet20-cifar,classes=2", ("cats", "dogs"), entry.preprocessing, "Mine")


def test_a_card_comes_back_as_it_was_written() -> None:
    assert read_file_card(write_file_card(card())) == card()


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "resnet20-cifar,classes=3"},
        {"architecture": "nonsense"},
        {"architecture": 7},
        {"categories": ["cats", "cats"]},
        {"categories": ["cats", "***"]},
        {"categories": "ab c"},
        {"categories": [1, 2]},
        {"preprocessing": None},
        {"preprocessing": {"resize": 10**9}},
        {"preprocessing": {"crop": 4096}},
        {"preprocessing": {"channels": "CMYK"}},
        {"preprocessing": {"channels": "L"}},
        {"preprocessing": {"mean": [0.0]}},
        {"preprocessing": {"std": [0.0, 1.0, 1.0]}},
        {"preprocessing": {"divisor": float("nan")}},
        {"preprocessing": {"fit": "anyhow"}},
        {"preprocessing": {"evil": 1}},
        {"about": None},
    ],
)
def test_a_card_that_does_not_agree_with_itself_is_refused(change: dict[str, Any]) -> None:
    about = json.loads(write_file_card(card()))
    for key, value in change.items():
        about[key] = {**about[key], **value} if isinstance(value, dict) else value
    with pytest.raises(ValueError):
        read_file_card(json.dumps(about))
    content = save({"x": torch.zeros(1)}, {CARD: json.dumps(about)})
    with pytest.raises(CheckpointError):
        card_of(content)


def test_labels_of_a_card_cannot_smuggle_markdown() -> None:
    smuggled = replace(card(), categories=("![x](javascript)", "<b>dogs"), about="[a](b) `c`")
    found = read_file_card(write_file_card(smuggled))
    assert not set("![]<>`") & set("".join((*found.categories, found.about)))


def test_a_file_without_a_card_says_nothing() -> None:
    assert card_of(save({"x": torch.zeros(1)})) is None
    assert card_of(save({"x": torch.zeros(1)}, {"variant": "resnet18"})) is None


def test_the_command_teaches_and_another_asks(
    tmp_path: Path, small_base: None, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "pets.zip", tmp_path / "pets.safetensors"
    source.write_bytes(zipped(files(8) | {"dog/notes.txt": b"x"}))
    command = ["finetune", str(source), "-o", str(target), "--held-out", "50", "--seed", "3"]
    assert main(command) == 0
    told = capsys.readouterr()
    tuned = fine_tune(extract(read_zip(source.read_bytes(), "pets.zip")), HeadSettings(50, 3))
    right = f"{tuned.scores.right} of 8 held-out pictures right"
    assert right in told.out and "resnet20-cifar,classes=2" in told.out
    assert "left out: dog/notes.txt is none of JPEG" in told.err

    picture = bundled_picture("dog")
    assert main(["predict", str(picture.path), "--weights", str(target), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    wanted = predict_own(
        picture.read().image, tuned.network(), tuned.preprocessing, tuned.classes, "x"
    ).top
    assert [each["label"] for each in answer["top"]] == [each.label for each in wanted]
    assert answer["top"][0]["probability"] == pytest.approx(wanted[0].probability, rel=1e-3)
    with safe_open(target, "pt") as file:
        assert "variant" in file.metadata()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["finetune", "{tmp}/none.zip", "-o", "x"], "No such file"),
        (["finetune", "{tmp}", "-o", "x"], "holds no pictures in folders"),
        (["finetune", "{tmp}/bad.zip", "-o", "x"], "damaged, or no zip file"),
        (["finetune", "{tmp}/bad.zip", "-o", "x", "--held-out", "100"], "from 1 to 90"),
        (["predict", "a.jpg", "--weights", "{tmp}/none.safetensors"], "No such file"),
        (["predict", "a.jpg", "--weights", "{tmp}/bare.safetensors"], "what its classes are"),
        (["predict", "a.jpg", "--weights", "{tmp}/bad.safetensors"], "no safetensors file"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "bad.zip").write_bytes(b"hello")
    (tmp_path / "bad.safetensors").write_bytes(b"hello")
    (tmp_path / "bare.safetensors").write_bytes(save({"x": torch.zeros(1)}))
    assert main([each.format(tmp=tmp_path) for each in arguments]) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1


def test_features_of_one_visitor_are_not_those_of_another(small_base: None) -> None:
    one, other = extract(collected(files(2))), extract(collected(files(2)))
    assert isinstance(one, Extracted) and one.identity != other.identity
