"""The long work of the view Explain, as functions for the job queue.

What is kept of a network's features is what a page shows of them: small pictures and a few numbers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.ui.explaining.opened import Looked, Shown, look_into
from explorer.ui.predicting.asked import Asked
from explorer.ui.tasks import Kept, Work

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.explanation.cam import Cam
    from explorer.explanation.receptive import EffectiveField

MAX_KEPT_BYTES = 2**25
"""Of each kind of explanation; the most recent ones, all visitors together."""

MOST_MAPS = 64
"""Channels that are shown of a layer, and filters of the first one."""

PICTURE, NOISE = "picture", "noise"
"""What the input is that a receptive field is measured on."""
NOISE_PICTURES = 16
_SEED = 0


class StageMap(NamedTuple):
    """Grad-CAM at one stage.

    Args:
        stage: its name.
        layer: the module whose output is weighed.
        values: shape (h, w), unscaled.
        png: the map at the picture's size, from 0 to its own maximum.
        focus: share of the picture that holds half of it; None where the map is empty.
    """

    stage: str
    layer: str
    values: "NDArray[np.float32]"
    png: bytes
    focus: float | None


class Attribution(NamedTuple):
    """What the network is shown, and Grad-CAM at every stage of it."""

    picture: bytes
    stages: tuple[StageMap, ...]


class Covered(NamedTuple):
    """What covering does, beside Grad-CAM.

    Args:
        attribution: Grad-CAM of the same class.
        probability: of the class for the whole picture.
        lowest: the same where the class suffers most.
        patch: side of the square in pixels.
        stride: pixels from one place to the next.
        drops: what each place of the square takes of the probability.
        png: the mean drop of each pixel, scaled by the largest.
        correlations: of that with Grad-CAM, for each stage; nan where one of them is constant.
    """

    attribution: Attribution
    probability: float
    lowest: float
    patch: int
    stride: int
    drops: "NDArray[np.float32]"
    png: bytes
    correlations: tuple[float, ...]


class Maps(NamedTuple):
    """The channels of a layer, strongest first, and the first layer's filters.

    Args:
        picture: what the network is shown.
        layer: the module's name.
        size: height and width of its maps.
        channels: how many the layer has.
        silent: how many of them are 0 everywhere.
        indices: of the strongest channels.
        strengths: mean absolute activation of each of those.
        total: the sum of these of all channels.
        largest: of all the numbers in the pictures, whatever their sign.
        tiles: PNGs of the channels, from -`largest` to `largest`.
        filters: the first of them, as `first_filters` gives them.
        filter_tiles: PNGs of these.
        filter_count: how many there are in all.
    """

    picture: bytes
    layer: str
    size: tuple[int, int]
    channels: int
    silent: int
    indices: tuple[int, ...]
    strengths: tuple[float, ...]
    total: float
    largest: float
    tiles: tuple[bytes, ...]
    filters: "NDArray[np.float32]"
    filter_tiles: tuple[bytes, ...]
    filter_count: int


class Field(NamedTuple):
    """An effective receptive field, what the network is shown, and the field as a PNG upon it."""

    picture: bytes
    png: bytes
    found: "EffectiveField"


def _size(found: Any) -> int:
    """Return about how many bytes a result holds."""
    if isinstance(found, bytes):
        return len(found)
    if isinstance(found, tuple):
        return 64 + sum(map(_size, found))
    if hasattr(found, "share"):
        return int(found.share.nbytes)
    return int(getattr(found, "nbytes", 32))


def kept() -> Kept[Any]:
    """Return room for one kind of explanation."""
    return Kept(MAX_KEPT_BYTES, _size)


_attributions: Kept[Attribution | str] = kept()
_covered: Kept[Covered | str] = kept()
_maps: Kept[Maps | str] = kept()
_fields: Kept[Field | str] = kept()


def attributions(
    asked: Sequence[Asked], picture: Shown, labels: Sequence[int]
) -> Work[tuple[Attribution | str, ...]]:
    """Compute Grad-CAM of a class at every stage of each network."""
    return look_into(asked, picture, labels, _attributions, _attribute)


def _attribute(looked: Looked, label: int) -> Attribution:
    from explorer.explanation.cam import grad_cams
    from explorer.figures import rasters

    cams = grad_cams(looked.spec, looked.module, looked.image, label)
    return Attribution(rasters.picture(looked.shown), tuple(map(_stage_map, cams)))


def _stage_map(cam: "Cam") -> StageMap:
    from explorer.explanation.cam import focus
    from explorer.figures import rasters

    share = focus(cam.heat) if cam.heat.any() else None
    return StageMap(cam.stage, cam.layer, cam.values, rasters.heat(cam.heat), share)


class Cover(NamedTuple):
    """Which class is asked for, and the side and the stride of the square that covers."""

    label: int
    patch: int
    stride: int


def coverings(
    asked: Sequence[Asked], picture: Shown, covers: Sequence[Cover]
) -> Work[tuple[Covered | str, ...]]:
    """Slide a square over the picture, and hold what it takes against Grad-CAM."""
    return look_into(asked, picture, covers, _covered, _cover)


def _cover(looked: Looked, cover: Cover) -> Covered:
    from explorer.explanation.cam import grad_cams
    from explorer.explanation.occlusion import correlation, occlusion
    from explorer.figures import rasters

    cams = grad_cams(looked.spec, looked.module, looked.image, cover.label)
    found = occlusion(
        looked.spec,
        looked.module,
        looked.image,
        cover.label,
        cover.patch,
        cover.stride,
        looked.report,
    )
    largest = float(abs(found.heat).max()) or 1.0
    return Covered(
        Attribution(rasters.picture(looked.shown), tuple(map(_stage_map, cams))),
        found.probability,
        found.lowest,
        found.patch,
        found.stride,
        found.drops,
        rasters.heat(found.heat / largest),
        tuple(correlation(cam.heat, found.heat) for cam in cams),
    )


def maps(
    asked: Sequence[Asked], picture: Shown, layers: Sequence[str]
) -> Work[tuple[Maps | str, ...]]:
    """Compute the feature maps of a layer of each network, and its first filters."""
    return look_into(asked, picture, layers, _maps, _map)


def _map(looked: Looked, layer: str) -> Maps:
    from explorer.explanation.features import feature_maps, first_filters
    from explorer.figures import rasters

    filters = first_filters(looked.spec, looked.module, looked.steps.channels)
    found = feature_maps(looked.spec, looked.module, looked.image, layer, MOST_MAPS)
    shown = found.maps
    largest = float(abs(shown).max())
    return Maps(
        rasters.picture(looked.shown),
        layer,
        (shown.shape[1], shown.shape[2]),
        found.channels,
        found.silent,
        found.indices,
        found.strengths,
        found.total,
        largest,
        tuple(rasters.heat(each / (largest or 1.0)) for each in shown),
        filters[:MOST_MAPS].copy(),
        tuple(map(rasters.tile, filters[:MOST_MAPS])),
        len(filters),
    )


class Place(NamedTuple):
    """A unit, and whether its field is that of this picture or the mean over noise."""

    unit: str
    source: str


def fields(
    asked: Sequence[Asked], picture: Shown, places: Sequence[Place]
) -> Work[tuple[Field | str, ...]]:
    """Measure the effective receptive field of a unit of each network."""
    return look_into(asked, picture, places, _fields, _field)


def _field(looked: Looked, place: Place) -> Field:
    from explorer.explanation.receptive import effective_field, noise
    from explorer.figures import rasters

    spec = looked.spec
    images = looked.image[None] if place.source == PICTURE else noise(spec, NOISE_PICTURES, _SEED)
    found = effective_field(spec, looked.module, place.unit, images, looked.report)
    # The root, or a few strongest pixels would be all that is seen.
    bright = (found.share / found.share.max()) ** 0.5
    picture, gradient = rasters.picture(looked.shown), rasters.heat(bright)
    return Field(rasters.enlarged(picture), rasters.enlarged(gradient), found)
