"""A probe of a network with trained weights."""

from copy import deepcopy

from torch import Tensor
from torch.nn.functional import cross_entropy

from explorer import weights
from explorer.gradients.preparation import Prepared


def prepare_trained(name: str, images: Tensor, labels: Tensor) -> Prepared:
    """Return a private copy of a trained network, and the mean cross-entropy of a labelled batch.

    Batch normalisation uses the running statistics, as in prediction.

    Args:
        name: of bundled weights.
        images: shape (N, C, H, W), normalised as the weights want it.
        labels: shape (N,), their classes.
    Raises:
        WeightsError: if there are no such weights.
    """
    model = deepcopy(weights.load(name))
    spec = weights.find(name).spec
    return Prepared(spec, model, images, lambda outputs: cross_entropy(outputs, labels))
