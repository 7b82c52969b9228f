"""Residual-in-residual dense blocks: the trunk of the RESRGAN generator.

Layers are named as in the published checkpoints (`rdb1.conv1`, ...), so that those can be read.
"""

import torch
from torch import Tensor, nn

RESIDUAL_SCALE = 0.2
LEAK = 0.2


class ResidualDenseBlock(nn.Module):
    """Five 3 x 3 convolutions, each seeing all earlier maps; the last is added to the input.

    Source: Wang et al., ESRGAN, ECCV workshops 2018, doi:10.1007/978-3-030-11021-5_5; section 3.1.
    """

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(features + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(features + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(features + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)
        self.activation = nn.LeakyReLU(LEAK, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, features, y, x) to the same shape."""
        maps = [x]
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            maps.append(self.activation(conv(torch.cat(maps, 1))))
        return torch.add(x, self.conv5(torch.cat(maps, 1)), alpha=RESIDUAL_SCALE)


class RRDB(nn.Module):
    """Three residual dense blocks in series, added, scaled, to their input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = ResidualDenseBlock(features, growth)
        self.rdb2 = ResidualDenseBlock(features, growth)
        self.rdb3 = ResidualDenseBlock(features, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, features, y, x) to the same shape."""
        return torch.add(x, self.rdb3(self.rdb2(self.rdb1(x))), alpha=RESIDUAL_SCALE)
