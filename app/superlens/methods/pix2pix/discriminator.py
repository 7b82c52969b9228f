"""The patch discriminator: judges every patch of a picture, given the image it was made from."""

import torch
from torch import Tensor, nn

from superlens.methods.pix2pix.generator import FIRST_SPREAD, LEAK

_REACHES = {3: 70, 2: 34, 1: 16}
"""Strided layers to side of the patch that one value of the map judges."""
_WIDEST = 8


def layers_for(side: int) -> int:
    """Give the strided layers of the largest patch that fits into pictures of a side: 1 to 3."""
    fitting = [layers for layers, reach in _REACHES.items() if reach <= side]
    return max(fitting, default=min(_REACHES))


class PatchDiscriminator(nn.Module):
    """Convolutions that give one logit per patch: 70 x 70 pixels with three strided layers.

    Source: Isola, Zhu, Zhou, Efros, CVPR 2017, doi:10.1109/CVPR.2017.632; section 6.1.2. Batch
    normalisation of a batch of one, as published, is instance normalisation, and stays so for
    larger batches.
    """

    def __init__(self, channels: int, features: int, layers: int = 3) -> None:
        """Build it.

        Args:
            channels: of the image and of the picture, which are judged together.
            features: width of the first layer.
            layers: strided layers; each doubles the side of a patch, roughly.
        """
        super().__init__()
        wide = [features * min(2**layer, _WIDEST) for layer in range(layers + 1)]
        parts: list[nn.Module] = [nn.Conv2d(2 * channels, wide[0], 4, 2, 1), nn.LeakyReLU(LEAK)]
        for layer in range(1, layers + 1):
            stride = 2 if layer < layers else 1
            parts += [
                nn.Conv2d(wide[layer - 1], wide[layer], 4, stride, 1, bias=False),
                nn.InstanceNorm2d(wide[layer], affine=True),
                nn.LeakyReLU(LEAK),
            ]
        parts.append(nn.Conv2d(wide[-1], 1, 4, 1, 1))
        self.layers = nn.Sequential(*parts)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights: convolutions from N(0, 0.02), scales of norms from N(1, 0.02)."""
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, 0.0, FIRST_SPREAD, generator)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            elif isinstance(part, nn.InstanceNorm2d):
                nn.init.normal_(part.weight, 1.0, FIRST_SPREAD, generator)

    def forward(self, image: Tensor, picture: Tensor) -> Tensor:
        """Judge pictures.

        Args:
            image: (N, channels, Y, X): what the picture is to be a picture of, enlarged.
            picture: of the same shape, true or drawn.

        Returns:
            (N, 1, y, x) logits; above 0 means true.
        """
        return self.layers(torch.cat([image, picture], 1))
