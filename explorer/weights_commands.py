"""The commands about trained weights: `predict`, `fetch` and `convert`. Torch waits until used."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer import weights
from explorer.cards import FITS, Fit, WeightsEntry
from explorer.downloads import megabytes
from explorer.printing import print_json, print_table
from explorer.spec import ArchitectureSpec

if TYPE_CHECKING:
    from PIL import Image

    from explorer.prediction import Prediction

_REDRAW_SECONDS = 0.2


class _Asked(NamedTuple):
    """What weights are called, and what answers with them."""

    name: str
    answer: "Callable[[Image.Image], Prediction]"


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `predict`."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="pictures")
    parser.add_argument(
        "--weights",
        metavar="NAME",
        help="which network answers; list names them; or a file.safetensors, written by finetune",
    )
    parser.add_argument("--top", type=int, default=5, help="answers for each picture (default 5)")
    parser.add_argument(
        "--fit",
        choices=FITS,
        default=FITS[0],
        help="how a picture is brought to the network's size",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON list")


def predict(options: argparse.Namespace) -> int:
    """Say what pictures show, and return the exit status: 1 if any of them cannot be read.

    Raises:
        ValueError: if nothing can be asked.
    """
    if options.weights == "list":
        _list_weights(options.json)
        return 0
    if not options.files:
        raise ValueError("predict: name at least one picture")
    if options.top < 1:
        raise ValueError(f"--top {options.top}: at least 1")
    asked = _asked(options.weights or weights.DEFAULT, options.fit, options.top)
    answers = [_answer(Path(file), asked) for file in options.files]
    if options.json:
        print_json(answers)
    else:
        for answer in answers:
            _print_answer(answer)
    return 1 if any("error" in answer for answer in answers) else 0


def _asked(name: str, fit: Fit, top: int) -> _Asked:
    """Return who answers.

    Raises:
        ValueError: if there are no such weights, or a file does not say how to use them.
    """
    from explorer.prediction import predict

    if not name.endswith(".safetensors"):
        entry = weights.find(name)
        steps = replace(entry.preprocessing, fit=fit)
        return _Asked(name, lambda image: predict(image, entry, top, steps=steps))
    return _asked_file(Path(name), fit, top)


def _asked_file(file: Path, fit: Fit, top: int) -> _Asked:
    from explorer.checkpoints import CheckpointError, card_of, module_from
    from explorer.prediction import predict_own

    try:
        content = file.read_bytes()
        card = card_of(content)
        if card is None:
            raise CheckpointError("it does not say what its classes are, as finetune's files do")
        module = module_from(content, card.spec)
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or error}") from None
    except CheckpointError as error:
        raise ValueError(f"{file}: {error}") from None
    steps = replace(card.preprocessing, fit=fit)
    return _Asked(
        file.name,
        lambda image: predict_own(image, module, steps, card.categories, file.name, top),
    )


def _answer(file: Path, asked: _Asked) -> dict[str, Any]:
    from explorer.pictures import PictureError, read_picture

    answer: dict[str, Any] = {"file": str(file), "weights": asked.name}
    try:
        picture = read_picture(file.read_bytes(), file.name)
    except OSError as error:
        return {**answer, "error": f"{error.strerror or error}"}
    except PictureError as error:
        return {**answer, "error": str(error)}
    return {**answer, "top": [asdict(label) for label in asked.answer(picture.image).top]}


def _print_answer(answer: dict[str, Any]) -> None:
    print(f"{answer['file']}:", answer.get("error", ""))
    for label in answer.get("top", ()):
        print(f"  {label['probability']:6.1%}  {label['label']}")


def _list_weights(as_json: bool) -> None:
    entries = weights.offered()
    if as_json:
        print_json([_about(entry) for entry in entries])
        return
    rows = [
        (
            entry.name,
            entry.architecture,
            "here" if weights.is_there(entry) else "to fetch",
            f"{entry.accuracy.top1_percent:.3f}",
            f"{entry.accuracy.top5_percent:.3f}",
            megabytes(entry.size_bytes),
        )
        for entry in entries
    ]
    print_table(("weights", "variant", "file", "top-1 %", "top-5 %", "size"), rows, numeric=3)


def _about(entry: WeightsEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "variant": entry.architecture,
        "dataset": entry.dataset,
        "top1_percent": entry.accuracy.top1_percent,
        "top5_percent": entry.accuracy.top5_percent,
        "evaluation": entry.accuracy.evaluation,
        "size_bytes": entry.size_bytes,
        "licence": entry.licence,
        "source": entry.source,
        "here": weights.is_there(entry),
    }


def fetch(names: Sequence[str]) -> int:
    """Fetch weights one after another, and return the exit status.

    Raises:
        WeightsError: for a name that there is not, or weights that cannot be fetched.
    """
    for entry in [weights.find(name) for name in names]:
        if not weights.is_there(entry):
            print(f"{entry.name}: {megabytes(entry.size_bytes)} from {entry.url}", file=sys.stderr)
        line = _ProgressLine()
        try:
            weights.fetch(entry, line.show)
        except KeyboardInterrupt:
            print("\nexplorer: stopped; the same command goes on from here", file=sys.stderr)
            return 130
        finally:
            line.clear()
        print(f"{entry.name}: {weights.file_of(entry)}")
    return 0


class _ProgressLine:
    """On a terminal, a line that says how much of a file is there."""

    def __init__(self) -> None:
        self._drawn: float | None = None

    def show(self, done: int, total: int) -> None:
        """Redraw the line a few times a second."""
        if not sys.stderr.isatty():
            return
        now = monotonic()
        if self._drawn is None or now - self._drawn >= _REDRAW_SECONDS:
            self._drawn = now
            share = f"{done / total:4.0%}  {megabytes(done)} of {megabytes(total)}"
            print(f"\r\033[K{share}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Wipe the line."""
        if self._drawn is not None:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def add_convert_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `convert`, all but the variant."""
    parser.add_argument("source", metavar="FILE.pt", type=Path, help="as torch.save wrote it")
    parser.add_argument(
        "-o", dest="file", type=Path, metavar="FILE.safetensors", required=True, help="where to"
    )


def convert(spec: ArchitectureSpec | None, options: argparse.Namespace) -> int:
    """Write a PyTorch checkpoint as a safetensors file, and return the exit status.

    Raises:
        ValueError: if it holds no weights, other weights than a variant's, or cannot be written.
    """
    from explorer.conversion import convert

    content, words = convert(options.source, spec)
    try:
        options.file.write_bytes(content)
    except OSError as error:
        raise ValueError(f"{options.file}: {error.strerror or error}") from None
    print(f"{options.file}: {words}")
    return 0
