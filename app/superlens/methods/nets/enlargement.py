"""Bicubic enlargement of tensors, the same on every device.

What a method begins with that works on the grid of its answer.
"""

import torch
from torch import Tensor
from torch.nn import functional

_A = -0.5
_REACH = 2


def bicubic(images: Tensor, scale: int) -> Tensor:
    """Enlarge by cubic convolution with a = -0.5, pixel centres kept, the last pixel repeated.

    Args:
        images: (N, C, y, x).
        scale: 1, 2, 3, ...

    Returns:
        (N, C, y * scale, x * scale); may overshoot the input's range.

    Source: Keys, IEEE Trans. Acoust. Speech Signal Process. 29, 1153 (1981),
    doi 10.1109/TASSP.1981.1163711; Eq. 15.
    """
    if scale == 1:
        return images
    kernel = _kernel(scale).to(images)
    tall = _along_rows(images, kernel)
    return _along_rows(tall.transpose(-1, -2), kernel).transpose(-1, -2)


def _kernel(scale: int) -> Tensor:
    """Give (scale, 5): the weights of the pixels from -2 to 2 for each part of a pixel."""
    centre = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    taps = torch.arange(-_REACH, _REACH + 1, dtype=torch.float64)
    distance = (centre[:, None] - taps).abs()
    near = (_A + 2) * distance**3 - (_A + 3) * distance**2 + 1
    far = _A * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))


def _along_rows(images: Tensor, kernel: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    scale, taps = kernel.shape
    planes = images.reshape(count * channels, 1, height, width)
    padded = functional.pad(planes, (0, 0, _REACH, _REACH), "replicate")
    phases = functional.conv2d(padded, kernel.reshape(scale, 1, taps, 1))  # (N * C, scale, y, x)
    return phases.transpose(1, 2).reshape(count, channels, height * scale, width)
