"""Handwritten digits of 8x8 pixels, small enough to learn in a minute."""

from explorer.datasets.cifar10 import FOLDER
from explorer.datasets.files import labelled, read_json, read_tiles
from explorer.datasets.records import Dataset, LabelledImages

SIDE = 8
TEST_PICTURES = 360
SUITS = {"flip": False, "crop_padding": 1}
"""A mirrored digit is another sign or none; 1 pixel of 8 is what 4 are of 32."""


def digits() -> Dataset:
    """Return the bundled digits: 1,437 to learn from and 360 to be judged by, grey.

    The last 360 are the test pictures. Thirteen people wrote them all; nobody noted who wrote
    which, but pictures of one hand appear to stand together (scikit-learn's guide shows it by cross
    validation). In this order the two parts share few hands; a random split would flatter.

    Source:
        Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", test set, as in
        scikit-learn's `load_digits`.
    """
    labels = read_json(FOLDER / "digits.json")["labels"]
    tiles = read_tiles(FOLDER / "digits.png", SIDE, "L")
    whole = labelled(tiles[: len(labels)], labels, FOLDER)
    train, test = (
        LabelledImages(whole.images[part], whole.labels[part])
        for part in (slice(None, -TEST_PICTURES), slice(-TEST_PICTURES, None))
    )
    categories = tuple(map(str, range(10)))
    return Dataset("handwritten digits, 8x8", categories, train, test, SUITS)
