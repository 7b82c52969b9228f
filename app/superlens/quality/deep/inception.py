"""Inception-v3 as ported from TensorFlow for FID, with weights from a user's file alone.

It differs from the common network of that name: average pooling leaves the padding out of the
mean, the last block pools by maximum, and there are 1008 classes (unused here).

Source: Szegedy et al., CVPR (2016), doi 10.1109/CVPR.2016.308; its use: Heusel et al., NeurIPS
(2017), arXiv 1706.08500.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superlens.core.method import Weights
from superlens.quality.deep.networks import frozen, three_channels

SIDE_PX = 299
DIMENSIONS = 2048
PART = "network"
STEM_KEY = "Conv2d_1a_3x3.conv.weight"
_STEM_WIDTH = 32
_BATCH_NORM_EPS = 1e-3

Size = int | tuple[int, int]


class _Conv(nn.Module):
    """Convolution, batch norm, rectifier."""

    def __init__(
        self, inside: int, outside: int, kernel: Size, stride: int = 1, padding: Size = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outside, eps=_BATCH_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class _BlockA(nn.Module):
    """35 x 35: 1 x 1, 5 x 5, double 3 x 3, pool."""

    def __init__(self, inside: int, pooled: int, n: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inside, 64 // n, 1)
        self.branch5x5_1 = _Conv(inside, 48 // n, 1)
        self.branch5x5_2 = _Conv(48 // n, 64 // n, 5, padding=2)
        self.branch3x3dbl_1 = _Conv(inside, 64 // n, 1)
        self.branch3x3dbl_2 = _Conv(64 // n, 96 // n, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96 // n, 96 // n, 3, padding=1)
        self.branch_pool = _Conv(inside, pooled // n, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(_average(x))
        return torch.cat([self.branch1x1(x), five, double, pooled], 1)


class _BlockB(nn.Module):
    """35 x 35 to 17 x 17."""

    def __init__(self, inside: int, n: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inside, 384 // n, 3, stride=2)
        self.branch3x3dbl_1 = _Conv(inside, 64 // n, 1)
        self.branch3x3dbl_2 = _Conv(64 // n, 96 // n, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96 // n, 96 // n, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, nn.functional.max_pool2d(x, 3, 2)], 1)


class _BlockC(nn.Module):
    """17 x 17: 7 x 7 as rows and columns."""

    def __init__(self, inside: int, middle: int, n: int) -> None:
        super().__init__()
        m, out = middle // n, 192 // n
        row: tuple[tuple[int, int], tuple[int, int]] = ((1, 7), (0, 3))
        column: tuple[tuple[int, int], tuple[int, int]] = ((7, 1), (3, 0))
        self.branch1x1 = _Conv(inside, out, 1)
        self.branch7x7_1 = _Conv(inside, m, 1)
        self.branch7x7_2 = _Conv(m, m, row[0], padding=row[1])
        self.branch7x7_3 = _Conv(m, out, column[0], padding=column[1])
        self.branch7x7dbl_1 = _Conv(inside, m, 1)
        self.branch7x7dbl_2 = _Conv(m, m, column[0], padding=column[1])
        self.branch7x7dbl_3 = _Conv(m, m, row[0], padding=row[1])
        self.branch7x7dbl_4 = _Conv(m, m, column[0], padding=column[1])
        self.branch7x7dbl_5 = _Conv(m, out, row[0], padding=row[1])
        self.branch_pool = _Conv(inside, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(_average(x))
        return torch.cat([self.branch1x1(x), seven, double, pooled], 1)


class _BlockD(nn.Module):
    """17 x 17 to 8 x 8."""

    def __init__(self, inside: int, n: int) -> None:
        super().__init__()
        m = 192 // n
        self.branch3x3_1 = _Conv(inside, m, 1)
        self.branch3x3_2 = _Conv(m, 320 // n, 3, stride=2)
        self.branch7x7x3_1 = _Conv(inside, m, 1)
        self.branch7x7x3_2 = _Conv(m, m, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = _Conv(m, m, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = _Conv(m, m, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_2(self.branch7x7x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return torch.cat([three, seven, nn.functional.max_pool2d(x, 3, 2)], 1)


class _BlockE(nn.Module):
    """8 x 8: 3 x 3 split into rows and columns side by side."""

    def __init__(self, inside: int, n: int, *, pools_by_maximum: bool) -> None:
        super().__init__()
        m = 384 // n
        self.branch1x1 = _Conv(inside, 320 // n, 1)
        self.branch3x3_1 = _Conv(inside, m, 1)
        self.branch3x3_2a = _Conv(m, m, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Conv(m, m, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = _Conv(inside, 448 // n, 1)
        self.branch3x3dbl_2 = _Conv(448 // n, m, 3, padding=1)
        self.branch3x3dbl_3a = _Conv(m, m, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Conv(m, m, (3, 1), padding=(1, 0))
        self.branch_pool = _Conv(inside, 192 // n, 1)
        self._pools_by_maximum = pools_by_maximum

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = nn.functional.max_pool2d(x, 3, 1, 1) if self._pools_by_maximum else _average(x)
        parts = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        ]
        return torch.cat(parts, 1)


class FidInception(nn.Module):
    """Mean responses after the last block (`pool3`)."""

    def __init__(self, divisor: int = 1) -> None:
        """Build it with random weights, all widths divided by 1, 2, 4, 8 or 16."""
        super().__init__()
        n = divisor
        self.Conv2d_1a_3x3 = _Conv(3, 32 // n, 3, stride=2)
        self.Conv2d_2a_3x3 = _Conv(32 // n, 32 // n, 3)
        self.Conv2d_2b_3x3 = _Conv(32 // n, 64 // n, 3, padding=1)
        self.Conv2d_3b_1x1 = _Conv(64 // n, 80 // n, 1)
        self.Conv2d_4a_3x3 = _Conv(80 // n, 192 // n, 3)
        self.Mixed_5b = _BlockA(192 // n, 32, n)
        self.Mixed_5c = _BlockA(256 // n, 64, n)
        self.Mixed_5d = _BlockA(288 // n, 64, n)
        self.Mixed_6a = _BlockB(288 // n, n)
        self.Mixed_6b = _BlockC(768 // n, 128, n)
        self.Mixed_6c = _BlockC(768 // n, 160, n)
        self.Mixed_6d = _BlockC(768 // n, 160, n)
        self.Mixed_6e = _BlockC(768 // n, 192, n)
        self.Mixed_7a = _BlockD(768 // n, n)
        self.Mixed_7b = _BlockE(1280 // n, n, pools_by_maximum=False)
        self.Mixed_7c = _BlockE(2048 // n, n, pools_by_maximum=True)

    def forward(self, x: Tensor) -> Tensor:
        """Give the features of pictures.

        Args:
            x: (N, 1, Y, X), values 0 to 255 rounded to whole numbers.

        Returns:
            (N, 2048 / divisor).
        """
        x = (resized(three_channels(x), SIDE_PX) - 128.0) / 128.0
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = nn.functional.max_pool2d(x, 3, 2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = nn.functional.max_pool2d(x, 3, 2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6a(x)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))


def load_inception(weights: Weights) -> FidInception:
    """Build the network from imported weights, frozen.

    Args:
        weights: the part `network`, named as in the published file, without the classes.

    Raises:
        CorruptModel: the weights do not fit.
    """
    tensors = weights.parts.get(PART, {})
    network = FidInception(_divisor(tensors))
    counters = {
        name: np.zeros((), np.int64)
        for name in network.state_dict()
        if name.endswith("num_batches_tracked")
    }
    frozen(network, {**counters, **tensors}, "Inception")
    return network


def resized(x: Tensor, side: int) -> Tensor:
    """Enlarge or shrink to a square bilinearly as TensorFlow 1 did: corner pixels stay in place.

    Pixel k of the result lies at k * old / new, without the half pixel that newer programs add and
    without smoothing before shrinking.
    """
    for axis in (2, 3):
        length = x.shape[axis]
        place = torch.arange(side, device=x.device, dtype=x.dtype) * (length / side)
        first = place.floor().long().clamp(max=length - 1)
        second = (first + 1).clamp(max=length - 1)
        share = (place - first).view([-1 if one == axis else 1 for one in range(4)])
        low, high = x.index_select(axis, first), x.index_select(axis, second)
        x = low + share * (high - low)
    return x


def _average(x: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _divisor(tensors: Mapping[str, NDArray[Any]]) -> int:
    stem = tensors.get(STEM_KEY)
    return max(1, _STEM_WIDTH // int(stem.shape[0])) if stem is not None else 1
