"""The generator for inference: same weights, same answers, fewer multiplications.

It differs from `Generator` by rounding alone. No training here.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.nets.banded_rrdb import BandedTrunk
from superlens.methods.nets.closing import ClosingConv
from superlens.methods.nets.doubling import DoublingConv
from superlens.methods.nets.fast_rrdb import Bench, FastRRDB, pays
from superlens.methods.nets.mosaic import Layout
from superlens.methods.nets.placement import placed
from superlens.methods.nets.rrdb import LEAK, RRDB
from superlens.methods.nets.winograd import Transforms
from superlens.methods.resrgan.generator import Generator

_MARGIN = 3
"""Pixels of the trunk around a strip: its tail sees two and a quarter to each side."""
_STRIP_PX = {"cpu": 1 << 14}
"""Pixels of the trunk that the tail enlarges at a time: about 200 MB with 64 features."""
_LARGEST_STRIP_PX = 1 << 18
"""The same on an accelerator."""
_TAIL_SCALE = 4
_TRUNK_IMAGES, _MAPS = 6, 4
"""Images of all features, and maps, that are in memory at the same time, in float32."""


class FastGenerator(nn.Module):
    """`Generator` with a faster trunk, and a tail in strips without the enlarged images."""

    def __init__(self, generator: Generator, device: str, dtype: torch.dtype) -> None:
        """Take over the weights.

        Args:
            generator: its weights are copied.
            device: to compute on.
            dtype: what is multiplied with.
        """
        super().__init__()
        self.architecture = generator.architecture
        self._unshuffled = generator.unshuffled
        self._dtype = dtype
        self._strip_px = _STRIP_PX.get(device, _LARGEST_STRIP_PX)
        self.conv_first = placed(deepcopy(generator.conv_first), device)
        self.trunk = _trunk(generator, device, dtype)
        self.conv_body, self.conv_hr = (
            placed(deepcopy(layer), device).to(dtype)
            for layer in (generator.conv_body, generator.conv_hr)
        )
        # The last layer gives what a user sees: in bfloat16 it would have 256 levels.
        last = generator.conv_last
        self.conv_last = placed(ClosingConv(last) if device == "cpu" else deepcopy(last), device)
        self.conv_up1, self.conv_up2 = (
            placed(DoublingConv(layer), device).to(dtype)
            for layer in (generator.conv_up1, generator.conv_up2)
        )
        self.requires_grad_(False)

    @property
    def bytes_per_px(self) -> float:
        """Memory that a pixel of the input takes on a processor; the strips of the tail aside."""
        features, growth = self.architecture.features, self.architecture.growth
        trunk_px = 4 * _TRUNK_IMAGES * features + 4 * _MAPS * growth
        return trunk_px * (self.architecture.scale / _TAIL_SCALE) ** 2

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (N, channels, y, x) to (N, channels, y * scale, x * scale); any y and x."""
        height, width = x.shape[-2:]
        first = self.conv_first(self._unshuffled(x))
        trunk = self.trunk(first)
        rows = max(1, self._strip_px // (first.shape[3] * first.shape[0]))
        strips = [self._enlarged(trunk, first, part) for part in _strips(first.shape[2], rows)]
        scale = self.architecture.scale
        return torch.cat(strips, 2)[:, :, : height * scale, : width * scale]

    def _enlarged(self, trunk: Tensor, first: Tensor, rows: range) -> Tensor:
        """Give rows of the trunk enlarged: (N, channels, 4 * y, 4 * x) in float32."""
        above = min(_MARGIN, rows.start)
        around = slice(rows.start - above, rows.stop + _MARGIN)
        x = self.conv_body(trunk[:, :, around].to(self._dtype)).float() + first[:, :, around]
        x = _activated(self.conv_up1(x.to(self._dtype)))
        x = _activated(self.conv_up2(x))
        x = self.conv_last(_activated(self.conv_hr(x)).float())
        start = _TAIL_SCALE * above
        return x[:, :, start : start + _TAIL_SCALE * len(rows)]


class _LayerByLayer(nn.Module):
    """The trunk as it is, channels innermost."""

    def __init__(self, blocks: nn.Sequential, dtype: torch.dtype) -> None:
        super().__init__()
        self.blocks = blocks
        self._dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, features, y, x) to the same shape."""
        return self.blocks(x.to(self._dtype))


class _OnCells(nn.Module):
    """The trunk on cells of 4 x 4 pixels, one image at a time."""

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        super().__init__()
        self._channels = generator.architecture.features, generator.architecture.growth
        self._transforms = Transforms(dtype)
        self._bench: Bench | None = None
        self.blocks = nn.ModuleList(FastRRDB(block, dtype) for block in _blocks(generator))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, features, y, x) to the same shape."""
        layout = Layout(*x.shape[-2:])
        bench = self._bench_for(layout)
        done: list[Tensor] = []
        for image in x.split(1):
            mosaic = layout.laid(image)
            for block in self.blocks:
                mosaic = block(mosaic, bench)
            done.append(layout.image(mosaic))
        return torch.cat(done)

    def _bench_for(self, layout: Layout) -> Bench:
        """Give the memory of the blocks; it is kept, because most tiles have one size."""
        if self._bench is None or not self._bench.fits(layout):
            self._bench = None
            self._bench = Bench(layout, self._channels, self._transforms)
        return self._bench


def _trunk(generator: Generator, device: str, dtype: torch.dtype) -> nn.Module:
    if device != "cpu":
        return _LayerByLayer(placed(deepcopy(generator.body), device).to(dtype), dtype)
    if pays(generator.architecture.features, generator.architecture.growth):
        return _OnCells(generator, dtype)
    return BandedTrunk(_blocks(generator), dtype)


def _blocks(generator: Generator) -> Iterator[RRDB]:
    for block in generator.body:
        assert isinstance(block, RRDB)
        yield block


def _strips(height: int, rows: int) -> Iterator[range]:
    for first in range(0, height, rows):
        yield range(first, min(first + rows, height))


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu_(x, LEAK)
