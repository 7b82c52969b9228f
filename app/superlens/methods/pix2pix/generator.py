"""The U-Net that redraws a bicubically enlarged image; no training and no tiling here.

Between -1 and +1 of the network and the engine's normalised values lies one linear map, kept in the
architecture; nothing is clipped.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.core.parameters import ParameterValue
from superlens.methods.nets.enlargement import bicubic
from superlens.methods.nets.seeded_dropout import SeededDropout
from superlens.methods.nets.settling_norm import SettlingNorm

LEAK = 0.2
DROPOUT = 0.5
FIRST_SPREAD = 0.02
"""Standard deviation of the first weights."""
FEWEST_LEVELS, MOST_LEVELS = 2, 8
_WIDEST = 8
"""Width of the deepest levels in widths of the first."""
_LEVELS_WITHOUT_DROPOUT = 5
_CUBIC_REACH = 2


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is needed to build a generator."""

    scale: int = 2
    channels: int = 1
    levels: int = 5
    """How many times the U halves the picture."""
    features: int = 64
    is_bounded: bool = False
    """Whether a tanh ends the network, so that no answer leaves `black`..`white`."""
    has_dropout: bool = False
    black: float = 0.0
    """Normalised value that is -1 inside the network."""
    white: float = 1.0
    """Normalised value that is +1 inside the network."""

    def plain(self) -> dict[str, ParameterValue]:
        """Give it as plain values, for a model card."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def stride(self) -> int:
        """Pixels of the enlarged grid that become one at the bottom of the U."""
        return 2**self.levels

    @property
    def multiple(self) -> int:
        """Low-resolution pixels after which the network's grid repeats."""
        return max(1, self.stride // self.scale)

    @property
    def halo(self) -> int:
        """Low-resolution pixels from which on a pixel of the answer depends on nothing.

        A pixel of the bottom sees 3 strides of the picture, less 2 pixels; the decoder carries it
        to pixels up to 3 strides, less 3 pixels, away. The enlargement adds 2.
        """
        return -(-3 * self.stride // self.scale) + _CUBIC_REACH


class Generator(nn.Module):
    """U-Net on the grid of its answer: 4 x 4 convolutions of stride 2 down, and up again.

    Source: Isola, Zhu, Zhou, Efros, CVPR 2017, doi:10.1109/CVPR.2017.632; section 6.1.1, with
    `SettlingNorm` for batch normalisation.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        levels, channels = architecture.levels, architecture.channels
        wide = [architecture.features * min(2**level, _WIDEST) for level in range(levels)]
        self.down_convs = nn.ModuleList(
            nn.Conv2d(taken, out, 4, 2, 1, bias=False)
            for taken, out in zip([channels, *wide], wide, strict=False)
        )
        self.down_norms = nn.ModuleList(SettlingNorm(width) for width in wide[1:-1])
        # The deepest level hands its own maps up; every other one adds those of its way down.
        joined = [2 * width for width in wide[:-1]] + wide[-1:]
        self.up_convs = nn.ModuleList(
            nn.ConvTranspose2d(joined[level], wide[level - 1], 4, 2, 1, bias=False)
            for level in range(levels - 1, 0, -1)
        )
        self.up_norms = nn.ModuleList(SettlingNorm(width) for width in wide[-2::-1])
        self.dropouts = nn.ModuleList(
            SeededDropout(DROPOUT) if self._is_dropped(level) else nn.Identity()
            for level in range(levels - 1, 0, -1)
        )
        self.last_conv = nn.ConvTranspose2d(joined[0], channels, 4, 2, 1)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights: convolutions from N(0, 0.02), scales of norms from N(1, 0.02)."""
        for part in self.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(part.weight, 0.0, FIRST_SPREAD, generator)
            elif isinstance(part, SettlingNorm):
                nn.init.normal_(part.weight, 1.0, FIRST_SPREAD, generator)
        if self.last_conv.bias is not None:
            nn.init.zeros_(self.last_conv.bias)

    def forward(self, low: Tensor) -> Tensor:
        """Enlarge (N, channels, y, x), normalised, to (N, channels, y * scale, x * scale)."""
        return self.from_units(self.redraw(self.enlarged(low)))

    def enlarged(self, low: Tensor) -> Tensor:
        """Give the bicubically enlarged image in the network's units: what it redraws."""
        return self.to_units(bicubic(low, self.architecture.scale))

    def redraw(self, picture: Tensor) -> Tensor:
        """Map (N, channels, Y, X) in the network's units to the same shape; any Y and X."""
        height, width = picture.shape[-2:]
        x = self._padded(picture)
        maps: list[Tensor] = []
        for level, conv in enumerate(self.down_convs):
            x = conv(x if level == 0 else functional.leaky_relu(x, LEAK))
            if 0 < level < len(self.down_convs) - 1:
                x = self.down_norms[level - 1](x)
            maps.append(x)
        x = maps.pop()
        for conv, norm, dropout in zip(self.up_convs, self.up_norms, self.dropouts, strict=True):
            x = dropout(norm(conv(functional.relu(x))))
            x = torch.cat([maps.pop(), x], 1)
        x = self.last_conv(functional.relu(x))[..., :height, :width]
        return torch.tanh(x) if self.architecture.is_bounded else x

    def to_units(self, normalised: Tensor) -> Tensor:
        """Give the network's units of normalised values."""
        black, white = self.architecture.black, self.architecture.white
        return (normalised - black) * (2 / (white - black)) - 1

    def from_units(self, units: Tensor) -> Tensor:
        """Give normalised values of the network's units."""
        black, white = self.architecture.black, self.architecture.white
        return (units + 1) * ((white - black) / 2) + black

    def _is_dropped(self, level: int) -> bool:
        """Whether a decoder level of full width drops values: all but the deepest one."""
        levels = self.architecture.levels
        return self.architecture.has_dropout and levels - 1 > level >= _LEVELS_WITHOUT_DROPOUT - 1

    def _padded(self, x: Tensor) -> Tensor:
        """Continue the image at its lower and right edge to sides that can be halved so often."""
        stride = self.architecture.stride
        down, right = (-x.shape[-2] % stride, -x.shape[-1] % stride)
        if down == 0 and right == 0:
            return x
        can_reflect = down < x.shape[-2] and right < x.shape[-1]
        return functional.pad(x, (0, right, 0, down), "reflect" if can_reflect else "replicate")
