"""The generator: from Gaussian numbers to styles, from styles to a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise

import torch
from torch import Tensor, nn

from superlens.core.errors import InvalidParameter
from superlens.core.parameters import ParameterValue
from superlens.methods.latent.prior.equalised import EqualisedLinear, activated
from superlens.methods.latent.prior.modulation import StyledConv, ToPicture
from superlens.methods.latent.prior.resampling import up2

FIRST_SIDE = 4
MAPPING_RATE = 0.01
MEAN_DECAY = 0.995
_EPSILON = 1e-8
_MOST_CHANNELS = 5


class NoiseMode(StrEnum):
    """What fine texture is made from that no style describes."""

    RANDOM = "random"
    CONST = "const"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is needed to build a generator and its discriminator."""

    side: int = 128
    """Pixels: a power of two, at least 8."""
    channels: int = 3
    base_width: int = 16384
    """Maps of a layer times its side, where `widest` does not bound them."""
    widest: int = 512
    w_dim: int = 512
    """Length of a style vector, and of the Gaussian numbers that it comes from."""
    mapping_layers: int = 2

    def __post_init__(self) -> None:
        if self.side < 2 * FIRST_SIDE or self.side & (self.side - 1):
            nearest = 2 ** max(3, round(math.log2(max(self.side, 1))))
            raise InvalidParameter(
                f"A prior of {self.side} pixels cannot be built: the side has to be a power of two",
                f"The nearest is {nearest}",
            )
        if not 1 <= self.channels <= _MOST_CHANNELS:
            raise InvalidParameter(
                f"A prior of {self.channels} channels cannot be built",
                f"1 to {_MOST_CHANNELS} are allowed",
            )

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the maps, 4, 8, ... to that of the picture."""
        return tuple(2**power for power in range(2, int(math.log2(self.side)) + 1))

    @property
    def num_layers(self) -> int:
        """Style vectors that a picture takes."""
        return 2 * len(self.sides)

    def width(self, side: int) -> int:
        """Give the number of maps of a side."""
        return min(self.base_width // side, self.widest)

    def plain(self) -> dict[str, ParameterValue]:
        """Give it as plain values, for a model card."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


