"""What a trained network makes of pictures before its last layer: numbers to learn from."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex

import torch
from torch import Tensor, nn

from explorer import weights
from explorer.collection import Collection, CollectionError, Labelled, check_classes, shown
from explorer.pictures import Picture, PictureError, read_picture, thumbnail
from explorer.preprocessing import preprocess

BASE = weights.DEFAULT
"""The weights that give the features."""
HEAD = "fc"
"""What the last layer is called, in every network that can be the base."""
THUMBNAIL_SIDE = 144

_BATCH = 8
Report = Callable[[float, str], object]


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """Pictures as features.

    Args:
        name: of the collection.
        base: name of the weights that gave the features.
        classes: names in index order.
        paths: of each picture, its class's folder first.
        labels: shape (N,), int64, indices of `classes`.
        features: shape (N, F), float32.
        thumbnails: of each picture, a JPEG.
        left_out: a sentence on each file, or group of files, that is not used.
        identity: tells it from any other.
    """

    name: str
    base: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Tensor
    features: Tensor
    thumbnails: tuple[bytes, ...]
    left_out: tuple[str, ...]
    identity: str = field(default_factory=lambda: token_hex(8))


def with_head(network: nn.Module, head: nn.Module) -> nn.Module:
    """Return a network with another last layer; all other tensors are shared with the first.

    Args:
        network: stays as it is.
        head: takes features of shape (N, F).
    """
    tensors = network.state_dict(keep_vars=True).values()
    other = deepcopy(network, {id(tensor): tensor for tensor in tensors})
    setattr(other, HEAD, head)
    return other.eval().requires_grad_(False)


def extract(collection: Collection, report: Report = lambda done, message: None) -> Extracted:
    """Show every picture once to the base without its last layer.

    A file that cannot be read, and one that equals another, is left out: a copy on both sides
    would make the judgement too favourable.

    Args:
        collection: the pictures.
        report: is told how far it is, from 0 to 1, and in words; what it raises ends it.
    Raises:
        CollectionError: if too few pictures of a class can be read.
        WeightsError: if the base cannot be loaded.
    """
    steps = weights.find(BASE).preprocessing
    body = with_head(weights.load(BASE), nn.Identity())
    reader = _Reader()
    kept, thumbnails, features, waiting = [], [], [], []
    for number, each in enumerate(collection.pictures, start=1):
        words = f"picture {number} of {len(collection.pictures)}, {collection.classes[each.label]}"
        report((number - 1) / len(collection.pictures), words)
        if picture := reader.read(each):
            kept.append(each)
            thumbnails.append(thumbnail(picture.image, THUMBNAIL_SIDE))
            waiting.append(preprocess(picture.image, steps)[0])
        if waiting and (len(waiting) == _BATCH or number == len(collection.pictures)):
            with torch.inference_mode():
                features.append(body(torch.stack(waiting)).clone())
            waiting.clear()
    if not kept:
        raise CollectionError(
            f"{collection.name}: none of the {len(collection.pictures)} files can be read as a "
            f"picture. {reader.left_out[0].removesuffix('.')}"
        )
    check_classes(collection.name, collection.classes, [each.label for each in kept])
    return Extracted(
        name=collection.name,
        base=BASE,
        classes=collection.classes,
        paths=tuple(shown(each.path) for each in kept),
        labels=torch.tensor([each.label for each in kept]),
        features=torch.cat(features),
        thumbnails=tuple(thumbnails),
        left_out=(*collection.left_out, *reader.left_out),
    )


class _Reader:
    """Reads pictures, and notes why any is left out."""

    def __init__(self) -> None:
        self.left_out: list[str] = []
        self._known: dict[bytes, str] = {}

    def read(self, each: Labelled) -> Picture | None:
        """Return a picture, or None if it cannot be read or is there already."""
        name = shown(each.path)
        try:
            content = each.read()
            picture = read_picture(content, name)
        except (PictureError, OSError) as error:
            reason = str(error) if isinstance(error, PictureError) else f"{name} cannot be read."
            self.left_out.append(reason)
            return None
        digest = sha256(content).digest()
        if digest in self._known:
            self.left_out.append(f"{name} is a copy of {self._known[digest]}.")
            return None
        self._known[digest] = name
        return picture
