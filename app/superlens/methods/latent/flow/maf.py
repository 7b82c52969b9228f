"""The flow: whitening, then autoregressive blocks, from style vectors to Gaussian numbers."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from superlens.core.errors import InvalidParameter
from superlens.core.parameters import ParameterValue
from superlens.methods.latent.flow.made import MadeBlock

SMALLEST_SHARE = 1e-6
"""Of the largest variance of a direction: smaller ones are taken for as large."""
TAIL_RADII = 2.0
"""Radii of the typical shell beyond which a soft tail is straight."""


@dataclass(frozen=True, slots=True)
class FlowShape:
    """What is needed to build a flow."""

    dims: int = 512
    blocks: int = 5
    hidden: int = 1024
    """Width of hidden layers."""
    hidden_layers: int = 2

    def __post_init__(self) -> None:
        if min(self.dims, self.blocks, self.hidden, self.hidden_layers) < 1:
            raise InvalidParameter(f"A flow of {self} cannot be built", "All have to be positive")

    def plain(self) -> dict[str, ParameterValue]:
        """Give it as plain values, for a model card."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


class MaskedAutoregressiveFlow(nn.Module):
    """An invertible map from style vectors to numbers that are N(0, I) if it is trained.

    Whitening in front has the variances right before training begins, and keeps the density finite
    off the data; there is no batch normalisation, so that a vector's density is its own.

    Source: Papamakarios, Pavlakou, Murray, NeurIPS 2017, arXiv:1705.07057; Gheisari, Genovesio,
    Biological Imaging, 2024; Eq. (4).
    """

    mean: Tensor
    whitening: Tensor
    log_det: Tensor

    def __init__(self, shape: FlowShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(shape.dims))
        self.register_buffer("whitening", torch.eye(shape.dims))
        self.register_buffer("log_det", torch.zeros(()))
        hidden = (shape.hidden,) * shape.hidden_layers
        self.blocks = nn.ModuleList(
            MadeBlock(shape.dims, hidden, descends=index % 2 == 1) for index in range(shape.blocks)
        )

    def initialise(self, generator: torch.Generator) -> None:
        """Draw first weights; the flow is the whitening until it has learnt."""
        for block in self._mades():
            block.initialise(generator)

    @torch.no_grad()
    def whiten(self, w: Tensor) -> None:
        """Take mean and covariance of style vectors (N, dims), N well above dims."""
        exact = w.double()
        mean = exact.mean(0)
        variance, directions = torch.linalg.eigh(torch.cov(exact.T))
        variance = variance.clamp_min(SMALLEST_SHARE * float(variance[-1]))
        self.mean.copy_(mean)
        self.whitening.copy_(directions * variance.rsqrt())
        self.log_det.copy_(-0.5 * variance.log().sum())

    def whitened(self, w: Tensor) -> Tensor:
        """Give (N, dims) of mean 0 and unit covariance of style vectors (N, dims)."""
        return (w - self.mean) @ self.whitening

    def forward(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Give the Gaussian numbers of style vectors, both (N, dims), and log |det|, (N,)."""
        return self.from_white(self.whitened(w))

    def from_white(self, white: Tensor) -> tuple[Tensor, Tensor]:
        """Give what `forward` gives of vectors that are whitened already."""
        u, log_det = white, self.log_det.expand(len(white))
        for block in self.blocks:
            u, more = block(u)
            log_det = log_det + more
        return u, log_det

    def inverse(self, u: Tensor) -> Tensor:
        """Give the style vectors (N, dims) of Gaussian numbers: slow, dims passes per block."""
        for block in reversed(self._mades()):
            u = block.inverse(u)
        white = u.double()
        return (torch.linalg.solve(self.whitening.double().T, white.T).T).to(u) + self.mean

    def log_prob(self, w: Tensor, *, has_soft_tail: bool = False) -> Tensor:
        """Give the log-density (N,) of style vectors (N, dims).

        Args:
            w: the vectors.
            has_soft_tail: whether the density falls off straight, not as a square, at more than
                twice the typical radius; no density of anything then, but with useful slopes.
        """
        u, log_det = self(w)
        return self.base_log_prob(u, has_soft_tail=has_soft_tail) + log_det

    def base_log_prob(self, u: Tensor, *, has_soft_tail: bool = False) -> Tensor:
        """Give the log-density (N,) of Gaussian numbers (N, dims)."""
        energy = 0.5 * u.square().sum(1)
        if has_soft_tail:
            limit = TAIL_RADII * math.sqrt(self.shape.dims)
            radius = (2 * energy).clamp_min(limit**2).sqrt()
            energy = torch.minimum(energy, limit * radius - 0.5 * limit**2)
        return -energy - 0.5 * self.shape.dims * math.log(2 * math.pi)

    def frozen(self) -> "MaskedAutoregressiveFlow":
        """Make it ready for the search, for good: masks folded, nothing to be learnt."""
        for block in self._mades():
            block.fold()
        return self.requires_grad_(False).eval()

    def _mades(self) -> list[MadeBlock]:
        return [block for block in self.blocks if isinstance(block, MadeBlock)]
