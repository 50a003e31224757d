"""Training: one step by hand, determinism, exact continuation, schedules, augmentation, runs."""

import csv
import io
import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from explorer.cards import CurvePoint
from explorer.datasets import CIFAR10_CATEGORIES, Dataset, LabelledImages
from explorer.network import build
from explorer.preprocessing import preprocess
from explorer.spec import parse
from explorer.training.batches import Batches, measure, normalise
from explorer.training.loop import MAX_SEED, Training, TrainingError, evaluate
from explorer.training.progress import Progress, ProgressLine, duration
from explorer.training.recipe import RECIPES, Recipe
from explorer.training.run import CHECKPOINT, CURVE, RESULT, Run, read_checkpoint, slug

TINY = parse("resnet20-cifar,depth=8,width=4")
PLAIN = Recipe(name="test", epochs=3, batch=8)


def noise(count: int, seed: int = 0) -> LabelledImages:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 3, 32, 32), generator=generator).to(torch.uint8)
    return LabelledImages(images, torch.randint(10, (count,), generator=generator))


def dataset(train: int = 20, test: int = 10) -> Dataset:
    return Dataset("noise", CIFAR10_CATEGORIES, noise(train), noise(test, 1))


def weights_of(training: Training) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in training.model.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_steps_equal_plain_pytorch_written_by_hand(nesterov: bool, channels_last: bool) -> None:
    """The batch is asked for; network, loss, backward pass and update are written out."""
    recipe = replace(PLAIN, nesterov=nesterov, channels_last=channels_last, label_smoothing=0.1)
    training = Training(TINY, recipe, noise(20), seed=3)
    batches = Batches(noise(20), recipe, training.preprocessing, 3, torch.device("cpu"))
    model = build(TINY, 3)
    velocity = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for iteration in range(4):
        images, labels = batches.at(iteration)
        logits = model(images.contiguous())
        target = torch.full_like(logits, 0.1 / 10)
        target[torch.arange(len(labels)), labels] += 0.9
        loss = -(target * logits.log_softmax(1)).sum(1).mean()
        model.zero_grad()
        loss.backward()
        rate = 0.1 * (1 + math.cos(math.pi * iteration / 9)) / 2  # 3 epochs of 3 batches
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                slope = parameter.grad + 1e-4 * parameter
                velocity[name] = 0.9 * velocity[name] + slope
                parameter -= rate * (slope + 0.9 * velocity[name] if nesterov else velocity[name])
        step = training.step()
        assert step.loss == pytest.approx(loss.item(), rel=1e-4)
        assert (step.pictures, step.wrong) == (len(labels), int((logits.argmax(1) != labels).sum()))
    for name, found in training.model.state_dict().items():
        torch.testing.assert_close(found, model.state_dict()[name], rtol=1e-3, atol=1e-5)


def test_fused_layers_learn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the graphs of torch.compile, run by PyTorch itself: not everybody has a C++ compiler."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    fused, plain = (Training(TINY, PLAIN, noise(20), compiled=each) for each in (True, False))
    assert type(fused._network) is not type(fused.model)
    for _ in range(4):  # the last batch of an epoch, the third, is smaller
        assert fused.step().loss == pytest.approx(plain.step().loss, rel=1e-4)
    for name, found in fused.model.state_dict().items():
        torch.testing.assert_close(found, plain.model.state_dict()[name], rtol=1e-3, atol=1e-5)


def test_a_seed_decides_everything_and_nothing_global_is_touched() -> None:
    before = torch.get_rng_state()
    runs = [Training(TINY, RECIPES["short"], noise(20), seed) for seed in (5, 5, 6)]
    for training in runs:
        for _ in range(3):
            training.step()
    assert torch.equal(torch.get_rng_state(), before)
    same, again, other = map(weights_of, runs)
    assert_same(same, again)
    assert not torch.equal(same["conv1.weight"], other["conv1.weight"])


def test_variants_of_one_seed_see_the_same_batches() -> None:
    one, other = (
        Training(parse(text), PLAIN, noise(20), seed=4).batches.at(7)
        for text in ("resnet20-cifar", "plain20-cifar")
    )
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])


