"""The U-Net of CVDM: every block is told the noise level of every pixel.

Noise network and schedule network are of the same kind; the latter is told no level.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.methods.cvdm.architecture import Architecture
from superlens.methods.cvdm.schedule import Level
from superlens.methods.nets.initialisation import initialise_default
from superlens.methods.nets.pixel_norm import PixelNorm

_MOST_TIMES = 4
"""Widths of the levels: 1, 2, 4, 4, ... times the first."""
_LEVEL_FEATURES = 3
_LOG_SNR_SPAN, _LOG_SNR_UNIT = 12.0, 6.0
_ROOT_HALF = math.sqrt(0.5)


class UNet(nn.Module):
    """Maps images to images of the same size through levels of resolution.

    Squares of `fold` pixels are worked on as one pixel with more channels. Its last layer begins at
    zero. One that is told a level may also answer its doubt: a small head that looks at the last
    features and changes nothing of them. Differs from SR3 in what keeps tiles equal to the whole:
    normalisation per pixel, no attention.

    Source: Saharia et al., IEEE TPAMI 45, 4713 (2023), doi:10.1109/TPAMI.2022.3204461 (SR3);
    della Maggiora et al., ICLR 2024, for levels that differ from pixel to pixel.
    """

    def __init__(self, shape: Architecture, inputs: int, width: int, *, is_told: bool) -> None:
        """Build it.

        Args:
            shape: levels, blocks, folding, channels of the answer.
            inputs: channels of the input.
            width: features at the finest level.
            is_told: whether its blocks are told a noise level.
        """
        super().__init__()
        self.fold = shape.fold
        area = shape.fold**2
        widths = [width * min(2**level, _MOST_TIMES) for level in range(shape.levels)]
        told = width if is_told else 0
        self.teller = LevelTeller(shape.channels, told) if is_told else None
        self.stem = nn.Conv2d(inputs * area, width, 3, padding=1)
        self.down = nn.ModuleList(_row(size, told, shape.blocks) for size in widths)
        self.narrower = nn.ModuleList(
            nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in pairwise(widths)
        )
        self.wider = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up = nn.ModuleList(_row(size, told, shape.blocks) for size in widths[:-1])
        self.last_norm = PixelNorm(width)
        self.last = nn.Conv2d(width, shape.channels * area, 3, padding=1)
        self.doubt = _head(width, shape.channels * area) if is_told and shape.doubt else None

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights; those of the last layer are zero."""
        initialise_default(self, generator)
        ends = [self.last] if self.doubt is None else [self.last, self.doubt[-1]]
        for value in (value for end in ends for value in end.parameters()):
            nn.init.zeros_(value)

    def forward(self, images: Tensor, level: Level | None = None) -> Tensor:
        """Map (B, inputs, Y, X), sides divisible by the lattice, to (B, channels, Y, X).

        With doubt, twice the channels: the second half is the logarithm of the expected square of
        the error of the velocity.
        """
        told = self._told(level)
        x = self.stem(functional.pixel_unshuffle(images, self.fold))
        kept: list[Tensor] = []
        for depth, blocks in enumerate(self.down):
            x = _through(blocks, x, told[depth])
            if depth < len(self.narrower):
                kept.append(x)
                x = self.narrower[depth](x)
        for depth in reversed(range(len(self.up))):
            larger = functional.interpolate(self.wider[depth](x), scale_factor=2, mode="nearest")
            x = _through(self.up[depth], (larger + kept[depth]) * _ROOT_HALF, told[depth])
        x = functional.silu(self.last_norm(x))
        answer = functional.pixel_shuffle(self.last(x), self.fold)
        if self.doubt is None:
            return answer
        return torch.cat([answer, functional.pixel_shuffle(self.doubt(x.detach()), self.fold)], 1)

    def _told(self, level: Level | None) -> list[Tensor | None]:
        """Give what blocks of each resolution are told."""
        if self.teller is None or level is None:
            return [None] * len(self.down)
        told = self.teller(level, self.fold)
        found: list[Tensor | None] = [told]
        for _ in self.narrower:
            told = _halved(told)
            found.append(told)
        return found


class LevelTeller(nn.Module):
    """Turns a noise level into features: log-SNR, root of 1 - gamma, and gamma, pixel by pixel.

    gamma alone is all but constant near 1, where precision matters.
    """

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(_LEVEL_FEATURES * channels, features, 1)
        self.second = nn.Conv2d(features, features, 1)

    def forward(self, level: Level, fold: int) -> Tensor:
        """Give (B, features, y, x), or (B, features, 1, 1) where all pixels have one level."""
        rest = level.rest
        log_snr = (level.log_gamma - rest.log()).clamp(-_LOG_SNR_SPAN, _LOG_SNR_SPAN)
        maps = torch.cat([log_snr / _LOG_SNR_UNIT, rest.sqrt(), level.gamma], 1)
        if maps.shape[-1] > 1:
            maps = functional.avg_pool2d(maps, fold)
        maps = maps.contiguous(memory_format=torch.channels_last)
        return functional.silu(self.second(functional.silu(self.first(maps))))


class Block(nn.Module):
    """Two convolutions beside an identity; the level scales and shifts what both of them get."""

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(PixelNorm(width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.tellings = nn.ModuleList(
            nn.Conv2d(told, 2 * width, 1) for _ in range(2 if told else 0)
        )

    def forward(self, x: Tensor, told: Tensor | None) -> Tensor:
        """Map (B, width, y, x) to the same shape."""
        found = x
        for index, conv in enumerate(self.convs):
            found = self.norms[index](found)
            if told is not None:
                scale, shift = self.tellings[index](told).chunk(2, 1)
                found = torch.addcmul(found + shift, found, scale)
            found = conv(functional.silu(found))
        return (x + found) * _ROOT_HALF


def _head(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(width, outputs, 1),
    )


def _row(width: int, told: int, blocks: int) -> nn.ModuleList:
    return nn.ModuleList(Block(width, told) for _ in range(blocks))


def _through(blocks: nn.Module, x: Tensor, told: Tensor | None) -> Tensor:
    for block in blocks.children():
        x = block(x, told)
    return x


def _halved(maps: Tensor) -> Tensor:
    return functional.avg_pool2d(maps, 2) if maps.shape[-1] > 1 else maps
