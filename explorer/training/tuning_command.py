"""The command `finetune`: its options, and what it prints. Torch waits until it is needed."""

import argparse
import sys
from pathlib import Path

from explorer.archive import read_zip
from explorer.collection import Collection, read_folder
from explorer.training.head_settings import HeadSettings


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option."""
    parser.add_argument(
        "source", metavar="PATH", type=Path, help="a folder or zip with a folder for each class"
    )
    parser.add_argument(
        "-o", dest="file", type=Path, metavar="FILE.safetensors", required=True, help="where to"
    )
    parser.add_argument(
        "--held-out", type=int, default=25, help="percent of each class to judge by (default 25)"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws that part")
    parser.add_argument("--weight-decay", type=float, default=0.01, help="(default 0.01)")


def finetune(options: argparse.Namespace) -> int:
    """Train a head for the pictures of a folder or zip, and return the exit status.

    Raises:
        ValueError: if they, or the options, do not allow it.
    """
    from explorer.training.features import extract
    from explorer.training.fine_tuning import fine_tune
    from explorer.training.tuned_file import write_file

    settings = HeadSettings(options.held_out, options.seed, options.weight_decay)
    extracted = extract(_read(options.source), _tell_progress)
    _tell_progress(1.0, "")
    for sentence in extracted.left_out:
        print(f"explorer: left out: {sentence}", file=sys.stderr)
    tuned = fine_tune(extracted, settings)
    try:
        options.file.write_bytes(write_file(tuned))
    except OSError as error:
        raise ValueError(f"{options.file}: {error.strerror or error}") from None
    scores = tuned.scores
    low, high = scores.accuracy_interval_percent
    print(
        f"{tuned.spec}: {scores.right} of {scores.pictures} held-out pictures right, "
        f"{scores.accuracy_percent:.1f}% (95% confidence: {low:.1f}% to {high:.1f}%); "
        f"{options.file}"
    )
    return 0


def _read(source: Path) -> Collection:
    if source.is_dir():
        return read_folder(source)
    try:
        return read_zip(source.read_bytes(), source.name)
    except OSError as error:
        raise ValueError(f"{source}: {error.strerror or error}") from None


def _tell_progress(done: float, message: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{done:4.0%}  {message}", end="", file=sys.stderr, flush=True)