def test_every_epoch_shows_every_picture_once_in_another_order() -> None:
    data = LabelledImages(noise(20).images, torch.arange(20))
    batches = Batches(data, PLAIN, measure(data.images, "per_channel"), 0, torch.device("cpu"))
    assert batches.per_epoch == 3
    epochs = [[batches.at(3 * e + b)[1] for b in range(3)] for e in range(2)]
    assert [len(labels) for labels in epochs[0]] == [8, 8, 4]
    first, second = (torch.cat(labels).tolist() for labels in epochs)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_adams_steps_equal_the_papers_written_by_hand(momentum: float) -> None:
    """Kingma and Ba 2015, Algorithm 1, with the gradient of the L2 penalty added."""
    settings = {"optimizer": "adam", "learning_rate": 0.01, "momentum": momentum}
    recipe = replace(PLAIN.vary(settings), weight_decay=0.1)
    training = Training(TINY, recipe, noise(20), seed=3)
    model = build(TINY, 3)
    first, second = ({n: torch.zeros_like(p) for n, p in model.named_parameters()} for _ in "mv")
    for iteration in range(4):
        images, labels = training.batches.at(iteration)
        loss = nn.functional.cross_entropy(model(images), labels)
        model.zero_grad()
        loss.backward()
        rate, t = 0.01 * (1 + math.cos(math.pi * iteration / 9)) / 2, iteration + 1
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                slope = parameter.grad + 0.1 * parameter
                first[name] = momentum * first[name] + (1 - momentum) * slope
                second[name] = 0.999 * second[name] + 0.001 * slope**2
                mean, square = first[name] / (1 - momentum**t), second[name] / (1 - 0.999**t)
                parameter -= rate * mean / (square.sqrt() + 1e-8)
        assert training.step().loss == pytest.approx(loss.item(), rel=1e-4)
    for name, found in training.model.state_dict().items():
        torch.testing.assert_close(found, model.state_dict()[name], rtol=1e-3, atol=1e-4)


PLATEAU = {"schedule": "plateau", "plateau_patience": 0, "validation": 0.2, "epochs": 4}
RESUMED = {
    "plain": (TINY, PLAIN),
    "drops": (TINY.vary(survival=0.5), RECIPES["short"].for_epochs(3)),
    "adam": (TINY, PLAIN.vary({"optimizer": "adam", "rotation": 20.0, "contrast": 0.2})),
    "plateau": (TINY, PLAIN.vary(PLATEAU)),
    "patience": (TINY, PLAIN.vary({"optimizer": "adam", "patience": 2, "epochs": 30})),
}


@pytest.mark.parametrize("name", RESUMED)
def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path: Path, name: str) -> None:
    data = dataset(60)
    spec, recipe = RESUMED[name]
    whole = Training(spec, recipe, data.train, seed=1)
    expected = Run(whole, data, tmp_path / "whole").finish()

    class Interrupted(Exception):
        pass

    def interrupt(progress: Any) -> None:
        if progress.iteration == whole.iteration - 1:
            raise Interrupted

    broken = Training(spec, recipe, data.train, seed=1)
    with pytest.raises(Interrupted):
        Run(broken, data, tmp_path / "broken").finish(interrupt)
    assert not (tmp_path / "broken" / RESULT).exists()
    resumed = Training(spec, recipe, data.train, seed=1)
    found = Run(resumed, data, tmp_path / "broken", resume=True).finish()
    assert_same(weights_of(whole), weights_of(resumed))
    kept = [training.optimizer.state_dict()["state"] for training in (whole, resumed)]
    assert kept[0].keys() == kept[1].keys() and len(kept[0]) == len(list(whole.model.parameters()))
    for number, state in kept[0].items():
        assert_same(state, kept[1][number])
    for result in (expected, found):
        result.pop("seconds")
        for point in result["curve"]:
            point.pop("seconds")
    assert found == expected
    rates = [point["learning_rate"] for point in found["curve"]]
    assert (name == "patience") == (len(rates) < recipe.epochs)
    if name == "plateau":
        assert rates[-1] < rates[0]


def test_layers_that_drop_at_random_draw_from_the_seed_too() -> None:
    def trained(seed: int, disturb: bool) -> dict[str, Tensor]:
        training = Training(TINY.vary(survival=0.5), PLAIN, noise(20), seed)
        for _ in range(3):
            training.step()
            if disturb:
                torch.rand(5)
        return weights_of(training)

    assert_same(trained(2, disturb=False), trained(2, disturb=True))


