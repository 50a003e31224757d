"""A run and the folder it fills: a checkpoint an epoch, the curve as CSV, the result as JSON.

Where several processes train together, the first judges and writes, and tells the others; all of
them read the folder when a run is continued.
"""

import csv
import io
import json
import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from explorer.cards import CurvePoint
from explorer.datasets import Dataset, LabelledImages
from explorer.network import build
from explorer.spec import ArchitectureSpec
from explorer.training.loop import Score, Training, TrainingError, evaluate
from explorer.training.progress import Progress
from explorer.training.recipe import Recipe
from explorer.training.schedules import waiting

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
CURVE, RESULT = "curve.csv", "result.json"


def slug(spec: ArchitectureSpec) -> str:
    """Return a file name for a variant: resnet20-cifar-full_preactivation."""
    return re.sub(",[a-z_]+=", "-", str(spec))


class Run:
    """One training on one data set, kept in one folder.

    The folder gets a checkpoint of the last epoch. If the recipe holds out a part of the training
    pictures, there is another of the epoch with the lowest loss on that part; test pictures never
    choose.

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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{folder} cannot be made a folder: {error.strerror}") from None

    @property
    def settings(self) -> dict[str, Any]:
        """What the weights depend on."""
        training, data = self.training, self.data
        held_out = {"validation": len(training.held_out)} if training.held_out else {}
        parts = {"train": len(training.batches.data), **held_out, "test": len(data.test)}
        return {
            "architecture": str(training.spec),
            "recipe": asdict(training.recipe),
            "seed": training.seed,
            "data": {"name": data.name, **parts},
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
            if self.training.workers.first:
                self._save()
            on_epoch(self.curve[-1])
        result = self.training.workers.agree(self._result)
        if self.training.workers.first:
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
        held_out = self._judge(training.held_out) if training.held_out else None
        training.watched.append(held_out.loss if held_out else loss / seen)
        due = training.finished or number % self.evaluate_every == 0
        score = self._judge(self.data.test) if due else None
        return CurvePoint(
            epoch=number,
            iteration=training.iteration,
            learning_rate=rate,
            train_loss=loss / seen,
            train_error_percent=100 * wrong / seen,
            test_loss=score.loss if score else None,
            test_error_percent=score.error_percent if score else None,
            seconds=perf_counter() - started,
            validation_loss=held_out.loss if held_out else None,
            validation_error_percent=held_out.error_percent if held_out else None,
        )

    def _judge(self, pictures: LabelledImages) -> Score:
        training = self.training
        return training.workers.agree(
            lambda: evaluate(training.model, pictures, training.preprocessing)
        )

    def _save(self) -> None:
        state = {
            "settings": self.settings,
            "training": self.training.state(),
            "curve": [asdict(point) for point in self.curve],
        }
        file = io.BytesIO()
        torch.save(state, file)
        if self.training.held_out and waiting(self.training.watched) == 0:
            _write(self.folder / BEST, file.getvalue())
        _write(self.folder / CHECKPOINT, file.getvalue())
        _write(self.folder / CURVE, curve_csv(self.curve).encode())

    def _restore(self) -> None:
        state = read_checkpoint(self.folder)
        found = state["settings"]
        # What an earlier version did not know has its default; the name decides nothing.
        recipe = replace(Recipe(**found["recipe"]), name=self.training.recipe.name)
        found |= {"recipe": asdict(recipe)}
        for name, value in self.settings.items():
            if found[name] != value:
                raise TrainingError(
                    f"{self.folder} holds a run of another {name}: "
                    f"{_differences(found[name], value)}"
                )
        self.training.restore(state["training"])
        self.curve = [CurvePoint(**point) for point in state["curve"]]

    def _result(self) -> dict[str, Any]:
        training = self.training
        return {
            **self.settings,
            "categories": self.data.categories,
            "preprocessing": asdict(training.preprocessing),
            "test": self._tested(training.model),
            **({"best": self._best()} if training.held_out else {}),
            "curve": [asdict(point) for point in self.curve],
            "seconds": sum(point.seconds for point in self.curve),
            "device": training.device.type,
            "processes": training.workers.count,
            "threads": torch.get_num_threads(),
            "compiled": training.compiled,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }

    def _tested(self, model: torch.nn.Module) -> dict[str, Any]:
        score = evaluate(model, self.data.test, self.training.preprocessing)
        return {**asdict(score), "error_percent": score.error_percent}

    def _best(self) -> dict[str, Any]:
        """Return the epoch with the lowest loss on the held-out part, and what it is worth."""
        state = read_checkpoint(self.folder, BEST)
        model = build(self.training.spec)
        model.load_state_dict(state["training"]["model"])
        point = state["curve"][-1]
        known = ("epoch", "validation_loss", "validation_error_percent")
        test = self._tested(model.to(self.training.device))
        return {**{name: point[name] for name in known}, "test": test}


def read_checkpoint(folder: Path, name: str = CHECKPOINT) -> dict[str, Any]:
    """Return the settings, the training's state and the curve of the run in a folder.

    Args:
        name: the last epoch's file, or `BEST`.
    Raises:
        TrainingError: if there is no checkpoint, or a damaged one.
    """
    path = folder / name
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{folder} holds no {name}") from None
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
