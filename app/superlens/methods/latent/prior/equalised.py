"""Layers whose weights are stored with unit variance and scaled when used, and their activation.

So that every weight learns at the same speed under Adam, whatever its fan-in.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAK = 0.2
GAIN = math.sqrt(2)
"""What keeps the variance through a leaky rectifier."""


def activated(x: Tensor) -> Tensor:
    """Give sqrt(2) times the leaky rectifier of slope 0.2."""
    return functional.leaky_relu(x, LEAK) * GAIN


class EqualisedLinear(nn.Module):
    """A fully connected layer, weights divided by the root of the fan-in.

    Source: Karras, Aila, Laine, Lehtinen, ICLR 2018, arXiv:1710.10196; section 4.1.
    """

    def __init__(
        self, inputs: int, outputs: int, *, rate: float = 1.0, first_bias: float = 0.0
    ) -> None:
        """Build it.

        Args:
            inputs: length of the vectors that come.
            outputs: length of those that go.
            rate: multiplier of the learning rate.
            first_bias: value that the bias begins with.
        """
        super().__init__()
        self._rate = rate
        self._first_bias = first_bias
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw first weights from N(0, 1) / rate."""
        nn.init.normal_(self.weight, 0.0, 1 / self._rate, generator)
        self.bias.fill_(self._first_bias / self._rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs), linearly."""
        scale = self._rate / math.sqrt(self.weight.shape[1])
        return functional.linear(x, self.weight * scale, self.bias * self._rate)


class EqualisedConv(nn.Module):
    """A convolution, weights divided by the root of the fan-in; neither padding nor activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, has_bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outputs)) if has_bias else None

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw first weights from N(0, 1); biases are 0."""
        nn.init.normal_(self.weight, 0.0, 1.0, generator)
        if self.bias is not None:
            self.bias.zero_()

    def forward(self, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        """Map (N, inputs, y, x) to (N, outputs, ...)."""
        weight = self.weight * (1 / math.sqrt(self.weight[0].numel()))
        return functional.conv2d(x, weight, self.bias, stride, padding)
