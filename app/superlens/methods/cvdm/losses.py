"""What CVDM is trained for: every term by itself, one number per element of the batch.

Symbols as published: gamma, beta, lambda, tau, rho; eps is noise, y the target. Means are over the
pixels and channels of an element, so that every element counts, whatever the batch.

Source: della Maggiora et al., ICLR 2024, arXiv:2312.02246; the prior term in the direction of the
evidence bound.
"""

import torch
from torch import Tensor

from superlens.methods.cvdm.diffusion import Estimate
from superlens.methods.cvdm.schedule import CurvePoint, Level, SchedulePoint

SCHEDULE_WEIGHT = 2.0
"""Of the terms beta, prior and gamma beside the noise error (as published)."""
_LEAST_REST = 1e-7


def noise_error(estimate: Estimate, noise: Tensor) -> Tensor:
    """Give L_eps = mean (eps_hat - eps)^2, unweighted: (B,)."""
    return _mean((estimate.noise - noise) ** 2)


def velocity_error(estimate: Estimate, noise: Tensor, target: Tensor) -> Tensor:
    """Give mean (eps_hat - eps)^2 + (y_hat - y)^2 = mean (v_hat - v)^2: (B,).

    The right error where noise levels are drawn evenly in log-SNR: at the noisy end the noise error
    alone would not say how wrong the image is.
    """
    return noise_error(estimate, noise) + _mean((estimate.image - target) ** 2)


def doubt_error(estimate: Estimate, noise: Tensor, target: Tensor) -> Tensor:
    """Give the Gaussian surprise at the velocity's error, (log w + e^2 / w) / 2: (B,).

    Least where the doubt w is the expected square of the error; the answers themselves are taken as
    they are. Zero where there is no doubt.

    Source: Bao et al., ICML 2022, arXiv:2206.07309, for the use of the learnt square error.
    """
    if estimate.doubt is None:
        return target.new_zeros(len(target))
    square = (estimate.noise - noise) ** 2 + (estimate.image - target) ** 2
    return _mean(0.5 * (estimate.doubt.log() + square.detach() / estimate.doubt))


def rate_error(rate: Tensor, rho: CurvePoint, tau: CurvePoint) -> Tensor:
    """Give the mean of (d gamma/dt + beta gamma)^2 = (lambda gamma (tau - rho'))^2: (B,).

    Zero where tau is the derivative of rho.
    """
    gamma = torch.exp(-rate * rho.value)
    return _mean((rate * gamma * (tau.value - rho.slope)) ** 2)


def ends_error(first: Level, last: Level) -> Tensor:
    """Give mean (gamma(t_0) - 1)^2 + mean gamma(t_1)^2: (B,)."""
    return _mean(first.rest**2) + _mean(last.gamma**2)


def prior_divergence(last: Level, target: Tensor) -> Tensor:
    """Give KL(q(z_1 | y, x) || N(0, 1)) = mean of (-g + g y^2 - log(1 - g)) / 2: (B,).

    The published code has the arguments the other way round, which agrees for small g only.
    """
    gamma, rest = last.gamma, last.rest.clamp_min(_LEAST_REST)
    return _mean(0.5 * (gamma * (target**2 - 1) - torch.log(rest)))


def curvature(point: SchedulePoint) -> Tensor:
    """Give L_gamma = mean of the squared second derivative in time: (B,)."""
    return _mean(point.bend**2)


def _mean(values: Tensor) -> Tensor:
    return values.flatten(1).mean(1)
