"""Convolutions whose largest singular value is held at one, for discriminators that stay calm.

Tensors are named as in published checkpoints (`weight_orig`, `weight_u`, `weight_v`).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-12
FIRST_ITERATIONS = 15


class SpectralConv2d(nn.Module):
    """A convolution without bias that divides its weights by their spectral norm.

    The norm is that of the weights as an (out, in * k * k) matrix, followed by one power iteration
    per call of `advance`; `forward` changes nothing, so that any number of passes sees the same
    weights.

    Source: Miyato, Kataoka, Koyama, Yoshida, ICLR 2018, arXiv:1802.05957; algorithm 1.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.weight_orig = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.register_buffer("weight_u", torch.empty(outputs))
        self.register_buffer("weight_v", torch.empty(inputs * kernel * kernel))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights as PyTorch does, uniform in +-1/sqrt(fan-in), and find their norm."""
        bound = self.weight_v.numel() ** -0.5
        nn.init.uniform_(self.weight_orig, -bound, bound, generator=generator)
        for vector in (self.weight_u, self.weight_v):
            nn.init.normal_(vector, generator=generator)
            vector.copy_(functional.normalize(vector, dim=0, eps=EPSILON))
        for _ in range(FIRST_ITERATIONS):
            self.advance()

    @torch.no_grad()
    def advance(self) -> None:
        """Do one power iteration: the singular vectors follow the weights."""
        matrix = self.weight_orig.flatten(1)
        self.weight_v.copy_(functional.normalize(matrix.T @ self.weight_u, dim=0, eps=EPSILON))
        self.weight_u.copy_(functional.normalize(matrix @ self.weight_v, dim=0, eps=EPSILON))

    def weight(self) -> Tensor:
        """Give the weights over their norm u^T W v, in full precision; gradients pass both."""
        with torch.autocast(self.weight_orig.device.type, enabled=False):
            norm = torch.dot(self.weight_u, self.weight_orig.flatten(1) @ self.weight_v)
            return self.weight_orig / norm

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, y, x) to (N, out, y / stride, x / stride), padded by one pixel."""
        return functional.conv2d(x, self.weight(), stride=self.stride, padding=1)
