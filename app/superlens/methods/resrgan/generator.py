"""The generator: pixel unshuffle, a trunk of dense blocks, and a tail that enlarges four times.

Layer names are the "new naming" of the published checkpoints; no training and no tiling here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.nets.initialisation import initialise_default, initialise_residual
from superlens.methods.nets.rrdb import LEAK, RRDB

UNSHUFFLE = {1: 4, 2: 2, 4: 1}
"""Scale to pixel-unshuffle factor: the trunk always enlarges four times."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is needed to build a generator."""

    scale: int = 2
    channels: int = 1
    blocks: int = 23
    features: int = 64
    growth: int = 32


class Generator(nn.Module):
    """RRDB network that gives `scale` times more pixels in y and x.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    figure 4. No normalisation layers, no skip of the image, no activation at the output.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        channels, features = architecture.channels, architecture.features
        self.factor = UNSHUFFLE[architecture.scale]
        self.conv_first = nn.Conv2d(channels * self.factor**2, features, 3, padding=1)
        self.body = nn.Sequential(
            *(RRDB(features, architecture.growth) for _ in range(architecture.blocks))
        )
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        self.conv_up1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv_up2 = nn.Conv2d(features, features, 3, padding=1)
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, channels, 3, padding=1)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights: dense blocks small, everything else as PyTorch does."""
        initialise_default(self, generator)
        initialise_residual(self.body, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, channels, y, x) to (N, channels, y * scale, x * scale); any y and x."""
        height, width = x.shape[-2:]
        x = self.conv_first(self.unshuffled(x))
        x = x + self.conv_body(self.body(x))
        x = _activated(self.conv_up1(functional.interpolate(x, scale_factor=2, mode="nearest")))
        x = _activated(self.conv_up2(functional.interpolate(x, scale_factor=2, mode="nearest")))
        x = self.conv_last(_activated(self.conv_hr(x)))
        scale = self.architecture.scale
        return x[..., : height * scale, : width * scale]

    def unshuffled(self, x: Tensor) -> Tensor:
        """Give what the first layer sees: every square of pixels as channels of one."""
        return functional.pixel_unshuffle(self._padded(x), self.factor)

    def _padded(self, x: Tensor) -> Tensor:
        """Continue the image at its lower and right edge to sizes that the unshuffle can divide."""
        down, right = (-x.shape[-2] % self.factor, -x.shape[-1] % self.factor)
        if down == 0 and right == 0:
            return x
        can_reflect = down < x.shape[-2] and right < x.shape[-1]
        return functional.pad(x, (0, right, 0, down), "reflect" if can_reflect else "replicate")


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, LEAK, inplace=True)
