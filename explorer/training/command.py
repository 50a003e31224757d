"""The command `train`: its options, and what it prints. Torch waits until a run begins."""

import argparse
import sys
from pathlib import Path
from typing import Any

from explorer.spec import ArchitectureSpec
from explorer.training import recipe as recipes


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option but the variant."""
    parser.add_argument("--data", metavar="DIR", required=True, help="folder of CIFAR-10")
    parser.add_argument(
        "--recipe", metavar="NAME", default="short", help="short (default) or he2015"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and crops")
    parser.add_argument("--epochs", type=int, metavar="N", help="instead of the recipe's length")
    parser.add_argument("--out", metavar="DIR", type=Path, help="to fill (default runs/VARIANT)")
    parser.add_argument("--resume", action="store_true", help="go on after the last full epoch")
    parser.add_argument(
        "--evaluate-every",
        metavar="N",
        type=int,
        default=3,
        help="epochs from one look at the test pictures to the next (default 3)",
    )


def train(spec: ArchitectureSpec, options: argparse.Namespace) -> int:
    """Train a network as the options say and return the exit status.

    Raises:
        ValueError: if the recipe, the data or the folder does not allow it.
    """
    recipe = recipes.find(options.recipe, spec)
    if options.epochs is not None:
        recipe = recipe.for_epochs(options.epochs)
    from explorer import datasets
    from explorer.training.loop import Training, accelerator
    from explorer.training.progress import ProgressLine
    from explorer.training.run import Run, slug

    data = datasets.cifar10(options.data)
    training = Training(spec, recipe, data.train, options.seed, accelerator())
    folder = options.out or Path("runs") / slug(spec)
    run = Run(training, data, folder, options.evaluate_every, options.resume)
    line = ProgressLine(sys.stderr)
    try:
        result = run.finish(line.step, line.epoch)
    except KeyboardInterrupt:
        print(f"\nexplorer: stopped; --resume continues {folder}", file=sys.stderr)
        return 130
    _tell(spec, result["test"], folder)
    return 0


def _tell(spec: ArchitectureSpec, test: dict[str, Any], folder: Path) -> None:
    share = f"{test['wrong']:,} of {test['pictures']:,} wrong"
    print(f"{spec}: test error {test['error_percent']:.2f}%, {share}; {folder}")
