"""Every term and every control of the pages, explained once; shown as help where it stands.

Pages write no help of their own: only what has to be computed, such as a limit, is put together
there.
"""

GLOSSARY = {
    "parameters": (
        "Numbers that training changes: convolution and linear weights, the linear layer's "
        "biases, and gamma and beta of each normalisation. Running statistics are not counted."
    ),
    "macs": (
        "Multiply-accumulates of all convolutions and linear layers for one picture: one "
        "multiplication and one addition count as 1. Biases, normalisations, ReLU, pooling and "
        "additions are not counted. Papers on ResNets print this figure as 'FLOPs'."
    ),
    "flops": (
        "Floating-point operations of the same layers, a multiplication and an addition counted "
        "separately: exactly 2 × MACs."
    ),
    "depth": (
        "Weighted layers on the main path, from the first convolution to the linear layer. "
        "Projections on shortcuts are not counted, so ResNet-50 has 53 convolutions."
    ),
    "weights": "Memory of the parameters as float32, 4 bytes each. 1 MB is 1,000,000 bytes.",
    "activations": (
        "Memory of every layer's output for one picture as float32, if all were kept. Training "
        "keeps roughly half of it, as ReLU works in place; prediction needs far less. "
        "1 MB is 1,000,000 bytes."
    ),
    "training_memory": (
        "What autograd keeps of one picture until the backward pass, as float32: the inputs of "
        "convolutions, normalisations and pooling, and the outputs of ReLU, each storage once. "
        "It grows with the batch; weights, their gradients and the optimiser's state come on top. "
        "1 MB is 1,000,000 bytes."
    ),
    "prediction_memory": (
        "The most activations alive at once while one picture is predicted, as float32: the "
        "picture, a layer's input and output, and what waits for an addition. The weights and the "
        "workspace of convolutions come on top, and PyTorch may free a little later than it could. "
        "1 MB is 1,000,000 bytes."
    ),
    "backbone": (
        "A detector or segmenter takes the feature maps of a network's stages instead of its "
        "class scores. C2 to C5 are their names in the literature (Lin et al. 2017, "
        "arXiv:1612.03144); detectors expect strides of 4, 8, 16 and 32 pixels."
    ),
    "feature_map": (
        "What a stage gives: C2 in a residual network's first stage, C3 in the next, and so on. "
        "Elsewhere the number says the stride: C2 stands for 4 pixels, C3 for 8."
    ),
    "kernel": "Height and width of the window, or the length of a series' one.",
    "layer_stride": "How many numbers the window moves on from one output to the next.",
    "layer_groups": (
        "Groups of channels that do not see each other: of a convolution, or those that group "
        "normalisation normalises together."
    ),
    "buffers": (
        "Numbers that are kept but not learned: a batch normalisation's running mean and "
        "variance of each channel, and how many batches it has seen."
    ),
    "output_bytes": (
        "Memory of this layer's output for one picture as float32. 0: a view, or the input passed "
        "on as it is."
    ),
    "stride": "How many pixels of the picture lie between neighbours on the map.",
    "receptive_field": (
        "Width, in pixels of the input, of the square that one number of the last feature map "
        "depends on: the largest over all paths. It may exceed the picture, whose border is then "
        "padded with zeros."
    ),
    "output": "Shape of what the network returns for one picture: one score (logit) a class.",
    "block": (
        "What a residual unit's branch consists of. Basic: two 3x3 convolutions. Bottleneck: a "
        "1x1 that reduces the channels, a 3x3, and a 1x1 that expands them fourfold."
    ),
    "stages": (
        "Residual units in each stage, joined by hyphens, as in 3-4-6-3. Each stage after the "
        "first halves the map and doubles the channels."
    ),
    "vgg_stages": (
        "3x3 convolutions in each of the five stages, joined by hyphens, as in 2-2-3-3-3. A "
        "max-pool behind each stage halves the map."
    ),
    "ordering": (
        "Where normalisation and ReLU stand around the addition (He et al. 2016, Figure 4). "
        "v1 is the original of 2015; v2 activates before each convolution and leaves the "
        "shortcut clean."
    ),
    "shortcut": (
        "What the skip connection does where the shape changes. A: subsample and append zero "
        "channels. B: a 1x1 convolution there, the identity elsewhere. C: a 1x1 convolution in "
        "every unit. none: no skip connections, the plain network. The others are those of He et "
        "al. 2016, Table 1, with zero padding where the shape changes: shortcut and branch times a "
        "constant; gated by a 1x1 convolution g, the branch by g and the shortcut by 1 − g "
        "(exclusive), or the shortcut alone; or with dropout. That table's 1x1 convolution is C."
    ),
    "shortcut_scale": "What the shortcut is multiplied by (He et al. 2016, Table 1: 0.5).",
    "branch_scale": "What the branch is multiplied by (He et al. 2016, Table 1: 1 or 0.5).",
    "gate_bias": (
        "Where the bias of the gate's 1x1 convolution starts: at −6 the gate is nearly closed, "
        "g = 0.0025, and the shortcut nearly the identity (He et al. 2016, Table 1: 0 to −7)."
    ),
    "shortcut_dropout": (
        "Share of the shortcut's numbers that are zero in each training step (He et al. 2016, "
        "Table 1: 0.5). Prediction drops nothing."
    ),
    "stride_at": (
        "Which convolution of a downsampling bottleneck halves the map: the first 1x1 (the "
        "paper) or the 3x3 (torchvision, often called v1.5)."
    ),
    "downsample_in": (
        "Which unit of a stage halves the map: the first (the paper), or the last as in Keras's "
        "ResNet v2, whose last stage halves nothing."
    ),
    "image_size": "Height and width of the input picture in pixels, or the length of a series.",
    "dims": (
        "Pictures go through 2-D convolutions, time series through 1-D ones: the same network "
        "with kernels of 3 instead of 3x3."
    ),
    "classes": "Outputs of the final linear layer.",
    "stem": (
        "How the network begins. imagenet: a 7x7 convolution with stride 2 and a max-pool, so "
        "the first stage sees a quarter of the size. cifar: one 3x3 convolution at full size. "
        "cifar-pool: the same and a max-pool of stride 1. deep: three 3x3 in place of the 7x7 "
        "(ResNet-C, He et al. 2019), counted as one layer in the depth."
    ),
    "stem_activation": (
        "Whether normalisation and ReLU follow the first convolution, or are left to the first "
        "unit as in Keras's ResNet v2."
    ),
    "bias": (
        "Which convolutions add a learned number to each output channel: none (a normalisation "
        "would take it away again), those with no normalisation right behind, or all (Keras)."
    ),
    "norm": (
        "Normalisation behind the convolutions: batch, group (at most 32 groups of 2 "
        "channels or more, independent of the batch) or none."
    ),
    "zero_init": (
        "Start the last normalisation of each branch at gamma = 0, so that every unit begins as "
        "the identity."
    ),
    "skip_init": (
        "Multiply each branch by one learned number that starts at 0: SkipInit (De & Smith 2020), "
        "ReZero (Bachlechner et al. 2020). Works without normalisation."
    ),
    "init": (
        "How weights are drawn. He: normal, with a deviation that keeps the signal's size. Fixup "
        "scaling (Zhang et al. 2019), for networks without normalisation: each branch starts at "
        "0, its inner layers smaller the more units there are."
    ),
    "survival": (
        "Stochastic depth (Huang et al. 2016): in training each branch is dropped at random, the "
        "later the likelier; this is the chance that the last one stays. 1 drops nothing. "
        "Prediction uses every branch, weighted by its chance."
    ),
    "expansion": "Output channels of a bottleneck over the stage's width: 4 in every ResNet.",
    "width": "Channels of the first convolution; stages have this, twice this, four times this ...",
    "widen": "How many times wider the stages are; the stem keeps its width (Wide ResNet).",
    "groups": (
        "Groups of the bottleneck's 3x3 convolution, which do not see each other's channels: the "
        "cardinality of ResNeXt."
    ),
    "width_per_group": (
        "Channels of each group of the 3x3 convolution in the first stage; doubled in each further "
        "stage. Empty: the 3x3 is as wide as the stage."
    ),
    "se_ratio": (
        "Squeeze-and-excitation at the end of each branch: every channel is weighted by a small "
        "network that sees the mean of all channels, reduced by this factor in between (SENet: 16)."
    ),
    "in_channels": "Channels of the input: 3 for colour, 1 for grey.",
    "tray": (
        "Up to four variants stand side by side on every page. Choose a ready-made comparison "
        "here, or put your own together with the buttons below."
    ),
    "tray_edited": "All pages show all variants; the choices below change the one ticked here.",
    "tray_add": "Put a ResNet-50 behind the others, and edit it.",
    "tray_duplicate": "Put a copy behind the variant being edited, and edit the copy.",
    "tray_name": (
        "What the variant is called on all pages, instead of what its choices are called. "
        "Empty: the latter."
    ),
    "text_form": (
        "The variant as a text: a network's name, then field=value for whatever differs. The "
        "same text works in the link, on the command line and in Python."
    ),
    "weight_gradient": (
        "L2 norm of dL/dW, the gradient of the loss with respect to the layer's weights: how "
        "strongly one training step would pull at them."
    ),
    "update-rate": (
        "A step of plain gradient descent changes a layer's weights by this rate times |dL/dW|, "
        "so by the rate times |dL/dW| / |W| of their size. At 1 the ratio itself is shown."
    ),
    "output_gradient": (
        "L2 norm of dL/dy, the gradient that arrives at the layer's outputs (before the "
        "normalisation behind it), over the whole batch: the signal on its way back."
    ),
    "plain_twin": "The same layers without skip connections (He et al. 2015, Section 3.3).",
    "seed": "Where the random weights, labels and noise start. The same seed gives the same curve.",
    "input": (
        "What the batch shows. Noise: every value drawn from N(0, 1). Photographs: random crops of "
        "the bundled or your own ones, half of them mirrored, normalised with ImageNet's mean and "
        "deviation. CIFAR-10: its bundled test pictures, drawn at random, for networks of that "
        "input."
    ),
    "probe": "What is measured: each probe is one question about a network's signals.",
    "pathways": (
        "A gradient returns to a residual unit's input through the shortcut and through the "
        "branch. The two parts add up as vectors; each is given by its L2 norm, the square root of "
        "the sum of its squares over the whole batch."
    ),
    "signal": (
        "Mean and variance of all numbers that a layer gives for the batch, and how many of them "
        "are 0. A channel is dead if it is 0 everywhere in every picture. |F(x)| / |x|: L2 norm of "
        "what the branch adds over that of what the shortcut carries."
    ),
    "seeds": (
        "How many seeds are measured, counted up from the one above. The line is then the median, "
        "the shaded range goes from the least to the greatest."
    ),
    "curves": (
        "Overlaid in one chart; one below the other, with one scale; or each divided by the first, "
        "where all have equally many layers."
    ),
    "initialisation": (
        "How weights are drawn. He's normal: variance 2 / fan-in, or 2 / fan-out (torchvision's "
        "choice for residual networks and VGG). Xavier's: 2 / (fan-in + fan-out). PyTorch's own: "
        "uniform, variance 1 / (3 fan-in). torchvision's: as its constructors draw each family."
    ),
    "loss": "What goes back: each is a mean over the batch. Labels and directions are random.",
    "bn-mode": (
        "In training, batch normalisation uses the batch's own mean and variance. In prediction it "
        "uses running ones, which are 0 and 1 before any training and change nothing."
    ),
    "probe-norm": "Measure all variants without normalisation, to see what it does.",
    "probe-gamma": (
        "Where the last normalisation of each residual branch starts. At 0 every unit starts as "
        "the identity (Goyal et al. 2017, arXiv:1706.02677, Section 5.1)."
    ),
    "path-samples": (
        "How many different paths of each length are followed, each through units drawn at random: "
        "as many as there are, where there are no more."
    ),
    "path-weights": (
        "Untrained: drawn from the seed. Trained: the bundled weights of the very network, in "
        "prediction mode, on CIFAR-10 test pictures with their own classes."
    ),
    "training-steps": "How many batches the networks learn from.",
    "training-rate": (
        "The learning rate of every step. He et al. 2015 start deep networks with 0.01 and go on "
        "with 0.1."
    ),
    "training-momentum": "Share of the last steps' direction that a step keeps.",
    "training-quantity": (
        "|dL/dW| is the L2 norm of the gradient of a layer's weights. Divided by the norm of the "
        "weights, it says by which part of themselves a step with rate 1 would change them."
    ),
    "probe-size": "Height and width of the pictures, for all variants at once.",
    "depth-series": (
        "Networks of one 3x3 convolution, three stages of equally many two-layer units, and a "
        "linear layer: of depth 6n + 2, for pictures of 32 pixels. BN: batch normalisation."
    ),
    "depth-own": "Variants of this tray that are none of the above, with more and fewer units.",
    "deepest": (
        "The deepest network that is measured. Beyond 110 layers a point takes seconds to minutes."
    ),
    "points": (
        "How many inputs stand on the line, at equal distances; all are one batch. More show finer "
        "changes and take longer. Automatic: as many as take little time and memory, 128 at most."
    ),
    "scalar": (
        "The gradient is that of one number. A random direction: the product of the output with "
        "N(0, 1) numbers, the same for all inputs and networks. One class: the first output."
    ),
    "top1": (
        "Share of the 50,000 pictures of ImageNet's validation set whose most probable class is "
        "the right one: 100% minus the top-1 error that many papers print."
    ),
    "evaluation": (
        "How a network was shown the pictures, and with whose weights. More crops or larger "
        "pictures raise the accuracy of the same network, so only figures of one evaluation "
        "stand beside each other."
    ),
    "batch": "Pictures in the one batch that is sent forward and back.",
    "live-data": (
        "What all networks learn from: 1,437 handwritten digits (8×8, grey), which take seconds, "
        "or 2,000 pictures of CIFAR-10 (32×32, colour), which take minutes. They are shown as they "
        "are, neither cropped nor mirrored."
    ),
    "live-rate": (
        "How far one step goes against the gradient. It stays as it is for the whole run. Adam is "
        "used to about a tenth of what SGD takes."
    ),
    "live-batch": "Pictures in one step.",
    "live-optimizer": "SGD with momentum 0.9, or Adam; both with a weight decay of 0.0001.",
    "live-units": (
        "Residual units in each stage, for all networks at once; 3 makes 20 layers of CIFAR's "
        "ResNets, 9 makes 56, 18 makes 110. 'own' leaves each network as it is."
    ),
    "live-width": (
        "Channels of the first stage, for all residual networks at once. Narrow ones train faster; "
        "CIFAR's ResNets have 16. 'own' leaves each network as it is."
    ),
    "live-normalisation": (
        "Train all residual networks with or without batch normalisation; 'own' leaves each as it "
        "is."
    ),
    "live-seed": (
        "Where the weights and the order of the pictures start. The same seed gives every network "
        "the same batches, and a rewound run the same beginning."
    ),
    "live-steps": "Steps of each network, after which the run ends.",
    "live-test-every": "How often the networks are asked about test pictures.",
    "live-test-pictures": (
        "How many test pictures they are asked about, the first ones of the test part. A share of "
        "200 pictures is uncertain by some percentage points."
    ),
    "live-smoothing": (
        "Each value shown is the mean of so many steps, the latest and those before it. 1 shows "
        "every batch as it was."
    ),
    "live-go": "Train, or hold; held, nothing is lost.",
    "live-step": "One step of each network, to look at what it changes.",
    "live-stop": "End the run. Its curves stay; it can be rewound, not continued.",
    "live-rewind": (
        "Back to the start, with the settings above: the same seed gives the same weights and "
        "batches. The curves trained so far stay, faint, to compare with."
    ),
    "unit_off": (
        "Only the unit's shortcut is left, or nothing at all in a network without shortcuts. The "
        "same as a click on the board."
    ),
    "unit_swap": (
        "Two units change places and keep their weights. They must take and give the same shapes."
    ),
    "lesion_experiment": "What is done to all units of a network, one lesion after the other.",
    "lesion_pictures": (
        "The first of the bundled test pictures of CIFAR-10, which no network learned from. Fewer "
        "are faster and less exact."
    ),
    "draws": (
        "How many different choices are drawn for each number of units, or of swaps, and where the "
        "drawing starts. The same seed draws the same."
    ),
    "own-from": (
        "A zip or a folder of yours with a folder for each class, named as the class: cats and "
        "dogs, say. Without pictures of your own, take the example."
    ),
    "own-held": (
        "This share of each class is not learned from: the network is judged by it. More of it "
        "makes the judgement surer, and leaves less to learn from."
    ),
    "own-seed": (
        "Draws which pictures are held out. Another seed holds out others, and the share of right "
        "answers changes a little: that is how uncertain it is."
    ),
    "own-decay": (
        "How much the squares of the new weights count against the loss. More makes the answers "
        "less sure, and the network less inclined to learn its few pictures by heart."
    ),
    "trained_weights": (
        "Several trainings of the same network: V1 and V2 are torchvision's older and newer "
        "recipe. Each comes with its own preprocessing."
    ),
    "weights_here": (
        "Bundled weights came with the app. torchvision's are fetched from the network when "
        "somebody asks for them, and stay on this server."
    ),
    "fit": (
        "A network takes pictures of one size. Cutting out the centre is what published "
        "accuracies are measured with, and loses what is at the edges; stretching loses the "
        "proportions; padding keeps the whole picture, smaller, between black margins."
    ),
    "samples": (
        "The first of the bundled test pictures of CIFAR-10, 32 × 32 pixels, of known class. No "
        "network learned from them."
    ),
    "present": (
        "Large type, no sidebar, one step a screen: arrow keys turn, A shows the answers. Share "
        "gives the class the same step on their own screens."
    ),
    "notes": "What the lesson is for, how long it takes, and answers that are typically wrong.",
    "answer_view": "What is shown of each picture and network.",
    "top_k": "How many of each network's most probable classes are drawn.",
    "explain": "Why the networks say what they say: each explanation is one question.",
    "explained_class": (
        "The class that the maps are for: each network's own first answer, or any other, to see "
        "what would speak for it. Type to find one."
    ),
    "opacity": "At 0% only the picture is seen, at 100% only the map. Nothing is computed again.",
    "occlusion_square": (
        "A smaller square shows more detail and takes more passes; a larger one covers more of an "
        "object at once. It moves on by half its side."
    ),
    "explained_layer": (
        "Any layer that gives maps. Behind a normalisation or a convolution numbers may be "
        "negative, behind a ReLU they are not."
    ),
    "shown_channels": "How many of the layer's channels are shown, the strongest first.",
    "field_unit": (
        "The receptive field is that of the middle place of this unit's output, all its channels "
        "added up."
    ),
    "field_input": (
        "The gradient depends on the picture, for each ReLU passes on what was positive. The mean "
        "over noise (N(0, 1), seed 0) is more even."
    ),
    "early_exit": (
        "The class whose mean features, over the bundled training pictures, are nearest to this "
        "picture's, by Euclidean distance. The features are averaged over all places."
    ),
    "exit_distance": "Near 1 it was a close decision. Distances of two stages cannot be compared.",
    "labelled": (
        "Pictures count as labelled where their folder or file name is a class that the network "
        "knows, as in tabby/01.jpg or golden_retriever-12.png, or holds an ImageNet ID."
    ),
    "start_from": "A published network. Every choice below then changes it.",
    "shape": "Channels × height × width.",
    "map_size": "Height × width, for one picture.",
    "macs_share": "Of the whole network's MACs.",
    "unit_place": "Place of the unit in its stage, counted from 1.",
    "share": "A link to this page as it is, and its QR code.",
    "report": "One file with everything on this comparison, to be read offline or printed (5 MB).",
    "export-seed": (
        "The weights are random, as at the beginning of a training. Equal seeds give equal "
        "weights, those of `explorer.build(variant, seed)`."
    ),
    "whole_folder": (
        "A folder with a folder for each class, or files named after their class, are labelled "
        "pictures: the answers are then counted."
    ),
    "own-like": (
        "A file of weights does not say what its classes are called, nor how the pictures were "
        "normalised in training."
    ),
    "all_agree": "Whether all networks, which know the same classes, say the same.",
    "answer_time": "Preparation and forward pass.",
    "own-network": (
        "About 50 MB: all layers, the names of your classes, and how pictures go in. *Your own "
        "weights* on Predict reads it, and so does "
        "`python -m explorer predict cat.jpg --weights FILE`."
    ),
    "own-zip": (
        "For instance a folder cats and a folder dogs, packed as a zip. It is read in this "
        "server's memory; nothing of it is written to disk."
    ),
    "experiment-own": (
        "Takes the variants of the sidebar instead of the experiment's own networks, adapted to "
        "its pictures. The guess is about the experiment's own."
    ),
}
