"""From the normalised image to what is diffused, and back."""

import torch
from torch import Tensor

from superlens.core.method import RegionReader
from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.nets.enlargement import bicubic

MARGIN_PX = 2
"""Low-resolution pixels around a part that its enlargement depends on."""


def picture_of(enlarged: Tensor) -> Tensor:
    """Map an enlarged image from 0..1 to the network's -1..1."""
    return 2 * enlarged - 1


def target_of(enlarged: Tensor, high: Tensor, shape: Architecture) -> Tensor:
    """Give what is sampled for a true image, in units of its spread over the training images."""
    plain = high - enlarged if shape.residual else high
    return (plain - shape.target_offset) / shape.target_std


def image_of(enlarged: Tensor, target: Tensor, shape: Architecture) -> Tensor:
    """Give the image of what was sampled: the inverse of `target_of`."""
    plain = target * shape.target_std + shape.target_offset
    return enlarged + plain if shape.residual else plain


def enlarged_patch(low: Tensor, scale: int) -> Tensor:
    """Enlarge whole patches (B, C, y, x) for training."""
    return bicubic(low, scale).contiguous(memory_format=torch.channels_last)


def enlarged_window(
    reader: RegionReader, start: tuple[int, ...], size: tuple[int, ...], scale: int
) -> Tensor:
    """Enlarge a part of an image, and give the same pixels wherever it was cut.

    Args:
        reader: of the low-resolution image.
        start: (top, left) of the part in low-resolution pixels; may be outside the image.
        size: (height, width) of the part.
        scale: pixels along one pixel.

    Returns:
        (1, C, height * scale, width * scale).
    """
    (top, left), (height, width) = start, size
    around = 2 * MARGIN_PX
    low = reader.read(top - MARGIN_PX, left - MARGIN_PX, height + around, width + around)
    large = bicubic(torch.from_numpy(low)[None], scale)
    cut = slice(MARGIN_PX * scale, -MARGIN_PX * scale)
    return large[:, :, cut, cut].contiguous(memory_format=torch.channels_last)