def test_a_network_that_must_overfit_64_pictures_does() -> None:
    data = noise(64)
    fixed = replace(RECIPES["short"], crop_padding=0, flip=False, bfloat16=False)
    recipe = replace(fixed, epochs=60, batch=32)
    training = Training(parse("resnet20-cifar,stages=1-1-1,width=8"), recipe, data)
    losses = [training.step().loss for _ in range(training.steps)]
    assert losses[0] > 2
    assert training.finished
    score = evaluate(training.model, data, training.preprocessing)
    assert score.wrong == 0
    assert score.loss < 0.1


def test_batches_are_crops_of_the_normalised_pictures() -> None:
    data = noise(8)
    batches = Batches(data, PLAIN, measure(data.images, "per_channel"), 0, torch.device("cpu"))
    plain = replace(PLAIN, crop_padding=0, flip=False)
    untouched = Batches(data, plain, batches.steps, 0, torch.device("cpu"))
    for iteration in range(20):
        (images, labels), (originals, known) = batches.at(iteration), untouched.at(iteration)
        assert torch.equal(labels, known)
        for image, original in zip(images, originals, strict=True):
            padded = nn.functional.pad(original, (4, 4, 4, 4))
            windows = padded.unfold(1, 32, 1).unfold(2, 32, 1).permute(1, 2, 0, 3, 4)
            both = torch.cat([windows, windows.flip(-1)]).flatten(0, 1)
            assert (both == image).flatten(1).all(1).sum() == 1


