"""The glossary: every term the app uses, its words, and where it is seen.

Where a term has a help text, that is its words: what is explained twice is explained once.
"""

from typing import NamedTuple

from explorer.ui.glossary import GLOSSARY


class Term(NamedTuple):
    """A term of the field.

    Args:
        name: as it is printed.
        words: what it means.
        path: of the page where it is seen, with the link's settings; empty for Explore.
    """

    name: str
    words: str
    path: str

    def speaks_of(self, text: str) -> bool:
        """Whether a text stands in its name or its words, whatever the case."""
        return text.strip().lower() in f"{self.name} {self.words}".lower()


def _helped(name: str, key: str, path: str = "") -> Term:
    """Return a term whose words are those of a help text."""
    return Term(name, GLOSSARY[key], path)


_UNIT = "picture?v=resnet50&unit=layer1.1"
_TERMS = (
    _helped("Activation memory", "activations"),
    _helped("Backbone", "backbone", "?v=resnet50"),
    _helped("Basic and bottleneck block", "block", _UNIT),
    _helped("Batch", "batch", "gradients?v=resnet20-cifar"),
    _helped("BN statistics: the batch's or running ones", "bn-mode", "gradients?v=resnet20-cifar"),
    _helped("Buffers", "buffers", "?v=resnet18&layer-kinds=normalisation"),
    _helped("Classes", "classes"),
    _helped("Depth", "depth"),
    _helped("Evaluation", "evaluation", "landscape"),
    _helped("Expansion of a bottleneck", "expansion", "picture?v=resnet50&unit=layer1.1"),
    _helped("Feature map", "feature_map", "?v=resnet50"),
    _helped("FLOPs", "flops"),
    _helped("Gate bias", "gate_bias", "picture?v=resnet110-cifar,shortcut=exclusive_gating"),
    _helped("Gradient at a layer's output", "output_gradient", "gradients?v=resnet56-cifar"),
    _helped(
        "Gradient of a layer's weights",
        "weight_gradient",
        "gradients?v=resnet56-cifar&quantity=of+each+layer's+weights,+|dL/dW|",
    ),
    _helped("Groups of channels", "layer_groups", "picture?v=resnext50_32x4d&unit=layer1.1"),
    _helped("Initialisation", "initialisation", "gradients?v=resnet56-cifar"),
    _helped("Kernel", "kernel"),
    _helped("Loss", "loss", "gradients?v=resnet20-cifar"),
    _helped("MACs: multiply-accumulates", "macs"),
    _helped("Normalisation", "norm", "?v=resnet50,norm=group"),
    _helped("Ordering: v1, v2 and between", "ordering", "picture?v=resnet50v2&unit=layer1.1"),
    _helped("Output", "output"),
    _helped("Parameters", "parameters"),
    _helped("Plain twin", "plain_twin", "gradients?v=resnet56-cifar"),
    _helped("Prediction peak", "prediction_memory"),
    _helped("Preprocessing: crop, stretch or pad", "fit", "predict?v=resnet50,stride_at=1x1"),
    _helped("Receptive field", "receptive_field"),
    _helped("Seed", "seed", "gradients?v=resnet20-cifar"),
    _helped("Shortcut", "shortcut", "picture?v=resnet34&unit=layer2.0"),
    _helped("Squeeze-and-excitation", "se_ratio", "picture?v=seresnet50&unit=layer1.1"),
    _helped("Stages", "stages", "picture?v=resnet50"),
    _helped("Stem", "stem", "picture?v=resnet50"),
    _helped("Stochastic depth", "survival", "?v=resnet110-cifar,survival=0.5"),
    _helped("Stride", "layer_stride"),
    _helped("Stride of a downsampling unit", "stride_at", "picture?v=resnet50&unit=layer2.0"),
    _helped("Top-1 accuracy", "top1", "landscape"),
    _helped("Training memory", "training_memory"),
    _helped("Two pathways", "pathways", "gradients?v=resnet56-cifar&probe=Two+pathways"),
    _helped("Variant as text", "text_form"),
    _helped("Weight decay", "own-decay", "train?v=resnet50&train-view=fine-tune+on+own+pictures"),
    _helped("Weights, memory of", "weights"),
    _helped("Wide ResNet: widening factor", "widen", "?v=wrn-28-10-cifar"),
    _helped("Early exit", "early_exit", "predict?v=resnet50,stride_at=1x1"),
    _helped("Momentum", "training-momentum", "train?v=resnet20-cifar"),
    _helped("Learning rate", "live-rate", "train?v=resnet20-cifar"),
    _helped("Optimiser", "live-optimizer", "train?v=resnet20-cifar"),
    _helped("SkipInit and ReZero", "skip_init", "experiments?experiment=Initialisation+lab"),
    _helped(
        "Signal: mean, variance, dead channels",
        "signal",
        "gradients?v=resnet20-cifar&probe=Activations",
    ),
    _helped("Zero-gamma", "zero_init", "picture?v=resnet50,zero_init=true&unit=layer1.1"),
    Term(
        "CKA: centred kernel alignment",
        "How alike two layers are, whatever they are: 1 if they lay out the same pictures in the "
        "same way, up to rotation and scale, 0 if they have nothing in common (Kornblith et al. "
        "2019, arXiv:1905.00414).",
        "experiments?experiment=Layer+similarity",
    ),
    Term(
        "Confusion matrix",
        "How many pictures of each class were given each answer: what is right stands on the "
        "diagonal, what was taken for something else beside it.",
        "predict?v=resnet20-cifar&samples=100",
    ),
    Term(
        "Cross-entropy",
        "The loss of a classifier: minus the logarithm of the probability that it gives to the "
        "right class. Guessing among ten classes has 2.3.",
        "experiments?experiment=Degradation",
    ),
    Term(
        "Effective receptive field",
        "The pixels that really count for a place in a feature map, found by the gradient: a "
        "spot in the middle of the theoretical field (Luo et al. 2016, arXiv:1701.04128).",
        "experiments?experiment=Effective+receptive+field",
    ),
    Term(
        "Grad-CAM",
        "A map of where a network looks for a class: a stage's channels, each weighted by the mean "
        "gradient of the class's score, added up (Selvaraju et al. 2017, arXiv:1610.02391).",
        "predict?v=resnet50,stride_at=1x1&view=Explain",
    ),
    Term(
        "Lesion",
        "A unit of a trained network is switched off or moved, to see what depends on it (Veit et "
        "al. 2016, arXiv:1605.06431).",
        "experiments?experiment=Lesions+and+reordering",
    ),
    Term(
        "Loss landscape",
        "The loss at weights around the trained ones, in random directions whose filters are as "
        "long as the network's own: filter normalisation (Li et al. 2018, arXiv:1712.09913).",
        "experiments?experiment=Loss+landscape",
    ),
    Term(
        "Occlusion",
        "The picture is covered square by square: where the class's probability falls the most, "
        "the network needs what was there (Zeiler & Fergus 2014, arXiv:1311.2901).",
        "predict?v=resnet50,stride_at=1x1&view=Explain",
    ),
    Term(
        "Overfitting",
        "A network is good on its training pictures and worse on others: the training error is "
        "low and the test error is not. Degradation is something else.",
        "train?v=resnet20-cifar",
    ),
    Term(
        "Shattered gradients",
        "The gradients at neighbouring inputs have nothing in common, like white noise, as in deep "
        "plain networks (Balduzzi et al. 2017, arXiv:1702.08591).",
        "experiments?experiment=Shattered+gradients",
    ),
    Term(
        "Backpropagation",
        "The gradient of the loss with respect to every weight, found layer by layer from the last "
        "to the first with the chain rule.",
        "gradients?v=resnet20-cifar",
    ),
    Term(
        "Cardinality",
        "Into how many groups the 3x3 convolution of a ResNeXt's bottleneck is split: a third way "
        "to spend, beside depth and width (Xie et al. 2017, arXiv:1611.05431).",
        "picture?v=resnext50_32x4d&unit=layer1.1",
    ),
    Term(
        "Convolution",
        "A small window of weights slides over the map; each output number is the sum of products "
        "of weights and what lies under the window, over all input channels.",
        "?v=resnet18&layer-kinds=convolution",
    ),
    Term(
        "Degradation",
        "A deeper plain network has a higher training error than a shallower one, so it is not "
        "overfitting (He et al. 2015, arXiv:1512.03385, Section 1).",
        "train?v=plain20-cifar&v=plain56-cifar",
    ),
    Term(
        "Epoch",
        "One pass of a training through all its pictures.",
        "train?v=resnet20-cifar",
    ),
    Term(
        "Exploding and vanishing gradients",
        "The gradient's norm grows or shrinks from layer to layer by about the same factor, so "
        "that over many layers it becomes too large or too small to learn with.",
        "gradients?v=plain56-cifar",
    ),
    Term(
        "Fixup",
        "A way to start residual networks without normalisation: the last layer of each branch "
        "begins at 0, the others are scaled down with depth (Zhang et al. 2019, arXiv:1901.09321).",
        "gradients?v=resnet56-cifar,norm=none,init=fixup",
    ),
    Term(
        "Global average pooling",
        "The mean of each channel over the whole map: what is left goes to the linear layer, "
        "whatever the picture's size.",
        "picture?v=resnet50",
    ),
    Term(
        "Identity shortcut",
        "A shortcut without any layer: what enters the unit is added to the branch's output as it "
        "is, and so costs nothing.",
        _UNIT,
    ),
    Term(
        "Inception module",
        "Parallel branches with kernels of different sizes, whose channels are joined (GoogLeNet, "
        "Szegedy et al. 2014, arXiv:1409.4842).",
        "picture?v=googlenet",
    ),
    Term(
        "Logit",
        "A class's score before softmax makes probabilities of all scores.",
        "predict?v=resnet50,stride_at=1x1",
    ),
    Term(
        "Path",
        "One way through a residual network: at each unit either the branch or the shortcut, so n "
        "units make 2ⁿ paths (Veit et al. 2016, arXiv:1605.06431).",
        "gradients?v=resnet20-cifar&probe=Paths",
    ),
    Term(
        "Plain network",
        "The same layers as a residual network, without its shortcuts.",
        "picture?v=plain34",
    ),
    Term(
        "Pre-activation",
        "Normalisation and ReLU stand before each convolution, and nothing follows the addition: "
        "ResNet v2 (He et al. 2016, arXiv:1603.05027).",
        "picture?v=resnet50v2&unit=layer1.1",
    ),
    Term(
        "Projection shortcut",
        "A shortcut with a 1x1 convolution, which changes the number of channels and, with a "
        "stride, the size of the map.",
        "picture?v=resnet50&unit=layer2.0",
    ),
    Term(
        "ReLU",
        "max(0, x): what is negative becomes 0.",
        "?v=resnet18&layer-kinds=activation",
    ),
    Term(
        "Residual function F",
        "What a unit's branch computes: how the output is to differ from the input, rather than "
        "the output itself.",
        _UNIT,
    ),
    Term(
        "Residual unit",
        "A branch of two or three convolutions and a shortcut around it, added at the end.",
        _UNIT,
    ),
    Term(
        "Softmax",
        "Turns scores into probabilities that add up to 1: the exponential of each, divided by the "
        "sum of all.",
        "predict?v=resnet50,stride_at=1x1",
    ),
    Term(
        "Zero padding (option A)",
        "A shortcut that subsamples the map and appends channels of zeros where the shape "
        "changes: it has no parameters.",
        "picture?v=resnet20-cifar&unit=layer2.0",
    ),
)
TERMS = tuple(sorted(_TERMS, key=lambda term: term.name.lower()))
"""All terms by name."""
