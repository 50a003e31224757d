"""Pictures shown a little differently each time; whoever calls draws how."""

import torch
from torch import Tensor


def crop_and_flip(
    images: Tensor, padding: int, tops: Tensor, lefts: Tensor, mirrored: Tensor
) -> Tensor:
    """Pad each picture with zeros, cut a window of its first size out of it, mirror some.

    Args:
        images: shape (N, C, H, W).
        padding: zeros on each side.
        tops: shape (N,), first row of each window in the padded picture.
        lefts: shape (N,), first column of each window in the padded picture.
        mirrored: shape (N,), bool.
    Returns:
        Shape (N, C, H, W), its memory in channels-last order.
    """
    count, _, height, width = images.shape
    device = images.device
    padded = torch.nn.functional.pad(images, (padding,) * 4)
    across = torch.arange(width, device=device)
    columns = lefts[:, None] + torch.where(mirrored[:, None], across.flip(0), across)  # (N, W)
    rows = tops[:, None] + torch.arange(height, device=device)  # (N, H)
    which = torch.arange(count, device=device)[:, None, None]
    windows = padded[which, :, rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return windows.permute(0, 3, 1, 2)


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Turn each picture about its centre, with zeros where nothing was.

    Values are interpolated between the four nearest (bilinear).

    Args:
        images: shape (N, C, H, H).
        degrees: shape (N,), counterclockwise.
    """
    angles = torch.deg2rad(degrees)
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    turned = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    places = torch.nn.functional.affine_grid(turned, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, places, align_corners=False)


def vary_contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply each picture's distance from its mean, and stay within a byte's range.

    Args:
        images: shape (N, C, H, W), values from 0 to 255.
        factors: shape (N,); 1 changes nothing, 0 leaves the mean.
    Returns:
        float32.
    """
    values = images.to(torch.float32)
    means = values.mean(dim=(1, 2, 3), keepdim=True)
    return (means + factors.view(-1, 1, 1, 1) * (values - means)).clamp_(0, 255)
