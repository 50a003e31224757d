"""Write the bundled digits from the table that scikit-learn carries.

Usage:
    pip download scikit-learn==1.9.1 --no-deps
    unzip -j scikit_learn-1.9.1-*.whl sklearn/datasets/data/digits.csv.gz
    python assets/data/select_digits.py digits.csv.gz [output folder]

All 1,797 pictures are kept, in their order. A value from 0 to 16 becomes round(value * 255 / 16).
Two files are written, by default beside this script: digits.png, 50 grey tiles of 8x8 pixels a row,
the last three of them empty, and digits.json with the labels.
"""

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, COLUMNS, PICTURES = 8, 50, 1797


def main(arguments: list[str]) -> int:
    """Read the table named on the command line; return the exit status."""
    if not 1 <= len(arguments) <= 2 or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    folder = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).parent
    try:
        with gzip.open(arguments[0], "rt", encoding="ascii", newline="") as table:
            rows = np.array([[float(value) for value in row] for row in csv.reader(table)])
        if rows.shape != (PICTURES, SIDE * SIDE + 1):
            raise ValueError(f"{arguments[0]} is no table of {PICTURES:,} digits: {rows.shape}")
        sheet(rows[:, :-1]).save(folder / "digits.png", optimize=True)
        about = {"labels": rows[:, -1].astype(int).tolist()}
        (folder / "digits.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"select_digits: {error}", file=sys.stderr)
        return 1
    return 0


def sheet(values: np.ndarray) -> Image.Image:
    """Lay out N pictures of 64 values from 0 to 16 as tiles, `COLUMNS` a row."""
    rows = -(-len(values) // COLUMNS)
    tiles = np.zeros((rows * COLUMNS, SIDE, SIDE), np.uint8)
    tiles[: len(values)] = np.rint(values * 255 / 16).reshape(-1, SIDE, SIDE)
    picture = tiles.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2)
    return Image.fromarray(picture.reshape(rows * SIDE, COLUMNS * SIDE))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
