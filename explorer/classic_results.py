"""What is printed about networks from before residual learning; read by `catalog.py`."""

from collections.abc import Mapping

from explorer.printed import (
    KERAS,
    LAYERS,
    MACS,
    PARAMETERS,
    TORCHVISION,
    Column,
    Paper,
    Table,
    accuracies,
    errors,
)

_LENET = Paper(
    "LeCun et al.",
    1998,
    "Gradient-Based Learning Applied to Document Recognition",
    "doi:10.1109/5.726791",
)
_ALEXNET = Paper(
    "Krizhevsky et al.",
    2012,
    "ImageNet Classification with Deep Convolutional Neural Networks",
    "doi:10.1145/3065386",
)
_ONE_TOWER = Paper(
    "Krizhevsky",
    2014,
    "One weird trick for parallelizing convolutional neural networks",
    "arXiv:1404.5997",
)
_VGG = Paper(
    "Simonyan & Zisserman",
    2014,
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "arXiv:1409.1556",
)
_GOOGLENET = Paper("Szegedy et al.", 2014, "Going Deeper with Convolutions", "arXiv:1409.4842")
_RESNET = Paper(
    "He et al.", 2015, "Deep Residual Learning for Image Recognition", "arXiv:1512.03385"
)

# Text form | name | key of a note
NETWORKS: Mapping[Paper, str] = {
    _LENET: "lenet5 | LeNet-5 with a dense C3 | lenet5",
    _ALEXNET: "alexnet-2012 | AlexNet | 227",
    _ONE_TOWER: "alexnet | AlexNet | 256",
    _VGG: """
vgg11 | VGG-11 | A
vgg13 | VGG-13 | B
vgg16 | VGG-16 | D
vgg19 | VGG-19 | E
vgg11_bn | VGG-11 BN | bn
vgg13_bn | VGG-13 BN | bn
vgg16_bn | VGG-16 BN | bn
vgg19_bn | VGG-19 BN | bn
""",
    _GOOGLENET: """
googlenet-2014 | GoogLeNet | inception
googlenet | GoogLeNet BN | inception_bn
""",
}
NOTES: Mapping[str, str] = {
    "lenet5": (
        "The paper's network has 60,000 parameters: its C3 joins each map to some of S2's only, S2 "
        "and S4 have a weight and a bias for each map, and its output measures distances to drawn "
        "digits. Here C3 is dense, pooling learns nothing and the output is linear, as the network "
        "is built today."
    ),
    "227": (
        "The two towers of the paper's two GPUs are groups of the second, fourth and fifth "
        "convolution. The paper says 224 pixels, but its maps of 55 need 227."
    ),
    "256": (
        "torchvision's AlexNet. Its fourth convolution has 256 filters, as in the author's code; "
        "the paper's footnote says 384."
    ),
    "A": "Configuration A of the paper.",
    "B": "Configuration B of the paper.",
    "D": "Configuration D of the paper.",
    "E": "Configuration E of the paper.",
    "bn": "torchvision's. The paper's networks have no normalisation.",
    "inception": (
        "Without the auxiliary classifiers of training. The paper's 1.5 billion multiply-adds are "
        "the budget it was designed for. It does not print the constants of the local response "
        "normalisation: they are AlexNet's here."
    ),
    "inception_bn": (
        "torchvision's. Unlike the paper's it has batch normalisation instead of biases and local "
        "response normalisation, a 3x3 where the paper has a 5x5 (its source calls that a known "
        "bug), and a last max-pool of 2x2."
    ),
}
DEVIATING = ("lenet5",)
"""Networks that are published nowhere as they stand here; their notes say what differs."""

TABLES = (
    Table(
        _ALEXNET.at("Abstract"),
        (
            PARAMETERS,
            Column("top-1 error", " %", "ILSVRC-2010 test"),
            Column("top-5 error", " %", "ILSVRC-2010 test"),
        ),
        "alexnet-2012 60 37.5 17.0",
    ),
    Table(_ALEXNET.at("Section 3"), (LAYERS,), "alexnet-2012 8"),
    Table(
        "github.com/BVLC/caffe, models/bvlc_alexnet/readme",
        accuracies("one crop of 227, the Caffe weights"),
        "alexnet-2012 57.1 80.2",
    ),
    Table(
        _VGG.at("Table 1"),
        (LAYERS,),
        """
vgg11 11
vgg13 13
vgg16 16
vgg19 19
""",
    ),
    Table(
        _RESNET.at("Section 4.1"),
        (Column("MACs of convolutions", "e9", MACS.conditions),),
        "vgg16 15.3",
    ),
    Table(_RESNET.at("Section 3.3"), (MACS,), "vgg19 19.6"),
    Table(
        _RESNET.at("Table 3"),
        errors("10-crop"),
        """
vgg16          28.07 9.33
googlenet-2014 -     9.15
""",
    ),
    Table(
        "github.com/KaimingHe/deep-residual-networks, README",
        errors("one crop of 224"),
        "vgg16 28.5 9.9",
    ),
    Table(
        KERAS,
        accuracies("one crop of 224, the Keras weights"),
        """
vgg16 71.268 90.050
vgg19 71.256 89.988
""",
    ),
    Table(
        _GOOGLENET.at("Sections 1 and 5"),
        (Column("MACs", "e9", "the budget of its design, in multiply-adds"), LAYERS),
        "googlenet-2014 1.5 22",
    ),
    Table(
        "github.com/BVLC/caffe, models/bvlc_googlenet/readme",
        accuracies("one crop of 224, the Caffe weights"),
        "googlenet-2014 68.7 88.9",
    ),
    Table(
        TORCHVISION,
        (
            Column("parameters", "", "recorded as num_params"),
            Column("MACs", "e9", "one image of 224 × 224; recorded as _ops, in GFLOPS"),
            *accuracies("one crop of 224, weights IMAGENET1K_V1"),
        ),
        """
alexnet   61,100,840  0.714  56.522 79.066
vgg11     132,863,336 7.609  69.020 88.628
vgg13     133,047,848 11.308 69.928 89.246
vgg16     138,357,544 15.470 71.592 90.382
vgg19     143,667,240 19.632 72.376 90.876
vgg11_bn  132,868,840 7.609  70.370 89.810
vgg13_bn  133,053,736 11.308 71.586 90.374
vgg16_bn  138,365,992 15.470 73.360 91.516
vgg19_bn  143,678,248 19.632 74.218 91.842
googlenet 6,624,904   1.498  69.778 89.530
""",
    ),
)
