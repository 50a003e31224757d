"""Ready-made comparisons: variants that belong side by side, and what there is to see."""

from typing import NamedTuple


class ReadyMade(NamedTuple):
    """A comparison of up to four variants.

    Args:
        title: what stands side by side.
        question: what the comparison answers, and where it comes from.
        texts: the variants' text forms.
    """

    title: str
    question: str
    texts: tuple[str, ...]


COMPARISONS = (
    ReadyMade(
        "Plain-34 | ResNet-34",
        "What shortcuts add: no parameters (He et al. 2015, Table 2)",
        ("plain34", "resnet34,shortcut=A"),
    ),
    ReadyMade(
        "ResNet-34 | ResNet-50",
        "Basic against bottleneck units, 16 of each (He et al. 2015, Table 1)",
        ("resnet34", "resnet50,stride_at=1x1"),
    ),
    ReadyMade(
        "ResNet-50 v1 | v1.5 | v2",
        "Three networks of one name: the paper's, torchvision's, full pre-activation",
        ("resnet50,stride_at=1x1", "resnet50", "resnet50v2"),
    ),
    ReadyMade(
        "Shortcut A | B | C",
        "What a shortcut does where the shape changes (He et al. 2015, Table 3)",
        (
            "resnet34,shortcut=A",
            "resnet34",
            "resnet34,shortcut=C",
        ),
    ),
    ReadyMade(
        "Orderings: original | BN after | ReLU before | ReLU only",
        "Where BN and ReLU stand around the addition (He et al. 2016, Fig. 4a to d)",
        (
            "resnet110-cifar",
            "resnet110-cifar,ordering=bn_after_addition",
            "resnet110-cifar,ordering=relu_before_addition",
            "resnet110-cifar,ordering=relu_only_preactivation",
        ),
    ),
    ReadyMade(
        "Orderings: original | ReLU before | ReLU only | full",
        "Which of them carries the signal best (He et al. 2016, Fig. 4a, c, d and e)",
        (
            "resnet110-cifar",
            "resnet110-cifar,ordering=relu_before_addition",
            "resnet110-cifar,ordering=relu_only_preactivation",
            "resnet110v2-cifar",
        ),
    ),
    ReadyMade(
        "ResNet-50 | ResNeXt-50 | Wide-50 | SE-50",
        "Four ways to spend on a bottleneck: none, cardinality, width, attention to channels",
        ("resnet50", "resnext50_32x4d", "wide_resnet50_2", "seresnet50"),
    ),
    ReadyMade(
        "VGG-16 | ResNet-50",
        "Depth without and with shortcuts, as most papers compare them (He et al. 2015, Table 3)",
        ("vgg16", "resnet50,stride_at=1x1"),
    ),
    ReadyMade(
        "ResNet-20 | 56 | 110 | 1202",
        "How far depth goes on CIFAR-10 (He et al. 2015, Table 6)",
        ("resnet20-cifar", "resnet56-cifar", "resnet110-cifar", "resnet1202-cifar"),
    ),
    ReadyMade(
        "Shortcuts: identity | scaled | two gates",
        "What keeps a shortcut from being the identity (He et al. 2016, Table 1)",
        (
            "resnet110-cifar",
            "resnet110-cifar,shortcut=constant_scaling",
            "resnet110-cifar,shortcut=exclusive_gating",
            "resnet110-cifar,shortcut=shortcut_only_gating",
        ),
    ),
    ReadyMade(
        "Shortcuts: identity | 1x1 convolution | dropout",
        "What keeps a shortcut from being the identity (He et al. 2016, Table 1)",
        (
            "resnet110-cifar",
            "resnet110-cifar,shortcut=C",
            "resnet110-cifar,shortcut=dropout",
        ),
    ),
    ReadyMade(
        "ResNet-50: the paper | Keras | Keras v2",
        "What keras.applications builds under the same name",
        ("resnet50,stride_at=1x1", "keras-resnet50", "keras-resnet50v2", "resnet50v2"),
    ),
)
