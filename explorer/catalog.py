"""Published networks: what their papers and repositories print, each figure with its source.

Only printed figures stand here, as printed; what a network really costs is computed by
`analysis.py`. Papers that say "FLOPs (multiply-adds)" are quoted as MACs.
"""

from dataclasses import dataclass
from functools import lru_cache

from explorer import classic_results
from explorer.printed import (
    KERAS,
    MACS,
    PARAMETERS,
    TORCHVISION,
    Column,
    Paper,
    Result,
    Table,
    accuracies,
    errors,
    test_error,
)
from explorer.spec import ArchitectureSpec, parse


@dataclass(frozen=True, slots=True)
class Published:
    """A published network.

    Args:
        text: its text form.
        title: its name and the paper it is from.
        paper: that paper's authors, title and arXiv number.
        year: of the paper's first version.
        results: every printed figure, in the order of the tables.
        note: what to know before comparing the figures; may be empty.
        deviates: whether the paper's network is not quite this one, as the note says.
    """

    text: str
    title: str
    paper: str
    year: int
    results: tuple[Result, ...]
    note: str
    deviates: bool = False

    @property
    def name(self) -> str:
        """The network's name without its paper."""
        return self.title.rpartition(" (")[0]


def published(spec: ArchitectureSpec) -> Published | None:
    """Return what is published about exactly this network, or None."""
    return _by_spec().get(spec)


@lru_cache(maxsize=1)
def entries() -> tuple[Published, ...]:
    """Return every published network, grouped by paper."""
    results: dict[str, list[Result]] = {}
    for table in (*classic_results.TABLES, *_TABLES):
        for text, result in table.results():
            results.setdefault(text, []).append(result)
    found = []
    notes = {**classic_results.NOTES, **_NOTES}
    for paper, networks in {**classic_results.NETWORKS, **_NETWORKS}.items():
        for line in networks.strip().splitlines():
            text, name, *note = line.split(" | ")
            title = f"{name} ({paper.authors} {paper.year})"
            figures = tuple(results.pop(text, ()))
            remark = " ".join(notes[key] for key in note)
            deviates = text in classic_results.DEVIATING
            found.append(Published(text, title, str(paper), paper.year, figures, remark, deviates))
    if results:
        raise ValueError(f"tables name networks that are not listed: {', '.join(results)}")
    return tuple(found)


@lru_cache(maxsize=1)
def _by_spec() -> dict[ArchitectureSpec, Published]:
    return {parse(entry.text): entry for entry in entries()}


_RESNET = Paper(
    "He et al.", 2015, "Deep Residual Learning for Image Recognition", "arXiv:1512.03385"
)
_IDENTITY = Paper(
    "He et al.", 2016, "Identity Mappings in Deep Residual Networks", "arXiv:1603.05027"
)
_STOCHASTIC = Paper("Huang et al.", 2016, "Deep Networks with Stochastic Depth", "arXiv:1603.09382")
_WIDE = Paper("Zagoruyko & Komodakis", 2016, "Wide Residual Networks", "arXiv:1605.07146")
_RESNEXT = Paper(
    "Xie et al.",
    2016,
    "Aggregated Residual Transformations for Deep Neural Networks",
    "arXiv:1611.05431",
)
_SE = Paper("Hu et al.", 2017, "Squeeze-and-Excitation Networks", "arXiv:1709.01507")

_CIFAR_10 = "CIFAR-10 test, single view"
_MEDIAN = f"{_CIFAR_10}, median of 5 runs"

_NOTES = {
    "errors_of_A": "The paper's errors for 18 layers are those of shortcut A.",
    "keras": "Keras adds biases to every convolution of the paper's network.",
    "kerasv2": "Measured at 299 × 299; downsamples in the last unit of a stage.",
    "v1.5": "Stride in the 3x3 convolution, as in fb.resnet.torch and torchvision.",
    "overfits": "Its training error falls below 0.1 %; the paper calls it overfitting.",
    "curves": "The paper prints no error of this network, it only shows curves.",
    "without_bn": "The printed 10.2 M leave out BN's parameters; with them there are 10.3 M.",
    "stride": "Stride in the 3x3 convolution, as in fb.resnet.torch.",
    "fb50": "The released ResNet-50 of fb.resnet.torch has this ordering.",
    "wrn": "Wide ResNets count projections as layers, but not the linear layer.",
    "inner": "Wider inside the bottlenecks only, as in torchvision.",
}