class Mapping(nn.Module):
    """Fully connected layers from Gaussian numbers to a style vector.

    The length of the Gaussian vector does not matter: only its direction enters.
    """

    w_mean: Tensor

    def __init__(self, w_dim: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EqualisedLinear(w_dim, w_dim, rate=MAPPING_RATE) for _ in range(layers)
        )
        self.register_buffer("w_mean", torch.zeros(w_dim))

    def forward(self, z: Tensor) -> Tensor:
        """Map (N, w_dim) from N(0, 1) to styles (N, w_dim)."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + _EPSILON)
        for layer in self.layers:
            x = activated(layer(x))
        return x

    @torch.no_grad()
    def track(self, w: Tensor) -> None:
        """Let the running mean of styles follow a batch (N, w_dim) of them."""
        self.w_mean.lerp_(w.mean(0), 1 - MEAN_DECAY)


class Synthesis(nn.Module):
    """Styled convolutions from a learnt 4 x 4 constant up to the picture.

    Every side adds its share to the picture, which is enlarged from side to side. The layer that
    makes the picture of a side has the style of the next side's first convolution.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; Fig. 7, skip generator.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sides, w_dim = architecture.sides, architecture.w_dim
        wide = [architecture.width(side) for side in sides]
        self.constant = nn.Parameter(torch.empty(1, wide[0], FIRST_SIDE, FIRST_SIDE))
        convs = [StyledConv(wide[0], wide[0], w_dim)]
        for taken, out in pairwise(wide):
            convs += [StyledConv(taken, out, w_dim, doubles=True), StyledConv(out, out, w_dim)]
        self.convs = nn.ModuleList(convs)
        self.pictures = nn.ModuleList(
            ToPicture(width, architecture.channels, w_dim) for width in wide
        )
        for index, side in enumerate(self._noise_sides()):
            self.register_buffer(f"noise_{index}", torch.zeros(1, 1, side, side))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draw the constant and the frozen noise maps from N(0, 1)."""
        nn.init.normal_(self.constant, 0.0, 1.0, generator)
        for noise in self.const_noise():
            nn.init.normal_(noise, 0.0, 1.0, generator)

    def forward(self, w: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Give pictures (N, channels, side, side) of styles (N, num_layers, w_dim).

        Args:
            w: the styles.
            noise: one map (N or 1, 1, y, x) per convolution; None takes the frozen ones.
        """
        maps = self.const_noise() if noise is None else noise
        x = self.constant.expand(len(w), -1, -1, -1)
        x = self.convs[0](x, w[:, 0], maps[0])
        picture = self.pictures[0](x, w[:, 1])
        for block in range(1, len(self.pictures)):
            for layer in (2 * block - 1, 2 * block):
                x = self.convs[layer](x, w[:, layer], maps[layer])
            picture = up2(picture) + self.pictures[block](x, w[:, 2 * block + 1])
        return picture

    def const_noise(self) -> tuple[Tensor, ...]:
        """Give the frozen noise maps, each (1, 1, y, x), one per convolution."""
        return tuple(self.get_buffer(f"noise_{index}") for index in range(len(self.convs)))

    def random_noise(self, count: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Draw noise maps, each (count, 1, y, x), from a generator on the CPU."""
        device = self.constant.device
        return tuple(
            torch.randn(count, 1, side, side, generator=generator).to(device)
            for side in self._noise_sides()
        )

    def _noise_sides(self) -> tuple[int, ...]:
        first, *others = self.architecture.sides
        return (first, *(side for other in others for side in (other, other)))


class Generator(nn.Module):
    """Mapping and synthesis together: a `LatentGenerator`.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.mapping = Mapping(architecture.w_dim, architecture.mapping_layers)
        self.synthesis = Synthesis(architecture)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all first weights and the frozen noise maps."""
        for part in self.modules():
            if isinstance(part, EqualisedLinear | StyledConv | ToPicture | Synthesis):
                part.draw(generator)

    @property
    def num_layers(self) -> int:
        """Style vectors that a picture takes."""
        return self.architecture.num_layers

    @property
    def w_dim(self) -> int:
        """Length of a style vector."""
        return self.architecture.w_dim

    @torch.no_grad()
    def sample_w(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw styles (count, w_dim); the generator is one of the CPU, whatever the device."""
        z = torch.randn(count, self.w_dim, generator=generator)
        return self.mapping(z.to(self.mapping.w_mean.device))

    def synthesize(self, w: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Give the pictures (N, C, Y, X) of styles (N, num_layers, w_dim); see `Synthesis`."""
        return self.synthesis(w, noise)

    def const_noise(self) -> tuple[Tensor, ...]:
        """Give the frozen noise maps, each (1, 1, y, x)."""
        return self.synthesis.const_noise()

    def noise(
        self, mode: NoiseMode, count: int, generator: torch.Generator
    ) -> tuple[Tensor, ...] | None:
        """Give noise maps of a kind for `synthesize`; None means the frozen ones."""
        match mode:
            case NoiseMode.RANDOM:
                return self.synthesis.random_noise(count, generator)
            case NoiseMode.CONST:
                return None
            case NoiseMode.NONE:
                return tuple(torch.zeros_like(one) for one in self.const_noise())

    def forward(self, z: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Give the pictures (N, C, Y, X) of Gaussian numbers (N, w_dim)."""
        return self.synthesis(self.repeated(self.mapping(z)), noise)

    def repeated(self, w: Tensor) -> Tensor:
        """Give every layer the same style: (N, w_dim) to (N, num_layers, w_dim)."""
        return w[:, None, :].expand(-1, self.num_layers, -1)
