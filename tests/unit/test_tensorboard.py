"""The curve of a run as TensorBoard reads it, and a machine without TensorBoard."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from explorer.__main__ import main
from explorer.cards import CurvePoint
from explorer.training.loop import TrainingError
from explorer.training.tensorboard import EventFile

FIRST = CurvePoint(1, 390, 0.1, 1.5, 55.25, None, None, 70.0)
SECOND = CurvePoint(2, 780, 0.05, 1.25, 45.5, 1.375, 50.5, 71.0, 1.0, 40.25)


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Read every number as TensorBoard shows it: tag, then epoch and value."""
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


def test_tensorboard_reads_what_was_measured_and_nothing_else(tmp_path: Path) -> None:
    events = EventFile(tmp_path)
    events.epoch(FIRST)
    events.epoch(SECOND)
    events.close()
    assert read(tmp_path) == {
        "learning_rate": [(1, pytest.approx(0.1)), (2, pytest.approx(0.05))],
        "loss/train": [(1, 1.5), (2, 1.25)],
        "loss/validation": [(2, 1.0)],
        "loss/test": [(2, 1.375)],
        "error_percent/train": [(1, 55.25), (2, 45.5)],
        "error_percent/validation": [(2, 40.25)],
        "error_percent/test": [(2, 50.5)],
    }


def test_a_continued_run_shows_each_epoch_once(tmp_path: Path) -> None:
    before = EventFile(tmp_path)
    for point in (FIRST, SECOND, replace(SECOND, epoch=3)):
        before.epoch(point)
    before.close()
    after = EventFile(tmp_path, [FIRST])
    after.epoch(replace(SECOND, train_loss=7.0))
    after.close()
    assert read(tmp_path)["loss/train"] == [(1, 1.5), (2, 7.0)]


def test_without_the_package_the_option_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(TrainingError, match="pip install tensorboard"):
        EventFile(tmp_path)
    text = "resnet20-cifar,depth=8,width=4,image_size=8,in_channels=1"
    arguments = ["train", text, "--data", "digits", "--epochs", "1", "--out", str(tmp_path)]
    assert main([*arguments, "--tensorboard"]) == 2
    assert "--tensorboard needs a package" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_option_writes_beside_the_checkpoint(tmp_path: Path) -> None:
    text = "resnet20-cifar,depth=8,width=4,image_size=8,in_channels=1"
    arguments = ["train", text, "--data", "digits", "--epochs", "1", "--out", str(tmp_path)]
    assert main([*arguments, "--tensorboard"]) == 0
    found = read(tmp_path)
    assert [step for step, _ in found["error_percent/test"]] == [1]
    assert set(found) == {"learning_rate", "loss/train", "loss/test"} | {
        "error_percent/train",
        "error_percent/test",
    }
