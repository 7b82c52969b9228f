"""Group normalisation whose statistics are those of one pixel: no pixel depends on its tile."""

from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5
GROUP = 64
"""Channels of a group at most."""


class PixelNorm(nn.Module):
    """Maps the channels of each group, pixel by pixel, to mean 0 and variance 1.

    There are no statistics over space, so that a tile with enough context gives what the whole
    image gives, up to rounding. It has no weights: what follows scales and shifts.

    Source: Wu, He, ECCV 2018, arXiv:1803.08494, without its spatial axes.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.groups = channels // GROUP if channels % GROUP == 0 else 1

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, y, x) to the same shape, channels innermost."""
        innermost = x.permute(0, 2, 3, 1)
        grouped = innermost.unflatten(3, (self.groups, -1))
        normal = functional.layer_norm(grouped, grouped.shape[-1:], eps=EPSILON)
        return normal.flatten(3).permute(0, 3, 1, 2)
