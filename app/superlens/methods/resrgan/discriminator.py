"""The discriminator: a U-Net that says of every pixel how real its surroundings look.

Layers are named as in the published checkpoints (`conv0` ... `conv9`); it never ships in a model.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.nets.initialisation import initialise_default
from superlens.methods.nets.rrdb import LEAK
from superlens.methods.nets.spectral import SpectralConv2d

SMALLEST_PX = 8
"""Three halvings have to leave a pixel."""


class Discriminator(nn.Module):
    """Ten convolutions, eight of them with spectral norm, in the shape of a U.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    figure 6. Ups are bilinear; a skip is added after the activation.
    """

    def __init__(self, channels: int = 1, features: int = 64) -> None:
        super().__init__()
        f = features
        self.conv0 = nn.Conv2d(channels, f, 3, padding=1)
        self.conv1 = SpectralConv2d(f, 2 * f, 4, stride=2)
        self.conv2 = SpectralConv2d(2 * f, 4 * f, 4, stride=2)
        self.conv3 = SpectralConv2d(4 * f, 8 * f, 4, stride=2)
        self.conv4 = SpectralConv2d(8 * f, 4 * f, 3)
        self.conv5 = SpectralConv2d(4 * f, 2 * f, 3)
        self.conv6 = SpectralConv2d(2 * f, f, 3)
        self.conv7 = SpectralConv2d(f, f, 3)
        self.conv8 = SpectralConv2d(f, f, 3)
        self.conv9 = nn.Conv2d(f, 1, 3, padding=1)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights as PyTorch does."""
        initialise_default(self, generator)
        for layer in self._spectral():
            layer.initialise(generator)

    def advance(self) -> None:
        """Let the spectral norms follow the weights; once per training step."""
        for layer in self._spectral():
            layer.advance()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, y, x), at least 8 x 8, to logits (N, 1, y, x): above 0 is real."""
        return self.judge(x)[0]

    def judge(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Give the logits and the six maps after `conv1` to `conv6`, by which pictures compare."""
        first = _activated(self.conv0(x))
        half = _activated(self.conv1(first))
        quarter = _activated(self.conv2(half))
        eighth = _activated(self.conv3(quarter))
        fourth = _activated(self.conv4(_resized(eighth, quarter)))
        fifth = _activated(self.conv5(_resized(fourth + quarter, half)))
        sixth = _activated(self.conv6(_resized(fifth + half, first)))
        last = _activated(self.conv8(_activated(self.conv7(sixth + first))))
        return self.conv9(last), (half, quarter, eighth, fourth, fifth, sixth)

    def _spectral(self) -> list[SpectralConv2d]:
        return [part for part in self.modules() if isinstance(part, SpectralConv2d)]


def _resized(x: Tensor, like: Tensor) -> Tensor:
    """Enlarge to the size of another map: twice, or one pixel more where that was odd."""
    return functional.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, LEAK)
