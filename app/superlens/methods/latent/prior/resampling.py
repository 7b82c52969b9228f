"""Doubling and halving of pictures with the low-pass filter [1, 3, 3, 1]; zeros lie outside."""

import torch
from torch import Tensor
from torch.nn import functional

TAPS = (1.0, 3.0, 3.0, 1.0)


def up2(x: Tensor) -> Tensor:
    """Double (N, C, y, x); a constant stays what it is, except at the border.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; as bilinear filtering in earlier work.
    """
    count, channels, height, width = x.shape
    planes = x.reshape(count * channels, 1, height, width)
    # Zeros between the pixels, (2, 1) zeros around them and the filter: all but one step of it.
    wide = functional.conv_transpose2d(planes, _kernel(x, gain=4.0), stride=2, padding=1)
    return wide.reshape(count, channels, 2 * height, 2 * width)


def down2(x: Tensor) -> Tensor:
    """Halve (N, C, y, x) with even sides."""
    return smoothed(x, 1, gain=1.0, stride=2)


def smoothed(x: Tensor, padding: int, *, gain: float, stride: int = 1) -> Tensor:
    """Filter (N, C, y, x) after padding it with zeros on all sides."""
    channels = x.shape[1]
    kernel = _kernel(x, gain).expand(channels, 1, -1, -1)
    return functional.conv2d(x, kernel, stride=stride, padding=padding, groups=channels)


def _kernel(like: Tensor, gain: float) -> Tensor:
    taps = torch.tensor(TAPS, dtype=like.dtype, device=like.device)
    kernel = torch.outer(taps, taps)
    return (kernel * (gain / kernel.sum()))[None, None]
