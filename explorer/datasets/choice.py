"""The data sets by the words that name them on the command line."""

from collections.abc import Callable

from explorer.datasets.cifar10 import bundled_cifar10, cifar10, downloaded_cifar10
from explorer.datasets.digits import digits
from explorer.datasets.folder import labelled_folder
from explorer.datasets.records import Dataset
from explorer.spec import ArchitectureSpec

_BY_NAME: dict[str, Callable[[], Dataset]] = {
    "cifar10": downloaded_cifar10,
    "bundled": bundled_cifar10,
    "digits": digits,
}


def load(text: str, spec: ArchitectureSpec) -> Dataset:
    """Return the data set that a text names.

    Args:
        text: `cifar10` (downloaded once), `cifar10:DIR` or a folder's name alone (a folder of
            CIFAR-10), `bundled` (the part of it that comes along), `digits`, or `folder:DIR` (one
            folder of pictures a class).
        spec: the network they are for; only `folder:` looks at it.
    Raises:
        DatasetError: if there is no such data or it cannot be read.
    """
    if text in _BY_NAME:
        return _BY_NAME[text]()
    kind, colon, folder = text.partition(":")
    if colon and kind == "folder":
        return labelled_folder(folder, spec)
    return cifar10(folder if colon and kind == "cifar10" else text)
