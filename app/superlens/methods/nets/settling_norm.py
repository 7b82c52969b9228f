"""Batch normalisation that settles: from some step on it trains as it will restore.

With the statistics of the picture in view, a pixel would depend on the tile it lies in; with fixed
ones it depends on its surroundings alone, and tiles agree.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

MOMENTUM = 0.1
EPSILON = 1e-5


class SettlingNorm(nn.Module):
    """Maps each channel to mean 0 and variance 1, then to a learnt scale and offset.

    Until it has settled, a training network takes mean and variance of the batch, and gathers their
    running averages; settled, or not training, it takes those averages.

    Source: Ioffe, Szegedy, ICML 2015, arXiv:1502.03167; algorithm 1.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.is_settled = False

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, y, x) to the same shape."""
        is_gathering = self.training and not self.is_settled
        return functional.batch_norm(
            x, self.mean, self.variance, self.weight, self.bias, is_gathering, MOMENTUM, EPSILON
        )


def settle(network: nn.Module, is_settled: bool) -> None:
    """Say of all such layers of a network whether they have settled."""
    for part in network.modules():
        if isinstance(part, SettlingNorm):
            part.is_settled = is_settled
