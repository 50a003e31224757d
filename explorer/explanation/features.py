"""What the layers of a network give for a picture, and what its first convolution looks for."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.analysis import analyze
from explorer.explanation.errors import ExplanationError
from explorer.explanation.walk import check_finite, check_images, private, steps
from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """The strongest channels of one layer's output.

    Args:
        layer: the module's name.
        channels: how many there are in all.
        indices: which ones are shown, strongest first.
        strengths: mean absolute activation of each of those.
        total: the sum of these of all channels, shown or not.
        silent: how many channels are 0 everywhere.
        maps: shape (shown, h, w), their numbers.
    """

    layer: str
    channels: int
    indices: tuple[int, ...]
    strengths: tuple[float, ...]
    total: float
    silent: int
    maps: NDArray[np.float32]


def layers(spec: ArchitectureSpec) -> tuple[str, ...]:
    """Return the names of the layers that give maps, in forward order."""
    return tuple(row.name for row in analyze(spec).layers if len(row.output_shape) == 3)


def feature_maps(
    spec: ArchitectureSpec, model: nn.Module, image: Tensor, layer: str, count: int = 16
) -> FeatureMaps:
    """Return the output of a layer, strongest channels first, by mean absolute activation.

    Args:
        spec: the network.
        model: it, in eval mode.
        image: shape (C, H, W), normalised.
        layer: one of `layers(spec)`.
        count: how many channels at the most, at least one.
    Raises:
        ExplanationError: if the layer gives no maps or numbers that are not finite, or the
            network does not take such a picture.
    """
    check_images(spec, image[None])
    if layer not in layers(spec):
        raise ExplanationError(f"{spec} has no layer {layer[:60]!r} that gives maps")
    output = _output(spec, model, image[None], layer)[0]
    check_finite(output)
    strengths = output.abs().mean((1, 2))
    found = strengths.topk(min(max(1, count), len(output)))
    return FeatureMaps(
        layer,
        len(output),
        tuple(found.indices.tolist()),
        tuple(found.values.tolist()),
        float(strengths.sum()),
        int((strengths == 0).sum()),
        output[found.indices].numpy(),
    )


@torch.inference_mode()
def _output(spec: ArchitectureSpec, model: nn.Module, x: Tensor, layer: str) -> Tensor:
    """Walk to the step that holds the layer; if it is inside, watch it in a copy of that step."""
    for step in steps(spec, model):
        if layer == step.name:
            return step(x)
        if layer.startswith(f"{step.name}."):
            return _inside(step.module, x, layer.removeprefix(f"{step.name}."))
        x = step(x)
    raise AssertionError(f"{layer} is in no step")


def _inside(module: nn.Module, x: Tensor, layer: str) -> Tensor:
    outputs: list[Tensor] = []
    watched = private(module)
    watched.get_submodule(layer).register_forward_hook(
        # A copy, for a ReLU that follows may work in place.
        lambda part, inputs, output: outputs.append(output.clone())
    )
    watched(x)
    return outputs[0]


def first_filters(
    spec: ArchitectureSpec, model: nn.Module, channels: str = "RGB"
) -> NDArray[np.float32]:
    """Return the filters of the first convolution as pictures.

    Each is scaled by its own largest weight: 0.5 is a weight of zero, 0 and 1 are as far from it
    as the largest, so that signs can be seen and filters not be compared in strength.

    Args:
        spec: the network.
        model: it.
        channels: order of the input's: RGB, BGR, or L for grey.
    Returns:
        Shape (filters, k, k, 3) in RGB, or (filters, k, k, 1).
    Raises:
        ExplanationError: if the network does not take pictures of these channels.
    """
    if spec.dims != 2 or spec.in_channels != len(channels):
        raise ExplanationError(
            f"{spec} takes {spec.in_channels} channels in {spec.dims} dimensions: its filters are "
            f"no {channels} pictures"
        )
    name = next(row.name for row in analyze(spec).layers if row.kind == "convolution")
    weights = model.get_parameter(f"{name}.weight").detach()
    if channels == "BGR":
        weights = weights.flip(1)
    largest = weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo().tiny)
    pictures: NDArray[np.float32] = (0.5 + weights / (2 * largest)).permute(0, 2, 3, 1).numpy()
    return pictures
