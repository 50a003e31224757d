"""A run and the folder it fills: a checkpoint an epoch, the curve as CSV, the result as JSON."""

import csv
import io
import json
import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from explorer.cards import CurvePoint
from explorer.datasets import Dataset
from explorer.spec import ArchitectureSpec
from explorer.training.loop import Score, Training, TrainingError, evaluate
from explorer.training.progress import Progress

CHECKPOINT, CURVE, RESULT = "checkpoint.pt", "curve.csv", "result.json"


def slug(spec: ArchitectureSpec) -> str:
    """Return a file name for a variant: resnet20-cifar-full_preactivation."""
    return re.sub(",[a-z_]+=", "-", str(spec))


class Run:
    """One training on one data set, kept in one folder.

    Args:
        training: at its start.
        data: what it learns from and is judged by.
        folder: where everything is written.
        evaluate_every: epochs from one look at the test pictures to the next; the last epoch
            always ends with one.
        resume: continue what the folder holds, if it holds anything.
    Raises:
        TrainingError: if the folder holds another run, or one that is not to be continued.
    """

    def __init__(
        self,
        training: Training,
        data: Dataset,
        folder: Path,
        evaluate_every: int = 3,
        resume: bool = False,
    ) -> None:
        self.training, self.data, self.folder = training, data, folder
        self.evaluate_every = evaluate_every
        self.curve: list[CurvePoint] = []
        if evaluate_every < 1:
            raise TrainingError(f"evaluate-every={evaluate_every}: at least 1")
        if (folder / CHECKPOINT).is_file():
            if not resume:
                raise TrainingError(
                    f"{folder} holds a run already: --resume continues it, or choose another --out"
                )
            self._restore()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def settings(self) -> dict[str, Any]:
        """What the weights depend on."""
        training, data = self.training, self.data
        return {
            "architecture": str(training.spec),
            "recipe": asdict(training.recipe),
            "seed": training.seed,
            "data": {"name": data.name, "train": len(data.train), "test": len(data.test)},
        }

    def finish(
        self,
        on_step: Callable[[Progress], None] = lambda progress: None,
        on_epoch: Callable[[CurvePoint], None] = lambda point: None,
    ) -> dict[str, Any]:
        """Train to the end of the recipe and return the result, which is also written.

        Args:
            on_step: told after each iteration; may raise to stop, the last epoch's end is kept.
            on_epoch: told after each epoch, once its checkpoint is written.
        """
        started, first = perf_counter(), self.training.iteration

        def seconds_a_step() -> float:
            return (perf_counter() - started) / (self.training.iteration - first)

        while not self.training.finished:
            self.curve.append(self._epoch(on_step, seconds_a_step))
            self._save()
            on_epoch(self.curve[-1])
        result = self._result()
        _write(self.folder / RESULT, (json.dumps(result, indent=2) + "\n").encode())
        return result

    def _epoch(
        self, on_step: Callable[[Progress], None], seconds_a_step: Callable[[], float]
    ) -> CurvePoint:
        training, started = self.training, perf_counter()
        length = training.batches.per_epoch
        number, epochs = training.iteration // length + 1, -(-training.steps // length)
        loss, wrong, seen, rate = 0.0, 0, 0, 0.0
        while training.iteration < min(number * length, training.steps):
            rate = training.rate
            step = training.step()
            loss += step.loss * step.pictures
            wrong += step.wrong
            seen += step.pictures
            pace = seconds_a_step()
            on_step(
                Progress(
                    iteration=training.iteration,
                    steps=training.steps,
                    epoch=number,
                    epochs=epochs,
                    loss=loss / seen,
                    error_percent=100 * wrong / seen,
                    pictures_per_second=training.recipe.batch / pace,
                    seconds_left=pace * (training.steps - training.iteration),
                )
            )
        score = self._judge() if training.finished or number % self.evaluate_every == 0 else None
        return CurvePoint(
            epoch=number,
            iteration=training.iteration,
            learning_rate=rate,
            train_loss=loss / seen,
            train_error_percent=100 * wrong / seen,
            test_loss=score.loss if score else None,
            test_error_percent=score.error_percent if score else None,
            seconds=perf_counter() - started,
        )

    def _judge(self) -> Score:
        return evaluate(self.training.model, self.data.test, self.training.preprocessing)

    def _save(self) -> None:
        state = {
            "settings": self.settings,
            "training": self.training.state(),
            "curve": [asdict(point) for point in self.curve],
        }
        file = io.BytesIO()
        torch.save(state, file)
        _write(self.folder / CHECKPOINT, file.getvalue())
        _write(self.folder / CURVE, curve_csv(self.curve).encode())

    def _restore(self) -> None:
        state = read_checkpoint(self.folder)
        for name, value in self.settings.items():
            if state["settings"][name] != value:
                raise TrainingError(
                    f"{self.folder} holds a run of another {name}: "
                    f"{_differences(state['settings'][name], value)}"
                )
        self.training.restore(state["training"])
        self.curve = [CurvePoint(**point) for point in state["curve"]]

    def _result(self) -> dict[str, Any]:
        score = self._judge()
        return {
            **self.settings,
            "categories": self.data.categories,
            "preprocessing": asdict(self.training.preprocessing),
            "test": {**asdict(score), "error_percent": score.error_percent},
            "curve": [asdict(point) for point in self.curve],
            "seconds": sum(point.seconds for point in self.curve),
            "device": self.training.device.type,
            "threads": torch.get_num_threads(),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Return the settings, the training's state and the curve of the run in a folder.

    Raises:
        TrainingError: if there is no checkpoint, or a damaged one.
    """
    path = folder / CHECKPOINT
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{folder} holds no {CHECKPOINT}") from None
    except Exception as error:  # torch raises almost anything on damaged bytes
        reason = str(error).splitlines()[0]
        raise TrainingError(f"{path} cannot be read: {reason}") from None
    return state


def read_result(folder: Path) -> dict[str, Any]:
    """Return the result of the finished run in a folder.

    Raises:
        TrainingError: if there is none, or a damaged one.
    """
    path = folder / RESULT
    if not path.is_file():
        raise TrainingError(f"{folder} holds no {RESULT}: the run is not finished")
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{path} is not JSON: {error}") from None
    return result


def curve_csv(curve: Sequence[CurvePoint]) -> str:
    """Return a curve as CSV, one row an epoch; what was not measured is empty."""
    text = io.StringIO()
    rows = csv.DictWriter(text, [field.name for field in fields(CurvePoint)], lineterminator="\n")
    rows.writeheader()
    rows.writerows(asdict(point) for point in curve)
    return text.getvalue()


def _differences(found: Any, wanted: Any) -> str:
    if not isinstance(found, dict):
        return f"{found}, not {wanted}"
    return "; ".join(
        f"{key}={value}, not {wanted.get(key)}"
        for key, value in found.items()
        if value != wanted.get(key)
    )


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one move, so that a run stopped here loses nothing."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
