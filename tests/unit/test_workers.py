"""Several processes on one network: their shares of a batch, and two under torchrun against one."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from explorer.__main__ import main
from explorer.datasets import LabelledImages
from explorer.network import build
from explorer.spec import parse
from explorer.training.batches import Batches, measure
from explorer.training.loop import Training, TrainingError
from explorer.training.recipe import Recipe
from explorer.training.run import CHECKPOINT, CURVE, RESULT, read_checkpoint
from explorer.training.workers import ALONE, Workers
from tests.serving import ROOT, beside

RECIPE = Recipe(name="test", epochs=2, batch=8, rotation=10.0, contrast=0.2)
CPU = torch.device("cpu")


def noise(count: int) -> LabelledImages:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, 32, 32), generator=generator).to(torch.uint8)
    return LabelledImages(images, torch.randint(10, (count,), generator=generator))


@pytest.mark.parametrize("count", [2, 3])
def test_processes_share_the_batches_of_one(count: int) -> None:
    data = noise(20)
    steps = measure(data.images, "per_channel")
    alone = Batches(data, RECIPE, steps, 5, CPU)
    shares = [Batches(data, RECIPE, steps, 5, CPU, Workers(rank, count)) for rank in range(count)]
    for iteration in range(4):
        images, labels = alone.at(iteration)
        assert len(labels) == alone.size(iteration) == shares[0].size(iteration)
        parts = [share.at(iteration) for share in shares]
        for place in range(len(labels)):
            found_images, found_labels = parts[place % count]
            assert torch.equal(found_labels[place // count], labels[place])
            torch.testing.assert_close(found_images[place // count], images[place])
        assert sum(len(found) for _, found in parts) == len(labels)


def test_each_process_needs_a_picture() -> None:
    with pytest.raises(TrainingError, match="17 pictures in batches of 8 leave 1 for the last"):
        Training(parse("resnet20-cifar,depth=8"), RECIPE, noise(17), workers=Workers(1, 2))


def test_one_process_does_its_own_work() -> None:
    value = torch.tensor([1.5])
    model = nn.Linear(2, 2)
    assert ALONE.first and ALONE.mean(value) is value
    assert ALONE.agree(lambda: 3) == ALONE.in_turn(lambda: 3) == 3
    assert ALONE.together(model, CPU) is ALONE.synchronise(model, torch.device("cuda")) is model


def test_on_gpus_batchnorm_looks_at_the_whole_batch_and_keeps_its_names() -> None:
    model = build(parse("resnet20-cifar,depth=8,width=4"))
    names = list(model.state_dict())
    assert Workers(0, 2).synchronise(model, CPU) is model
    found = Workers(0, 2).synchronise(model, torch.device("cuda"))
    kinds = {type(module) for module in found.modules()}
    assert nn.SyncBatchNorm in kinds and nn.BatchNorm2d not in kinds
    assert list(found.state_dict()) == names


TEXT = "resnet20-cifar,depth=8,width=8,norm=none,init=fixup,image_size=8,in_channels=1"
OPTIONS = ["--data", "digits", "--recipe", "short,epochs=3,batch=50,bfloat16=false", "--seed", "2"]
OPTIONS += ["--patience", "5", "--schedule", "plateau", "--learning-rate", "0.1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The folders of the same training by one process and by two."""
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launcher, "-m", "explorer", "train", TEXT, *OPTIONS, "--out", str(two)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with beside(command, cwd=ROOT, env=environment, **pipes) as process:
        assert main(["train", TEXT, *OPTIONS, "--out", str(one)]) == 0
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert out.count("test error") == 2  # last and best, told by the first process alone
    assert err.count("epoch 3/3") == 1
    yield one, two


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / CURVE).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_two_processes_learn_what_one_learns(trained: tuple[Path, Path]) -> None:
    one, two = map(curve, trained)
    assert len(one) == len(two) == 3
    for point, other in zip(one, two, strict=True):
        for name in point.keys() - {"seconds"}:
            if point[name]:  # two pictures of the smallest part may turn by rounding
                bounds = {"abs": 1.5} if "error" in name else {"rel": 1e-4}
                assert float(other[name]) == pytest.approx(float(point[name]), **bounds), name
    assert float(one[2]["train_loss"]) < float(one[0]["train_loss"]) - 0.2
    weights = [read_checkpoint(folder)["training"]["model"] for folder in trained]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-2, atol=1e-5)


def test_the_first_of_two_processes_writes_one_run(trained: tuple[Path, Path]) -> None:
    one, two = trained
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}
    results = [json.loads((folder / RESULT).read_text("utf-8")) for folder in trained]
    assert [result["processes"] for result in results] == [1, 2]
    for name in ("architecture", "recipe", "seed", "data", "preprocessing"):
        assert results[0][name] == results[1][name]
    assert results[1]["recipe"]["name"].endswith("schedule=plateau")


def test_one_process_continues_what_two_began(trained: tuple[Path, Path]) -> None:
    assert main(["train", TEXT, *OPTIONS, "--out", str(trained[1]), "--resume"]) == 0
    assert (trained[1] / CHECKPOINT).is_file()
