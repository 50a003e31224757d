"""Labelled pictures to train and test on.

Every picture is decoded once and kept as bytes; all of CIFAR-10 takes 184 MB.
"""

from explorer.datasets.choice import load
from explorer.datasets.cifar10 import CIFAR10_CATEGORIES, bundled_cifar10, cifar10
from explorer.datasets.digits import digits
from explorer.datasets.folder import labelled_folder
from explorer.datasets.records import Dataset, DatasetError, LabelledImages, hold_out

__all__ = [
    "CIFAR10_CATEGORIES",
    "Dataset",
    "DatasetError",
    "LabelledImages",
    "bundled_cifar10",
    "cifar10",
    "digits",
    "hold_out",
    "labelled_folder",
    "load",
]
