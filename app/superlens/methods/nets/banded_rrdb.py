"""Dense blocks of few channels for inference on a processor: layers follow each other in bands.

A band is a few rows of pixels whose maps stay in the processor's cache. Each layer is one row
behind the one before it, so that nothing is computed twice.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from superlens.methods.nets.rrdb import LEAK, RESIDUAL_SCALE, RRDB, ResidualDenseBlock

_LAYERS = 5
_PX_PER_THREAD = 12288
"""Pixels of a band for every thread: more of them leave the cache, fewer make the calls count."""


class BandedTrunk(nn.Module):
    """A chain of `RRDB`, channels innermost."""

    def __init__(self, blocks: Iterable[RRDB], dtype: torch.dtype) -> None:
        """Take over the weights.

        Args:
            blocks: in their order.
            dtype: to compute with.
        """
        super().__init__()
        blocks = tuple(blocks)
        self._dtype = dtype
        self._growth = blocks[0].rdb1.conv1.out_channels
        self.blocks = nn.ModuleList(
            BandedDenseBlock(dense, dtype)
            for block in blocks
            for dense in (block.rdb1, block.rdb2, block.rdb3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, features, y, x) to the same shape."""
        count, features, height, width = x.shape
        start, first, second = (
            _rows((count, features, height, width), self._dtype) for _ in range(3)
        )
        maps = [_rows((count, self._growth, height, width), self._dtype) for _ in range(4)]
        start[:, :, 1:-1] = x
        for number in range(0, len(self.blocks), 3):
            self.blocks[number](start, first, maps)
            self.blocks[number + 1](first, second, maps)
            self.blocks[number + 2](second, first, maps)
            start.add_(first, alpha=RESIDUAL_SCALE)
        return start[:, :, 1:-1]


class BandedDenseBlock(nn.Module):
    """`ResidualDenseBlock` on images with an empty row above and below."""

    def __init__(self, block: ResidualDenseBlock, dtype: torch.dtype) -> None:
        """Take over the weights; the residual scale becomes part of the last ones."""
        super().__init__()
        convs = (block.conv1, block.conv2, block.conv3, block.conv4, block.conv5)
        self.layers = nn.ModuleList(_without_rows(conv) for conv in convs)
        with torch.no_grad():
            for value in self.layers[-1].parameters():
                value.mul_(RESIDUAL_SCALE)
        self.to(dtype).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] # not in stubs

    def forward(self, x: Tensor, out: Tensor, maps: Sequence[Tensor]) -> None:
        """Compute a block.

        Args:
            x: (N, features, y + 2, x).
            out: of the same shape, overwritten.
            maps: four of (N, growth, y + 2, x), overwritten.
        """
        height, width = x.shape[2] - 2, x.shape[3]
        band = max(_LAYERS, _PX_PER_THREAD * torch.get_num_threads() // width)
        for start in range(0, height + _LAYERS - 1, band):
            for number, layer in enumerate(self.layers):
                first, end = max(start - number, 0), min(start - number + band, height)
                if first < end:
                    seen = [source[:, :, first : end + 2] for source in (x, *maps[:number])]
                    made = layer(torch.cat(seen, 1) if number else seen[0])
                    inner = slice(first + 1, end + 1)
                    if number < _LAYERS - 1:
                        maps[number][:, :, inner] = nn.functional.leaky_relu_(made, LEAK)
                    else:
                        torch.add(x[:, :, inner], made, out=out[:, :, inner])


def _rows(shape: tuple[int, int, int, int], dtype: torch.dtype) -> Tensor:
    """Give an image of zeros with an empty row above and below, channels innermost."""
    count, channels, height, width = shape
    image = torch.empty(
        (count, channels, height + 2, width), dtype=dtype, memory_format=torch.channels_last
    )
    return image.zero_()


def _without_rows(conv: nn.Conv2d) -> nn.Conv2d:
    """Give the layer for images that bring the rows above and below with them."""
    copied = deepcopy(conv)
    copied.padding = (0, 1)
    return copied
