"""The held-out part of the training pictures: what watches it, and what test pictures never do."""

import json
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.datasets import Dataset, LabelledImages, hold_out
from explorer.network import build
from explorer.spec import parse
from explorer.training.loop import Training, TrainingError, evaluate
from explorer.training.recipe import Recipe
from explorer.training.run import BEST, CHECKPOINT, CURVE, RESULT, Run, read_checkpoint

TINY = parse("resnet20-cifar,stages=1-1-1,width=4,image_size=8,in_channels=1,classes=2")
RECIPE = Recipe(name="test", epochs=4, batch=10, validation=0.2, crop_padding=0, flip=False)
CATEGORIES = ("dark", "bright")


def noise(count: int, seed: int) -> LabelledImages:
    """Return noise, a little brighter for every other picture."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(240, (count, 1, 8, 8), generator=generator)
    labels = torch.arange(count) % 2
    return LabelledImages((images + 15 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels)


def dataset(test_seed: int = 1) -> Dataset:
    return Dataset("noise", CATEGORIES, noise(50, 0), noise(20, test_seed))


def run(recipe: Recipe, data: Dataset, folder: Path, resume: bool = False) -> Run:
    return Run(Training(TINY, recipe, data.train, 3), data, folder, resume=resume)


def weights(state: dict[str, Any]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = state["training"]["model"]
    return found


def test_held_out_pictures_are_never_learned_from_nor_measured() -> None:
    data = dataset()
    kept, held = hold_out(data.train, 0.2)
    training = Training(TINY, RECIPE, data.train, 3)
    assert training.held_out is not None
    assert torch.equal(training.held_out.images, held.images)
    assert (len(kept), len(held), training.steps) == (40, 10, 16)
    shown = torch.cat([training.batches.at(n)[0] for n in range(4)]).flatten(1)
    mean, std = kept.images.double().mean(), kept.images.double().std(correction=0)
    expected = (kept.images.double() - mean) / std
    distances = (shown[:, None] - expected.flatten(1)).abs().amax(2)
    assert torch.equal(distances.argmin(0).sort().values, torch.arange(40))
    assert distances.amin(0).max() < 1e-5


def test_best_and_last_are_kept_and_both_are_judged(tmp_path: Path) -> None:
    """At this rate the loss on the held-out part goes up and down."""
    data = dataset()
    recipe = replace(RECIPE, epochs=8, schedule="step", learning_rate=0.05, milestones=())
    result = run(recipe, data, tmp_path).finish()
    losses = [point["validation_loss"] for point in result["curve"]]
    place = losses.index(min(losses))
    assert 0 < place < 7, "choose another seed: best and last, or first, are the same epoch"
    best, last = (read_checkpoint(tmp_path, name) for name in (BEST, CHECKPOINT))
    assert best["training"]["iteration"] == 4 * (place + 1)
    assert last["training"]["iteration"] == 32
    _, held = hold_out(data.train, 0.2)
    steps = Training(TINY, recipe, data.train, 3).preprocessing
    for state, told, point in (
        (best, result["best"]["test"], place),
        (last, result["test"], 7),
    ):
        model = build(TINY)
        model.load_state_dict(weights(state))
        score = evaluate(model, data.test, steps)
        assert told == {**asdict(score), "error_percent": score.error_percent}
        watched = evaluate(model, held, steps)
        assert result["curve"][point]["validation_loss"] == pytest.approx(watched.loss)
        assert result["curve"][point]["validation_error_percent"] == watched.error_percent
    assert result["best"]["epoch"] == place + 1
    assert result["data"] == {"name": "noise", "train": 40, "validation": 10, "test": 20}
    assert json.loads((tmp_path / RESULT).read_text("utf-8")) == json.loads(json.dumps(result))
    header, first, *_ = (tmp_path / CURVE).read_text("utf-8").splitlines()
    assert header.endswith(",validation_loss,validation_error_percent")
    assert first.split(",")[-2] == str(losses[0])


def test_test_pictures_decide_nothing(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=30, patience=2, schedule="plateau", plateau_patience=0)
    runs = [run(recipe, dataset(seed), tmp_path / str(seed)) for seed in (1, 2)]
    one, other = (each.finish() for each in runs)
    assert one["test"]["loss"] != other["test"]["loss"]
    assert one["best"]["epoch"] == other["best"]["epoch"]
    assert len(one["curve"]) == len(other["curve"]) < 30
    for name in (BEST, CHECKPOINT):
        states = [weights(read_checkpoint(each.folder, name)) for each in runs]
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_patience_ends_that_many_epochs_after_the_best_one(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=30, patience=3, learning_rate=0.3)
    result = run(recipe, dataset(), tmp_path).finish()
    losses = [point["validation_loss"] for point in result["curve"]]
    assert len(losses) - 1 - losses.index(min(losses)) == 3
    assert result["curve"][-1]["test_error_percent"] is not None
    again = run(recipe, dataset(), tmp_path, resume=True)
    assert again.training.finished


def test_without_a_held_out_part_only_the_last_is_kept(tmp_path: Path) -> None:
    result = run(replace(RECIPE, validation=0.0), dataset(), tmp_path).finish()
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT, CURVE, RESULT}
    assert "best" not in result
    assert result["data"] == {"name": "noise", "train": 50, "test": 20}
    assert {point["validation_loss"] for point in result["curve"]} == {None}


def test_the_plateau_goes_by_the_training_loss_where_nothing_is_held_out(tmp_path: Path) -> None:
    recipe = replace(RECIPE, validation=0.0, schedule="plateau", plateau_patience=0)
    each = run(replace(recipe, epochs=12, learning_rate=2.0), dataset(), tmp_path)
    curve = each.finish()["curve"]
    losses = [point["train_loss"] for point in curve]
    assert each.training.watched == losses
    stayed_up = [now >= min(losses[: n + 1]) for n, now in enumerate(losses[1:])]
    assert any(stayed_up)
    dropped = [
        after["learning_rate"] < before["learning_rate"] for before, after in pairwise(curve[1:])
    ]
    assert dropped == stayed_up[:-1]


def test_what_cannot_be_held_out_is_refused() -> None:
    one_of_each = LabelledImages(noise(2, 0).images, torch.arange(2))
    with pytest.raises(TrainingError, match="2 pictures are too few to hold any out"):
        Training(TINY, RECIPE, one_of_each)


def test_a_run_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """Its checkpoint knows nothing of held-out parts, other optimizers or turned pictures."""
    recipe = replace(RECIPE, validation=0.0)
    whole = run(recipe, dataset(), tmp_path / "whole").finish()

    class Stopped(Exception):
        pass

    def stop(progress: Any) -> None:
        if progress.epoch == 3:
            raise Stopped

    with pytest.raises(Stopped):
        run(recipe, dataset(), tmp_path / "old").finish(stop)
    state = read_checkpoint(tmp_path / "old")
    del state["training"]["watched"]
    for setting in ("optimizer", "rotation", "contrast", "validation", "patience"):
        del state["settings"]["recipe"][setting]
    for point in state["curve"]:
        del point["validation_loss"], point["validation_error_percent"]
    torch.save(state, tmp_path / "old" / CHECKPOINT)
    result = run(recipe, dataset(), tmp_path / "old", resume=True).finish()
    assert result["test"] == whole["test"]
    with pytest.raises(TrainingError, match=r"another recipe: validation=0\.0, not 0\.2"):
        run(RECIPE, dataset(), tmp_path / "old", resume=True)
