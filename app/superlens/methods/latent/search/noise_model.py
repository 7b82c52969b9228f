"""The noise of low-resolution pictures: drawn, and how large a residual it explains."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from superlens.methods.latent.search.settings import Norm

LIMIT_QUANTILE = 0.99
_LIMIT_DRAWS = 4096


class NoiseKind(StrEnum):
    """How the noise of a pixel is distributed."""

    LAPLACE = "laplace"
    """What an absolute distance means."""
    GAUSSIAN = "gaussian"
    """What a squared distance means."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Independent noise of every pixel, in the units of pictures around -1..1."""

    kind: NoiseKind
    scale: float
    """Mean absolute value of Laplace noise; standard deviation of Gaussian noise."""

    @property
    def norm(self) -> Norm:
        """The distance that belongs to it."""
        return Norm.L1 if self.kind is NoiseKind.LAPLACE else Norm.L2

    @property
    def data_weight(self) -> float:
        """Weight of that distance, summed, beside a prior energy weighted by `temperature`."""
        return 1.0 if self.kind is NoiseKind.LAPLACE else 0.5

    @property
    def temperature(self) -> float:
        """What the negative logarithm of the likelihood was multiplied with."""
        return self.scale if self.kind is NoiseKind.LAPLACE else self.scale**2

    def drawn(self, like: Tensor, draws: list[torch.Generator]) -> Tensor:
        """Draw noise for pictures (N, C, m, m); one generator of the CPU per picture."""
        rows = [self._row(like.shape[1:], draw) for draw in draws]
        return torch.stack(rows).to(like)

    def residual_limit(self, pixels: int, seed: int = 0) -> float:
        """Give the mean absolute residual that the noise alone exceeds in 1 % of pictures."""
        draw = torch.Generator().manual_seed(seed)
        residual = self._row(torch.Size((_LIMIT_DRAWS, pixels)), draw).abs().mean(1)
        return float(residual.quantile(LIMIT_QUANTILE))

    def _row(self, shape: torch.Size, draw: torch.Generator) -> Tensor:
        if self.kind is NoiseKind.GAUSSIAN:
            return self.scale * torch.randn(shape, generator=draw)
        # By the inverse of the distribution function; 0 and 1 would be infinite.
        uniform = torch.rand(shape, generator=draw).clamp(1e-7, 1 - 1e-7) - 0.5
        return -self.scale * uniform.sign() * torch.log1p(-2 * uniform.abs())