# Text form | name | key of a note
_NETWORKS = {
    _RESNET: """
resnet18 | ResNet-18 | errors_of_A
resnet18,shortcut=A | ResNet-18 A
resnet34 | ResNet-34 B
resnet34,shortcut=A | ResNet-34 A
resnet34,shortcut=C | ResNet-34 C
plain18 | Plain-18
plain34 | Plain-34
resnet50,stride_at=1x1 | ResNet-50
resnet101,stride_at=1x1 | ResNet-101
resnet152,stride_at=1x1 | ResNet-152
resnet50 | ResNet-50 v1.5 | v1.5
resnet101 | ResNet-101 v1.5 | v1.5
resnet152 | ResNet-152 v1.5 | v1.5
keras-resnet50 | ResNet-50 in Keras | keras
keras-resnet101 | ResNet-101 in Keras | keras
keras-resnet152 | ResNet-152 in Keras | keras
resnet20-cifar | ResNet-20 for CIFAR-10
resnet32-cifar | ResNet-32 for CIFAR-10
resnet44-cifar | ResNet-44 for CIFAR-10
resnet56-cifar | ResNet-56 for CIFAR-10
resnet110-cifar | ResNet-110 for CIFAR-10
resnet1202-cifar | ResNet-1202 for CIFAR-10 | overfits
plain20-cifar | Plain-20 for CIFAR-10 | curves
plain32-cifar | Plain-32 for CIFAR-10 | curves
plain44-cifar | Plain-44 for CIFAR-10 | curves
plain56-cifar | Plain-56 for CIFAR-10 | curves
plain110-cifar | Plain-110 for CIFAR-10
""",
    _IDENTITY: """
resnet110v2-cifar | ResNet-110 v2 for CIFAR-10
resnet110-cifar,shortcut=constant_scaling,branch_scale=1 | ResNet-110, scaled shortcuts
resnet110-cifar,shortcut=constant_scaling | ResNet-110, shortcuts and branches scaled
resnet110-cifar,shortcut=exclusive_gating | ResNet-110, exclusive gating (−6)
resnet110-cifar,shortcut=exclusive_gating,gate_bias=-7 | ResNet-110, exclusive gating (−7)
resnet110-cifar,shortcut=shortcut_only_gating,gate_bias=0 | ResNet-110, gated shortcuts (0)
resnet110-cifar,shortcut=shortcut_only_gating | ResNet-110, gated shortcuts (−6)
resnet110-cifar,shortcut=C | ResNet-110, 1x1 convolution shortcuts
resnet110-cifar,shortcut=dropout | ResNet-110, dropout shortcuts
resnet110-cifar,ordering=bn_after_addition | ResNet-110, BN after addition, for CIFAR-10
resnet110-cifar,ordering=relu_before_addition | ResNet-110, ReLU before addition, for CIFAR-10
resnet110-cifar,ordering=relu_only_preactivation | ResNet-110, ReLU-only preactivation, for CIFAR-10
resnet164-cifar | ResNet-164 for CIFAR-10
resnet164v2-cifar | ResNet-164 v2 for CIFAR-10
resnet164-cifar,ordering=bn_after_addition | ResNet-164, BN after addition, for CIFAR-10
resnet164-cifar,ordering=relu_before_addition | ResNet-164, ReLU before addition, for CIFAR-10
resnet164-cifar,ordering=relu_only_preactivation | ResNet-164, ReLU-only preactivation, for CIFAR-10
resnet1001-cifar | ResNet-1001 for CIFAR-10
resnet1001v2-cifar | ResNet-1001 v2 for CIFAR-10 | without_bn
resnet164-cifar,classes=100 | ResNet-164 for CIFAR-100
resnet164v2-cifar,classes=100 | ResNet-164 v2 for CIFAR-100
resnet1001-cifar,classes=100 | ResNet-1001 for CIFAR-100
resnet1001v2-cifar,classes=100 | ResNet-1001 v2 for CIFAR-100
keras-resnet50v2 | ResNet-50 v2 in Keras | kerasv2
keras-resnet101v2 | ResNet-101 v2 in Keras | kerasv2
keras-resnet152v2 | ResNet-152 v2 in Keras | kerasv2
resnet152v2 | ResNet-152 v2 | stride
resnet200 | ResNet-200 | stride
resnet200v2 | ResNet-200 v2 | stride
resnet101,ordering=bn_after_addition,stride_at=1x1 | ResNet-101, BN after addition
resnet50,ordering=bn_after_addition | ResNet-50, BN after addition | fb50
""",
    _STOCHASTIC: """
resnet110-cifar,survival=0.5 | ResNet-110 with stochastic depth for CIFAR-10
""",
    _WIDE: """
wrn-40-2-cifar | WRN-40-2 | wrn
wrn-40-4-cifar | WRN-40-4 | wrn
wrn-40-8-cifar | WRN-40-8 | wrn
wrn-28-10-cifar | WRN-28-10 | wrn
wrn-16-8-cifar | WRN-16-8 | wrn
wrn-16-10-cifar | WRN-16-10 | wrn
wrn-22-8-cifar | WRN-22-8 | wrn
wrn-22-10-cifar | WRN-22-10 | wrn
wrn-28-12-cifar | WRN-28-12 | wrn
wide_resnet50_2 | WRN-50-2 | inner
wide_resnet101_2 | WRN-101-2 | inner
""",
    _RESNEXT: """
resnext50_32x4d | ResNeXt-50 32x4d
resnext101_64x4d,groups=32 | ResNeXt-101 32x4d
resnext101_64x4d | ResNeXt-101 64x4d
resnext101_32x8d | ResNeXt-101 32x8d
plain50 | ResNet-50 without shortcuts
resnext50_32x4d,shortcut=none | ResNeXt-50 32x4d without shortcuts
resnext29_8x64d-cifar | ResNeXt-29 8x64d for CIFAR-10
resnext29_16x64d-cifar | ResNeXt-29 16x64d for CIFAR-10
""",
    _SE: """
seresnet50,stride_at=1x1 | SE-ResNet-50
seresnet101,stride_at=1x1 | SE-ResNet-101
""",
}

