"""Unsharp masking of training targets, as in the published Real-ESRGAN configurations."""

import torch
from torch import Tensor
from torch.nn import functional

SIGMA = 8.0
RADIUS = 25
"""A kernel of 51 pixels; its sigma follows as 0.3 ((51 - 1) / 2 - 1) + 0.8."""
AMOUNT = 0.5
THRESHOLD = 10 / 255


def sharpened(images: Tensor) -> Tensor:
    """Sharpen the edges of pictures with a range of about 0 to 1.

    Detail that stands out by more than 10/255 is raised by half and cut to 0..1; a soft mask
    leaves the rest as it is. It changes intensities: not for measuring.

    Args:
        images: (N, C, y, x), float32.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    section 4.1 and its published code.
    """
    detail = images - _blurred(images)
    mask = _blurred((detail.abs() > THRESHOLD).to(images.dtype))
    raised = (images + AMOUNT * detail).clamp(0, 1)
    return mask * raised + (1 - mask) * images


def _blurred(images: Tensor) -> Tensor:
    offset = torch.arange(-RADIUS, RADIUS + 1, dtype=images.dtype, device=images.device)
    weights = torch.exp(-0.5 * (offset / SIGMA) ** 2)
    weights = weights / weights.sum()
    mode = "reflect" if min(images.shape[-2:]) > RADIUS else "replicate"
    count, channels, height, width = images.shape
    planes = images.reshape(count * channels, 1, height, width)
    planes = functional.pad(planes, (RADIUS,) * 4, mode)
    planes = functional.conv2d(planes, weights.view(1, 1, -1, 1))
    planes = functional.conv2d(planes, weights.view(1, 1, 1, -1))
    return planes.reshape(images.shape)
