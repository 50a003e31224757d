"""A network as a backbone: the feature maps that detectors and segmenters take from it.

Source:
    The names C2 to C5 are those of Lin et al. 2017, "Feature Pyramid Networks for Object
    Detection", arXiv:1612.03144, Section 3: the output of each stage's last unit.
"""

from math import log2
from typing import NamedTuple

from explorer.analysis import analyze
from explorer.plan import plan, stage_ends
from explorer.rows import LayerRow
from explorer.spec import ArchitectureSpec

_FIRST_LEVEL = 2  # C1, at half the picture's size, is too large to be used


class FeatureMap(NamedTuple):
    """The output of one stage, for one picture.

    `name` is C2 for the first stage of a residual network, C3 for the next ...; elsewhere the
    number says the stride, as a power of two. `module` ends the stage in the built network.
    `stride` and `receptive_field` are in pixels of the picture, `size` is height and width, or the
    length of a series.
    """

    name: str
    module: str
    stage: str
    stride: int
    channels: int
    size: tuple[int, ...]
    receptive_field: int


def feature_maps(spec: ArchitectureSpec) -> tuple[FeatureMap, ...]:
    """Return what each stage gives, the finest map first; nothing where stages halve no map."""
    if spec.family not in _IN_STAGES:
        return ()
    ends = stage_ends(plan(spec).root)
    last_rows = {row.stage: row for row in analyze(spec).layers}
    stages = [stage for stage in ends if stage not in ("stem", "head")]
    maps = [_feature_map(ends[stage], last_rows[stage]) for stage in stages]
    if spec.family == "residual":
        return tuple(m._replace(name=f"C{n}") for n, m in enumerate(maps, start=_FIRST_LEVEL))
    return tuple(found for found in maps if found.stride >= 2**_FIRST_LEVEL)


_IN_STAGES = ("residual", "vgg", "googlenet", "googlenet-2014")


def _feature_map(module: str, last: LayerRow) -> FeatureMap:
    channels, *size = last.output_shape
    assert last.jump is not None and last.receptive_field is not None  # not yet pooled
    name = f"C{log2(last.jump):g}"
    seen = last.receptive_field
    return FeatureMap(name, module, last.stage, last.jump, channels, tuple(size), seen)


def backbone_code(spec: ArchitectureSpec) -> str:
    """Return Python that builds a network and fetches its feature maps, by name."""
    maps = feature_maps(spec)
    names = ", ".join(f'"{found.module}": "{found.name}"' for found in maps)
    shape = ", ".join(map(str, (1, *spec.input_shape)))
    shapes = [f"# {m.name}: {' × '.join(map(str, (1, m.channels, *m.size)))}" for m in maps]
    lines = [
        "import torch",
        "import explorer",
        "from explorer.torchvision_ops import import_torchvision",
        "",
        "import_torchvision()  # beside any build of torch, also one for CPUs alone",
        "from torchvision.models.feature_extraction import create_feature_extractor",
        "",
        f'model = explorer.build("{spec}")',
        f"stages = {{{names}}}",
        "backbone = create_feature_extractor(model, stages)",
        f"maps = backbone(torch.randn({shape}))",
        *shapes,
    ]
    return "\n".join(lines)
