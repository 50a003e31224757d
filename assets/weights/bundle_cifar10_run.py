"""Bundle a finished training on CIFAR-10: its weights in float16, and their model card.

Usage:
    python -m explorer train resnet20-cifar --data package --out runs/resnet20-cifar
    PYTHONPATH=. python assets/weights/bundle_cifar10_run.py package runs/resnet20-cifar ...

The first argument is the folder of CIFAR-10, the others are folders of finished runs. For each run
two files are written beside this script: NAME.safetensors and NAME.json, where NAME is the variant
(resnet20-cifar, resnet20-cifar-full_preactivation). The errors on the card are those of the rounded
weights. The same run gives the same weights file, byte for byte.
"""

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from explorer.cards import Preprocessing
from explorer.catalog import published
from explorer.datasets import Dataset, DatasetError, bundled_cifar10, cifar10
from explorer.network import build
from explorer.spec import ArchitectureSpec, parse
from explorer.training.loop import TrainingError, evaluate
from explorer.training.run import read_checkpoint, read_result, slug
from explorer.words import title

TEST_PICTURES = 10_000
Tensors = dict[str, torch.Tensor]


def main(arguments: list[str]) -> int:
    """Bundle the runs named on the command line; return the exit status."""
    if len(arguments) < 2 or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        data = cifar10(arguments[0])
        if len(data.test) != TEST_PICTURES:
            raise DatasetError(
                f"a card needs {TEST_PICTURES:,} test pictures, not {len(data.test)}"
            )
        for run in map(Path, arguments[1:]):
            bundle(run, data, Path(__file__).parent)
    except (DatasetError, TrainingError, OSError) as error:
        print(f"bundle_cifar10_run: {error}", file=sys.stderr)
        return 1
    return 0


def bundle(run: Path, data: Dataset, folder: Path) -> None:
    """Write the weights of one finished run, and the file that describes them.

    Raises:
        TrainingError: if the run is not finished or is one on other data.
    """
    result = read_result(run)
    found = {"name": data.name, "train": len(data.train), "test": len(data.test)}
    if result["data"] != found:
        raise TrainingError(f"{run} was trained on {result['data']}, not on {found}")
    tensors = as_half(read_checkpoint(run)["training"]["model"])
    content = save(tensors)
    name = slug(parse(result["architecture"]))
    about = card(name, result, tensors, data)
    about |= {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / f"{name}.safetensors").write_bytes(content)
    text = json.dumps(about, indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    error = about["training"]["test_error_percent"]
    print(f"{name}: {len(content):,} bytes, test error {error:.2f}%")


def as_half(state: Tensors) -> Tensors:
    """Round matrices and filters to float16; keep biases, statistics and counters as they are."""
    rounded = {}
    for name, tensor in state.items():
        tensor = tensor.half() if tensor.ndim > 1 else tensor
        if not tensor.isfinite().all():
            raise TrainingError(f"{name} does not fit into float16")
        rounded[name] = tensor.contiguous()
    return rounded


def card(name: str, result: dict[str, Any], tensors: Tensors, data: Dataset) -> dict[str, Any]:
    """Return what is known about the weights, with the errors of the rounded ones."""
    spec = parse(result["architecture"])
    steps = Preprocessing(**result["preprocessing"])
    model = build(spec)
    model.load_state_dict(tensors, strict=True)
    score = evaluate(model, data.test, steps)
    recipe, seed = result["recipe"], result["seed"]
    command = f"train {spec} --recipe {recipe['name']} --seed {seed}"
    command += " --compile" if result.get("compiled") else ""
    return {
        "name": name,
        "title": f"{title(spec)}, our own, recipe {recipe['name']}",
        "architecture": str(spec),
        "dataset": f"{data.name}, {len(data.categories)} classes",
        "source": f"our own training: python -m explorer {command}, "
        f"then assets/weights/{Path(__file__).name}",
        "licence": "MIT",
        "preprocessing": asdict(steps),
        "accuracy": {
            "top1_percent": round(100 - score.error_percent, 2),
            "top5_percent": round(100 - 100 * score.wrong_top5 / score.pictures, 2),
            "evaluation": f"all {score.pictures:,} {data.name} test pictures, one view of each, "
            "with the bundled float16 weights",
            "source": f"measured by assets/weights/{Path(__file__).name}",
        },
        "training": {
            "recipe": recipe,
            "seed": seed,
            "train_pictures": len(data.train),
            "test_pictures": score.pictures,
            "test_wrong": score.wrong,
            "test_error_percent": round(score.error_percent, 2),
            "bundled_test_wrong": evaluate(model, bundled_cifar10().test, steps).wrong,
            "published": printed_errors(spec),
            "curve": result["curve"],
            "versions": result["versions"],
        },
        "categories": list(data.categories),
    }


def printed_errors(spec: ArchitectureSpec) -> list[dict[str, str]]:
    """Return every error that is printed of this network, with its source."""
    found = published(spec)
    results = found.results if found else ()
    return [result._asdict() for result in results if "error" in result.quantity]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
