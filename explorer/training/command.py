"""The command `train`: its options, and what it prints. Torch waits until a run begins."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.spec import ArchitectureSpec
from explorer.training import recipe as recipes
from explorer.training import recipe_text
from explorer.training.recipe import KINDS, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from explorer.cards import CurvePoint
    from explorer.training.progress import Progress
    from explorer.training.run import Run
    from explorer.training.workers import Workers

_SETTINGS = {
    "epochs": "passes over the training pictures, instead of the recipe's length",
    "iterations": "steps, instead of the recipe's length",
    "batch": "pictures a step",
    "optimizer": "sgd or adam",
    "learning_rate": "the highest of the schedule",
    "momentum": "of sgd; adam's first beta",
    "nesterov": "look ahead along the momentum",
    "weight_decay": "of the L2 penalty",
    "schedule": "step, cosine, one_cycle or plateau",
    "milestones": "where step divides by 10: shares of the whole, as in 0.5-0.75",
    "plateau_patience": "epochs without a lower watched loss before plateau divides by 10",
    "warmup_iterations": "first steps at another rate",
    "warmup_rate": "that rate",
    "crop_padding": "zeros around a picture before it is cropped at random",
    "flip": "mirror every other picture",
    "rotation": "turn pictures by up to so many degrees either way",
    "contrast": "vary the contrast by up to this share",
    "normalisation": "per_channel or per_pixel_mean",
    "label_smoothing": "share of the target spread over all classes",
    "bfloat16": "mixed precision: layers compute in bfloat16",
    "channels_last": "memory order of pictures and filters",
    "validation": "share of the training pictures that is held out and watched",
    "patience": "stop after so many epochs without a lower loss on the held-out part",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option but the variant."""
    parser.add_argument(
        "--data",
        metavar="DATA",
        required=True,
        help="cifar10:DIR or DIR, a folder of CIFAR-10; cifar10, downloaded once; bundled, a part "
        "of it; digits, 8x8 pixels; folder:DIR, one folder of pictures a class",
    )
    parser.add_argument(
        "--recipe",
        metavar="TEXT",
        default="short",
        help="short (default) or he2015, and settings: short,batch=64",
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and crops")
    parser.add_argument("--out", metavar="DIR", type=Path, help="to fill (default runs/VARIANT)")
    parser.add_argument("--resume", action="store_true", help="go on after the last full epoch")
    parser.add_argument(
        "--evaluate-every",
        metavar="N",
        type=int,
        default=3,
        help="epochs from one look at the test pictures to the next (default 3)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="fuse layers first (torch.compile): minutes of waiting, then faster epochs",
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write the curve for TensorBoard too"
    )
    settings = parser.add_argument_group("settings of the recipe")
    for field, about in _SETTINGS.items():
        flag = "--" + field.replace("_", "-")
        if KINDS[field] is bool:
            settings.add_argument(flag, action=argparse.BooleanOptionalAction, help=about)
        else:
            settings.add_argument(flag, metavar="VALUE", help=about)


def train(spec: ArchitectureSpec, options: argparse.Namespace) -> int:
    """Train a network as the options say and return the exit status.

    Raises:
        ValueError: if the recipe, the data or the folder does not allow it.
    """
    recipe = recipes.find(_recipe_text(options), spec)
    from explorer.training.workers import working_together

    with working_together() as (workers, device):
        return _train(spec, recipe, options, workers, device)


def _recipe_text(options: argparse.Namespace) -> str:
    """Return the recipe with the settings that were given as options."""
    given = {field: getattr(options, field) for field in _SETTINGS}
    settings = [
        f"{field}={recipe_text.written(value)}"
        for field, value in given.items()
        if value is not None
    ]
    return ",".join([options.recipe, *settings])


def _train(
    spec: ArchitectureSpec,
    chosen: Recipe,
    options: argparse.Namespace,
    workers: "Workers",
    device: "torch.device",
) -> int:
    from explorer import datasets
    from explorer.training.loop import Training
    from explorer.training.run import Run, slug

    data = workers.in_turn(lambda: datasets.load(options.data, spec))
    recipe = chosen.suited(data.suits)
    training = Training(
        spec, recipe, data.train, options.seed, device, workers, compiled=options.compile
    )
    folder = options.out or Path("runs") / slug(spec)
    run = Run(training, data, folder, options.evaluate_every, options.resume)
    if recipe != chosen and workers.first:
        print(f"explorer: for {data.name}, recipe {recipe.name}", file=sys.stderr)
    try:
        with ExitStack() as stack:
            result = run.finish(*_listeners(run, options, stack) if workers.first else ())
    except KeyboardInterrupt:
        if workers.first:
            print(f"\nexplorer: stopped; --resume continues {folder}", file=sys.stderr)
        return 130
    if workers.first:
        _tell(spec, result, folder)
    return 0


def _listeners(
    run: "Run", options: argparse.Namespace, stack: ExitStack
) -> "tuple[Callable[[Progress], None], Callable[[CurvePoint], None]]":
    """Return who is told of each step and of each epoch."""
    from explorer.training.progress import ProgressLine
    from explorer.training.tensorboard import EventFile

    line = ProgressLine(sys.stderr)
    if not options.tensorboard:
        return line.step, line.epoch
    events = EventFile(run.folder, run.curve)
    stack.callback(events.close)

    def epoch(point: "CurvePoint") -> None:
        line.epoch(point)
        events.epoch(point)

    return line.step, epoch


def _tell(spec: ArchitectureSpec, result: dict[str, Any], folder: Path) -> None:
    print(f"{spec}: {_error(result['test'])}; {folder}")
    if best := result.get("best"):
        print(f"lowest held-out loss after epoch {best['epoch']}: {_error(best['test'])}")


def _error(test: dict[str, Any]) -> str:
    share = f"{test['wrong']:,} of {test['pictures']:,} wrong"
    return f"test error {test['error_percent']:.2f}%, {share}"
