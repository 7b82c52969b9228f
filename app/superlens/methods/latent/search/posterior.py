"""A Gaussian around the answer of a search, fitted so that samples of it are answers too.

Its width is that of each number with the others held still, which is several times too small in
directions that the low-resolution picture does not see: never an interval of confidence by itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor
from torch.nn import functional

from superlens.core.method import Run

INVERSE_GAMMA_SHAPE, INVERSE_GAMMA_SCALE = 0.1, 0.95
_REPORT_EVERY = 10

Energy = Callable[[Tensor, Tensor], Tensor]
"""Gives the objective (S, N) of styles (S, N, L, d), S samples for each of N pictures, and of the
mean (N, L, d) that they scatter about."""


class PosteriorMode(StrEnum):
    """What the width of the Gaussian is fitted to."""

    PAPER = "paper"
    """The formula as it is printed, whose logarithm of the width pulls it down."""
    ELBO = "elbo"
    """The evidence lower bound, in which it holds the width up."""
    BRGM = "brgm"
    """As in the code of BRGM: without it, and means in place of sums."""


@dataclass(frozen=True, slots=True)
class PosteriorSettings:
    """How a Gaussian is fitted.

    Source: Gheisari, Genovesio, Biological Imaging, 2024; section 4.5.
    """

    mode: PosteriorMode = PosteriorMode.ELBO
    samples: int = 5
    """Per step."""
    shape: float = INVERSE_GAMMA_SHAPE
    scale: float = INVERSE_GAMMA_SCALE
    """Of the inverse gamma distribution that widths are drawn to."""
    has_width_prior: bool = True
    steps: int = 300
    rate: float = 0.05


@dataclass(frozen=True, slots=True)
class GaussianPosterior:
    """A Gaussian with independent numbers for each picture."""

    mean: Tensor
    """(N, L, d)."""
    spread: Tensor
    """(N, L, d)."""

    def sample(self, draws: list[torch.Generator]) -> Tensor:
        """Draw one sample (N, L, d); one generator of the CPU per picture."""
        return self.mean + self.spread * _normal(self.mean, draws, 1)[0]


@dataclass(frozen=True, slots=True)
class PosteriorStart:
    """Where a fit begins."""

    mean: Tensor
    """(N, L, d): the answer of a search."""
    spread: Tensor
    """Broadcastable to it: a tenth of the spread of styles serves."""
    draws: list[torch.Generator]
    """One of the CPU per picture."""


def fit_posterior(
    energy: Energy, start: PosteriorStart, settings: PosteriorSettings, run: Run
) -> GaussianPosterior:
    """Fit a Gaussian to what the objective allows.

    Args:
        energy: the objective, minus the logarithm of the posterior density.
        start: mean, width and random numbers to begin with.
        settings: what is fitted.
        run: asked at every step whether to go on.

    Source: Gheisari, Genovesio, Biological Imaging, 2024; section 4.5; for `elbo` Kingma, Welling,
    ICLR 2014, arXiv:1312.6114; Eq. (3).
    """
    mean = start.mean.detach().clone().requires_grad_(True)
    # Softplus of it is the width.
    inner = torch.expm1(start.spread.detach().expand_as(mean)).log().clone().requires_grad_(True)
    optimizer = torch.optim.Adam([mean, inner], lr=settings.rate)
    for step in range(settings.steps):
        run.check()
        optimizer.param_groups[0]["lr"] = (
            settings.rate * 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        )
        optimizer.zero_grad(set_to_none=True)
        spread = functional.softplus(inner)
        noise = _normal(mean, start.draws, settings.samples)
        if settings.mode is PosteriorMode.BRGM:
            noise[0] = 0.0  # the mean itself is one of the samples
        energies = energy(mean + spread * noise, mean)
        _loss(energies, spread, settings).sum().backward()
        optimizer.step()
        if step % _REPORT_EVERY == 0 or step == settings.steps - 1:
            run.progress("Fitting the spread", step + 1, settings.steps)
    return GaussianPosterior(mean.detach(), functional.softplus(inner).detach())


def inverse_gamma_log_density(x: Tensor, shape: float, scale: float) -> Tensor:
    """Give the logarithm of the density of the inverse gamma distribution."""
    constant = shape * math.log(scale) - math.lgamma(shape)
    return constant - (shape + 1) * x.log() - scale / x


def _loss(energies: Tensor, spread: Tensor, settings: PosteriorSettings) -> Tensor:
    """Give what is minimised for each picture, (N,), but for constants."""
    width = spread.log().sum((1, 2))
    if settings.mode is PosteriorMode.BRGM:
        prior = inverse_gamma_log_density(spread / 2, settings.shape, settings.scale)
        return energies.mean(0) - prior.mean((1, 2)) * settings.has_width_prior
    prior = inverse_gamma_log_density(spread, settings.shape, settings.scale).sum((1, 2))
    sign = 1.0 if settings.mode is PosteriorMode.PAPER else -1.0
    return energies.sum(0) + sign * settings.samples * width - prior * settings.has_width_prior


def _normal(like: Tensor, draws: list[torch.Generator], samples: int) -> Tensor:
    """Draw (samples, N, L, d)."""
    rows = [torch.randn(samples, *like.shape[1:], generator=draw) for draw in draws]
    return torch.stack(rows, 1).to(like)
