"""Convolutions that a style vector steers: the layers of the generator."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.latent.prior.equalised import EqualisedLinear, activated
from superlens.methods.latent.prior.resampling import smoothed

EPSILON = 1e-8
_SIDE = 3


class StyledConv(nn.Module):
    """A 3 x 3 convolution whose inputs a style scales and whose outputs keep unit variance.

    Computed in the cheap form: scale the inputs, convolve, scale the outputs; the same numbers as
    with one set of weights per picture.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; Eq. (1), (3), section 2.2.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, *, doubles: bool = False) -> None:
        """Build it; `doubles`: whether the picture is enlarged by 2 on the way."""
        super().__init__()
        self.doubles = doubles
        self.style = EqualisedLinear(w_dim, inputs, first_bias=1.0)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, _SIDE, _SIDE))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.noise_strength = nn.Parameter(torch.empty(()))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw first weights from N(0, 1); bias and strength of the noise are 0."""
        nn.init.normal_(self.weight, 0.0, 1.0, generator)
        self.bias.zero_()
        self.noise_strength.zero_()

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """Give the next maps.

        Args:
            x: (N, inputs, y, x).
            w: (N, w_dim).
            noise: (N or 1, 1, Y, X) of the size that comes out.

        Returns:
            (N, outputs, Y, X).
        """
        x = self.convolved(x, self.style(w))
        x = torch.addcmul(x, self.noise_strength, noise.to(x.dtype))
        return activated(x + self.bias[:, None, None])

    def convolved(self, x: Tensor, style: Tensor) -> Tensor:
        """Give the steered convolution alone: (N, outputs, Y, X) for styles (N, inputs)."""
        power = self.weight.square().sum((2, 3))  # (outputs, inputs)
        scale = torch.rsqrt(functional.linear(style.square(), power) + EPSILON)  # Eq. (3)
        x = x * style[:, :, None, None]  # Eq. (1)
        if self.doubles:
            kernel = self.weight.transpose(0, 1)
            x = smoothed(functional.conv_transpose2d(x, kernel, stride=2), 1, gain=4.0)
        else:
            x = functional.conv2d(x, self.weight, padding=_SIDE // 2)
        return x * scale[:, :, None, None]


class ToPicture(nn.Module):
    """A 1 x 1 convolution steered by a style, without keeping the variance: maps to channels."""

    def __init__(self, inputs: int, channels: int, w_dim: int) -> None:
        super().__init__()
        self.style = EqualisedLinear(w_dim, inputs, first_bias=1.0)
        self.weight = nn.Parameter(torch.empty(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(channels))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw first weights from N(0, 1); the bias is 0."""
        nn.init.normal_(self.weight, 0.0, 1.0, generator)
        self.bias.zero_()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, inputs, y, x) and styles (N, w_dim) to (N, channels, y, x)."""
        style = self.style(w) * (1 / math.sqrt(self.weight.shape[1]))
        # As many weights as pictures, but few: cheaper than to scale all maps.
        weight = self.weight[:, :, 0, 0] * style[:, None, :]  # (N, channels, inputs)
        picture = torch.einsum("nci,niyx->ncyx", weight, x)
        return picture + self.bias[:, None, None]