_TABLES = (
    Table(
        _RESNET.at("Table 1"),
        (MACS,),
        """
resnet18                1.8
resnet18,shortcut=A     1.8
resnet34                3.6
resnet34,shortcut=A     3.6
resnet50,stride_at=1x1  3.8
resnet101,stride_at=1x1 7.6
resnet152,stride_at=1x1 11.3
""",
    ),
    Table(_RESNET.at("Section 3.3"), (MACS,), "plain34 3.6"),
    Table(
        _RESNET.at("Tables 2 and 3"),
        errors("10-crop"),
        """
plain18                 27.94 -
resnet18,shortcut=A     27.88 -
plain34                 28.54 10.02
resnet34,shortcut=A     25.03 7.76
resnet34                24.52 7.46
resnet34,shortcut=C     24.19 7.40
resnet50,stride_at=1x1  22.85 6.71
resnet101,stride_at=1x1 21.75 6.05
resnet152,stride_at=1x1 21.43 5.71
""",
    ),
    Table(
        _RESNET.at("Table 4"),
        errors("single model, fully convolutional at several scales"),
        """
resnet34                21.84 5.71
resnet34,shortcut=C     21.53 5.60
resnet50,stride_at=1x1  20.74 5.25
resnet101,stride_at=1x1 19.87 4.60
resnet152,stride_at=1x1 19.38 4.49
""",
    ),
    Table(
        "github.com/KaimingHe/deep-residual-networks, README",
        errors("one crop of 224"),
        """
resnet50,stride_at=1x1  24.7 7.8
resnet101,stride_at=1x1 23.6 7.1
resnet152,stride_at=1x1 23.0 6.7
""",
    ),
    Table(
        KERAS,
        accuracies("one crop of 224, the Keras weights"),
        """
keras-resnet50  74.928 92.060
keras-resnet101 76.420 92.786
keras-resnet152 76.604 93.118
""",
    ),
    Table(
        KERAS,
        accuracies("one crop of 299, the Keras weights"),
        """
keras-resnet50v2  75.960 93.034
keras-resnet101v2 77.234 93.816
keras-resnet152v2 78.032 94.162
""",
    ),
    Table(
        TORCHVISION,
        (
            Column("parameters", "", "recorded as num_params"),
            Column("MACs", "e9", "one image of 224 × 224; recorded as _ops, in GFLOPS"),
            *accuracies("one crop of 224, weights IMAGENET1K_V1"),
            *accuracies("one crop of 224, weights IMAGENET1K_V2"),
        ),
        """
resnet18                              11,689,512  1.814  69.758 89.078 -      -
resnet34                              21,797,672  3.664  73.314 91.420 -      -
resnet50                              25,557,032  4.089  76.130 92.862 80.858 95.434
resnet101                             44,549,160  7.801  77.374 93.546 81.886 95.780
resnet152                             60,192,808  11.514 78.312 94.046 82.284 96.002
resnext50_32x4d  25,028,904  4.230  77.618 93.698 81.198 95.340
resnext101_32x8d 88,791,336  16.414 79.312 94.526 82.834 96.228
resnext101_64x4d 83,455,272  15.460 83.246 96.454 -      -
wide_resnet50_2          68,883,240  11.398 78.468 94.086 81.602 95.758
wide_resnet101_2         126,886,696 22.753 78.848 94.284 82.510 96.020
""",
    ),
    Table(
        "github.com/facebook/fb.resnet.torch, pretrained/README",
        (*errors("one crop of 224"), *errors("10-crop")),
        """
resnet18                            30.43 10.76 28.22 9.42
resnet34                            26.73 8.74  24.76 7.35
resnet50,ordering=bn_after_addition 24.01 7.02  22.24 6.08
resnet101                           22.44 6.21  21.08 5.35
resnet152                           22.16 6.16  20.69 5.21
resnet200v2                         21.66 5.79  20.15 4.93
""",
    ),
    Table(
        _RESNET.at("Table 6"),
        (PARAMETERS, test_error(_CIFAR_10)),
        """
resnet20-cifar   0.27 8.75
resnet32-cifar   0.46 7.51
resnet44-cifar   0.66 7.17
resnet56-cifar   0.85 6.97
resnet110-cifar  1.7  -
resnet1202-cifar 19.4 7.93
""",
    ),
    Table(
        _RESNET.at("Table 6"),
        (
            test_error(f"{_CIFAR_10}, best of 5 runs"),
            test_error(f"{_CIFAR_10}, mean and deviation of 5 runs"),
        ),
        "resnet110-cifar 6.43 6.61±0.16",
    ),
    Table(
        _RESNET.at("Fig. 6"),
        (Column("error", " %", "CIFAR-10; too high for the figure's axis, not displayed"),),
        "plain110-cifar >60",
    ),
    Table(
        "github.com/akamaster/pytorch_resnet_cifar10, README",
        (test_error("CIFAR-10 test, a reproduction trained on all 50,000 pictures"),),
        """
resnet20-cifar   8.27
resnet32-cifar   7.37
resnet44-cifar   6.90
resnet56-cifar   6.61
resnet110-cifar  6.32
resnet1202-cifar 6.18
""",
    ),
    Table(
        _IDENTITY.at("Table 1"),
        (test_error(f"{_MEDIAN}; the case of shortcuts scaled by 0, reported as failed"),),
        "plain110-cifar >20",
    ),
    Table(
        _IDENTITY.at("Table 1"),
        (test_error(f"{_MEDIAN}; the paper reports an error above 20 % as failed"),),
        """
resnet110-cifar,shortcut=constant_scaling,branch_scale=1  >20
resnet110-cifar,shortcut=constant_scaling                 12.35
resnet110-cifar,shortcut=exclusive_gating                 8.70
resnet110-cifar,shortcut=exclusive_gating,gate_bias=-7    9.81
resnet110-cifar,shortcut=shortcut_only_gating,gate_bias=0 12.86
resnet110-cifar,shortcut=shortcut_only_gating             6.91
resnet110-cifar,shortcut=C                                12.22
resnet110-cifar,shortcut=dropout                          >20
""",
    ),
    Table(
        "github.com/yueatsprograms/Stochastic_Depth, README",
        (test_error("CIFAR-10 test, the epoch of best validation"),),
        "resnet110-cifar,survival=0.5 5.25",
    ),
    Table(
        _IDENTITY.at("Tables 2 and 3"),
        (test_error(_MEDIAN),),
        """
resnet110-cifar                                  6.61
resnet110-cifar,ordering=bn_after_addition       8.17
resnet110-cifar,ordering=relu_before_addition    7.84
resnet110-cifar,ordering=relu_only_preactivation 6.71
resnet110v2-cifar                                6.37
resnet164-cifar                                  5.93
resnet164-cifar,ordering=bn_after_addition       6.50
resnet164-cifar,ordering=relu_before_addition    6.14
resnet164-cifar,ordering=relu_only_preactivation 5.91
resnet164v2-cifar                                5.46
resnet1001-cifar                                 7.61
resnet1001v2-cifar                               4.92
""",
    ),
    Table(
        _IDENTITY.at("Table 3"),
        (test_error("CIFAR-100 test, single view, median of 5 runs"),),
        """
resnet164-cifar,classes=100    25.16
resnet164v2-cifar,classes=100  24.33
resnet1001-cifar,classes=100   27.82
resnet1001v2-cifar,classes=100 22.71
""",
    ),
    Table(
        _IDENTITY.at("Table 4"),
        (PARAMETERS, test_error(f"{_MEDIAN}, batches of 64")),
        """
resnet164v2-cifar  1.7  -
resnet1001v2-cifar 10.2 4.62
""",
    ),
    Table(
        _IDENTITY.at("Table 5"),
        (
            *errors("one crop of 224, scale augmentation"),
            *errors("one crop of 320, scale augmentation"),
            *errors("one crop of 320, scale and aspect ratio augmentation"),
        ),
        """
resnet152,stride_at=1x1 23.0 6.7 21.3 5.5 -    -
resnet152v2             -    -   21.1 5.5 -    -
resnet200               -    -   21.8 6.0 -    -
resnet200v2             -    -   20.7 5.3 20.1 4.8
""",
    ),
    Table(
        _IDENTITY.at("Section 5"),
        errors("one crop of 224"),
        "resnet101,ordering=bn_after_addition,stride_at=1x1 24.6 7.5",
    ),
    Table(
        _WIDE.at("Tables 4 and 5"),
        (
            PARAMETERS,
            test_error("CIFAR-10 test, pictures whitened (ZCA)"),
            test_error("CIFAR-10 test, mean and deviation normalised"),
        ),
        """
wrn-40-2-cifar  2.2  5.33 -
wrn-40-4-cifar  8.9  4.97 4.53
wrn-40-8-cifar  35.7 4.66 -
wrn-28-10-cifar 36.5 4.17 4.00
wrn-28-12-cifar 52.5 4.33 -
wrn-22-8-cifar  17.2 4.38 -
wrn-22-10-cifar 26.8 4.44 -
wrn-16-8-cifar  11.0 4.81 4.27
wrn-16-10-cifar 17.1 4.56 -
""",
    ),
    Table(
        _WIDE.at("Table 8"),
        (PARAMETERS, *errors("one crop of 224")),
        "wide_resnet50_2 68.9 21.9 6.03",
    ),
    Table(
        _RESNEXT.at("Table 1"),
        (PARAMETERS, MACS),
        """
resnet50                      25.5 4.1
resnext50_32x4d 25.0 4.2
""",
    ),
    Table(
        _RESNEXT.at("Tables 3 to 5"),
        errors("one crop of 224"),
        """
resnet50                      23.9 -
plain50        31.2 -
resnext50_32x4d               22.2 -
resnext50_32x4d,shortcut=none 26.1 -
resnet101                     22.0 6.0
resnext101_64x4d,groups=32    21.2 5.6
resnext101_64x4d              20.4 5.3
""",
    ),
    Table(
        _RESNEXT.at("Table 7"),
        (PARAMETERS, test_error(_CIFAR_10)),
        """
resnext29_8x64d-cifar  34.4 3.65
resnext29_16x64d-cifar 68.1 3.58
""",
    ),
    Table(
        _SE.at("Section 4 and Table 2"),
        (MACS, Column("top-5 error", " %", "ImageNet validation, one crop of 224")),
        """
seresnet50,stride_at=1x1  3.87 6.62
seresnet101,stride_at=1x1 -    6.07
""",
    ),
)
