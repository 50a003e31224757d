"""Where in a picture a network sees a class: Grad-CAM, at every stage."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.explanation.walk import (
    check_finite,
    check_images,
    check_label,
    stage_outputs,
    steps,
)
from explorer.spec import ArchitectureSpec


@dataclass(frozen=True, slots=True, eq=False)
class Cam:
    """The class activation map of one stage.

    Args:
        stage: its name.
        layer: the module whose output is weighed.
        values: shape (h, w), that output's size: ReLU(sum over channels of alpha A), unscaled.
        heat: shape (H, W), the picture's size: `values` resized bilinearly and divided by the
            result's own maximum, so from 0 to 1; stages are not to be compared by it. All 0 where
            nothing speaks for the class.
    """

    stage: str
    layer: str
    values: NDArray[np.float32]
    heat: NDArray[np.float32]


def grad_cams(
    spec: ArchitectureSpec, model: nn.Module, image: Tensor, label: int
) -> tuple[Cam, ...]:
    """Return the map of every stage, the stem's first, by one forward and one backward pass.

    Args:
        spec: the network.
        model: it, in eval mode.
        image: shape (C, H, W), normalised.
        label: index of the class.
    Raises:
        ExplanationError: if the network does not take such a picture or know such a class.
    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2: alpha is the mean over places of the
        gradient of the class's output before the softmax. There the layer is the last
        convolutional one; at the last stage of a pre-activation network it is here the final
        normalisation and ReLU.
    """
    check_images(spec, image[None])
    check_label(spec, label)
    walked = steps(spec, model)
    stages = stage_outputs(walked)
    features: dict[str, Tensor] = {}
    with torch.enable_grad():
        x = image[None]
        for step in walked:
            x = step(x)
            if step.name in stages:
                x = x if x.requires_grad else x.detach().requires_grad_()
                features[step.name] = x
        check_finite(x)
        gradients = torch.autograd.grad(x[0, label], list(features.values()))
    maps = zip(features.items(), gradients, strict=True)
    size = tuple(image.shape[1:])
    return tuple(
        _cam(stages[layer], layer, found.detach(), gradient, size)
        for (layer, found), gradient in maps
    )


def focus(heat: NDArray[np.float32], part: float = 0.5) -> float:
    """Return the share of a map's pixels, the largest first, that hold a part of its sum.

    Args:
        heat: not negative and not all 0.
        part: of the sum, from 0 to 1.
    """
    largest_first = np.sort(heat, axis=None)[::-1].astype(np.float64)
    reached = np.cumsum(largest_first) >= part * largest_first.sum()
    return float(np.argmax(reached) + 1) / heat.size


def _cam(stage: str, layer: str, features: Tensor, gradient: Tensor, size: tuple[int, ...]) -> Cam:
    weights = gradient.mean((2, 3), keepdim=True)
    values = (weights * features).sum(1, keepdim=True).relu()
    heat = nn.functional.interpolate(values, size=size, mode="bilinear", align_corners=False)
    peak = float(heat.max())
    heat = heat / peak if peak > 0 else torch.zeros_like(heat)
    return Cam(stage, layer, values[0, 0].numpy(), heat[0, 0].numpy())
