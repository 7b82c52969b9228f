"""Dense blocks for inference on a processor: the five layers of a block follow each other in bands.

A band is a few rows of cells (`mosaic`) whose data stay in the processor's cache. Each layer is one
row of cells behind the one before it, so that nothing is computed twice and nothing concatenated:
all maps of a block lie side by side at their frequencies (`winograd`), ready for every later layer.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from superlens.methods.nets.mosaic import Layout, gather_patches
from superlens.methods.nets.rrdb import LEAK, RESIDUAL_SCALE, RRDB, ResidualDenseBlock
from superlens.methods.nets.winograd import (
    CELL,
    CONSTANT,
    FREQUENCIES,
    Transforms,
    transformed_kernel,
)

_LAYERS = 5
_LAG = _LAYERS - 1
"""Rows of cells that the last layer of a block is behind the first."""
_CELLS_PER_THREAD = 328
"""Cells of a band for every thread: more of them leave the cache, fewer make the calls count."""
_LEAST_FEATURES, _LEAST_GROWTH = 64, 32
"""With fewer channels the way to the frequencies and back costs more than it saves."""


def pays(features: int, growth: int) -> bool:
    """Say whether dense blocks of this size are faster here than layer by layer."""
    return features >= _LEAST_FEATURES and growth >= _LEAST_GROWTH


class FastRRDB(nn.Module):
    """`RRDB` on mosaics."""

    def __init__(self, block: RRDB, dtype: torch.dtype) -> None:
        super().__init__()
        blocks = (block.rdb1, block.rdb2, block.rdb3)
        self.blocks = nn.ModuleList(FastDenseBlock(dense, dtype) for dense in blocks)

    def forward(self, x: Tensor, bench: "Bench") -> Tensor:
        """Map a float32 mosaic (16, places, features) to another one."""
        changed = x.clone()
        for block in self.blocks:
            block(changed, bench)
        return changed.mul_(RESIDUAL_SCALE).add_(x)


class FastDenseBlock(nn.Module):
    """`ResidualDenseBlock` on mosaics; the residual scale is part of the last kernel."""

    def __init__(self, block: ResidualDenseBlock, dtype: torch.dtype) -> None:
        super().__init__()
        plain = (block.conv1, block.conv2, block.conv3, block.conv4)
        layers = [TransformedConv(conv, dtype) for conv in plain]
        layers.append(TransformedConv(block.conv5, dtype, RESIDUAL_SCALE))
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, bench: "Bench") -> None:
        """Change a float32 mosaic (16, places, features) in place."""
        bench.begin()
        rows = bench.layout.rows
        for first in range(0, rows + _LAG, bench.band):
            bench.take_in(x, range(first, min(first + bench.band, rows)))
            for number, layer in enumerate(self.layers):
                own = first - number
                current = range(max(own, 0), min(own + bench.band, rows))
                if number < _LAG:
                    bench.add_map(number, own, current, layer)
                else:
                    bench.add_to(x, current, layer)


class Bench:
    """Memory that the layers of all dense blocks work in, for images of one layout."""

    def __init__(self, layout: Layout, channels: tuple[int, int], transforms: Transforms) -> None:
        """Allocate.

        Args:
            layout: of the images.
            channels: of a block's input, and of each map that it adds.
            transforms: decides the number type.
        """
        self.layout = layout
        self.band = band_rows(layout)
        self._transforms = transforms
        self._features, self._growth = channels
        self._slots = self.band + _LAG
        dtype, pitch = transforms.dtype, layout.pitch
        width = self._features + _LAG * self._growth
        self._frequencies = torch.empty((FREQUENCIES, self._slots * pitch, width), dtype=dtype)
        places = (self.band + 2) * pitch + 2
        self._maps = tuple(
            torch.zeros((CELL * CELL, places, self._growth), dtype=dtype) for _ in range(_LAG)
        )
        room = FREQUENCIES * self.band * pitch * max(channels)
        self._patches, self._products = (torch.empty(room, dtype=dtype) for _ in range(2))

    def fits(self, layout: Layout) -> bool:
        """Whether it was made for this layout and for as many threads as there are now."""
        return self.layout == layout and self.band == band_rows(layout)

    def begin(self) -> None:
        """Begin a block: above the image there is nothing."""
        for pixels in self._maps:
            pixels.zero_()

    def take_in(self, x: Tensor, rows: range) -> None:
        """Bring rows of cells of the block's input to their frequencies."""
        self._transform(x, self.layout.start(0), (rows, 0), 0)

    def add_map(self, number: int, own: int, rows: range, layer: nn.Module) -> None:
        """Compute a map of the block.

        Args:
            number: which map.
            own: row at which its band begins; may lie outside the image.
            rows: those of the band that lie inside.
            layer: gives the map.
        """
        pixels, pitch = self._maps[number], self.layout.pitch
        # The last two rows of the band before are neighbours of this one's first.
        before = pixels[:, 1 + self.band * pitch : 1 + (self.band + 2) * pitch]
        pixels[:, 1 : 1 + 2 * pitch] = before.clone()
        begin = 1 + 2 * pitch
        pixels[:, begin + (max(rows.stop, own) - own) * pitch :] = 0
        for part in self._parts(rows):
            start = begin + (part.start - own) * pitch
            strip = pixels[:, start : start + len(part) * pitch]
            strip.copy_(nn.functional.leaky_relu_(self._convolved(part, number, layer), LEAK))
            self.layout.cleared(strip, part.start)
        following = range(max(own - 1, 0), min(own - 1 + self.band, self.layout.rows))
        channel = self._features + number * self._growth
        self._transform(pixels, begin, (following, own), channel)

    def add_to(self, x: Tensor, rows: range, layer: nn.Module) -> None:
        """Add the last layer of a block to its input."""
        for part in self._parts(rows):
            pixels = self.layout.cleared(self._convolved(part, _LAG, layer), part.start)
            x[:, self.layout.start(part.start) : self.layout.start(part.stop)] += pixels

    def _convolved(self, rows: range, number: int, layer: nn.Module) -> Tensor:
        """Give the pixels (16, cells, channels) of the layer that sees `number` maps so far."""
        seen = self._features + number * self._growth
        known = self._frequencies[:, self._place(rows), :seen]
        return self._transforms.back(layer(known, self._products))

    def _transform(
        self, pixels: Tensor, start: int, where: tuple[range, int], channel: int
    ) -> None:
        """Bring rows of cells to their frequencies.

        Args:
            pixels: (16, places, channels).
            start: place of the first cell of a row.
            where: the rows to bring, and which row it is that starts there.
            channel: that becomes the first of these.
        """
        rows, origin = where
        pitch, channels = self.layout.pitch, pixels.shape[2]
        for part in self._parts(rows):
            size = FREQUENCIES * len(part) * pitch * channels
            patches = self._patches[:size].view(FREQUENCIES, -1, channels)
            gather_patches(pixels, start + (part.start - origin) * pitch, pitch, patches)
            target = self._frequencies[:, self._place(part), channel : channel + channels]
            self._transforms.into(patches, target)

    def _place(self, rows: range) -> slice:
        """Give where the frequencies of rows are that `_parts` gave."""
        start = rows.start % self._slots * self.layout.pitch
        return slice(start, start + len(rows) * self.layout.pitch)

    def _parts(self, rows: range) -> Iterator[range]:
        """Cut rows where their slots, which are used in turn, begin again."""
        if not rows:
            return
        border = (rows.start // self._slots + 1) * self._slots
        yield rows[: border - rows.start]
        if border < rows.stop:
            yield rows[border - rows.start :]


class TransformedConv(nn.Module):
    """A 3 x 3 convolution whose kernel is kept at its frequencies."""

    def __init__(self, conv: nn.Conv2d, dtype: torch.dtype, factor: float = 1.0) -> None:
        """Transform a kernel.

        Args:
            conv: the layer, with a bias.
            dtype: what is multiplied with; sums are kept in float32 inside a product.
            factor: that the result is multiplied by.
        """
        super().__init__()
        bias = conv.bias
        assert bias is not None
        self.kernel: Tensor
        self.bias: Tensor
        kernel = transformed_kernel(conv.weight.detach()) * factor
        self.register_buffer("kernel", kernel.to(dtype).contiguous())
        self.register_buffer("bias", (bias.detach().double() * factor).to(dtype))

    def forward(self, frequencies: Tensor, room: Tensor) -> Tensor:
        """Map (36, cells, in) to (36, cells, out), bias added, in the beginning of `room`."""
        cells, outputs = frequencies.shape[1], self.kernel.shape[2]
        out = room[: FREQUENCIES * cells * outputs].view(FREQUENCIES, cells, outputs)
        torch.bmm(frequencies, self.kernel, out=out)
        out[CONSTANT] += self.bias
        return out


def band_rows(layout: Layout) -> int:
    """Give how many rows of cells are computed together."""
    return max(2, -(-_CELLS_PER_THREAD * torch.get_num_threads() // layout.pitch))
