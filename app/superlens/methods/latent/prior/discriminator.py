"""The discriminator: one number for a picture, above 0 where it looks real."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from superlens.methods.latent.prior.equalised import EqualisedConv, EqualisedLinear, activated
from superlens.methods.latent.prior.generator import FIRST_SIDE, Architecture
from superlens.methods.latent.prior.resampling import down2, smoothed

GROUP = 4
"""Pictures of a batch whose variety is looked at together."""
_EPSILON = 1e-8
_HALF = math.sqrt(0.5)


class Discriminator(nn.Module):
    """Residual blocks that halve the picture to 4 x 4, then the variety of the batch, then layers.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; Fig. 7, residual discriminator.
    """

    def __init__(self, architecture: Architecture, group: int = GROUP) -> None:
        super().__init__()
        self._group = group
        wide = [architecture.width(side) for side in reversed(architecture.sides)]
        last = wide[-1]
        self.from_picture = EqualisedConv(architecture.channels, wide[0], 1)
        self.blocks = nn.ModuleList(ResidualBlock(taken, out) for taken, out in pairwise(wide))
        self.last_conv = EqualisedConv(last + 1, last, 3)
        self.hidden = EqualisedLinear(FIRST_SIDE**2 * last, last)
        self.verdict = EqualisedLinear(last, 1)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all first weights."""
        for part in self.modules():
            if isinstance(part, EqualisedLinear | EqualisedConv):
                part.draw(generator)

    def forward(self, picture: Tensor) -> Tensor:
        """Map (N, channels, side, side) to logits (N,)."""
        x = activated(self.from_picture(picture))
        for block in self.blocks:
            x = block(x)
        x = with_variety(x, self._group)
        x = activated(self.last_conv(x, padding=1))
        x = activated(self.hidden(x.flatten(1)))
        return self.verdict(x)[:, 0]


class ResidualBlock(nn.Module):
    """Two convolutions that halve the maps, beside a plain halving, added with equal shares."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualisedConv(inputs, inputs, 3)
        self.second = EqualisedConv(inputs, outputs, 3)
        self.skip = EqualisedConv(inputs, outputs, 1, has_bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, y, x) to (N, outputs, y / 2, x / 2)."""
        y = activated(self.first(x, padding=1))
        y = activated(self.second(smoothed(y, 2, gain=1.0), stride=2))
        return (y + self.skip(down2(x))) * _HALF


def with_variety(x: Tensor, group: int) -> Tensor:
    """Append a map that tells how much the pictures of a group differ.

    Args:
        x: (N, C, y, x).
        group: pictures in a group; the largest divisor of N up to it is taken.

    Returns:
        (N, C + 1, y, x): the standard deviation over the group, averaged over maps and pixels.

    Source: Karras, Aila, Laine, Lehtinen, ICLR 2018, arXiv:1710.10196; section 3.
    """
    count = len(x)
    size = next(size for size in range(min(group, count), 0, -1) if count % size == 0)
    grouped = x.reshape(size, count // size, *x.shape[1:])  # members are i, i + N / size, ...
    spread = (grouped.var(0, unbiased=False) + _EPSILON).sqrt().mean((1, 2, 3))  # (N / size,)
    plane = spread.repeat(size)[:, None, None, None].expand(-1, 1, *x.shape[2:])
    return torch.cat([x, plane], 1)