@pytest.mark.parametrize("normalisation", ["per_channel", "per_pixel_mean"])
def test_pictures_are_normalised_by_the_training_pictures_and_as_for_predictions(
    normalisation: str,
) -> None:
    images = noise(30).images
    steps = measure(images, normalisation)
    found = normalise(images, steps)
    if normalisation == "per_channel":
        torch.testing.assert_close(found.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(found.std((0, 2, 3), correction=0), torch.ones(3))
    else:
        torch.testing.assert_close(found.mean(0), torch.zeros(3, 32, 32), atol=1e-6, rtol=0)
        expected = images[3] / 255 - (images / 255).mean(0)
        torch.testing.assert_close(found[3], expected, atol=1e-6, rtol=0)
    picture = Image.fromarray(images[3].permute(1, 2, 0).numpy())
    torch.testing.assert_close(preprocess(picture, steps)[0], found[3], atol=0, rtol=0)


def test_a_judgement_counts_by_hand_and_leaves_the_network_as_it_was() -> None:
    class Fixed(nn.Module):
        """Answers by the first pixel's red value: class n most, then n - 1, and so on down."""

        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            assert not self.training
            first = (x[:, 0, 0, 0] * 255).round().long()
            return -((first[:, None] - torch.arange(10)) % 10).float()

    images = torch.zeros(1003, 3, 32, 32, dtype=torch.uint8)
    images[:, 0, 0, 0] = 7
    labels = torch.full((1003,), 7)
    labels[:30], labels[30:32] = 3, 2  # 3 is fifth after 7, 6, 5 and 4; 2 is sixth
    steps = replace(measure(images, "per_channel"), mean=(0.0,) * 3, std=(1.0,) * 3)
    model = Fixed().train()
    score = evaluate(model, LabelledImages(images, labels), steps)
    assert (score.wrong, score.wrong_top5, score.pictures) == (32, 2, 1003)
    assert score.error_percent == pytest.approx(100 * 32 / 1003)
    total = math.log(sum(math.exp(-n) for n in range(10)))
    assert score.loss == pytest.approx(total + (30 * 4 + 2 * 5) / 1003, rel=1e-5)
    assert model.training


def test_a_run_writes_its_curve_and_its_result(tmp_path: Path) -> None:
    data = dataset()
    training = Training(TINY, PLAIN, data.train, seed=9)
    told: list[int] = []
    run = Run(training, data, tmp_path / "new" / "folder", evaluate_every=2)
    result = run.finish(on_epoch=lambda point: told.append(point.epoch))
    assert told == [1, 2, 3]
    assert json.loads((run.folder / RESULT).read_text("utf-8")) == json.loads(json.dumps(result))
    assert {path.name for path in run.folder.iterdir()} == {CHECKPOINT, CURVE, RESULT}
    assert (result["architecture"], result["seed"]) == (str(TINY), 9)
    assert result["recipe"]["learning_rate"] == 0.1
    assert result["versions"]["torch"] == torch.__version__
    rows = list(csv.DictReader((run.folder / CURVE).read_text("utf-8").splitlines()))
    assert [row["iteration"] for row in rows] == ["3", "6", "9"]
    assert [bool(row["test_error_percent"]) for row in rows] == [False, True, True]
    assert float(rows[2]["learning_rate"]) == pytest.approx(PLAIN.rate(8, 9))
    score = evaluate(training.model, data.test, training.preprocessing)
    assert result["test"]["wrong"] == score.wrong
    assert float(rows[2]["test_error_percent"]) == score.error_percent


def test_a_recipe_of_iterations_ends_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    data = dataset()
    recipe = replace(PLAIN, epochs=None, iterations=7)
    run = Run(Training(TINY, recipe, data.train), data, tmp_path)
    assert [point.iteration for point in run.curve] == []
    run.finish()
    assert [(point.epoch, point.iteration) for point in run.curve] == [(1, 3), (2, 6), (3, 7)]


def test_progress_says_how_far_and_how_long(tmp_path: Path) -> None:
    seen: list[Any] = []
    data = dataset()
    Run(Training(TINY, PLAIN, data.train), data, tmp_path).finish(seen.append)
    assert [told.iteration for told in seen] == list(range(1, 10))
    assert {(told.steps, told.epochs) for told in seen} == {(9, 3)}
    assert seen[-1].seconds_left == 0
    assert all(told.seconds_left > 0 for told in seen[:-1])


def test_a_folder_keeps_its_run(tmp_path: Path) -> None:
    data = dataset()

    def run(spec: Any = TINY, recipe: Recipe = PLAIN, seed: int = 0, resume: bool = True) -> Run:
        return Run(Training(spec, recipe, data.train, seed), data, tmp_path, resume=resume)

    run().finish()
    with pytest.raises(TrainingError, match="holds a run already: --resume"):
        run(resume=False)
    with pytest.raises(TrainingError, match="another seed: 0, not 1"):
        run(seed=1)
    with pytest.raises(TrainingError, match="another recipe: epochs=3, not 4"):
        run(recipe=PLAIN.for_epochs(4))
    with pytest.raises(TrainingError, match="another architecture: resnet20-cifar,depth=8"):
        run(spec=parse("plain20-cifar"))
    assert run().training.finished
    (tmp_path / CHECKPOINT).write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="cannot be read"):
        run()
    with pytest.raises(TrainingError, match=f"holds no {CHECKPOINT}"):
        read_checkpoint(tmp_path / "none")


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    for spec, seed, sentence in (
        (parse("resnet18"), 0, "takes pictures of 3x224x224, these are 3x32x32"),
        (parse("resnet20-cifar,classes=5"), 0, "tells 5 classes apart, the pictures show 10"),
        (TINY, -1, "seed=-1"),
        (TINY, MAX_SEED + 1, "a whole number from 0 to 2,147,483,647"),
    ):
        with pytest.raises(TrainingError, match=sentence):
            Training(spec, PLAIN, noise(200), seed)
    with pytest.raises(TrainingError, match="at least 1"):
        Run(Training(TINY, PLAIN, noise(20)), dataset(), tmp_path, evaluate_every=0)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    training = Training(
        parse("resnet20-cifar,norm=none"), replace(PLAIN, learning_rate=99), noise(20)
    )
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at iteration"):
        for _ in range(9):
            training.step()


def test_folder_names() -> None:
    assert slug(parse("resnet20-cifar,ordering=v2")) == "resnet20-cifar-full_preactivation"
    assert slug(parse("plain56-cifar")) == "plain56-cifar"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (99, "99 s"), (119, "2 min"), (5_900, "98 min"), (11_100, "3 h 05 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_on_a_terminal_the_line_changes_in_place() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    line = ProgressLine(screen)
    line.step(Progress(39, 1170, 1, 3, 2.25, 80.5, 700, 3_600))
    line.step(Progress(40, 1170, 1, 3, 2.24, 80.4, 700, 3_590))  # too soon to draw again
    line.epoch(CurvePoint(1, 390, 0.1, 1.5, 55.25, 1.4, 50.5, 70))
    assert screen.getvalue().split("\r\033[K") == [
        "",
        "  3%  epoch 1/3  loss 2.250  training error 80.5%  700 pictures/s  60 min left",
        "epoch 1/3  rate 0.1  loss 1.5000  training error 55.25%  test error 50.50%"
        "  in 70 s  700 pictures/s  60 min left\n",
    ]
